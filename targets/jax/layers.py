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
from .typed import float32, zeros

Floats = npt.NDArray[np.float32]


class Trainable(NamedTuple):
    """
    What is learned of one dot product.

    `weight` in steps of the integer weight; `offset`, the bias without the input's zero point, in
    steps of the output's code; `gain`, the logarithm of the factor on the gain.
    """

    weight: jax.Array
    offset: jax.Array
    gain: jax.Array


class Frozen(NamedTuple):
    """
    What is not learned of it: its gain at the start, G or G x N; the least and the largest weight
    of each input, G x (1|M) x 1; the input's zero point; the largest bias.
    """

    gain: jax.Array
    lowest: jax.Array
    highest: jax.Array
    zero: jax.Array
    largest_bias: jax.Array


@dataclass(frozen=True)
class Layer:
    """
    A quantised dot product, and the keys of its parameters in a `Program`.

    Of a result of several units the gain is that of one, and offsets leave the bias less room.
    """

    op: core_op.VmmOp
    weight: str
    bias: str | None
    gain: str
    target: Target
    frozen: Frozen

    @classmethod
    def of(
        cls,
        op: core_op.VmmOp,
        keys: Sequence[str],
        parameters: Parameters,
        target: Target,
        units: npt.NDArray[np.integer] | None,
    ) -> "Layer":
        """
        Of `op`, whose parameters have these `keys`, in the order of its operands.

        `units` (G x M) is over how many rows the weights of each input are spread, if over several.
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
            float32(code.zero.data),
            float32(target.largest_bias),
        )
        return cls(op, keys[0], keys[1] if op.bias is not None else None, keys[-1], target, frozen)

    def slots(self, keys: Sequence[str]) -> tuple[int, int | None, int]:
        """Where the layer's parameters are among those of a segment."""
        bias = keys.index(self.bias) if self.bias is not None else None
        return keys.index(self.weight), bias, keys.index(self.gain)

    def start(self, parameters: Parameters, real_weight: Floats | None) -> Trainable:
        """The point at which tuning starts: the weights before rounding, where they are known."""
        weight = np.asarray(parameters[self.weight], np.float32)
        gain = np.asarray(self.frozen.gain)
        offset = np.zeros((len(gain), weight.shape[2]), np.float32)
        if self.bias is not None:
            bias = np.asarray(parameters[self.bias], np.float32)
            zero = np.asarray(self.frozen.zero)
            offset = (bias + zero * weight.sum(axis=1)) * gain.reshape(len(gain), -1)
        if real_weight is None:
            # Which zeros are real ones is not known: none is, see `_keep_zeros`.
            weight = np.where(weight == 0, np.float32(1e-6), weight)
        else:
            # Never further from the integers than rounding can have moved them.
            weight = np.clip(real_weight, weight - 0.499, weight + 0.499)
        return Trainable(float32(weight), float32(offset), zeros(gain.shape))


def realize(
    layer: Layer, trained: Trainable, frozen: Frozen, parameters: Parameters
) -> dict[str, jax.Array]:
    """The integers and gains that `trained` stands for, with straight-through gradients."""
    rounded = arithmetic.round_through(_keep_zeros(trained.weight))
    weight = jnp.clip(rounded, frozen.lowest, frozen.highest)
    gain, room = frozen.gain * jnp.exp(trained.gain), frozen.largest_bias
    units, rounding = core_op.units_of(layer.op.result), layer.target.rounding
    if units > 1:
        # With a smaller gain the offsets alone would exceed the bias that the target holds.
        widest = np.abs(unit_shares(units, rounding)).max()
        gain = jnp.maximum(gain, widest / jnp.maximum(room, 1))
        offsets = unit_offsets(jax.lax.stop_gradient(_by_neuron(gain)), units, rounding)
        room = room - jnp.abs(offsets).max(axis=-1)
    realized = {layer.weight: weight, layer.gain: gain}
    if layer.bias is not None:
        exact = trained.offset / _by_neuron(frozen.gain) - frozen.zero * weight.sum(axis=1)
        realized[layer.bias] = jnp.clip(arithmetic.round_through(exact), -room, room)
    return realized


def _keep_zeros(weight: jax.Array) -> jax.Array:
    """Weights of which those that are zero get no gradient: what is packed beside each other."""
    return jnp.where(weight == 0, 0.0, weight)


def _by_neuron(gain: jax.Array) -> jax.Array:
    return gain if gain.ndim == 2 else gain[:, None]
