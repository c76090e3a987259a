"""
The meaning of `core_op` where neurons fire at any tick: values are trains of spikes.

A value whose code has ticks has a leading axis of so many here, with 1 for a spike; a number of
several units has so many as there are. The layers are pipelined on a chip: a layer's window starts
a tick after that of the layer before. Nothing else happens between them, so that each layer's
trains can be computed whole, one layer after the other.
"""

import functools
import operator
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.interpreter import Interpreter, impl, register_impls
from xdsl.ir import Operation, SSAValue

from ...dialects import core_op, tianji
from ...dialects.support.window import Window
from ..unit_offsets import unit_offsets
from . import arithmetic
from .core_op import CoreOpFunctions, Values, required_code
from .typed import float32, pad, scan_ticks
from .windows import LazyInput, WindowedInput, materialize, product_of


def fires_at_any_tick(operations: Iterable[Operation]) -> bool:
    """Whether neurons among the operations spike at any tick, so that counts do not say it all."""
    return any(
        _spikes(op) and (target := core_op.target_of(op)) is not None and target.firing == "tick"
        for op in operations
    )


def _spikes(op: Operation) -> bool:
    if isinstance(op, tianji.CoresOp):
        return op.code.spikes
    return isinstance(op, core_op.VmmOp) and op.is_quantized and core_op.ticks_of(op.result) > 1


def counts_of(trains: jax.Array, value: SSAValue, axis: int = 0) -> jax.Array:
    """The numbers of spikes of a value's trains; a value that has none is as it is."""
    return trains.sum(axis=axis) if core_op.ticks_of(value) > 1 else trains


