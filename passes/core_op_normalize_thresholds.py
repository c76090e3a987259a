"""The pass `core-op-normalize-thresholds`: where a result is one bit, only the sign counts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, trained
from ..dialects.support.target import Target
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .weight_grids import grid_steps
from .wiring import constant

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CoreOpNormalizeThresholds(CorelowerPass):
    """
    Gives dot products of one-bit results integer weights, exactly, where each column's weights are
    integers times a number of its own; needs coded inputs and real weights.

    So are those of a binary or ternary network behind its batch norm. Sums are integers then, and a
    threshold between two of them can be any number between them: the column's own number, and so
    the gain a column that a chip may not have, is not needed.
    """

    name = "core-op-normalize-thresholds"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        for function in lowered_functions(op):
            run_patterns(function, [NormalizeThresholds(target)], ctx)


@dataclass(frozen=True)
class NormalizeThresholds(RewritePattern):
    """
    `[w x + b > t]` is `[n q >= T]` with integers `n`, `q` and `T`.

    A result of one bit with scale `s` is 1 where the real sum exceeds `s / 2`.
    """

    target: Target

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        incoming, outgoing = core_op.code_of(op.input), core_op.code_of(op.result)
        if incoming is None or outgoing is None or op.is_quantized:
            return
        if outgoing.largest != 1 or outgoing.zero.data:
            return
        weight = trained.constant_of(op.weight)
        bias = trained.constant_of(op.bias) if op.bias is not None else None
        if weight is None or (op.bias is not None and bias is None):
            return
        real = np.asarray(weight.array, np.float64)
        offset = np.zeros(real.shape[::2]) if bias is None else np.asarray(bias.array, np.float64)
        integers = self._integers(weight.array.astype(np.float32))
        if integers is None:
            return
        # The column's own number, from the weights themselves.
        steps = _steps(real, integers)
        scale = incoming.scale.data
        # 1 where the sum of `n (q - zero)` is `first` or more; half a code is 0, as ties are even.
        first = np.floor((outgoing.scale.data / 2 - offset) / (steps * scale) + 1e-6) + 1
        unit = outgoing.scale.data / scale
        normal = integers * unit
        moved = (1 - first) * outgoing.scale.data
        if np.array_equal(normal, real) and np.array_equal(moved, offset):
            return
        product = core_op.VmmOp(
            op.activation.data,
            op.input,
            constant(rewriter, normal),
            constant(rewriter, moved),
            element=core_op.element_of(op.result),
        )
        product.attributes.update(op.attributes)
        rewriter.replace(op, product)

    def _integers(self, weight: npt.NDArray[np.float32]) -> FloatArray | None:
        groups, fan_in, outputs = weight.shape
        columns = weight.transpose(0, 2, 1).reshape(-1, fan_in)
        steps = grid_steps(columns, self.target.largest_weight)
        # A column of zeros has any step.
        steps = np.where(columns.any(axis=1), steps, 1.0)
        if not np.isfinite(steps).all():
            return None
        integers = np.rint(columns / steps[:, None])
        return integers.reshape(groups, outputs, fan_in).transpose(0, 2, 1)


def _steps(real: FloatArray, integers: FloatArray) -> FloatArray:
    """The number of each column, groups x outputs, by least squares; 1 where all is zero."""
    squares = np.square(integers).sum(axis=1)
    products = (real * integers).sum(axis=1)
    return np.where(squares > 0, products / np.where(squares > 0, squares, 1), 1.0)
