"""Small matrices side by side along the diagonal of a core: one core instead of many."""

from dataclasses import dataclass, field

import numpy as np
from xdsl.context import Context
from xdsl.dialects.func import FuncOp
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op
from ..dialects.nn import shape_of
from ..dialects.support.cores import cores_of
from ..dialects.support.target import Target
from .pass_base import remark, run_patterns
from .product_rewriting import (
    copy_auxiliary,
    cut_axis,
    pad_axis,
    real_parameters,
    replace_product,
)
from .wiring import AUXILIARY, constant, fixed_product, reshape

FloatArray = np.typing.NDArray[np.float32]


def pack_products(ctx: Context, function: FuncOp, target: Target) -> None:
    """Pack the groups, and then the positions of fixed products, of which a core holds several."""
    run_patterns(function, [PackGroups(ctx, target)], ctx)
    wanted = {
        op
        for op in function.walk()
        if isinstance(op, core_op.VmmOp)
        and AUXILIARY in op.attributes
        and op.groups == 1
        and not op.is_quantized
        and _copies(op, target, op.positions) > 1
    }
    run_patterns(function, [PackPositions(target, wanted)], ctx)


@dataclass(frozen=True)
class PackGroups(RewritePattern):
    """
    Groups of few inputs and outputs, as of a depthwise convolution, share cores.

    What lies off the diagonal is zero, and stays so in tuning.
    """

    ctx: Context
    target: Target
    _done: set[core_op.VmmOp] = field(default_factory=set[core_op.VmmOp])

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        copies = _copies(op, self.target, op.groups)
        if copies < 2 or op.is_quantized or op in self._done:
            return
        weight, bias = real_parameters(op)
        groups, fan_in, outputs = weight.shape
        blocks = -(-groups // copies)
        copies = -(-groups // blocks)
        positions = shape_of(op.input)[:-2]
        axis = len(positions)
        value = pad_axis(rewriter, op.input, axis, blocks * copies)
        value = reshape(rewriter, value, (*positions, blocks, copies * fan_in))
        added = None
        if bias is not None:
            wide = np.zeros((blocks * copies, outputs), np.float32)
            wide[:groups] = bias
            added = constant(rewriter, wide.reshape(blocks, copies * outputs))
        product = core_op.VmmOp(
            op.activation.data,
            value,
            constant(rewriter, _diagonals(weight, blocks, copies)),
            added,
            element=core_op.element_of(op.result),
            same_code=op.same_code is not None,
        )
        copy_auxiliary(op, product)
        # Packed groups may still be few enough to pack again; that would be no gain.
        self._done.add(product)
        rewriter.insert(product)
        before = cores_of(groups, positions, self.target)
        after = cores_of(blocks, positions, self.target)
        remark(
            self.ctx,
            op,
            f"{groups} groups of {fan_in} inputs packed {copies} to a core: "
            f"{after} instead of {before} cores",
        )
        value = reshape(rewriter, product.result, (*positions, blocks * copies, outputs))
        value = cut_axis(rewriter, value, axis, groups)
        replace_product(op, value, rewriter)


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
        weight, bias = real_parameters(op)
        _, fan_in, outputs = weight.shape
        total, copies = op.positions, _copies(op, self.target, op.positions)
        blocks = -(-total // copies)
        copies = -(-total // blocks)
        value = reshape(rewriter, op.input, (total, fan_in))
        value = pad_axis(rewriter, value, 0, blocks * copies)
        value = reshape(rewriter, value, (blocks, 1, copies * fan_in))
        product = fixed_product(
            rewriter,
            value,
            _diagonals(np.repeat(weight, copies, axis=0), 1, copies)[0],
            op.activation.data,
            element=core_op.element_of(op.result),
            same_code=op.same_code is not None,
            bias=np.tile(bias[0], copies) if bias is not None else None,
        )
        value = reshape(rewriter, product.result, (blocks * copies, outputs))
        value = cut_axis(rewriter, value, 0, total)
        replace_product(op, value, rewriter)


def _copies(op: core_op.VmmOp, target: Target, most: int) -> int:
    """How many matrices of the size of those of `op` fit into one core, at most `most`."""
    if not op.fan_in or not op.outputs:
        return 1
    return min(target.inputs // op.unit_rows, target.fan_out // op.unit_columns, most)


def _diagonals(matrices: FloatArray, blocks: int, copies: int) -> FloatArray:
    """`matrices` G x M x N, `copies` a block along its diagonal: blocks x ..; zero elsewhere."""
    groups, rows, columns = matrices.shape
    wide = np.zeros((blocks * copies, rows, copies, columns), np.float32)
    wide[np.arange(groups), :, np.arange(groups) % copies, :] = matrices
    return wide.reshape(blocks, copies * rows, copies * columns)
