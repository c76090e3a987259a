"""The pass `core-op-split-weights`: weights beyond a row's range, over several rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, trained
from ..dialects.nn import shape_of
from ..dialects.support.errors import OperationError
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .real_parameters import drop_real_parameters
from .weight_units import ROW_UNITS, row_units
from .wiring import constant, reshape

Integers = npt.NDArray[np.integer]


@dataclass(frozen=True)
class CoreOpSplitWeights(CorelowerPass):
    """
    Requires integer weights; ensures that each is within a row's range, exactly: an input whose
    weights are spread over several rows goes to each of these, and they add up.

    `core-op-quantize-weights` spreads them where a core has rows to spare. Run this behind tuning,
    which has one weight for an input.
    """

    name = "core-op-split-weights"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in lowered_functions(op):
            run_patterns(function, [SplitWeights()], ctx)


class SplitWeights(RewritePattern):
    """Rows for the weights of an input, which then goes to all of them."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        units = row_units(op)
        if units is None:
            return
        weight = trained.constant_of(op.weight)
        if weight is None or not op.is_quantized:
            raise OperationError(op, f"{ROW_UNITS} needs integer weights that are constants")
        rows = int(units.sum(axis=1).max(initial=0))
        indices = np.zeros((op.groups, rows), np.int64)
        split = np.zeros((op.groups, rows, op.outputs), weight.array.dtype)
        for group, (counts, matrix) in enumerate(
            zip(units, np.asarray(weight.array, np.int64), strict=True)
        ):
            used = int(counts.sum())
            # Rows that a group has left see some input, with weights of zero.
            indices[group, :used] = np.repeat(np.arange(op.fan_in), counts) + group * op.fan_in
            split[group, :used] = _shares(matrix, counts)
        split = split.astype(np.int8 if np.abs(split).max(initial=0) <= 127 else np.int16)
        product = core_op.VmmOp(
            op.activation.data,
            _gathered(rewriter, op.input, indices),
            constant(rewriter, split),
            op.bias,
            op.gain,
            potential=op.potential,
            element=core_op.element_of(op.result),
            same_code=op.same_code is not None,
        )
        product.attributes.update(op.attributes)
        del product.attributes[ROW_UNITS]
        drop_real_parameters(product)
        rewriter.replace(op, product)


def _shares(matrix: Integers, counts: Integers) -> Integers:
    """The weights M x N over `counts` (M) rows each, as alike as can be."""
    parts = np.repeat(matrix, counts, axis=0)
    total = np.repeat(counts, counts)[:, None]
    first = np.repeat(np.cumsum(counts) - counts, counts)
    number = (np.arange(len(first)) - first)[:, None]
    return parts * (number + 1) // total - parts * number // total


def _gathered(rewriter: PatternRewriter, value: SSAValue, indices: Integers) -> SSAValue:
    """Inputs P.. x G x M, as rows P.. x G x R: those at `indices` (G x R) of all G * M."""
    *positions, groups, fan_in = shape_of(value)
    value = reshape(rewriter, value, (*positions, groups * fan_in))
    gather = core_op.GatherOp(value, len(positions), [int(i) for i in indices.reshape(-1)])
    value = rewriter.insert(gather).result
    return reshape(rewriter, value, (*positions, *indices.shape))
