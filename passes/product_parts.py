"""The parts of a dot product: outputs with the inputs that they have weights for."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """
    Outputs of a group, and the inputs that they have weights for: what must share no core with
    other outputs of the group.

    `reads` is P x inputs: the number of what is read at each position, negative where it is
    nothing. At one position no number is twice. Parts of different `kind` share no core.
    """

    group: int
    inputs: Integers
    outputs: Integers
    reads: Integers
    kind: Hashable


@dataclass(frozen=True)
class Products:
    """The parts of a product, each of them at all positions."""

    positions: tuple[int, ...]
    parts: tuple[Part, ...]


def products_of(
    positions: tuple[int, ...],
    weight: npt.NDArray[np.number],
    reads: Integers,
    kinds: Sequence[Hashable],
) -> list[Products]:
    """
    The products of weights G x M x N with what is read, P x G x M: in as small parts as possible,
    and, where that is another way to see them, a part a group.

    Outputs that have no input in common, directly or through others, are parts of their own, as
    those of small groups that one matrix holds along its diagonal. Inputs without weights are in
    none.
    """
    parts = [
        Part(group, inputs, outputs, reads[:, group, inputs], kinds[group])
        for group, matrix in enumerate(weight)
        for inputs, outputs in components(matrix != 0)
    ]
    found = [Products(positions, tuple(parts))]
    if len(parts) > len(weight):
        rows, columns = (np.arange(count, dtype=np.int64) for count in weight.shape[1:])
        whole = [
            Part(group, rows, columns, reads[:, group], kind) for group, kind in enumerate(kinds)
        ]
        found.append(Products(positions, tuple(whole)))
    return found


def components(is_used: npt.NDArray[np.bool_]) -> list[tuple[Integers, Integers]]:
    """
    The rows and columns of the blocks of a matrix M x N whose entries outside blocks are not used.

    Columns without an entry are in the first block.
    """
    rows, columns = is_used.shape
    none = rows + columns
    names = np.full(rows, none)
    is_row = np.asarray(is_used.any(axis=1))
    names[is_row] = np.flatnonzero(is_row)
    if not is_row.any():
        return [(np.arange(min(1, rows)), np.arange(columns))]
    # Every row takes the least name among those that it meets in a column, until none changes.
    while True:
        by_column = _least_names(is_used.T, names, none)
        met = _least_names(is_used, by_column, none)
        if np.array_equal(met, names):
            break
        names = met
    by_column[by_column == none] = names.min()
    found: list[int] = np.unique(by_column).tolist()
    return [(np.flatnonzero(names == name), np.flatnonzero(by_column == name)) for name in found]


def _least_names(is_used: npt.NDArray[np.bool_], names: Integers, none: int) -> Integers:
    """The least of the names that each row of a matrix has an entry for."""
    met = np.full(is_used.shape, none)
    np.copyto(met, names[None], where=is_used)
    return np.asarray(met.min(axis=1, initial=none), np.int64)
