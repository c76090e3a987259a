"""Small matrices side by side along the diagonal of a core: one core instead of many."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from xdsl.context import Context
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op
from ..dialects.nn import shape_of
from ..dialects.support.cores import cores_of, rows_beside_biases
from ..dialects.support.target import Target
from .pass_base import remark
from .product_rewriting import (
    copy_auxiliary,
    cut_axis,
    pad_axis,
    real_parameters,
    replace_product,
)
from .weight_units import rows_wanted
from .wiring import AUXILIARY, FIXED, PARTIAL, constant, reshape

NumberArray = np.typing.NDArray[np.number]


@dataclass(frozen=True)
class PackGroups(RewritePattern):
    """
    Groups of few inputs and outputs, as of a depthwise convolution, share cores.

    What lies off the diagonal is zero, and stays so in tuning.
    """

    ctx: Context
    target: Target
    weight_units: int | Literal["auto"] = 1
    _done: set[core_op.VmmOp] = field(default_factory=set[core_op.VmmOp])

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        if op.is_quantized or op in self._done or copies_of(op, self.target, op.groups) < 2:
            return
        rows = rows_of_weights(op, self.target, self.weight_units)
        copies = copies_of(op, self.target, op.groups, rows)
        if copies < 2:
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
            constant(rewriter, diagonals(weight, blocks, copies)),
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


def copies_of(op: core_op.VmmOp, target: Target, most: int, weight_rows: int = 1) -> int:
    """
    How many matrices of the size of those of `op` fit into one core, at most `most`.

    Every weight takes `weight_rows` rows.
    """
    if not op.fan_in or not op.outputs:
        return 1
    units = core_op.units_of(op.input), core_op.units_of(op.result)
    signed = PARTIAL in op.attributes
    rows = rows_beside_biases(op.fan_in, units, target, signed=signed)
    return min(
        max(1, rows // (op.unit_rows * weight_rows)), target.fan_out // op.unit_columns, most
    )


def is_trained(op: core_op.VmmOp) -> bool:
    """Whether the weights are real ones that are rounded, not integers by construction."""
    return not op.is_quantized and not {AUXILIARY, FIXED} & set(op.attributes)


def rows_of_weights(op: core_op.VmmOp, target: Target, wanted: int | Literal["auto"]) -> int:
    """The rows for each weight of `op` in a core, at most as many as there are for one input."""
    if not is_trained(op) or not target.shares_positions or wanted == 1:
        return 1
    most = max(1, target.inputs // core_op.units_of(op.input))
    return min(most, rows_wanted(real_parameters(op)[0], target) if wanted == "auto" else wanted)


def diagonals(matrices: NumberArray, blocks: int, copies: int) -> NumberArray:
    """`matrices` G x M x N, `copies` a block along its diagonal: blocks x ..; zero elsewhere."""
    groups, rows, columns = matrices.shape
    wide = np.zeros((blocks * copies, rows, copies, columns), matrices.dtype)
    wide[np.arange(groups), :, np.arange(groups) % copies, :] = matrices
    return wide.reshape(blocks, copies * rows, copies * columns)
