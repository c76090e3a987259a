"""What the tiles of a product read: inputs dealt out one by one, or by channels before a window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter

from ..dialects import core_op
from ..dialects.nn import shape_of
from ..dialects.support.cores import rows_beside_biases
from ..dialects.support.target import Target
from ..dialects.support.window import Window
from .packing import is_trained
from .product_rewriting import FloatArray, pad_axis
from .wiring import reshape


@dataclass(frozen=True)
class TileSource:
    """Inputs of a product that are dealt out to tiles: those under a window by whole channels."""

    value: SSAValue
    window: Window | None = None

    @property
    def run(self) -> int:
        """Inputs that go together: those that a channel has in the window."""
        return self.window.size if self.window is not None else 1

    @property
    def channels(self) -> int:
        """What is dealt out."""
        return shape_of(self.value)[-1]

    def tiles_needed(self, parts: int) -> int:
        """Of so many tiles those that get something: channels may be too few for all."""
        return -(-self.channels // -(-self.channels // parts))

    def tiles(self, rewriter: PatternRewriter, parts: int, stripes: int) -> SSAValue:
        """The inputs of the tiles: positions.. x (groups * parts * stripes) x rows."""
        value = _dealt(rewriter, self.value, parts, -(-self.channels // parts))
        if stripes > 1:
            repeat = core_op.RepeatOp(value, len(shape_of(value)) - 2, stripes)
            value = rewriter.insert(repeat).result
        if self.window is not None:
            value = rewriter.insert(core_op.WindowOp(value, self.window)).result
        return value


def tile_sources(op: core_op.VmmOp, parts: int, target: Target) -> list[TileSource]:
    """
    The inputs of `op` that are dealt out one by one.

    Windows, and what stands beside them, are looked through where tiles of whole channels need no
    more rows than a core has, and leave half of those that biases want, and there are channels to
    deal out. A tile is a convolution then, and the evaluator need not write the windows out.
    """
    sources, units = _channels_of(op), core_op.units_of(op.input)
    rows = _rows_of_channels(sources, parts)
    beside = rows_beside_biases(rows, (units, 1), target, signed=parts > 1)
    fits = 2 * rows * units <= target.inputs + beside
    fits &= parts == 1 or any(source.channels > 1 for source in sources)
    return sources if fits else [TileSource(op.input)]


def parts_of_channels(op: core_op.VmmOp, parts: int, target: Target) -> int:
    """
    Somewhat more tiles of whole channels where these leave biases all the rows that they want.

    A channel more or less is many rows where each of its numbers has several units.
    """
    sources, units = _channels_of(op), core_op.units_of(op.input)
    if units == 1 or parts == 1 or not is_trained(op) or not target.shares_positions:
        return parts
    for count in range(parts, parts + parts // 2 + 1):
        rows = _rows_of_channels(sources, count)
        if rows * units <= rows_beside_biases(rows, (units, 1), target, signed=True):
            return count
    return parts


def _channels_of(op: core_op.VmmOp) -> list[TileSource]:
    """The inputs of `op` before windows and before they were put side by side."""
    joined, last = op.input.owner, len(shape_of(op.input)) - 1
    if isinstance(joined, core_op.ConcatOp) and joined.axis.value.data == last:
        return [_source(value) for value in joined.inputs]
    return [_source(op.input)]


def _rows_of_channels(sources: Sequence[TileSource], parts: int) -> int:
    return sum(source.run * -(-source.channels // parts) for source in sources)


def _source(value: SSAValue) -> TileSource:
    op = value.owner
    return (
        TileSource(op.input, op.window) if isinstance(op, core_op.WindowOp) else TileSource(value)
    )


def _dealt(rewriter: PatternRewriter, value: SSAValue, parts: int, rows: int) -> SSAValue:
    """
    Inputs P.. x G x M dealt out to `parts` tiles in turn: P.. x (G * parts) x `rows`.

    Neighbours are alike, in an image as among channels. With each tile a sample of the whole,
    partial sums are alike too, and smaller than sums over whole regions, which cancel each other.
    """
    *positions, groups, _ = shape_of(value)
    value = pad_axis(rewriter, value, -1, parts * rows)
    if parts > 1:
        rank = len(positions)
        value = reshape(rewriter, value, (*positions, groups, rows, parts))
        order = [*range(rank + 1), rank + 2, rank + 1]
        value = rewriter.insert(core_op.PermuteOp(value, order)).result
    return reshape(rewriter, value, (*positions, groups * parts, rows))


def cut_matrices(
    matrices: FloatArray, layout: Sequence[tuple[int, int]], parts: int, columns: int
) -> FloatArray:
    """
    `matrices` G x M x N cut into (G * `parts` * column tiles) x rows x `columns`.

    `layout` has the sources of the rows, each so many times its channels; of these every tile gets
    some in turn, as of the values. What is missing at the ends is zero. The tiles are the only
    copy.
    """
    groups, _, outputs = matrices.shape
    stripes = -(-outputs // columns)
    rows = sum(run * -(-channels // parts) for run, channels in layout)
    tiles = np.zeros((groups, parts, stripes, rows, columns), np.float32)
    above, top = 0, 0
    for run, channels in layout:
        for _ in range(run):
            for part, stripe in np.ndindex(parts, stripes):
                left = stripe * columns
                dealt = matrices[:, above + part : above + channels : parts, left : left + columns]
                tiles[:, part, stripe, top : top + dealt.shape[1], : dealt.shape[2]] = dealt
            above, top = above + channels, top - (-channels // parts)
    return tiles.reshape(-1, rows, columns)
