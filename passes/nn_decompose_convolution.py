"""The pass `nn-decompose-convolution`: transposed convolutions and matrix products as layers."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import nn
from ..dialects.nn import shape_of
from ..dialects.support.provenance import provenance_of
from ..dialects.trained import TensorOp, constant_of
from .constant_products import constant_product
from .core_counts import counting_target
from .linear_maps import values_of
from .nn_building import convolution
from .nn_natives import rounded
from .pass_base import CorelowerPass, lowered_functions, remark, run_patterns
from .transposed_convolutions import Form, by_phases, over_spread_input
from .wiring import constant

FunctionOp = nn.ReluOp | nn.UnaryOp


@dataclass(frozen=True)
class NnDecomposeConvolution(CorelowerPass):
    """
    Requires nothing, and leaves no transposed convolution and no matrix product by constants: they
    become convolutions, dense layers and movement of elements, exactly.

    A transposed convolution gives all results that lie between two elements of its input at once,
    as channels, which are then dealt out; or it goes over its input with zeros between, where that
    takes less of the target. A remark gives the figures. Functions of one variable behind it stay
    beside the dot product. What multiplies two computed values stays as it is.
    """

    name = "nn-decompose-convolution"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in lowered_functions(op):
            run_patterns(function, [ConvTransposeToConv(ctx), MatMulToLayer()], ctx)


@dataclass(frozen=True)
class ConvTransposeToConv(RewritePattern):
    """A transposed convolution is a convolution whose channels, or whose input, are spread out."""

    ctx: Context

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ConvTransposeOp, rewriter: PatternRewriter, /) -> None:
        if any(constant_of(operand) is None for operand in op.operands[1:]):
            return
        form = self.choose(op)
        features = form.spread_out(rewriter, op.input)
        bias = None
        if op.bias is not None:
            bias = constant(rewriter, np.repeat(values_of(op.bias), prod(form.phases)))
        weight = constant(rewriter, form.weight)
        conv = convolution(form.window, features, weight, bias, groups=op.groups.value.data)
        value = rewriter.insert(conv).result
        functions = list(functions_behind(op))
        for function in functions:
            value = rewriter.insert(applied_to(function, value)).result
        *before, last = op, *functions
        replace(last, form.dealt_out(rewriter, value, shape_of(op.result)), rewriter)
        for other in reversed(before):
            rewriter.erase(other)

    def choose(self, op: nn.ConvTransposeOp) -> Form:
        """The form that takes fewer cores, or as many and fewer multiplications."""
        weight = constant_of(op.weight)
        assert weight is not None
        phases = by_phases(op, weight.array)
        count = prod(phases.phases)
        if count == 1:
            return phases
        spread = over_spread_input(op, weight.array)
        mine, other = phases.cost(op), spread.cost(op)
        target = counting_target(op)
        names = [f"{count} results a place as channels", "input with zeros between"]
        if other < mine:
            names.reverse()
        less, more = sorted((mine, other))
        remark(
            self.ctx,
            op,
            f"{names[0]}: {less.cores} cores of {target.inputs} inputs and {target.fan_out} "
            f"outputs, {less.multiplications} multiplications; {names[1]}: {more.cores} cores, "
            f"{more.multiplications} multiplications",
        )
        return spread if other < mine else phases


class MatMulToLayer(RewritePattern):
    """A product with a constant is a dense layer, or groups of a convolution of one element."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.MatMulOp, rewriter: PatternRewriter, /) -> None:
        first, second = constant_of(op.lhs), constant_of(op.rhs)
        if first is not None and second is not None:
            product = np.matmul(values_of(op.lhs), values_of(op.rhs))
            rewriter.replace(op, TensorOp(rounded(product)))
        elif first is not None:
            value = constant_product(rewriter, op.rhs, first.array, matrix_first=True)
            replace(op, value, rewriter)
        elif second is not None:
            value = constant_product(rewriter, op.lhs, second.array, matrix_first=False)
            replace(op, value, rewriter)


def functions_behind(op: nn.NnOperation) -> Iterator[FunctionOp]:
    """The functions of one variable that follow, each the only user of what is before it."""
    user = op.result.get_user_of_unique_use()
    while isinstance(user, FunctionOp):
        yield user
        user = user.result.get_user_of_unique_use()


def applied_to(op: FunctionOp, value: SSAValue) -> FunctionOp:
    """The same function of another value, at the same location."""
    if isinstance(op, nn.ReluOp):
        copy = nn.ReluOp(value)
    else:
        copy = nn.UnaryOp(op.function.data, value, *op.numbers)
    copy.location = op.location
    return copy


def replace(op: nn.NnOperation, value: SSAValue, rewriter: PatternRewriter) -> None:
    """Let a value that was made for it take the place of the result of `op`."""
    assert isinstance(value.owner, Operation)
    value.owner.attributes.update(provenance_of(op))
    rewriter.replace(op, [], [value])
