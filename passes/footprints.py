"""Which positions of a product read which inputs: what they share takes one row of a core."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..dialects.support.window import Window

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Footprint:
    """
    Which positions read which inputs, in a grid of rows x columns of positions.

    Inputs come in classes: one of class `(r, c)` is read at the positions that are in a row of
    `rows[r]` and in a column of `columns[c]`; there are `counts[r, c]` of it. Windows are of this
    form, and so is whatever no two positions share; others count as more than they are.
    """

    rows: Flags
    columns: Flags
    counts: Integers

    @property
    def transposed(self) -> "Footprint":
        """The same with rows and columns of positions exchanged."""
        return Footprint(self.columns, self.rows, self.counts.T)

    @property
    def positions(self) -> int:
        """The positions of the grid."""
        return self.rows.shape[1] * self.columns.shape[1]

    @property
    def is_symmetric(self) -> bool:
        """Whether rows and columns are alike, as those of a square window over a square image."""
        pairs = (self.rows, self.columns), (self.counts, self.counts.T)
        return all(np.array_equal(one, other) for one, other in pairs)


def window_footprint(window: Window, spatial: tuple[int, ...], channels: int) -> Footprint:
    """What a window over `spatial` x `channels` reads: rows are the first axis, columns others."""
    uses = [
        _axis_use(window, axis, extent, positions)
        for axis, (extent, positions) in enumerate(
            zip(spatial, window.output(spatial), strict=True)
        )
    ]
    columns = np.ones((1, 1), np.bool_)
    for use in uses[1:]:
        columns = np.kron(columns, use).astype(np.bool_)
    counts = np.full((len(uses[0]), len(columns)), channels, np.int64)
    return Footprint(uses[0], columns, counts)


def _axis_use(window: Window, axis: int, extent: int, positions: int) -> Flags:
    """Which of `extent` elements each position reads on an axis: extent x positions."""
    use = np.zeros((extent, positions), np.bool_)
    for tap in range(window.kernel[axis]):
        places = np.arange(positions) * window.strides[axis] - window.pads[axis]
        places += tap * window.dilations[axis]
        inside = (places >= 0) & (places < extent)
        use[places[inside], np.flatnonzero(inside)] = True
    return use


def index_footprint(indices: Integers) -> Footprint:
    """
    The footprint of inputs A x B x M, of A x B positions; negative ones are none.

    An input that is not read at all positions of some rows in some columns counts as if it were.
    """
    height, width, _ = indices.shape
    is_read = indices >= 0
    names, read = np.unique(indices[is_read], return_inverse=True)
    rows, columns, _ = np.nonzero(is_read)
    by_row = _distinct(read, rows, height)
    by_column = _distinct(read, columns, width)
    row_class, row_use = _classes(by_row, len(names), height)
    column_class, column_use = _classes(by_column, len(names), width)
    together = np.zeros((len(row_use), len(column_use)), np.int64)
    np.add.at(together, (row_class, column_class), 1)
    return Footprint(row_use, column_use, together)


def _distinct(read: Integers, places: Integers, extent: int) -> tuple[Integers, Integers]:
    """Every pair of an input and a place once."""
    pairs = np.unique(read * extent + places)
    return pairs // extent, pairs % extent


def _classes(pairs: tuple[Integers, Integers], inputs: int, extent: int) -> tuple[Integers, Flags]:
    """The class of each input by the places where it is read, and the places of each class."""
    # Equal sets have equal sums of random numbers; two different ones practically never.
    random = np.random.default_rng(0).integers(1 << 62, size=extent, dtype=np.int64)
    marks = np.zeros(inputs, np.int64)
    np.add.at(marks, pairs[0], random[pairs[1]])
    _, first, classes = np.unique(marks, return_index=True, return_inverse=True)
    use = np.zeros((len(first), extent), np.bool_)
    place_of = np.full(inputs, -1, np.int64)
    place_of[first] = np.arange(len(first))
    chosen = place_of[pairs[0]] >= 0
    use[place_of[pairs[0]][chosen], pairs[1][chosen]] = True
    return classes, use
