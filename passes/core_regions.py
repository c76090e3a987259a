"""
How the positions of a dot product are dealt out to cores, where no core serves several in turn.

A core gets a rectangle of neighbouring positions, whose windows overlap: what they share takes one
row of the core. The search is exact over bands: rows of positions are cut into bands of any height,
each of them into rectangles of any width, or the same with columns and rows exchanged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
import numpy.typing as npt

from ..dialects.support.window import Window
from .footprints import Flags, Footprint, Integers, window_footprint

LARGEST_AXIS = 2048
"""Positions along an axis of the search; longer axes are searched in pieces."""

LARGEST_COUNTED = 56
"""Positions along an axis up to which `window_cores` searches the whole image."""

_CORES, _INPUTS = 1 << 42, 1 << 14
"""What a core, and an input, weigh in a cost: first cores count, then inputs, then balance."""

_TIE = 1 << 13
_NEVER = np.int64(1) << 61


@dataclass(frozen=True)
class Room:
    """The inputs, bias rows not counted, and the outputs that a core has room for."""

    inputs: int
    outputs: int


@dataclass(frozen=True)
class Rectangle:
    """Positions `top <= row < bottom` and `left <= column < right`."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def positions(self) -> int:
        """How many there are."""
        return (self.bottom - self.top) * (self.right - self.left)

    @property
    def transposed(self) -> "Rectangle":
        """The same with rows and columns exchanged."""
        return Rectangle(self.left, self.right, self.top, self.bottom)


@dataclass(frozen=True)
class Regions:
    """
    Rectangles that cover all positions, and the cores that they need for all groups.

    `inputs` are those of all cores together.
    """

    rectangles: tuple[Rectangle, ...]
    cores: int
    inputs: int


