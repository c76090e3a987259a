"""The pass `core-op-expand`: every dot product within one core's rows and columns."""

from dataclasses import dataclass, field

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr, f32
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, trained
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.cores import tiles_of
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.provenance import provenance_of
from ..dialects.support.target import Target
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .wiring import AUXILIARY, constant, fixed_product, reshape

FloatArray = np.typing.NDArray[np.float32]


@dataclass(frozen=True)
class CoreOpExpand(CorelowerPass):
    """
    Splits dot products that exceed a core into tiles, with merge stages for split rows.

    Needs a target and weights that are not quantised yet. Tiles are groups, so the number of
    operations does not grow with them. A partial sum gets a code like any signal: calibrate and
    re-encode after this pass. Small fixed products are packed, several positions a core.
    """

    name = "core-op-expand"

    pack: bool = field(
        default=True,
        metadata={"help": "merges, pools and additions of several positions in a core"},
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = core_op.target_of(op)
        if target is None:
            raise CorelowerError(f"{self.name}: the module has no target; run set-target before")
        patterns: list[RewritePattern] = [SplitMatrix(target)]
        for function in lowered_functions(op):
            run_patterns(function, patterns, ctx)
            if self.pack:
                run_patterns(function, [PackPositions(target, _packable(function, target))], ctx)


@dataclass(frozen=True)
class SplitMatrix(RewritePattern):
    """
    A matrix that exceeds a core becomes tiles: groups that see parts of the inputs.

    Where inputs are split, the tiles compute partial sums, and a merge stage adds them. The tiles
    are balanced. The bias is shared out evenly, so that every partial sum stays small.
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        parts, stripes = tiles_of(op.fan_in, op.outputs, self.target)
        if parts == stripes == 1:
            return
        weight, bias = _real_parameters(op)
        rows, columns = -(-op.fan_in // parts), -(-op.outputs // stripes)
        positions = shape_of(op.input)[:-2]
        value = _dealt(rewriter, op.input, parts, rows)
        if stripes > 1:
            repeat = core_op.RepeatOp(value, len(positions), stripes)
            value = rewriter.insert(repeat).result
        bias_value = None
        if bias is not None:
            shares = np.repeat(bias[:, None] / np.float32(parts), parts, axis=1)
            bias_value = constant(rewriter, _tiles(shares, 1, columns).reshape(-1, columns))
        is_partial = parts > 1
        product = core_op.VmmOp(
            Activation.LINEAR if is_partial else op.activation.data,
            value,
            constant(rewriter, _tiles(weight, rows, columns)),
            bias_value,
            element=f32 if is_partial else core_op.element_of(op.result),
            same_code=op.same_code is not None and not is_partial,
        )
        _copy_auxiliary(op, product)
        rewriter.insert(product)
        tiled = (*positions, op.groups * parts, stripes * columns)
        value = _cut_axis(rewriter, reshape(rewriter, product.result, tiled), -1, op.outputs)
        if is_partial:
            value = _merged(rewriter, value, op, parts)
        _replace(op, value, rewriter)


class PackPositions(RewritePattern):
    """
    A small fixed matrix several times along the diagonal of a core: as many positions at once.

    Without this a merge of four partial sums would use 4 of 256 rows and one column.
    """

    def __init__(self, target: Target, wanted: set[core_op.VmmOp]):
        self.target = target
        self.wanted = wanted

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        if op not in self.wanted:
            return
        self.wanted.remove(op)
        weight, _ = _real_parameters(op)
        _, fan_in, outputs = weight.shape
        total, copies = op.positions, _copies(op, self.target)
        blocks = -(-total // copies)
        copies = -(-total // blocks)
        value = reshape(rewriter, op.input, (total, fan_in))
        value = _pad_axis(rewriter, value, 0, blocks * copies)
        value = reshape(rewriter, value, (blocks, 1, copies * fan_in))
        product = fixed_product(
            rewriter,
            value,
            _block_diagonal(weight[0], copies),
            op.activation.data,
            element=core_op.element_of(op.result),
            same_code=op.same_code is not None,
        )
        value = reshape(rewriter, product.result, (blocks * copies, outputs))
        value = _cut_axis(rewriter, value, 0, total)
        _replace(op, value, rewriter)


def _block_diagonal(matrix: FloatArray, copies: int) -> FloatArray:
    rows, columns = matrix.shape
    blocks = np.zeros((copies, rows, copies, columns), np.float32)
    blocks[np.arange(copies), :, np.arange(copies), :] = matrix
    return blocks.reshape(copies * rows, copies * columns)


def _packable(function: Operation, target: Target) -> set[core_op.VmmOp]:
    """The fixed products of which a core holds several. Each is packed once."""
    return {
        op
        for op in function.walk()
        if isinstance(op, core_op.VmmOp)
        and AUXILIARY in op.attributes
        and op.groups == 1
        and _copies(op, target) > 1
    }


def _copies(op: core_op.VmmOp, target: Target) -> int:
    """How many positions of a fixed product fit into one core, at most as many as there are."""
    if op.bias is not None:
        return 1
    fit = min(target.inputs // op.fan_in, target.fan_out // op.outputs)
    return min(fit, op.positions)


def _tiles(matrices: FloatArray, rows: int, columns: int) -> FloatArray:
    """
    `matrices` G x M x N cut into (G * row tiles * column tiles) x `rows` x `columns`.

    Rows are dealt out in turn, see `_dealt`. What is missing at the ends is zero. The tiles are the
    only copy that is made.
    """
    groups, fan_in, outputs = matrices.shape
    parts, stripes = -(-fan_in // rows), -(-outputs // columns)
    tiles = np.zeros((groups, parts, stripes, rows, columns), np.float32)
    for part, stripe in np.ndindex(parts, stripes):
        left = stripe * columns
        tile = matrices[:, part::parts, left : left + columns]
        tiles[:, part, stripe, : tile.shape[1], : tile.shape[2]] = tile
    return tiles.reshape(-1, rows, columns)


def _dealt(rewriter: PatternRewriter, value: SSAValue, parts: int, rows: int) -> SSAValue:
    """
    Inputs P.. x G x M dealt out to `parts` tiles in turn: P.. x (G * parts) x `rows`.

    Neighbours are alike, in an image above all. With each tile a sample of the whole, partial sums
    are alike too, and smaller than sums over whole regions, which cancel each other.
    """
    *positions, groups, _ = shape_of(value)
    value = _pad_axis(rewriter, value, -1, parts * rows)
    if parts > 1:
        rank = len(positions)
        value = reshape(rewriter, value, (*positions, groups, rows, parts))
        order = [*range(rank + 1), rank + 2, rank + 1]
        value = rewriter.insert(core_op.PermuteOp(value, order)).result
    return reshape(rewriter, value, (*positions, groups * parts, rows))


def _merged(rewriter: PatternRewriter, value: SSAValue, op: core_op.VmmOp, parts: int) -> SSAValue:
    """The sums, with the function of `op`, of partial sums P.. x (G * `parts`) x N."""
    *positions, _, outputs = shape_of(value)
    rank = len(positions)
    value = reshape(rewriter, value, (*positions, op.groups, parts, outputs))
    order = [*range(rank + 1), rank + 2, rank + 1]
    value = rewriter.insert(core_op.PermuteOp(value, order)).result
    value = reshape(rewriter, value, (*positions, op.groups, outputs, 1, parts))
    element = core_op.element_of(op.result)
    return fixed_product(
        rewriter, value, np.ones((parts, 1)), op.activation.data, element=element
    ).result


def _real_parameters(op: core_op.VmmOp) -> tuple[FloatArray, FloatArray | None]:
    if op.is_quantized:
        raise OperationError(op, "the weights are quantised already; run core-op-expand before")
    weight = trained.constant_of(op.weight)
    bias = trained.constant_of(op.bias) if op.bias is not None else None
    if weight is None or (op.bias is not None and bias is None):
        raise OperationError(op, "the weights are computed; a core's weights are constants")
    real_weight = np.asarray(weight.array, np.float32)
    return real_weight, np.asarray(bias.array, np.float32) if bias is not None else None


def _copy_auxiliary(op: core_op.VmmOp, copy: core_op.VmmOp) -> None:
    if AUXILIARY in op.attributes:
        copy.attributes[AUXILIARY] = UnitAttr()


def _pad_axis(rewriter: PatternRewriter, value: SSAValue, axis: int, size: int) -> SSAValue:
    shape = shape_of(value)
    high = [0] * len(shape)
    high[axis] = size - shape[axis]
    if not high[axis]:
        return value
    return rewriter.insert(core_op.PadOp(value, [0] * len(shape), high)).result


def _cut_axis(rewriter: PatternRewriter, value: SSAValue, axis: int, size: int) -> SSAValue:
    sizes = list(shape_of(value))
    if sizes[axis] == size:
        return value
    sizes[axis] = size
    return rewriter.insert(core_op.SliceOp(value, [0] * len(sizes), sizes)).result


def _replace(op: core_op.VmmOp, value: SSAValue, rewriter: PatternRewriter) -> None:
    """Let `value`, under the shape of the result of `op`, take its place and its golden value."""
    value = reshape(rewriter, value, shape_of(op.result))
    source = value.owner
    assert isinstance(source, core_op.CoreOperation)
    source.attributes.update(provenance_of(op))
    rewriter.replace(op, [], [value])
