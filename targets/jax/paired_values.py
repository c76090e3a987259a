"""One sample's values and the golden ones that they stand for, each as the other; traceable."""

from math import prod

import jax
import jax.numpy as jnp
import numpy as np

from ...dialects.nn import Shape, shape_of
from .compare import ValuePair
from .switches import spread_evenly


def number_shape(shape: Shape, units: int) -> Shape:
    """The shape of a value's numbers: its own, or flat where `units` neighbours add up to one."""
    return shape if units == 1 else (prod(shape) // units,)


def numbers_of(value: jax.Array, units: int) -> jax.Array:
    """The numbers that a value has, or that its units add up to."""
    return value if units == 1 else value.reshape(-1, units).sum(axis=-1)


def with_numbers(value: jax.Array, numbers: jax.Array, units: int) -> jax.Array:
    """A value with other numbers; where these are its own, its units stay as they are."""
    if units == 1:
        return numbers
    split = value.reshape(-1, units)
    is_same = (split.sum(axis=-1) == numbers)[:, None]
    return jnp.where(is_same, split, spread_evenly(numbers, units)).reshape(value.shape)


def as_golden(pair: ValuePair, real: jax.Array) -> jax.Array:
    """The real numbers of `pair.value` in the golden value's layout and scale."""
    shape = shape_of(pair.golden)
    order = pair.order or tuple(range(len(shape)))
    turned = real.reshape([shape[axis] for axis in order])
    golden = jnp.transpose(turned, np.argsort(order).tolist())
    return golden if pair.scale is None else golden / pair.scale


def as_ours(pair: ValuePair, golden: jax.Array) -> jax.Array:
    """A golden value as the real numbers of `pair.value`."""
    scaled = golden if pair.scale is None else golden * pair.scale
    turned = scaled if pair.order is None else jnp.transpose(scaled, pair.order)
    return turned.reshape(number_shape(shape_of(pair.value), pair.units[0]))
