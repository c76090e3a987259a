"""Sliding windows, and their dot products without writing the windows out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import jax
import jax.numpy as jnp

from ...dialects.support.window import Window
from .typed import HIGHEST, grouped_product, pad


def sliding_windows(x: jax.Array, window: Window, fill: float) -> jax.Array:
    """Space.. x groups x C to positions.. x groups x (kernel * C), see `core_op.window`."""
    rank, groups, channels = window.rank, *x.shape[-2:]
    positions = window.output(x.shape[:rank])
    x = _padded(x, window, fill)
    if window.strides == window.kernel and not any(d != 1 for d in window.dilations):
        return _tiles(x, window.kernel, positions)
    parts: list[jax.Array] = []
    for offset in product(*map(range, window.kernel)):
        start = [at * dilation for at, dilation in zip(offset, window.dilations, strict=True)]
        limit = [
            first + (count - 1) * stride + 1
            for first, count, stride in zip(start, positions, window.strides, strict=True)
        ]
        strides = (*window.strides, 1, 1)
        parts.append(jax.lax.slice(x, (*start, 0, 0), (*limit, groups, channels), strides))
    return jnp.stack(parts, axis=-2).reshape(*positions, groups, window.size * channels)


@dataclass(frozen=True)
class WindowedInput:
    """
    Sliding windows that are not written out: a convolution has the same sums, many times faster.

    Equal bit for bit where the values are integers below 2^24, as codes are.
    """

    x: jax.Array
    window: Window
    fill: float

    def materialize(self) -> jax.Array:
        """The windows as an array."""
        return sliding_windows(self.x, self.window, self.fill)

    def map(self, function: Callable[[jax.Array], jax.Array], fill: float) -> "WindowedInput":
        """The windows over other values; `fill` is what `function` makes of the padding."""
        return replace(self, x=function(self.x), fill=fill)

    def multiply(self, weight: jax.Array) -> jax.Array:
        """`y[.., g, n] = sum_m windows[.., g, m] * w[g, m, n]`."""
        groups, channels = self.x.shape[-2:]
        # Other devices may pick a convolution that is not a plain sum of products (Winograd, FFT).
        if groups > 1 or self.window.rank > 3 or jax.default_backend() != "cpu":
            return grouped_product(self.materialize(), weight)
        axes = "DHW"[3 - self.window.rank :]
        kernel = weight[0].reshape(*self.window.kernel, channels, -1)
        sums = jax.lax.conv_general_dilated(
            _padded(self.x, self.window, self.fill)[None, ..., 0, :],
            kernel,
            self.window.strides,
            "VALID",
            rhs_dilation=self.window.dilations,
            dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
            precision=HIGHEST,
        )
        return sums[0][..., None, :]


def materialize(value: jax.Array | WindowedInput) -> jax.Array:
    """An array, whatever stands for it while it is traced."""
    return value.materialize() if isinstance(value, WindowedInput) else value


def _padded(x: jax.Array, window: Window, fill: float) -> jax.Array:
    if not window.has_padding:
        return x
    return pad(x, [*window.pad_pairs(), (0, 0), (0, 0)], fill)


def _tiles(x: jax.Array, kernel: tuple[int, ...], positions: tuple[int, ...]) -> jax.Array:
    """Windows that neither overlap nor leave gaps are a reshape."""
    rank = len(kernel)
    extents = [count * size for count, size in zip(positions, kernel, strict=True)]
    x = x[tuple(slice(extent) for extent in extents)]
    split = [part for pair in zip(positions, kernel, strict=True) for part in pair]
    x = x.reshape(*split, *x.shape[-2:])
    order = (*range(0, 2 * rank, 2), 2 * rank, *range(1, 2 * rank, 2), 2 * rank + 1)
    x = x.transpose(order)
    return x.reshape(*positions, x.shape[rank], -1)
