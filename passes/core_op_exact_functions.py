"""The pass `core-op-exact-functions`: approximated functions exactly, since codes are few."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from ..dialects import core_op
from ..dialects.core_op import Activation, CodeType
from ..dialects.nn import shape_of
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.errors import OperationError
from ..dialects.support.target import Target
from ..dialects.trained import TensorOp
from .approximated_functions import ApproximatedFunction, FunctionTable, approximated_functions
from .pass_base import CorelowerPass, lowered_functions, remark
from .wiring import AUXILIARY, constant, reshape

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CoreOpExactFunctions(CorelowerPass):
    """
    Requires codes and real weights; ensures that approximated functions are exact on codes.

    A function between two codes is a table, and a table is a sum of hinges at the codes where its
    differences change. The result is the function's value, rounded to its code, for every code of
    the argument. Where a core does not hold that many hinges the approximation stays; remarks say
    which is the case.
    """

    name = "core-op-exact-functions"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        for function in lowered_functions(op):
            for found in approximated_functions(function):
                make_exact(ctx, found, target)


@dataclass(frozen=True)
class CodeHinges:
    """
    A table of codes: `start + sum_k steps[k] * max(q - places[k], 0)`, all integers.

    `places` are codes; one stands there several times where a step exceeds the largest weight.
    """

    start: int
    places: IntArray
    steps: IntArray


def code_table(table: FunctionTable, incoming: CodeType, outgoing: CodeType) -> IntArray:
    """The code of the function's value for every code of its argument, from 0 on."""
    codes = np.arange(incoming.largest + 1)
    argument = (codes - incoming.zero.data) * incoming.scale.data
    values = np.rint(table.at(argument) / outgoing.scale.data) + outgoing.zero.data
    return np.clip(values, 0, outgoing.largest).astype(np.int64)


def hinges_of_table(codes: IntArray, largest_weight: int) -> CodeHinges:
    """
    The hinges that give exactly these codes for the arguments 0, 1, 2...

    No step exceeds `largest_weight`. Where all would have a common divisor, a hinge of step 1 that
    never opens stands beside them: weights that are codes, not multiples of several, allow any
    start.
    """
    steps = np.diff(np.diff(codes), prepend=0)
    places = np.flatnonzero(steps)
    steps = steps[places]
    if np.gcd.reduce(steps, initial=0) != 1:
        # Nothing is beyond the last code.
        places, steps = np.append(places, len(codes) - 1), np.append(steps, 1)
    times = -(-np.abs(steps) // largest_weight)
    parts = [_parts(int(s), int(t)) for s, t in zip(steps, times, strict=True)]
    return CodeHinges(int(codes[0]), np.repeat(places, times), np.concatenate(parts))


def make_exact(ctx: Context, found: ApproximatedFunction, target: Target) -> None:
    """Replace the layers of `found` by exact ones where a core holds them; a remark says which."""
    last = found.last
    if any(layer.is_quantized for layer in found.layers):
        raise OperationError(
            last, "the weights are quantised already; run core-op-exact-functions before"
        )
    incoming, outgoing = core_op.code_of(found.first.input), core_op.code_of(last.result)
    if incoming is None or outgoing is None:
        raise OperationError(last, "its signals are real numbers; run core-op-reencode before")
    if target.largest_weight < 1:
        remark(ctx, last, "the approximation stays: the target's weights have one sign only")
        return
    if core_op.units_of(found.first.input) > 1 or core_op.units_of(last.result) > 1:
        remark(ctx, last, "the approximation stays: a table is of codes of one unit each")
        return
    hinges = hinges_of_table(code_table(found.table, incoming, outgoing), target.largest_weight)
    count = f"{len(hinges.places)} hinges on {incoming.largest + 1} codes"
    if (obstacle := _obstacle(hinges, incoming, target)) is not None:
        remark(ctx, last, f"the approximation stays: {count} would be exact, but {obstacle}")
        return
    remark(ctx, last, f"exact on codes: {count}")
    _replace(found, hinges, incoming, outgoing)


def _parts(step: int, times: int) -> IntArray:
    """So many integers, as alike as can be, that add up to `step`."""
    sums = np.rint(np.arange(times + 1) * (step / times))
    return np.diff(sums).astype(np.int64)


def _obstacle(hinges: CodeHinges, incoming: CodeType, target: Target) -> str | None:
    """Why a core of the target cannot compute the hinges exactly, if it cannot."""
    most = min(target.inputs, target.fan_out)
    if len(hinges.places) > most:
        return f"a core has room for {most}"
    for bias in (-hinges.places, np.array([hinges.start])):
        if (representable_bias(bias[None], target) != bias).any():
            return f"the bias of a core cannot hold {int(np.abs(bias).max())} to a unit"
    # As verify-target bounds it: every hinge fully open.
    reach = int(np.abs(hinges.steps).sum()) * incoming.largest + hinges.start
    if reach > target.largest_sum:
        return f"its sums could reach {reach}, beyond {target.largest_sum}"
    return None


def _replace(
    found: ApproximatedFunction, hinges: CodeHinges, incoming: CodeType, outgoing: CodeType
) -> None:
    """
    Put the hinges in place of the layers, as real weights.

    The hinges' code has the argument's scale and bits, so that opening is a subtraction of codes;
    a step of 1 is the weight that moves the result by one code.
    """
    last, scale = found.last, incoming.scale.data
    builder = Builder(InsertPoint.before(last))
    opened = core_op.VmmOp(
        Activation.RELU,
        found.first.input,
        constant(builder, np.ones((1, 1, len(hinges.places)), np.float32)),
        constant(builder, (incoming.zero.data - hinges.places)[None] * scale),
        element=CodeType(incoming.bits.data, scale, ticks=incoming.ticks.data),
    )
    opened.attributes[AUXILIARY] = UnitAttr()
    opened.location = found.first.location
    builder.insert(opened)
    summed = core_op.VmmOp(
        last.activation.data,
        opened.result,
        constant(builder, hinges.steps.reshape(1, -1, 1) * (outgoing.scale.data / scale)),
        constant(builder, np.array([[hinges.start - outgoing.zero.data]]) * outgoing.scale.data),
        element=outgoing,
    )
    summed.attributes.update(last.attributes)
    summed.location = last.location
    builder.insert(summed)
    last.result.replace_all_uses_with(reshape(builder, summed.result, shape_of(last.result)))
    _erase_back_to(found.first.input, last)


def _erase_back_to(start: SSAValue, last: Operation) -> None:
    """Erase what lies between a value and an operation, that included, and its constants."""
    op = last
    while True:
        value, *constants = op.operands
        Rewriter.erase_op(op)
        for owner in [operand.owner for operand in constants]:
            if isinstance(owner, TensorOp) and not owner.result.uses.get_length():
                Rewriter.erase_op(owner)
        if value is start:
            return
        assert isinstance(value.owner, Operation)
        op = value.owner
