"""The pass `nn-hoist-quantize`: quantizers of the scaled input become quantizers of the input."""

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import BlockArgument, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import nn, trained
from ..dialects.nn import BinaryFunction
from ..dialects.nn_base import resolved
from ..dialects.support.provenance import provenance_of
from .natives import with_operands
from .pass_base import CorelowerPass, lowered_functions, run_patterns

INTEGER_TOLERANCE = 1e-5
"""How far from an integer a shift may be, in steps of the quantizer: what rounding leaves."""


@dataclass(frozen=True)
class NnHoistQuantizePass(CorelowerPass):
    """
    Moves a quantizer before the scaling and shifting of the network's input behind which it stands.

    The host's encoding of the input then is the quantizer, and the scaling folds into the first
    layer. Only where the scaling is one positive number and the shift a multiple of the step, so
    that no code changes (but for ties, which round to even).
    """

    name = "nn-hoist-quantize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in lowered_functions(op):
            run_patterns(function, [HoistQuantize()], ctx)


class HoistQuantize(RewritePattern):
    """`quantize(a x + c)` is `a quantize(x) + c`, with step and zero point of its own."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.QuantizeOp, rewriter: PatternRewriter) -> None:
        step, zero = _number(op.scale), _number(op.zero)
        value, gain, offset = _affine_of_input(op.input)
        if step is None or zero is None or value is op.input or not _is_input(value):
            return
        shift = offset / step
        if gain <= 0 or abs(shift - round(shift)) > INTEGER_TOLERANCE:
            return
        scale = trained.TensorOp(np.array(step / gain, np.float32))
        point = trained.TensorOp(np.array(zero + round(shift), np.float32))
        moved = with_operands(op, value, scale.result, point.result)
        channels = nn.shape_of(value)[:1] or (1,)
        numbers = [
            trained.TensorOp(np.full(channels, number, np.float32))
            for number in (gain, offset, 0.0, 1.0)
        ]
        parameters = [number.result for number in numbers]
        outer = nn.BatchNormOp(moved.results[0], *parameters, epsilon=0.0)
        outer.attributes.update(provenance_of(op))
        rewriter.replace(op, [scale, point, moved, *numbers, outer])


def _affine_of_input(value: SSAValue) -> tuple[SSAValue, float, float]:
    """What is scaled and shifted, all elements alike, to give `value`, and by how much."""
    gain, offset = 1.0, 0.0
    while value.has_one_use() and (affine := _affine(value)) is not None:
        if nn.shape_of(affine.value) != nn.shape_of(value):
            break
        offset += gain * affine.offset
        gain *= affine.gain
        value = affine.value
    return value, gain, offset


@dataclass(frozen=True)
class _Affine:
    """`gain * value + offset`."""

    value: SSAValue
    gain: float
    offset: float


def _affine(result: SSAValue) -> _Affine | None:
    """What scales and shifts all elements alike, if that is what computes `result`."""
    match op := result.owner:
        case nn.BatchNormOp():
            numbers = [_number(operand) for operand in op.operands[1:]]
            if any(number is None for number in numbers):
                return None
            scale, bias, mean, variance = (number or 0.0 for number in numbers)
            gain = scale / float(np.sqrt(variance + op.epsilon.value.data))
            return _Affine(op.input, gain, bias - mean * gain)
        case nn.AddOp() | nn.BinaryOp():
            return _of_two_operands(op)
        case _:
            return None


def _of_two_operands(op: nn.AddOp | nn.BinaryOp) -> _Affine | None:
    left, right = _number(op.lhs), _number(op.rhs)
    if (left is None) == (right is None):
        return None
    value, number = (op.lhs, right) if left is None else (op.rhs, left)
    assert number is not None
    if isinstance(op, nn.AddOp):
        return _Affine(value, 1.0, number)
    match op.function.data:
        case BinaryFunction.MUL:
            return _Affine(value, number, 0.0)
        case BinaryFunction.SUB if value is op.lhs:
            return _Affine(value, 1.0, -number)
        case BinaryFunction.DIV if value is op.lhs and number:
            return _Affine(value, 1 / number, 0.0)
        case _:
            return None


def _number(value: SSAValue) -> float | None:
    """The number that all elements of a constant are; `None` where they differ."""
    array = resolved(value)
    if array is None or not array.size:
        return None
    first = array.reshape(-1)[0]
    return float(first) if bool((array == first).all()) else None


def _is_input(value: SSAValue) -> bool:
    """Whether a value is the network's input, moved at most."""
    while isinstance(op := value.owner, nn.ReshapeOp | nn.TransposeOp):
        value = op.input
    return isinstance(value, BlockArgument)