@register_impls
class SpikeFunctions(CoreOpFunctions):
    """One sample's trains of spikes, where the codes have ticks; all else as without."""

    @impl(core_op.EncodeOp)
    def encode(
        self, interpreter: Interpreter, op: core_op.EncodeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (evenly(_without_time(op, args), op.result),)

    @impl(core_op.DecodeOp)
    def decode(
        self, interpreter: Interpreter, op: core_op.DecodeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (_without_time(op, (counts_of(args[0], op.input),)),)

    @impl(core_op.VmmOp)
    def vmm(
        self, interpreter: Interpreter, op: core_op.VmmOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        ticks = core_op.ticks_of(op.result)
        if op.is_quantized and ticks > 1:
            return (self._trains(op, args),)
        x = args[0]
        if core_op.ticks_of(op.input) > 1:
            x = counts_of(materialize(x), op.input)
        return (evenly(_without_time(op, (x, *args[1:])), op.result),)

    def _trains(self, op: core_op.VmmOp, args: tuple[Any, ...]) -> jax.Array:
        """What neurons make of the trains that they see."""
        x, weight, *rest = args
        leak = rest.pop(0) if op.bias is not None else np.float32(0)
        start = rest.pop(0) if op.potential is not None else np.float32(0)
        gain = rest[0] if rest[0].ndim == 2 else rest[0][:, None]
        drive = product_of(x, weight.astype(jnp.float32))
        if core_op.ticks_of(op.input) == 1:
            drive = jnp.broadcast_to(drive, (core_op.ticks_of(op.result), *drive.shape))
        drive = drive + leak
        potential = jnp.broadcast_to(start, drive.shape[1:]).astype(jnp.float32)
        gain = jnp.broadcast_to(gain, potential.shape)
        target = core_op.target_of(op)
        subtracts = target is not None and target.reset == "subtract"
        units = core_op.units_of(op.result)
        if units == 1:
            return neurons(drive, potential, gain, subtracts)
        # Each a neuron of its own, that starts a little further than the one before.
        offsets = unit_offsets(jax.lax.stop_gradient(gain), units, "floor")
        trains = [
            neurons(drive, potential + offsets[..., unit], gain, subtracts) for unit in range(units)
        ]
        return functools.reduce(operator.add, trains)

    @impl(core_op.WindowOp)
    def window(
        self, interpreter: Interpreter, op: core_op.WindowOp, args: tuple[Any, ...]
    ) -> tuple[Values]:
        if core_op.ticks_of(op.input) == 1:
            return (_without_time(op, args),)
        window = op.window
        padded = _padded(args[0], [*window.pad_pairs(), (0, 0), (0, 0)], op.input)
        bare = Window.of(window.kernel, window.strides, None, window.dilations)
        return (TimedWindows(padded, bare),)

    @impl(core_op.PadOp)
    def pad(
        self, interpreter: Interpreter, op: core_op.PadOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        if core_op.ticks_of(op.input) == 1:
            return (_without_time(op, args),)
        widths = list(zip(op.low.get_values(), op.high.get_values(), strict=True))
        return (_padded(materialize(args[0]), widths, op.input),)

    @impl(core_op.ConcatOp)
    def concat(
        self, interpreter: Interpreter, op: core_op.ConcatOp, args: tuple[Any, ...]
    ) -> tuple[Values]:
        if any(isinstance(value, LazyInput) for value in args):
            return (_without_time(op, args),)
        return (_each_tick(op, args),)

    @impl(core_op.SliceOp)
    def slice(
        self, interpreter: Interpreter, op: core_op.SliceOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (_each_tick(op, args),)

    @impl(core_op.PermuteOp)
    def permute(
        self, interpreter: Interpreter, op: core_op.PermuteOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (_each_tick(op, args),)

    @impl(core_op.ReshapeOp)
    def reshape(
        self, interpreter: Interpreter, op: core_op.ReshapeOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (_each_tick(op, args),)

    @impl(core_op.RepeatOp)
    def repeat(
        self, interpreter: Interpreter, op: core_op.RepeatOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (_each_tick(op, args),)

    @impl(core_op.GatherOp)
    def gather(
        self, interpreter: Interpreter, op: core_op.GatherOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        return (_each_tick(op, args),)


def _each_tick(op: core_op.WiringOperation, args: tuple[Any, ...]) -> jax.Array:
    """Wiring, done with what is there at each tick."""
    arrays = tuple(materialize(value) for value in args)

    def at_a_tick(*values: jax.Array) -> jax.Array:
        return materialize(_without_time(op, values))

    timed = core_op.ticks_of(op.result) > 1
    return jax.vmap(at_a_tick)(*arrays) if timed else at_a_tick(*arrays)


def _without_time(op: Operation, args: tuple[Any, ...]) -> Any:
    """What `op` computes of values that have no time axis."""
    interpreter = Interpreter(ModuleOp([]))
    interpreter.register_implementations(CoreOpFunctions())
    (value,) = interpreter.run_op(op, args)
    return value


class TimedWindows(LazyInput):
    """Sliding windows over trains, ticks x space.. x groups x C, that are padded already."""

    def __init__(self, trains: jax.Array, window: Window):
        self.trains = trains
        self.window = window

    def materialize(self) -> jax.Array:
        def at_a_tick(x: jax.Array) -> jax.Array:
            return WindowedInput(x, self.window, 0.0).materialize()

        return jax.vmap(at_a_tick)(self.trains)

    def map(self, function: Any, fill: float) -> "TimedWindows":
        return TimedWindows(function(self.trains), self.window)

    def multiply(self, weight: jax.Array) -> jax.Array:
        def at_a_tick(x: jax.Array) -> jax.Array:
            return WindowedInput(x, self.window, 0.0).multiply(weight)

        return jax.vmap(at_a_tick)(self.trains)


def neurons(drive: jax.Array, potential: jax.Array, gain: jax.Array, subtracts: bool) -> jax.Array:
    """
    The spikes, ticks x .., of neurons that get `drive`, ticks x .., and start at `potential`.

    At each tick the potential rises by the drive. Where it reaches the threshold, of which `gain`
    is the reciprocal, the neuron spikes, and it returns to zero, or falls by the threshold. All
    integers below 2^24, and so exact.
    """
    threshold = arithmetic.threshold_of(gain)

    def tick(potential: jax.Array, drive: jax.Array) -> tuple[jax.Array, jax.Array]:
        risen = potential + drive
        spike = spikes_at(risen, threshold, gain)
        if subtracts:
            return risen - threshold * spike, spike
        return risen * (1 - jax.lax.stop_gradient(spike)), spike

    return scan_ticks(tick, potential, drive)


@jax.custom_jvp
def spikes_at(potential: jax.Array, threshold: jax.Array, gain: jax.Array) -> jax.Array:
    """
    1 where a potential has reached the threshold, else 0.

    Its gradient is that of a ramp from no potential to twice the threshold, a triangle.
    """
    return (potential >= threshold).astype(jnp.float32)


@spikes_at.defjvp
def _spikes_at_jvp(
    primals: tuple[jax.Array, jax.Array, jax.Array],
    tangents: tuple[jax.Array, jax.Array, jax.Array],
) -> tuple[jax.Array, jax.Array]:
    potential, _, gain = primals
    moved, _, widened = tangents
    slope = jnp.maximum(0.0, 1 - jnp.abs(potential * gain - 1))
    return spikes_at(*primals), slope * (moved * gain + potential * widened)


def evenly(numbers: jax.Array, value: SSAValue) -> jax.Array:
    """Numbers as trains that are as even as they can be; see `support.neurons.evenly_spaced`."""
    ticks, units = core_op.ticks_of(value), core_op.units_of(value)
    if ticks == 1:
        return numbers
    if units > 1:
        dealt = arithmetic.deal(numbers, units)
        return _spread(dealt, ticks).sum(axis=-1)
    return _spread(numbers, ticks)


def _spread(numbers: jax.Array, ticks: int) -> jax.Array:
    at = np.arange(ticks + 1, dtype=np.float32).reshape(-1, *[1] * numbers.ndim)
    # The half keeps clear of the steps, so that a reciprocal is as good as the quotient.
    reached = arithmetic.floor_through((at * numbers + np.float32(0.5)) * np.float32(1 / ticks))
    return reached[1:] - reached[:-1]


def _padded(trains: jax.Array, widths: list[tuple[int, int]], value: SSAValue) -> jax.Array:
    """Trains padded with what stands for zero."""
    code = required_code(value)
    zeros = evenly(float32(code.zero.data), value)
    zeros = zeros.reshape(-1, *[1] * (trains.ndim - 1))
    return pad(trains - zeros, [(0, 0), *widths], 0.0) + zeros
