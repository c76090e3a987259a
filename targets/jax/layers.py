"""Quantised dot products as layers that learn: what is real while it is tuned, and its integers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from ...dialects import core_op
from ...dialects.support.target import Target
from ..unit_offsets import unit_offsets, unit_shares
from . import arithmetic
from .evaluator import Parameters
from .held_biases import held_bias
from .typed import float32, zeros

Floats = npt.NDArray[np.float32]

SETTLED = 0.1
"""Of a settled weight's distance from its integer, the part that is left: its sign above all."""


class Trainable(NamedTuple):
    """
    What is learned of one dot product.

    `weight` in steps of the integer weight, or of those between a core's few; `offset`, the bias
    without the input's zero point, in steps of the output's code; `gain`, the logarithm of the
    factor on the gain; `start`, by how much a neuron that fires at any tick starts above half its
    threshold, as a part of that.
    """

    weight: jax.Array
    offset: jax.Array
    gain: jax.Array
    start: jax.Array


class Frozen(NamedTuple):
    """
    What is not learned of it: its gain at the start, G or G x N; the least and the largest weight
    of each input, G x (1|M) x 1; the input's zero point as often as a neuron takes it in a window;
    the largest bias; the only weights that each core may have, G x values, ascending, or G x 0
    where they are not limited.
    """

    gain: jax.Array
    lowest: jax.Array
    highest: jax.Array
    zero: jax.Array
    largest_bias: jax.Array
    values: jax.Array


@dataclass(frozen=True)
class Layer:
    """
    A quantised dot product, and the keys of its parameters in a `Program`.

    Of a result of several units the gain is that of one, and offsets leave the bias less room.
    """

    op: core_op.VmmOp
    weight: str
    bias: str | None
    potential: str | None
    gain: str
    target: Target
    frozen: Frozen
    timed: bool = False
    """Whether spikes come one by one while it is tuned, and not as numbers of them."""

    @classmethod
    def of(
        cls,
        op: core_op.VmmOp,
        keys: Sequence[str],
        parameters: Parameters,
        target: Target,
        units: npt.NDArray[np.integer] | None,
        *,
        values: Floats | None = None,
        timed: bool = False,
    ) -> "Layer":
        """
        Of `op`, whose parameters have these `keys`, in the order of its operands.

        `units` (G x M) is over how many rows the weights of each input are spread, if over several;
        `values` (G x any, ascending) are the only weights of each core, where they are limited.
        """
        code = core_op.code_of(op.input)
        assert code is not None
        spread = np.ones((1, 1, 1)) if units is None else units[:, :, None]
        least, largest = target.weights
        rows = op.fan_in if units is None else int(units.sum(axis=1).max(initial=0))
        target = target.for_inputs(rows * core_op.units_of(op.input))
        frozen = Frozen(
            float32(parameters[keys[-1]]),
            float32(least * spread),
            float32(largest * spread),
            float32(code.zero.data * op.times_taken),
            float32(target.largest_bias),
            float32(np.zeros((op.groups, 0)) if values is None else values),
        )
        bias = keys[1] if op.bias is not None else None
        potential = keys[-2] if op.potential is not None else None
        return cls(op, keys[0], bias, potential, keys[-1], target, frozen, timed)

    @property
    def keys(self) -> tuple[str, ...]:
        """Those of all its parameters, in the order of the operands."""
        keys = (self.weight, self.bias, self.potential, self.gain)
        return tuple(key for key in keys if key is not None)

    def slots(self, keys: Sequence[str]) -> tuple[int, ...]:
        """Where the layer's parameters are among those of a segment."""
        return tuple(keys.index(key) for key in self.keys)

    @property
    def bias_rows(self) -> int:
        """Rows of the bias where these are too few to hold every integer; 0 where all are held."""
        return 0 if self.target.holds_every_bias else self.target.bias_rows

    @property
    def fires_at_any_tick(self) -> bool:
        """Whether what is added comes as a leak, and the potential at the start is for rounding."""
        return self.potential is not None and self.target.firing == "tick"

    def start(self, parameters: Parameters, real_weight: Floats | None) -> Trainable:
        """The point at which tuning starts: the weights before rounding, where they are known."""
        weight = np.asarray(parameters[self.weight], np.float32)
        gain = np.asarray(self.frozen.gain)
        by_neuron = gain.reshape(len(gain), -1)
        added = np.zeros((len(gain), weight.shape[2]), np.float32)
        start = np.zeros_like(added)
        if self.bias is not None:
            added += np.asarray(parameters[self.bias], np.float32) * core_op.ticks_of(
                self.op.result
            )
        if self.potential is not None:
            added += np.asarray(parameters[self.potential], np.float32)
        if self.fires_at_any_tick:
            # The leak's part alone is what the offset is about.
            assert self.potential is not None
            half = 0.5 / core_op.units_of(self.op.result) / by_neuron
            start = np.asarray(parameters[self.potential], np.float32) - half
            added, start = added - start, start * by_neuron
        zero = np.asarray(self.frozen.zero)
        offset = (added + zero * weight.sum(axis=1)) * by_neuron
        if real_weight is None:
            # Which zeros are real ones is not known: none is, see `_keep_zeros`.
            weight = np.where(weight == 0, np.float32(1e-6), weight)
        else:
            # Never further from the integers than rounding can have moved them.
            weight = np.clip(real_weight, *_rounded_to(weight, np.asarray(self.frozen.values)))
        weight = weight / np.asarray(_spacing(self.frozen))
        return Trainable(float32(weight), float32(offset), zeros(gain.shape), float32(start))


