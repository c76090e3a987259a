"""Numbers of several units: as if each unit was computed of the sum that all see, but faster."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from ..unit_offsets import offset_reach, unit_offsets, unit_share_step
from .typed import choose, full_like, with_slopes

Requantization = Callable[[jax.Array, jax.Array], jax.Array]


@functools.cache
def number_of_units(largest: int, rounding: str, units: int) -> Requantization:
    """
    `sum_u clamp(round((sum + t_u) * gain), 0, largest)`, of integer sums and gains.

    `t_u` are the `unit_offsets`, and the result has the bits of this sum. Its gradient goes
    straight through all units together: as many as do not saturate, were they evenly apart.
    """
    number = _on_their_own(functools.partial(_number, largest, rounding, units))
    factor = _on_their_own(functools.partial(_free_units, largest, units))

    def slopes(sums: jax.Array, gain: jax.Array, slope: jax.Array) -> tuple[jax.Array, jax.Array]:
        by_step = slope * factor(sums, gain)
        return by_step * gain, _summed_to(gain.shape, by_step * sums)

    return with_slopes(number, slopes)


def _summed_to(shape: tuple[int, ...], values: jax.Array) -> jax.Array:
    """The sums over what was broadcast from `shape`, whose last axes are those of the values."""
    values = values.sum(axis=tuple(range(values.ndim - len(shape))))
    repeated = [axis for axis, size in enumerate(shape) if size != values.shape[axis]]
    return values.sum(axis=tuple(repeated), keepdims=True)


def _free_units(largest: int, units: int, sums: jax.Array, gain: jax.Array) -> jax.Array:
    """How many units do not saturate; at an end of its code one counts as half, as in a clip."""
    steps = sums * gain
    return units * jnp.clip(jnp.minimum(1 + steps, 1 + largest - steps) / 2, 0, 1)


def _number(largest: int, rounding: str, units: int, sums: jax.Array, gain: jax.Array) -> jax.Array:
    """
    The number, in as many steps whatever the units.

    Offsets never fall with the unit and lie less than a unit's step apart, so that all units have
    the code of the first one or the next. They have the next from the unit on whose offset is `d`
    or more, where `d` is what the sum lacks of that code's first sum. An offset is `floor((q + 1) /
    2)` with `q` the largest integer for which `q * gain <= 2 * share`: it is `d` or more just where
    `(2d - 1) * gain <= 2 * share`.
    """
    to_integer = jnp.floor if rounding == "floor" else jnp.round
    first = unit_offsets(gain, units, rounding)[..., 0]
    low = jnp.clip(to_integer((sums + first) * gain), 0, largest)
    needed = _first_sum_of(low + 1, gain, rounding) - sums
    step, centre = unit_share_step(units), 0 if rounding == "floor" else units - 1
    share = (2 * needed - 1) * gain
    unit = jnp.ceil((share * units + centre) * np.float32(0.5))
    unit -= (2 * unit - 2 - centre) * step >= share
    unit += (2 * unit - centre) * step < share
    higher = units - jnp.clip(unit, 1, units)
    is_reached = (low < largest) & (needed <= offset_reach(gain, units, rounding))
    return low * units + jnp.where(is_reached, higher, 0)


def _first_sum_of(code: jax.Array, gain: jax.Array, rounding: str) -> jax.Array:
    """The smallest integer whose float32 product with `gain` is rounded to `code` or more."""
    to_integer = jnp.floor if rounding == "floor" else jnp.round
    guess = jnp.ceil((code if rounding == "floor" else code - 0.5) / gain)
    # Below 2^24 a quotient and a product are off by one each at most.
    for _ in range(2):
        guess -= to_integer((guess - 1) * gain) >= code
    for _ in range(2):
        guess += to_integer(guess * gain) < code
    return guess


def _on_their_own(compute: Requantization) -> Requantization:
    """
    `compute` where XLA's CPU backend cannot fuse it into what reads the numbers.

    There it would go along memory in the order of what reads them, a single element at a time, or
    be computed again by each. Gains are positive: a branch that is always taken is left alone.
    """

    def branch(sums: jax.Array, gain: jax.Array) -> jax.Array:
        if jax.default_backend() != "cpu":
            return compute(sums, gain)
        return choose(jnp.max(gain) > 0, compute, _no_number, sums, gain)

    return branch


def _no_number(sums: jax.Array, gain: jax.Array) -> jax.Array:
    return full_like(sums, 0.0)
