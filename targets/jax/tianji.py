"""The meaning of the `tianji` dialect, exact: the arithmetic that coded `core_op` has as well."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls

from ...dialects import core_op, tianji
from ...dialects.support.neurons import leak_ticks
from . import arithmetic, spikes
from .typed import float32, zeros

_GAINS = np.ldexp(np.float32(1), -np.arange(tianji.LARGEST_CUT + 1)).astype(np.float32)
"""By the cut: what drops so many bits."""


@register_impls
class TianjiFunctions(InterpreterFunctions):
    """One sample's values; map over a batch with `jax.vmap`. What spikes is a number of spikes."""

    @impl(tianji.CoresOp)
    def cores(
        self, interpreter: Interpreter, op: tianji.CoresOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        sources, axons, synapses, registers = _parts(op, args)
        # An axon that listens to nothing adds nothing: its code is 0, whatever stands for zero.
        x = listen(sources, axons, float32(np.zeros(1)))
        return (self.settle(op, x, synapses, registers),)

    @impl(tianji.ReadOp)
    def read(
        self, interpreter: Interpreter, op: tianji.ReadOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        *sources, index = args
        return (listen(sources, index, float32(np.array([op.source_code.zero.data]))),)

    def settle(
        self, op: tianji.CoresOp, x: jax.Array, synapses: jax.Array, registers: "Registers"
    ) -> jax.Array:
        """The codes, or the numbers of spikes, of neurons whose axons got `x` in all."""
        times = core_op.times_taken(op, op.source_code, op.code)
        leaks = op.code.ticks.data
        if op.is_spiking and (target := core_op.target_of(op)) is not None:
            leaks = leak_ticks(target.window, target.reset, target.firing)
        sums = arithmetic.product(x, synapses) * np.float32(times)
        sums = sums + registers.bias * np.float32(leaks)
        if not op.is_spiking:
            # A table, since a compiled exponential need not be exact.
            gain = jnp.take(_GAINS, registers.cut, mode="clip")[:, None]
            return arithmetic.requantize(sums, gain, op.code.largest, "floor")
        return arithmetic.count(sums + registers.initial, registers.gain, op.code.largest)


@register_impls
class TianjiSpikeFunctions(TianjiFunctions):
    """The same where neurons fire at any tick: what spikes is trains, with ticks first."""

    @impl(tianji.CoresOp)
    def cores(
        self, interpreter: Interpreter, op: tianji.CoresOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        sources, axons, synapses, registers = _parts(op, args)
        nothing = float32(np.zeros(1))
        if not op.is_spiking:
            counts = [
                spikes.counts_of(source, value)
                for source, value in zip(sources, op.sources, strict=True)
            ]
            x = listen(counts, axons, nothing)
            return (self.settle(op, x, synapses, registers),)
        ticks = op.code.ticks.data
        if op.source_code.ticks.data > 1:
            x = listen_at_each_tick(sources, axons, zeros((ticks, 1)))
        else:
            x = listen(sources, axons, nothing)
        drive = arithmetic.product(x, synapses)
        drive = jnp.broadcast_to(drive, (ticks, *drive.shape[-2:])) + registers.bias
        start = jnp.broadcast_to(registers.initial, drive.shape[1:])
        target = core_op.target_of(op)
        subtracts = target is not None and target.reset == "subtract"
        gain = jnp.broadcast_to(registers.gain, start.shape)
        return (spikes.neurons(drive, start, gain, subtracts),)

    @impl(tianji.ReadOp)
    def read(
        self, interpreter: Interpreter, op: tianji.ReadOp, args: tuple[Any, ...]
    ) -> tuple[jax.Array]:
        *sources, index = args
        code = op.source_code
        zero = float32(np.array([code.zero.data]))
        if code.ticks.data == 1:
            return (listen(sources, index, zero),)
        silence = spikes.evenly(zero, op.result)
        return (listen_at_each_tick(sources, index, silence),)


class Registers:
    """What cores hold beside synapses, as float32 that broadcasts to cores x neurons."""

    def __init__(self, op: tianji.CoresOp, values: Iterator[jax.Array]):
        nothing = float32(np.zeros((1, 1)))
        self.bias = _float(next(values)) if op.bias is not None else nothing
        self.cut = next(values) if op.cut is not None else nothing
        self.gain = nothing
        if op.threshold is not None:
            threshold = _float(next(values))
            self.gain = 1 / (threshold if threshold.ndim == 2 else threshold[:, None])
        self.initial = _float(next(values)) if op.initial is not None else nothing


def _parts(
    op: tianji.CoresOp, args: tuple[Any, ...]
) -> tuple[tuple[jax.Array, ...], jax.Array, jax.Array, Registers]:
    """Sources, axons, synapses and registers out of an operation's operands."""
    count = len(op.sources)
    named = iter(args[count:])
    axons, synapses = next(named), _float(next(named))
    return args[:count], axons, synapses, Registers(op, named)


def listen(sources: Any, index: jax.Array, silence: jax.Array) -> jax.Array:
    """The signals at `index`, in its shape; `silence`, of one element, where it is -1."""
    signals = jnp.concatenate([*(source.reshape(-1) for source in sources), silence])
    return jnp.take(signals, jnp.where(index < 0, signals.size - 1, index), mode="clip")


def listen_at_each_tick(sources: Any, index: jax.Array, silence: jax.Array) -> jax.Array:
    """The same of trains, with ticks first."""

    def at_a_tick(quiet: jax.Array, *now: jax.Array) -> jax.Array:
        return listen(now, index, quiet)

    return jax.vmap(at_a_tick)(silence, *sources)


def _float(array: jax.Array) -> jax.Array:
    return array.astype(jnp.float32)
