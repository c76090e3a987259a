"""`support.bias_rows` while tuning: the biases that a core holds, with straight-through slopes."""

import jax
import jax.numpy as jnp
import numpy as np

from ...dialects.support.target import Target
from .typed import to_device


def held_bias(bias: jax.Array, target: Target) -> jax.Array:
    """
    The biases nearest to integers `bias` [groups, outputs] that the target's cores can hold.

    The same as `representable_bias`, in float32. The gradient is that of the identity.
    """
    if target.holds_every_bias or target.bias_bits or not target.largest_bias:
        return bias
    wide = bias.astype(jnp.int32)
    held = _on_one_row(wide, target) if target.bias_rows == 1 else _on_rows(wide, target)
    return bias + jax.lax.stop_gradient(held.astype(jnp.float32) - bias)


def _on_one_row(bias: jax.Array, target: Target) -> jax.Array:
    """For each core the smallest constant that reaches its biases, best one that divides all."""
    largest = target.largest_weight
    reach = -(-jnp.abs(bias).max(axis=1) // largest)
    candidates = np.arange(1, target.largest_code + 1, dtype=np.int32)
    divides = (bias[..., None] % candidates == 0).all(axis=1)
    exact = divides & (candidates >= reach[:, None])
    smallest = jnp.clip(reach, 1, target.largest_code)
    first = to_device(candidates)[exact.argmax(axis=1)]
    drive = jnp.where(exact.any(axis=1), first, smallest)[:, None]
    return drive * _nearest(bias, drive, largest)


def _on_rows(bias: jax.Array, target: Target) -> jax.Array:
    """Of the nearest multiple of the largest code and its neighbours, with the rest, the best."""
    most = (target.bias_rows - len(target.fine_drives)) * target.largest_weight
    nearest = _nearest(bias, target.largest_code, most)
    best = _with_rest(nearest, bias, target)
    for step in (-1, 1):
        other = _with_rest(jnp.clip(nearest + step, -most, most), bias, target)
        best = jnp.where(jnp.abs(other - bias) < jnp.abs(best - bias), other, best)
    return best


def _with_rest(coarse: jax.Array, bias: jax.Array, target: Target) -> jax.Array:
    """So many times the largest code, and of what is missing as much as the fine rows hold."""
    held = coarse * target.largest_code
    for drive in target.fine_drives:
        held += drive * _nearest(bias - held, drive, target.largest_weight)
    return held


def _nearest(value: jax.Array, unit: jax.Array | int, limit: int) -> jax.Array:
    """The multiple of `unit` nearest to `value`, as a count of at most `limit` either way."""
    return jnp.clip((2 * value + unit) // (2 * unit), -limit, limit)