def best_regions(
    footprint: Footprint, groups: int, outputs: int, room: Room, *, is_ragged: bool = False
) -> Regions | None:
    """
    The rectangles with the fewest cores, and among these the fewest inputs of all cores.

    Each of `groups` has `outputs` a position and inputs of its own, in the same pattern. A
    rectangle takes several groups to a core, or several cores for the outputs of a group, see
    `cores_of_rectangle`. Among equals those of even size are taken, or, where it `is_ragged`, full
    ones and small remainders, which may be joined later. `None` where one position of one group has
    more inputs than a core.
    """
    search = _Search(groups, outputs, room, footprint.positions, is_ragged)
    found = _bands(footprint, search)
    is_line = min(footprint.rows.shape[1], footprint.columns.shape[1]) == 1
    if not is_line and not footprint.is_symmetric:
        turned = _bands(footprint.transposed, search)
        if found is None or (turned is not None and turned[0] < found[0]):
            found = turned and (turned[0], [rectangle.transposed for rectangle in turned[1]])
    if found is None:
        return None
    cost, rectangles = found
    return Regions(tuple(rectangles), cost // _CORES, cost % _CORES // _INPUTS)


@dataclass(frozen=True)
class _Search:
    """What is searched for, see `best_regions`."""

    groups: int
    outputs: int
    room: Room
    positions: int
    is_ragged: bool

    def tie(self, positions: int) -> int:
        """The share of a rectangle of so many positions in a cost that decides between equals."""
        # Of equal sums, even parts have the least squares. All shares add up to at most one input.
        square, most = positions * positions, self.room.outputs * self.room.outputs
        if self.is_ragged:
            return (most - square) * _TIE // (most * self.positions)
        return square * _TIE // (self.room.outputs * self.positions)


def cores_of_rectangle(
    positions: int, inputs: int, groups: int, outputs: int, room: Room
) -> tuple[int, int]:
    """
    Groups a core, and cores a group: one of the two is 1.

    Several groups lie side by side in a core where they fit; the outputs of a large one are shared
    out to several cores. `(0, 0)` where that is impossible.
    """
    together = min(room.outputs // max(1, positions * outputs), groups)
    together = min(together, room.inputs // inputs) if inputs else together
    if together >= 1:
        return together, 1
    if positions > room.outputs or inputs > room.inputs:
        return 0, 0
    return 1, -(-outputs // (room.outputs // positions))


def _bands(footprint: Footprint, search: _Search) -> tuple[int, list[Rectangle]] | None:
    """The cheapest bands of rows, each cut into rectangles, and their cost."""
    height, width = footprint.rows.shape[1], footprint.columns.shape[1]
    best = np.full(height + 1, _NEVER)
    best[0] = 0
    bands: list[_Bands] = []
    row_sums, column_sums = _sums(footprint.rows), _sums(footprint.columns)
    for size in range(1, height + 1):
        rows = _any_of(row_sums, size).T.astype(np.float64)
        # Most bands read alike, all but those at the border.
        reads, kind = np.unique(rows @ footprint.counts, axis=0, return_inverse=True)
        costs = _costs_of_bands(reads, column_sums, size, search)
        if costs is None:
            break
        bands.append(_Bands(kind.reshape(-1), *_cut_bands(costs, width)))
    chosen = np.zeros(height + 1, np.int64)
    for end in range(1, height + 1):
        options = [
            int(best[end - size]) + bands[size - 1].cost(end - size)
            for size in range(1, min(len(bands), end) + 1)
        ]
        if options:
            chosen[end] = 1 + int(np.argmin(options))
            best[end] = min(*options, int(_NEVER))
    if best[height] >= _NEVER:
        return None
    rectangles: list[Rectangle] = []
    end = height
    while end:
        size = int(chosen[end])
        right, widths = width, bands[size - 1].widths_of(end - size)
        while right:
            left = right - int(widths[right])
            rectangles.append(Rectangle(end - size, end, left, right))
            right = left
        end -= size
    return int(best[height]), rectangles[::-1]


@dataclass(frozen=True)
class _Bands:
    """The bands of one height: the kind of each, and of every kind the cost and the widths."""

    kinds: Integers
    costs: Integers
    widths: Integers

    def cost(self, top: int) -> int:
        """The cost of the band whose first row is `top`."""
        return int(self.costs[self.kinds[top]])

    def widths_of(self, top: int) -> Integers:
        """The width of the rectangle that ends at each column, where one does."""
        return self.widths[self.kinds[top]]


def _costs_of_bands(
    reads: npt.NDArray[np.float64],
    column_sums: Integers,
    height: int,
    search: "_Search",
) -> Integers | None:
    """
    The costs of the rectangles in bands of so many rows: bands x right ends x widths.

    `reads` are the inputs of each class of columns that every band reads. `None` where no rectangle
    of that height is possible.
    """
    columns, bands = column_sums.shape[1] - 1, len(reads)
    groups, outputs, room = search.groups, search.outputs, search.room
    most = min(columns, room.outputs // height)
    costs = np.full((bands, columns + 1, most + 1), _NEVER)
    is_possible = False
    for width in range(1, most + 1):
        # Float64 counts exactly, and its matrix product is fast.
        inputs = (reads @ _any_of(column_sums, width)).astype(np.int64)
        positions = height * width
        fits = inputs <= room.inputs
        if not fits.any():
            break
        is_possible = True
        wide = np.maximum(inputs, 1)
        together = np.minimum(
            min(room.outputs // max(1, positions * outputs), groups), room.inputs // wide
        )
        split = -(-outputs // (room.outputs // positions))
        cores = np.where(together >= 1, -(-groups // np.maximum(together, 1)), groups * split)
        total = groups * inputs * np.where(together >= 1, 1, split)
        tie = search.tie(positions)
        cost = cores * _CORES + total * _INPUTS + tie
        costs[:, width:, width] = np.where(fits, cost, _NEVER)
    return costs if is_possible else None


def _cut_bands(costs: Integers, width: int) -> tuple[Integers, Integers]:
    """For every band the cheapest rectangles: their cost, and the width of that at each end."""
    bands, _, most = costs.shape
    best = np.full((bands, width + 1), _NEVER)
    best[:, 0] = 0
    chosen = np.zeros((bands, width + 1), np.int64)
    for end in range(1, width + 1):
        limit = min(most - 1, end)
        before = best[:, end - limit : end][:, ::-1]
        options = before + costs[:, end, 1 : limit + 1]
        chosen[:, end] = 1 + options.argmin(axis=1)
        best[:, end] = np.minimum(options.min(axis=1), _NEVER)
    return best[:, width], chosen


def _sums(use: Flags) -> Integers:
    """How many flags are set before each place: n x L to n x (L + 1)."""
    sums = np.zeros((use.shape[0], use.shape[1] + 1), np.int64)
    np.cumsum(use, axis=1, out=sums[:, 1:])
    return sums


def _any_of(sums: Integers, size: int) -> Flags:
    """Whether any of `size` neighbours is set: n x (L + 1) sums to n x (L - size + 1)."""
    return sums[:, size:] > sums[:, :-size]


@lru_cache(maxsize=4096)
def window_cores(
    window: Window, spatial: tuple[int, ...], channels: int, groups: int, outputs: int, room: Room
) -> int | None:
    """
    The cores of a convolution, see `best_regions`; `None` where a window exceeds a core.

    Of an image of more than `LARGEST_COUNTED` positions along an axis a smaller one is searched,
    and its cores are scaled up: a count for choices, not a plan.
    """
    positions = window.output(spatial)
    counted = tuple(
        extent - max(0, along - LARGEST_COUNTED) * stride
        for extent, along, stride in zip(spatial, positions, window.strides, strict=True)
    )
    smaller = window.output(counted)
    if max(smaller[0], prod(smaller[1:])) > LARGEST_AXIS:
        return apart_cores(window.size * channels, outputs, groups * prod(positions), room)
    found = best_regions(window_footprint(window, counted, channels), groups, outputs, room)
    return -(-found.cores * prod(positions) // prod(smaller)) if found is not None else None


def apart_cores(inputs: int, outputs: int, count: int, room: Room) -> int | None:
    """The cores of `count` products that share no inputs; `None` where one exceeds a core."""
    together, each = cores_of_rectangle(1, inputs, count, outputs, room)
    if not each:
        return None
    return -(-count // together) * each


def layouts(positions: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """The grids, rows x columns, as which positions on some axes can be seen in their order."""
    found: list[tuple[int, int]] = []
    for axis in (*range(1, len(positions)), 0):
        grid = prod(positions[:axis]), prod(positions[axis:])
        # A single column is a single row, which is searched faster.
        grid = (1, grid[0]) if grid[1] == 1 else grid
        if grid not in found and max(grid) <= LARGEST_AXIS:
            found.append(grid)
    yield from found
