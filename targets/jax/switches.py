"""The meaning of coded `core_op` with single causes of error switched off."""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from xdsl.interpreter import register_impls
from xdsl.ir import Operation

from ...dialects import core_op
from . import arithmetic
from .core_op import CoreOpFunctions, required_code, rounding_of
from .typed import zeros

REAL, INTEGER, FINER = 0, 1, 2
"""Weights before rounding, as on the chip, or on a grid of half steps."""


class Switches(NamedTuple):
    """
    What is at work, as arrays that a compiled program takes: one compilation serves all cases.

    The first four have an entry for each operation that gives codes: `rounding` and `clipping`
    are 1 or 0, `levels` how many lie on a step of the code, `weights` one of `REAL`, `INTEGER`
    and `FINER`. `constructed` has one for each part of the network: 1 for an approximation as it
    is built, 0 for the function that it approximates. `fed`, a scalar, is 1 where every part gets
    golden values.
    """

    rounding: jax.Array
    clipping: jax.Array
    levels: jax.Array
    weights: jax.Array
    constructed: jax.Array
    fed: jax.Array


class RealParameters(NamedTuple):
    """Of a quantised product: `weight` G x M x N and `bias` G x N in real numbers."""

    weight: jax.Array
    bias: jax.Array


@register_impls
class SwitchedFunctions(CoreOpFunctions):
    """
    `CoreOpFunctions` with switches; with all of them on it gives the same bits.

    `places` says which entry of the switches is whose. Values are codes that need not be integers.
    """

    def __init__(
        self,
        places: Mapping[Operation, int],
        real: Mapping[int, RealParameters],
        switches: Switches,
    ):
        self.places = places
        self.real = real
        self.switches = switches

    def switch_of(self, place: int) -> arithmetic.CodeSwitch:
        """What is at work on the codes that the operation at `place` gives."""
        given = self.switches
        return arithmetic.CodeSwitch(
            given.rounding[place], given.clipping[place], given.levels[place]
        )

    def to_code(
        self, op: core_op.EncodeOp | core_op.VmmOp, real: jax.Array, code: core_op.CodeType
    ) -> jax.Array:
        return arithmetic.switched_encode(real, code, self.switch_of(self.places[op]))

    def to_units(self, op: core_op.EncodeOp, numbers: jax.Array, units: int) -> jax.Array:
        # Only whole numbers can be dealt out.
        switch = self.switch_of(self.places[op])
        dealt, alike = arithmetic.deal(numbers, units), spread_evenly(numbers, units)
        return jnp.where((switch.rounding > 0) & (switch.levels == 1), dealt, alike)

    def requantize(self, op: core_op.VmmOp, sums: jax.Array, gain: jax.Array) -> jax.Array:
        return arithmetic.switched_requantize(
            sums,
            gain,
            required_code(op.result),
            rounding_of(op),
            self.switch_of(self.places[op]),
            rectified=op.activation.data is core_op.Activation.RELU,
        )

    def parameters(
        self, op: core_op.VmmOp, weight: jax.Array, bias: jax.Array | None, gain: jax.Array
    ) -> tuple[jax.Array, jax.Array | None]:
        place = self.places[op]
        if place not in self.real:
            return weight, bias
        which = self.switches.weights[place]
        incoming, outgoing = required_code(op.input), required_code(op.result)
        # As the gain, those of one unit of the result; of the input all that is taken in a window.
        times = op.times_taken
        zero, step = incoming.zero.data * times, outgoing.scale.data * outgoing.units.data
        added = bias if bias is not None else zeros(self.real[place].bias.shape)
        ratio = np.float32(incoming.scale.data / times / step)
        real = self.real[place].weight * (ratio / gain[:, None])
        offset = self.real[place].bias * np.float32(1 / step) + outgoing.unit.zero.data
        real_bias = offset / gain - zero * real.sum(axis=1)
        # The level of the finer grid beside an integer that is nearest to the real weight.
        finer = weight - jnp.round(2 * jnp.clip(weight - real, -0.5, 0.5)) / 2
        finer_bias = added - zero * (finer - weight).sum(axis=1)
        cases = [which == REAL, which == INTEGER]
        return (
            jnp.select(cases, [real, weight], finer),
            jnp.select(cases, [real_bias, added], finer_bias),
        )


def spread_evenly(numbers: jax.Array, units: int) -> jax.Array:
    """Numbers to units that are alike, on a trailing axis: what reads all of them sees the same."""
    return jnp.repeat(numbers[..., None] / np.float32(units), units, axis=-1)
