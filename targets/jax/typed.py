# pyright: basic
"""
The functions of JAX whose own annotations are incomplete, with complete ones.

This is the one file that strict type checking does not cover, so that it can cover the others.
"""

from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

FunctionT = TypeVar("FunctionT", bound=Callable[..., object])
TreeT = TypeVar("TreeT")
Rest = ParamSpec("Rest")

HIGHEST = jax.lax.Precision.HIGHEST
"""Full float32 on every device: without it some round the operands to fewer bits."""


def jit(function: FunctionT) -> FunctionT:
    """See `jax.jit`."""
    return jax.jit(function)  # type: ignore[return-value]


def jit_onto(function: FunctionT, sharding: jax.sharding.Sharding | None) -> FunctionT:
    """See `jax.jit`: all results have this sharding; without one, JAX's own choice."""
    if sharding is None:
        return jit(function)
    return jax.jit(function, out_shardings=sharding)  # type: ignore[return-value]


def gradient(
    function: Callable[Concatenate[TreeT, Rest], jax.Array],
) -> Callable[Concatenate[TreeT, Rest], TreeT]:
    """See `jax.grad`: the gradient with respect to the first argument, of the same structure."""
    return jax.grad(function)


def update(
    optimizer: optax.GradientTransformation, slope: TreeT, moments: optax.OptState
) -> tuple[TreeT, optax.OptState]:
    """See `optax`: what to add to the parameters, in their structure, and the next moments."""
    return optimizer.update(slope, moments)  # type: ignore[return-value]


def to_device(array: npt.NDArray[np.generic]) -> jax.Array:
    """The array on the device; not copied where the device can use the host's memory."""
    return jax.device_put(array, may_alias=True)


def mesh_of_all_devices(axis: str) -> jax.sharding.Mesh | None:
    """All devices along one axis; `None` where there is one only."""
    devices = jax.devices()
    return jax.sharding.Mesh(np.array(devices), (axis,)) if len(devices) > 1 else None


def place(array: npt.NDArray[np.generic], sharding: jax.sharding.Sharding | None) -> jax.Array:
    """See `jax.device_put`; without a sharding on the one device."""
    return jax.device_put(array, sharding)


def constrain(array: jax.Array, sharding: jax.sharding.Sharding) -> jax.Array:
    """See `jax.lax.with_sharding_constraint`: how a traced array lies on the devices."""
    return jax.lax.with_sharding_constraint(array, sharding)


def float32(array: npt.ArrayLike | jax.Array) -> jax.Array:
    """The array as float32 on the device."""
    return jnp.asarray(array, jnp.float32)


def zeros(shape: Sequence[int]) -> jax.Array:
    """Zeros, float32."""
    return jnp.zeros(tuple(shape), jnp.float32)


def full_like(array: jax.Array, value: float) -> jax.Array:
    """An array of one value, in the shape of another."""
    return jnp.full_like(array, value)


def pad(x: jax.Array, widths: Sequence[tuple[int, int]], fill: float) -> jax.Array:
    """`widths` elements of `fill` before and behind each axis."""
    return jnp.pad(x, tuple(widths), constant_values=np.float32(fill))


def pad_with_mode(x: jax.Array, widths: Sequence[tuple[int, int]], mode: str) -> jax.Array:
    """See `jnp.pad`: more elements, made from the others."""
    return jnp.pad(x, tuple(widths), mode=mode)


def scan(
    step: Callable[[tuple[jax.Array, jax.Array], jax.Array], tuple[jax.Array, jax.Array]],
    start: tuple[jax.Array, jax.Array],
    inputs: jax.Array,
    reverse: bool,
) -> tuple[jax.Array, jax.Array]:
    """The states after each element of axis 0 of `inputs`, in the order of the inputs."""

    def body(state, x):
        state = step(state, x)
        return state, state

    return jax.lax.scan(body, start, inputs, reverse=reverse)[1]


def scan_ticks(
    tick: Callable[[jax.Array, jax.Array], tuple[jax.Array, jax.Array]],
    start: jax.Array,
    inputs: jax.Array,
) -> jax.Array:
    """What `tick` gives, beside the next state, for each element of axis 0 of `inputs`."""
    return jax.lax.scan(tick, start, inputs)[1]


def with_slopes(
    function: Callable[[jax.Array, jax.Array], jax.Array],
    slopes: Callable[[jax.Array, jax.Array, jax.Array], tuple[jax.Array, jax.Array]],
) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """See `jax.custom_vjp`: `slopes` are those of both arguments, given them and the result's."""
    wrapped = jax.custom_vjp(function)

    def forward(first: jax.Array, second: jax.Array):
        return function(first, second), (first, second)

    def backward(known: tuple[jax.Array, jax.Array], slope: jax.Array):
        return slopes(*known, slope)

    wrapped.defvjp(forward, backward)
    return wrapped


def choose(
    is_true: jax.Array,
    then: Callable[[jax.Array, jax.Array], jax.Array],
    otherwise: Callable[[jax.Array, jax.Array], jax.Array],
    first: jax.Array,
    second: jax.Array,
) -> jax.Array:
    """See `jax.lax.cond`: only one of the functions is computed."""
    return jax.lax.cond(is_true, then, otherwise, first, second)


def grouped_product(x: jax.Array, weight: jax.Array) -> jax.Array:
    """`y[.., g, n] = sum_m x[.., g, m] * w[g, m, n]`, in full float32 on every device."""
    return jnp.einsum("...gm,gmn->...gn", x, weight, precision=HIGHEST)


def outer_product(x: jax.Array, y: jax.Array) -> jax.Array:
    """`w[g, m, n] = sum x[.., g, m] * y[.., g, n]`, in full float32 on every device."""
    return jnp.einsum("...gm,...gn->gmn", x, y, precision=HIGHEST)


def reduce_window(
    x: jax.Array,
    initial: float,
    combine: Callable[[jax.Array, jax.Array], jax.Array],
    window: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilations: Sequence[int],
) -> jax.Array:
    """See `jax.lax.reduce_window`."""
    return jax.lax.reduce_window(
        x,
        np.float32(initial),
        combine,
        tuple(window),
        tuple(strides),
        tuple(padding),
        window_dilation=tuple(dilations),
    )
