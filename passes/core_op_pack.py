"""The pass `core-op-pack`: several positions of a small fixed product in one core, at once."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, trained
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.errors import OperationError
from ..dialects.support.target import Target
from .packing import copies_of, diagonals
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .product_rewriting import copy_auxiliary, cut_axis, pad_axis, replace_product
from .weight_units import ROW_UNITS
from .wiring import AUXILIARY, constant, reshape

NumberArray = npt.NDArray[np.number]


@dataclass(frozen=True)
class CoreOpPack(CorelowerPass):
    """
    Puts small fixed products, as of a merge or a pool, along the diagonal of a core; exact.

    Needs integer weights: run it behind tuning, which small matrices make faster. A core then
    computes as many positions at once as it has room for.
    """

    name = "core-op-pack"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        for function in lowered_functions(op):
            fixed = {
                product
                for product in function.walk()
                if isinstance(product, core_op.VmmOp)
                and AUXILIARY in product.attributes
                and product.groups == 1
            }
            run_patterns(function, [PackPositions(target, fixed)], ctx)


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
        if not op.is_quantized:
            raise OperationError(op, "its weights are real; run core-op-quantize-weights before")
        if ROW_UNITS in op.attributes:
            raise OperationError(op, "its weights need rows; run core-op-split-weights before")
        weight, gain = _constant(op, op.weight), _constant(op, op.gain)
        bias = _constant(op, op.bias) if op.bias is not None else None
        copies = self._copies(op, bias)
        if copies < 2:
            return
        _, fan_in, outputs = weight.shape
        total = op.positions
        blocks = -(-total // copies)
        copies = -(-total // blocks)
        value = reshape(rewriter, op.input, (total, fan_in))
        value = pad_axis(rewriter, value, 0, blocks * copies)
        value = reshape(rewriter, value, (blocks, 1, copies * fan_in))
        potential = None
        if op.potential is not None:
            potential = constant(rewriter, np.tile(_constant(op, op.potential), copies))
        product = core_op.VmmOp(
            op.activation.data,
            value,
            constant(rewriter, diagonals(np.repeat(weight, copies, axis=0), 1, copies)),
            constant(rewriter, np.tile(bias, copies)) if bias is not None else None,
            constant(rewriter, gain if gain.ndim == 1 else np.tile(gain, copies)),
            potential=potential,
            element=core_op.element_of(op.result),
            same_code=op.same_code is not None,
        )
        copy_auxiliary(op, product)
        rewriter.insert(product)
        value = reshape(rewriter, product.result, (blocks * copies, outputs))
        value = cut_axis(rewriter, value, 0, total)
        replace_product(op, value, rewriter)

    def _copies(self, op: core_op.VmmOp, bias: NumberArray | None) -> int:
        """How many matrices share a core: fewer where only free rows let it hold the bias."""
        copies = copies_of(op, self.target, op.positions)
        wanted = bias.astype(np.int64) if bias is not None else None
        while wanted is not None and copies > 1:
            held = representable_bias(wanted, self.target.for_inputs(copies * op.fan_in))
            if np.array_equal(held, wanted):
                break
            copies -= 1
        return copies


def _constant(op: core_op.VmmOp, value: SSAValue | None) -> NumberArray:
    data = trained.constant_of(value) if value is not None else None
    if data is None:
        raise OperationError(op, "its parameters are computed; a core's are constants")
    return cast(NumberArray, np.asarray(data.array))