def realize(
    layer: Layer, trained: Trainable, frozen: Frozen, parameters: Parameters
) -> dict[str, jax.Array]:
    """The integers and gains that `trained` stands for, with straight-through gradients."""
    weight = _integers(_keep_zeros(trained.weight) * _spacing(frozen), frozen)
    gain, room = _gain(layer, trained, frozen), frozen.largest_bias
    units, rounding = core_op.units_of(layer.op.result), layer.target.rounding
    if units > 1:
        # With a smaller gain the offsets alone would exceed the bias that the target holds.
        widest = np.abs(unit_shares(units, rounding)).max()
        gain = jnp.maximum(gain, widest / jnp.maximum(room, 1))
        offsets = unit_offsets(jax.lax.stop_gradient(_by_neuron(gain)), units, rounding)
        room = room - jnp.abs(offsets).max(axis=-1)
    realized = {layer.weight: weight, layer.gain: gain}
    exact = trained.offset / _by_neuron(frozen.gain) - frozen.zero * weight.sum(axis=1)
    if layer.fires_at_any_tick:
        realized.update(_leak_and_start(layer, trained, exact, _by_neuron(gain)))
        return realized
    key = layer.bias if layer.potential is None else layer.potential
    if key is not None:
        bias = jnp.clip(arithmetic.round_through(exact), -room, room)
        realized[key] = held_bias(bias, layer.target) if layer.potential is None else bias
    return realized


def settled(trained: Trainable, frozen: Frozen) -> Trainable:
    """
    The same integers, with weights near the middle of what is rounded to them.

    What was learned ends with many weights where rounding changes: any move would turn these over,
    and with them what the layer repaired. From the middle only a lasting slope does.
    """
    spacing = _spacing(frozen)
    middle = _integers(trained.weight * spacing, frozen) / spacing
    return trained._replace(weight=middle + SETTLED * (trained.weight - middle))


def _gain(layer: Layer, trained: Trainable, frozen: Frozen) -> jax.Array:
    """The gain, of those that the target has."""
    match layer.target.gain_values:
        case "power_of_two":
            return frozen.gain
        case "reciprocal":
            threshold = arithmetic.round_through(jnp.exp(-trained.gain) / frozen.gain)
            return 1 / jnp.clip(threshold, 1, layer.target.largest_threshold)
        case _:
            return frozen.gain * jnp.exp(trained.gain)


def _leak_and_start(
    layer: Layer, trained: Trainable, exact: jax.Array, gain: jax.Array
) -> dict[str, jax.Array]:
    """
    What a neuron that fires at any tick adds, as `support.neurons` splits it.

    While spikes are only counted, their sum alone has a gradient.
    """
    assert layer.bias is not None and layer.potential is not None
    ticks, limit = core_op.ticks_of(layer.op.result), layer.target.largest_leak
    half = 0.5 / core_op.units_of(layer.op.result) / gain
    leak = jnp.clip(arithmetic.round_through((exact - half) / ticks), -limit, limit)
    left = jax.lax.stop_gradient(exact - half - ticks * leak)
    start = jax.lax.stop_gradient(half) + left + trained.start / gain
    start = start if layer.timed else jax.lax.stop_gradient(start)
    room = layer.target.largest_sum // 2
    start = jnp.clip(arithmetic.round_through(start), -room, room)
    return {layer.bias: leak, layer.potential: start}


def _spacing(frozen: Frozen) -> jax.Array | Floats:
    """How far apart, on average, the weights of each core are, G x 1 x 1; 1 where all are there."""
    values = frozen.values
    if values.shape[1] < 2:
        return np.ones((1, 1, 1), np.float32)
    return jnp.maximum((values[:, -1] - values[:, 0]) / (values.shape[1] - 1), 1)[:, None, None]


def _integers(weight: jax.Array, frozen: Frozen) -> jax.Array:
    """The nearest weights that the core may have."""
    if not frozen.values.shape[1]:
        return jnp.clip(arithmetic.round_through(weight), frozen.lowest, frozen.highest)
    inside = jnp.clip(weight, frozen.lowest, frozen.highest)
    lower, upper = frozen.values[:, :-1], frozen.values[:, 1:]
    steps = (upper - lower)[:, None, None]
    is_above = inside[..., None] > ((lower + upper) / 2)[:, None, None]
    nearest = frozen.values[:, :1, None] + jnp.where(is_above, steps, 0).sum(axis=-1)
    return jax.lax.stop_gradient(nearest) + (inside - jax.lax.stop_gradient(inside))


def _rounded_to(weight: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Between what the numbers lie that are rounded to weights, of some values (G x any) if any."""
    low, high = weight - np.float32(0.499), weight + np.float32(0.499)
    for group, table in enumerate(values):
        if not len(table):
            continue
        between = (table[:-1] + table[1:]) / 2
        place = np.asarray(np.searchsorted(between, weight[group]), np.int64)
        edges = np.concatenate([table[:1] - 0.5, between, table[-1:] + 0.5])
        low[group] = edges[place] + np.float32(0.001)
        high[group] = edges[place + 1] - np.float32(0.001)
    return low, high


def _keep_zeros(weight: jax.Array) -> jax.Array:
    """Weights of which those that are zero get no gradient: what is packed beside each other."""
    return jnp.where(weight == 0, 0.0, weight)


def _by_neuron(gain: jax.Array) -> jax.Array:
    return gain if gain.ndim == 2 else gain[:, None]
