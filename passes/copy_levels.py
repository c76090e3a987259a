"""One level of copies: which neurons a core copies, how often, and who hears which copy."""

from dataclasses import dataclass
from math import isqrt

import numpy as np
import numpy.typing as npt

from ..dialects.support.target import Target
from .target_checks import synapse_width

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CopyLevel:
    """Copy cores, and what they do to pairs of a neuron and a core that hears it."""

    reads: Integers
    """Cores x rows: the neurons that are copied; -1 for none."""
    weight: npt.NDArray[np.int8]
    """Cores x rows x columns: 1 where a column is a copy of a row."""
    copies: Integers
    """For each pair the copy, counted over all cores' columns; -1 where the neuron itself sends."""


def copy_level(neurons: Integers, target: Target) -> CopyLevel | None:
    """
    The copies that take the load off neurons that feed too many cores.

    `neurons` are those of the pairs, ascending. Each sends to all but one of as many cores as it
    may itself, and with the last one to a copy core. The others hear copies, each equally many; of
    more than a core has room for, the copies are copied in turn, at the next level. `None` where
    that would never end.
    """
    limit = target.neuron_fan_out
    found, first, loads = np.unique(neurons, return_index=True, return_counts=True)
    busy = loads > limit
    rest = loads[busy] - (limit - 1)
    rows, columns = _room(target, np.minimum(-(-rest // limit), target.fan_out))
    if limit == columns == 1:
        return None
    wanted = np.minimum(-(-rest // limit), columns)
    core, row, left = _packed(wanted, rows, columns)
    shape = int(core.max()) + 1, int(row.max()) + 1, int((left + wanted).max())
    reads = np.full(shape[:2], -1, np.int64)
    reads[core, row] = found[busy]
    weight = np.zeros(shape, np.int8)
    each = np.repeat(np.arange(len(wanted)), wanted)
    number = np.arange(len(each)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    weight[core[each], row[each], left[each] + number] = 1
    # The pairs of a neuron in order: the first ones it keeps, the others are dealt out.
    rank = np.arange(len(neurons)) - np.repeat(first, loads)
    place = np.repeat(np.cumsum(busy) - 1, loads)
    dealt = np.repeat(busy, loads) & (rank >= limit - 1)
    copies = np.full(len(neurons), -1, np.int64)
    of, number = place[dealt], rank[dealt] - (limit - 1)
    copies[dealt] = core[of] * shape[2] + left[of] + number * wanted[of] // rest[of]
    return CopyLevel(reads, weight, copies)


def _room(target: Target, wanted: Integers) -> tuple[int, int]:
    """The rows and columns of copy cores, within a core's synapse memory."""
    rows, columns = target.fan_in, target.fan_out
    if not target.synapse_bits:
        return rows, columns
    synapses = target.synapse_bits // synapse_width(target)
    if rows * columns <= synapses:
        return rows, columns
    # As many columns a row as the copies of a neuron, on average.
    columns = min(columns, max(1, isqrt(int(synapses * wanted.mean()))))
    return min(rows, max(1, synapses // columns)), columns


def _packed(wanted: Integers, rows: int, columns: int) -> tuple[Integers, Integers, Integers]:
    """
    Of each neuron the core, the row and the first column.

    Those with the most copies first, each to the fullest core that has room for it.
    """
    places = np.zeros((3, len(wanted)), np.int64)
    # Cores that are not full, by the columns that are free, each with its rows that are taken.
    open_cores: list[list[tuple[int, int]]] = [[] for _ in range(columns + 1)]
    cores = 0
    for number in np.argsort(-wanted, kind="stable").tolist():
        copies = int(wanted[number])
        free = next((n for n in range(copies, columns + 1) if open_cores[n]), columns)
        core, row = open_cores[free].pop() if open_cores[free] else (cores, 0)
        cores = max(cores, core + 1)
        places[:, number] = core, row, columns - free
        if row + 1 < rows:
            open_cores[free - copies].append((core, row + 1))
    return places[0], places[1], places[2]
