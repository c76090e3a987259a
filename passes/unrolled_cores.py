"""Dot products at many positions as cores that each compute some of them: the plan, as arrays."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
import numpy.typing as npt

from .core_regions import (
    LARGEST_AXIS,
    Rectangle,
    Regions,
    Room,
    best_regions,
    cores_of_rectangle,
    layouts,
)
from .footprints import index_footprint
from .product_parts import Part, Products

Integers = npt.NDArray[np.int64]

LARGEST_JOINED = 4096
"""Cores of a layer up to which those that are not full are joined."""


@dataclass(frozen=True)
class Piece:
    """Neighbouring outputs, `first` to `last` (not included), of one part at some positions."""

    positions: Integers
    part: Part
    first: int
    last: int

    @property
    def columns(self) -> int:
        """The outputs of a core that it takes."""
        return len(self.positions) * (self.last - self.first)

    @property
    def outputs(self) -> Integers:
        """The outputs of the group that it computes."""
        return self.part.outputs[self.first : self.last]

    @property
    def reads(self) -> Integers:
        """What it reads: positions x inputs."""
        return self.part.reads[self.positions]


@dataclass(frozen=True)
class Core:
    """Pieces that share a core, and the numbers that they read, each once, in order."""

    pieces: tuple[Piece, ...]
    reads: Integers

    @property
    def columns(self) -> int:
        """The outputs of the core."""
        return sum(piece.columns for piece in self.pieces)


def plan_cores(options: Sequence[Products], rooms: Sequence[Room]) -> list[Core] | None:
    """
    Cores that together compute every output once, as few as the search finds.

    Of several ways to see the products, and shapes of a core's room, the best. `None` where a
    product exceeds every one.
    """
    plans = [_plan_in(products, room) for products in options for room in rooms]
    return min((plan for plan in plans if plan is not None), key=_size, default=None)


def least_cores(products: Products, room: Room) -> int:
    """
    A bound that no plan is below: what the outputs, and what the distinct inputs, of each kind of
    parts fill.
    """
    count = 0
    for kind in {part.kind for part in products.parts}:
        parts = [part for part in products.parts if part.kind == kind]
        outputs = prod(products.positions) * sum(len(part.outputs) for part in parts)
        inputs = len(_distinct([part.reads for part in parts]))
        count += max(-(-outputs // room.outputs), -(-inputs // max(1, room.inputs)))
    return count


def _least_of(units: int, reads: Integers, outputs: int, room: Room) -> int:
    """What the outputs, and what the distinct inputs, of units with inputs of their own fill."""
    inputs = units * len(_distinct([reads]))
    filled = -(-units * len(reads) * outputs // room.outputs)
    return max(filled, -(-inputs // max(1, room.inputs)))


def _plan_in(products: Products, room: Room) -> list[Core] | None:
    by_kind: dict[Hashable, list[Core]] = {}
    for units in _alike(products.parts):
        planned = _plan_alike(products.positions, units, room)
        if planned is None:
            return None
        by_kind.setdefault(units[0][0].kind, []).extend(planned)
    return [core for planned in by_kind.values() for core in _joined(planned, room)]


Unit = tuple[Part, ...]
"""Parts that read the same: as if they were one."""


def _alike(parts: Sequence[Part]) -> Iterator[list[Unit]]:
    """Lists of units that read in the same pattern, and have as many outputs each."""
    units: dict[Hashable, list[Part]] = {}
    for part in parts:
        key = part.kind, np.ascontiguousarray(part.reads).tobytes()
        units.setdefault(key, []).append(part)
    alike: dict[Hashable, list[Unit]] = {}
    for unit in units.values():
        pattern = _pattern(unit[0].reads).tobytes() if len(units) > 1 else b""
        key = unit[0].kind, _outputs_of(unit), pattern
        alike.setdefault(key, []).append(tuple(unit))
    yield from alike.values()


def _pattern(reads: Integers) -> Integers:
    """What is read renamed by where it is read first, so that equal patterns become equal."""
    _, first, names = np.unique(reads, return_index=True, return_inverse=True)
    order = np.empty(len(first), np.int64)
    order[np.argsort(first)] = np.arange(len(first))
    return np.where(reads < 0, -1, order[names].reshape(reads.shape))


def _outputs_of(unit: Sequence[Part]) -> int:
    return sum(len(part.outputs) for part in unit)


def _plan_alike(positions: tuple[int, ...], units: Sequence[Unit], room: Room) -> list[Core] | None:
    """Cores for units that read in the same pattern, where their positions are best cut."""
    if (apart := _plan_apart(units, room)) is not None:
        return apart
    reads, outputs = units[0][0].reads, _outputs_of(units[0])
    least = _least_of(len(units), reads, outputs, room)
    best: list[Core] | None = None
    for regions in _cuts(positions, reads, len(units), outputs, room):
        cores = [core for region in regions for core in _cores_of_region(units, region, room)]
        cores = _joined(cores, room)
        if best is None or _size(cores) < _size(best):
            best = cores
        if len(best) == least:
            break
    return best


def _size(cores: Sequence[Core]) -> tuple[int, int]:
    """By what plans are compared: cores, then inputs."""
    return len(cores), sum(len(core.reads) for core in cores)


def _cuts(
    positions: tuple[int, ...], reads: Integers, units: int, outputs: int, room: Room
) -> Iterator[list[Integers]]:
    """Ways to cut positions into regions; those behind the first may join to fewer cores."""
    is_cut = False
    for grid in layouts(positions):
        footprint = index_footprint(reads.reshape(*grid, reads.shape[1]))
        for is_ragged in (False, True):
            found = best_regions(footprint, units, outputs, room, is_ragged=is_ragged)
            if found is not None:
                is_cut = True
                yield _positions_of(found, grid)
    if not is_cut and (runs := _runs(reads, units, outputs, room)) is not None:
        yield runs


def _plan_apart(units: Sequence[Unit], room: Room) -> list[Core] | None:
    """
    Cores for units that read no number at two positions: as many products as fit to each.

    `None` where numbers are shared, or a product does not fit.
    """
    reads, outputs = units[0][0].reads, _outputs_of(units[0])
    inputs = int((reads >= 0).sum(axis=1).max(initial=0))
    together, each = cores_of_rectangle(1, inputs, len(reads) * len(units), outputs, room)
    if each != 1 or len(_distinct([reads])) != np.count_nonzero(reads >= 0):
        return None
    products = len(reads) * len(units)
    cores: list[Core] = []
    for begin, end in _even_ranges(products, -(-products // together)):
        pieces: list[Piece] = []
        for number in range(begin // len(reads), -(-end // len(reads))):
            first, last = (
                min(max(edge - number * len(reads), 0), len(reads)) for edge in (begin, end)
            )
            pieces += _pieces(units[number], np.arange(first, last), (0, outputs))
        cores.append(Core(tuple(pieces), _distinct([piece.reads for piece in pieces])))
    return cores


def _positions_of(regions: Regions, grid: tuple[int, int]) -> list[Integers]:
    """The positions in each rectangle of a grid, in their order."""
    places = np.arange(prod(grid)).reshape(grid)

    def inside(part: Rectangle) -> Integers:
        return places[part.top : part.bottom, part.left : part.right].reshape(-1)

    return [inside(part) for part in regions.rectangles]


def _runs(reads: Integers, units: int, outputs: int, room: Room) -> list[Integers] | None:
    """Positions in runs of any length, searched piece by piece where they are many."""
    found: list[Integers] = []
    for first in range(0, len(reads), LARGEST_AXIS):
        piece = reads[None, first : first + LARGEST_AXIS]
        regions = best_regions(index_footprint(piece), units, outputs, room)
        if regions is None:
            return None
        found += [first + positions for positions in _positions_of(regions, piece.shape[:2])]
    return found


def _cores_of_region(units: Sequence[Unit], positions: Integers, room: Room) -> Iterator[Core]:
    """The cores that compute all outputs of some units at the positions of a region."""
    outputs = _outputs_of(units[0])
    inputs = len(_distinct([units[0][0].reads[positions]]))
    together, each = cores_of_rectangle(len(positions), inputs, len(units), outputs, room)
    assert each
    for begin, end in _even_ranges(len(units), -(-len(units) // together)):
        for columns in _even_ranges(outputs, each):
            pieces = [
                piece for unit in units[begin:end] for piece in _pieces(unit, positions, columns)
            ]
            yield Core(tuple(pieces), _distinct([piece.reads for piece in pieces]))


def _even_ranges(count: int, parts: int) -> list[tuple[int, int]]:
    edges = [count * part // parts for part in range(parts + 1)]
    return list(pairwise(edges))


def _pieces(unit: Unit, positions: Integers, columns: tuple[int, int]) -> Iterator[Piece]:
    """The pieces for neighbouring `columns` of the outputs of a unit, its parts side by side."""
    left = 0
    for part in unit:
        first, last = (min(max(edge - left, 0), len(part.outputs)) for edge in columns)
        if first < last:
            yield Piece(positions, part, first, last)
        left += len(part.outputs)


def _distinct(reads: Sequence[Integers]) -> Integers:
    names = np.unique(np.concatenate([part.reshape(-1) for part in reads]))
    return names[names >= 0]


def _joined(cores: Sequence[Core], room: Room) -> list[Core]:
    """
    The same with cores that are not full put together where they fit, the largest first.

    These are the regions at the ends of bands, and remainders of groups.
    """
    if len(cores) > LARGEST_JOINED:
        return list(cores)
    columns = [core.columns for core in cores]
    least = min(columns)
    full = [
        core for core, taken in zip(cores, columns, strict=True) if taken + least > room.outputs
    ]
    if len(full) == len(cores):
        return full
    is_read = np.zeros(1 + max(int(core.reads.max(initial=0)) for core in cores), np.bool_)
    bins: list[Core] = []
    free: list[int] = []
    """The outputs that each bin has room for."""
    order = sorted(range(len(cores)), key=lambda place: (-columns[place], -len(cores[place].reads)))
    for place in order:
        core, taken = cores[place], columns[place]
        if taken + least > room.outputs:
            continue
        is_read[core.reads] = True
        for number, other in enumerate(bins):
            # What both read counts once.
            if free[number] >= taken and room.inputs >= len(core.reads) + np.count_nonzero(
                ~is_read[other.reads]
            ):
                pieces = (*other.pieces, *core.pieces)
                bins[number] = Core(pieces, np.union1d(core.reads, other.reads))
                free[number] -= taken
                break
        else:
            bins.append(core)
            free.append(room.outputs - taken)
        is_read[core.reads] = False
    return full + bins
