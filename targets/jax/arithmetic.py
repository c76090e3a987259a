"""
The arithmetic on codes, once: evaluator, tuning and checks share it.

A code is held as a float32 that is an integer. float32 holds every integer below 2^24, so a float32
matrix product on codes is the integer one. No formula here lets a compiler fuse a multiplication
with an addition, or turn a division into a multiplication: each gives the same bits everywhere.
"""

import functools
import operator
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...dialects.core_op import CodeType
from ..unit_offsets import unit_offsets
from .typed import HIGHEST, grouped_product, outer_product, with_slopes
from .unit_numbers import number_of_units

LARGEST_SUM = 64
"""Rows up to which a product with one column is written out as a sum, as merges are."""


@jax.custom_jvp
def round_through(x: jax.Array) -> jax.Array:
    """Nearest integer, ties to even; its gradient is that of the identity (straight-through)."""
    return jnp.round(x)


@round_through.defjvp
def _round_through_jvp(
    primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    return round_through(*primals), tangents[0]


@jax.custom_jvp
def floor_through(x: jax.Array) -> jax.Array:
    """Largest integer not above `x`; its gradient is that of the identity."""
    return jnp.floor(x)


@floor_through.defjvp
def _floor_through_jvp(
    primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    return floor_through(*primals), tangents[0]


def encode(real: jax.Array, code: CodeType) -> jax.Array:
    """Real numbers to numbers of a code: `clamp(round(real * (1 / scale)) + zero, 0, largest)`."""
    inverse = inverse_scale(code)
    return jnp.clip(round_through(real * inverse) + code.zero.data, 0, code.largest)


def decode(codes: jax.Array, code: CodeType) -> jax.Array:
    """Codes to the real numbers that they stand for: `(code - zero) * scale`."""
    return (codes - code.zero.data) * np.float32(code.scale.data)


def requantize(
    sums: jax.Array, gain: jax.Array, largest: int, rounding: str, units: int = 1
) -> jax.Array:
    """
    Integer sums to codes: `clamp(round(sum * gain), 0, largest)`, the product in float32.

    A number of several units is the sum of theirs, each of which sees the sum with an offset. The
    offsets have no gradient.
    """
    if units == 1:
        return jnp.clip(_to_integer(sums * gain, rounding), 0, largest)
    return number_of_units(largest, rounding, units)(sums, gain)


def count(sums: jax.Array, gain: jax.Array, largest: int, units: int = 1) -> jax.Array:
    """
    Integer sums to numbers of spikes: `clamp(floor(sum / threshold), 0, largest)`, exactly.

    `gain` is one over the threshold, in float32. Of several units as in `requantize`.
    """
    codes = [
        jnp.clip(thresholds_in(each, gain), 0, largest)
        for each in _staggered(sums, gain, units, "floor")
    ]
    return functools.reduce(operator.add, codes)


@jax.custom_jvp
def thresholds_in(sums: jax.Array, gain: jax.Array) -> jax.Array:
    """How often a threshold is in each sum, rounded down; its gradient is that of the quotient."""
    threshold = threshold_of(gain)
    # A product with the reciprocal can be off by one, integers below 2^24 are not.
    guess = jnp.floor(sums * gain)
    left = sums - guess * threshold
    return guess + (left >= threshold) - (left < 0)


@thresholds_in.defjvp
def _thresholds_in_jvp(
    primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    (sums, gain), (moved, widened) = primals, tangents
    return thresholds_in(sums, gain), moved * gain + sums * widened


def threshold_of(gain: jax.Array) -> jax.Array:
    """The threshold, an integer, of which a gain is the reciprocal."""
    return jnp.round(1 / gain)


def deal(numbers: jax.Array, units: int) -> jax.Array:
    """Numbers to their units on a trailing axis: `floor((number + u) / units)`."""
    # The half keeps clear of the steps, so that a reciprocal is as good as the quotient.
    shifted = numbers[..., None] + (np.arange(units, dtype=np.float32) + np.float32(0.5))
    return jnp.floor(shifted * np.float32(1 / units))


class CodeSwitch(NamedTuple):
    """
    What is done to a number on its way to its code: scalars, so that one compilation serves all.

    `rounding` and `clipping` are 1 for what the chip does and 0 for nothing; `levels` is how many
    levels lie on a step of the number, 1 on the chip.
    """

    rounding: jax.Array
    clipping: jax.Array
    levels: jax.Array


def switched_encode(real: jax.Array, code: CodeType, switch: CodeSwitch) -> jax.Array:
    """As `encode`, with parts of it switched off."""
    steps = real * inverse_scale(code)
    rounded = _on_levels(steps, "nearest", switch)
    steps = jnp.where(switch.rounding > 0, rounded, steps)
    return _partly_clipped(steps + code.zero.data, code.largest, switch)


def switched_requantize(
    sums: jax.Array,
    gain: jax.Array,
    code: CodeType,
    rounding: str,
    switch: CodeSwitch,
    *,
    rectified: bool,
) -> jax.Array:
    """
    As `requantize` to numbers of `code`, with parts of it switched off.

    `rectified` sums stay so at code 0. Clipping a number is the same as clipping each of its units.
    """
    units = code.units.data
    steps = sums * gain * np.float32(units)
    rounded = _on_levels(steps, rounding, switch)
    if units > 1:
        # The units are set apart by steps of the number: finer levels need none of that.
        staggered = _staggered(sums, gain, units, rounding)
        codes = (_to_integer(each * gain, rounding) for each in staggered)
        rounded = jnp.where(switch.levels == 1, functools.reduce(operator.add, codes), rounded)
    steps = jnp.where(switch.rounding > 0, rounded, steps)
    return _partly_clipped(jax.nn.relu(steps) if rectified else steps, code.largest, switch)


def _staggered(sums: jax.Array, gain: jax.Array, units: int, rounding: str) -> Sequence[jax.Array]:
    """The sums that the units of a number see."""
    if units == 1:
        return (sums,)
    offsets = unit_offsets(jax.lax.stop_gradient(gain), units, rounding)
    return [sums + offsets[..., unit] for unit in range(units)]


def _on_levels(x: jax.Array, rounding: str, switch: CodeSwitch) -> jax.Array:
    return _to_integer(x * switch.levels, rounding) / switch.levels


def _partly_clipped(x: jax.Array, largest: int, switch: CodeSwitch) -> jax.Array:
    return jnp.where(switch.clipping > 0, jnp.clip(x, 0, largest), x)


def _to_integer(x: jax.Array, rounding: str) -> jax.Array:
    return floor_through(x) if rounding == "floor" else round_through(x)


def inverse_scale(code: CodeType) -> np.float32:
    """The float32 nearest to `1 / scale`; every level multiplies by this same number."""
    return np.float32(1.0 / code.scale.data)


def product(x: jax.Array, weight: jax.Array) -> jax.Array:
    """`y[.., g, n] = sum_m x[.., g, m] * w[g, m, n]`, in full float32 on every device."""
    groups, rows, columns = weight.shape
    if columns == 1 and rows <= LARGEST_SUM:
        return _written_out(x, weight)
    if groups == 1:
        y = jnp.matmul(x[..., 0, :], weight[0], precision=HIGHEST)
        return y[..., None, :]
    return grouped_product(x, weight)


def _sum_of_terms(x: jax.Array, weight: jax.Array) -> jax.Array:
    """
    A product with one column, as merges of partial sums are.

    XLA adds the terms where they lie; a product of matrices has the inputs transposed before.
    """
    terms = [x[..., row] * weight[:, row, 0] for row in range(x.shape[-1])]
    return functools.reduce(operator.add, terms)[..., None]


def _slopes_of_terms(
    x: jax.Array, weight: jax.Array, slope: jax.Array
) -> tuple[jax.Array, jax.Array]:
    return slope * weight[:, :, 0], outer_product(x, slope)


_written_out = with_slopes(_sum_of_terms, _slopes_of_terms)
