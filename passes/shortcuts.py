"""What is added to a product element by element, as by a residual connection, beside its tiles."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from xdsl.dialects.builtin import UnitAttr, f32
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.target import Target
from .layer_modes import set_mode_of_partial
from .merge_trees import merge_partial_sums
from .packing import is_trained, rows_of_weights
from .product_rewriting import FloatArray, real_parameters, replace_product
from .weight_units import rows_wanted
from .wiring import PARTIAL, constant, fixed_product, reshape


@dataclass(frozen=True)
class SeparateShortcut(RewritePattern):
    """
    A value that is only added to a product, scaled, becomes a partial sum of its own.

    In one matrix with a convolution its few large weights ask for rows that the many small ones
    need too, and where units carry numbers each such row is many. It is one small core by itself.
    """

    target: Target
    weight_units: int | Literal["auto"]

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        joined, last = op.input.owner, len(shape_of(op.input)) - 1
        if not isinstance(joined, core_op.ConcatOp) or joined.axis.value.data != last:
            return
        if self.weight_units != "auto" or op.groups > 1 or not is_trained(op):
            return
        rows = rows_of_weights(op, self.target, "auto")
        if rows == 1 or core_op.units_of(op.input) == 1 or op.unit_rows <= self.target.inputs:
            return
        weight, bias = real_parameters(op)
        starts = np.cumsum([0, *(shape_of(value)[-1] for value in joined.inputs)])
        parts = [weight[:, low:high] for low, high in pairwise(starts)]
        shortcuts = [_Shortcut.of(part[0]) for part in parts]
        others = [index for index, shortcut in enumerate(shortcuts) if shortcut is None]
        if not others or len(others) == len(parts):
            return
        rest = np.concatenate([parts[index] for index in others], axis=1)
        if rows_wanted(rest, self.target) >= rows:
            return
        values = [joined.inputs[index] for index in others]
        value = values[0]
        if len(values) > 1:
            value = rewriter.insert(core_op.ConcatOp(values, last)).result
        added = constant(rewriter, bias) if bias is not None else None
        matrix = constant(rewriter, rest)
        product = core_op.VmmOp(Activation.LINEAR, value, matrix, added, element=f32)
        sums = [_as_partial(op, rewriter.insert(product))]
        for value, shortcut in zip(joined.inputs, shortcuts, strict=True):
            if shortcut is not None:
                sums.append(shortcut.insert(rewriter, value, op))
        stacked = rewriter.insert(core_op.ConcatOp(sums, last - 1)).result
        replace_product(op, merge_partial_sums(rewriter, stacked, op, len(sums)), rewriter)


@dataclass(frozen=True)
class _Shortcut:
    """
    Inputs from `first` on, each times one of the `factors` added to one output.

    Outputs `before` and `behind` these get none.
    """

    factors: FloatArray
    first: int
    before: int
    behind: int

    @staticmethod
    def of(matrix: FloatArray) -> "_Shortcut | None":
        """The shortcut whose weights M x N are; `None` where they are none."""
        inputs, outputs = np.nonzero(matrix)
        if not len(inputs):
            return None
        first, before, run = int(inputs[0]), int(outputs[0]), np.arange(len(inputs))
        if (inputs != first + run).any() or (outputs != before + run).any():
            return None
        behind = matrix.shape[1] - before - len(run)
        return _Shortcut(matrix[inputs, outputs], first, before, behind)

    def insert(self, rewriter: PatternRewriter, value: SSAValue, op: core_op.VmmOp) -> SSAValue:
        """Its partial sum, of which `op` added the terms: P.. x 1 x N."""
        *outer, channels = shape_of(value)
        count, begin = len(self.factors), [0] * len(outer)
        if count < channels:
            slice_op = core_op.SliceOp(value, [*begin, self.first], [*outer, count])
            value = rewriter.insert(slice_op).result
        if (self.factors == self.factors[0]).all():
            # The same everywhere: all channels take turns on one core.
            rows = reshape(rewriter, value, (*outer, count, 1, 1))
            scaled = fixed_product(rewriter, rows, self.factors[:1, None], Activation.LINEAR)
        else:
            rows = reshape(rewriter, value, (*outer, count, 1))
            matrices = constant(rewriter, self.factors[:, None, None])
            scaled = rewriter.insert(core_op.VmmOp(Activation.LINEAR, rows, matrices, element=f32))
        value = reshape(rewriter, _as_partial(op, scaled), (*outer, count))
        if self.before or self.behind:
            pad = core_op.PadOp(value, [*begin, self.before], [*begin, self.behind])
            value = rewriter.insert(pad).result
        return value


def _as_partial(op: core_op.VmmOp, product: core_op.VmmOp) -> SSAValue:
    product.attributes[PARTIAL] = UnitAttr()
    set_mode_of_partial(op, product)
    return product.result
