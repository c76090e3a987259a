"""The pass `core-op-reencode`: from real signals to codes of the chip."""

from dataclasses import dataclass

import numpy as np
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, BlockArgument, Operation
from xdsl.rewriter import InsertPoint, Rewriter

from ..dialects import core_op
from ..dialects.nn import shape_of
from ..dialects.support.errors import CorelowerError, OperationError, describe_location
from .layer_modes import copy_mode, target_of_signal
from .pass_base import CorelowerPass, lowered_functions
from .signal_classes import SignalClass, signal_classes
from .signal_ranges import clear_ranges, range_of, set_range, units_noted
from .wiring import decode_for_host, fixed_product, reshape


@dataclass(frozen=True)
class CoreOpReencode(CorelowerPass):
    """
    Gives every signal that has a calibrated range a code of the target's bits.

    Values are carried by as many units as `core-op-calibrate` noted, by one where it noted none.
    What is connected by wiring shares a code. A signal that is never negative has zero point 0,
    any other a zero point that its consumers fold into their bias. `core_op.encode` and
    `core_op.decode` appear at the border to the host. Weights stay real.
    """

    name = "core-op-reencode"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        for function in lowered_functions(op):
            for signal in signal_classes(function):
                _separate_rectified(signal, function)
            signals = [signal for signal in signal_classes(function) if not signal.is_coded]
            # All of them before anything changes.
            ranges = [_required_range(signal, function) for signal in signals]
            for signal, (low, high) in zip(signals, ranges, strict=True):
                units = units_noted(signal.roots, function)
                own = target_of_signal(signal, function, target)
                code = code_for(
                    low,
                    high,
                    own.signal_bits,
                    rectified=signal.is_rectified,
                    units=units,
                    ticks=own.window,
                )
                apply_code(signal, code, function)
            clear_ranges(function)
            decode_for_host(function)


def code_for(
    low: float, high: float, bits: int, *, rectified: bool, units: int = 1, ticks: int = 1
) -> core_op.CodeType:
    """
    The code of `bits`, `units` and `ticks` whose numbers span `low .. high`, zero among them.

    Zero is a code of its own, the same in every unit, so that padding is exact. `rectified` puts it
    at code 0.
    """
    low, high = (0.0 if rectified else min(low, 0.0)), max(high, 0.0)
    largest = units * ticks * ((1 << bits) - 1)
    span = high - low
    scale = span / largest if span > 0 and np.isfinite(np.float32(span / largest)) else 1.0
    scale = max(scale, float(np.finfo(np.float32).tiny))
    zero = int(np.clip(units * round(-low / (scale * units)), 0, largest))
    return core_op.CodeType(bits, scale, zero, units, ticks)


def _separate_rectified(signal: SignalClass, function: FuncOp) -> None:
    """
    Let what a rectifier computes have a code of its own where its class has negative numbers.

    ReLU saturates at code 0, which must then stand for zero; an identity between the two codes
    costs a core, and nothing else would be exact.
    """
    if signal.is_coded or not signal.is_rectified:
        return
    low, high = range_of(signal.roots, function) or (0.0, 0.0)
    if low >= 0:
        return
    units = units_noted(signal.roots, function)
    for root in signal.roots:
        op = root.owner
        if not isinstance(op, core_op.VmmOp) or op.activation.data is core_op.Activation.LINEAR:
            continue
        builder = Builder(InsertPoint.after(op))
        shape = shape_of(root)
        uses = list(root.uses)
        rows = reshape(builder, root, (*shape, 1, 1))
        product = fixed_product(builder, rows, np.ones((1, 1)), core_op.Activation.LINEAR)
        product.location = op.location
        copy_mode(op, product)
        value = reshape(builder, product.result, shape)
        for use in uses:
            use.operation.operands[use.index] = value
        set_range(root, 0.0, high, function, units)
        set_range(product.result, low, high, function, units)


def _required_range(signal: SignalClass, function: FuncOp) -> tuple[float, float]:
    if (interval := range_of(signal.roots, function)) is not None:
        return interval
    root = signal.roots[0]
    message = "no calibrated range; run core-op-calibrate before"
    if isinstance(root, BlockArgument):
        where = describe_location(function.location)
        raise CorelowerError(f"input {root.index} of the network has {message}", where)
    assert isinstance(root.owner, Operation)
    raise OperationError(root.owner, message)


def apply_code(signal: SignalClass, code: core_op.CodeType, function: FuncOp) -> None:
    """Give every value of a signal the code; what the function takes is encoded."""
    for value in signal.values:
        coded = TensorType(code, shape_of(value))
        if not isinstance(value, BlockArgument):
            Rewriter.replace_value_with_new_type(value, coded)
            continue
        uses = [use for use in value.uses if isinstance(use.operation, core_op.CoreOperation)]
        encode = core_op.EncodeOp(value, code)
        encode.location = value.location
        function.body.block.insert_op_before(encode, _first(function.body.block))
        for use in uses:
            use.operation.operands[use.index] = encode.result


def _first(block: Block) -> Operation:
    assert block.first_op is not None
    return block.first_op
