"""Sliding windows, and their dot products without writing the windows out."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product as cartesian

import jax
import jax.numpy as jnp

from ...dialects.support.window import Window
from .arithmetic import product
from .typed import HIGHEST, grouped_product, pad

LARGEST_UNROLLED = 64
"""Groups up to which each is a convolution of its own."""

LEAST_CHANNELS = 4
"""Channels of a group below which a product of written out windows is faster."""


def sliding_windows(x: jax.Array, window: Window, fill: float) -> jax.Array:
    """Space.. x groups x C to positions.. x groups x (kernel * C), see `core_op.window`."""
    rank, groups, channels = window.rank, *x.shape[-2:]
    positions = window.output(x.shape[:rank])
    x = _padded(x, window, fill)
    if _are_apart(window, positions):
        return _tiles(x, window.kernel, positions)
    parts: list[jax.Array] = []
    for offset in cartesian(*map(range, window.kernel)):
        start = [at * dilation for at, dilation in zip(offset, window.dilations, strict=True)]
        limit = [
            first + (count - 1) * stride + 1
            for first, count, stride in zip(start, positions, window.strides, strict=True)
        ]
        strides = (*window.strides, 1, 1)
        parts.append(jax.lax.slice(x, (*start, 0, 0), (*limit, groups, channels), strides))
    return jnp.stack(parts, axis=-2).reshape(*positions, groups, window.size * channels)


class LazyInput(ABC):
    """The inputs of a dot product, positions.. x groups x fan-in, that are not written out."""

    @abstractmethod
    def materialize(self) -> jax.Array:
        """The inputs as an array."""

    @abstractmethod
    def map(self, function: Callable[[jax.Array], jax.Array], fill: float) -> "LazyInput":
        """The same of other values; `fill` is what `function` makes of padding."""

    @abstractmethod
    def multiply(self, weight: jax.Array) -> jax.Array:
        """`y[.., g, n] = sum_m x[.., g, m] * w[g, m, n]`."""


@dataclass(frozen=True)
class JoinedInput(LazyInput):
    """
    Inputs side by side, of `sizes` each along the last axis: their products are added.

    Equal bit for bit to the product of all where the values are integers below 2^24, as codes are.
    """

    parts: tuple[jax.Array | LazyInput, ...]
    sizes: tuple[int, ...]

    def materialize(self) -> jax.Array:
        return jnp.concatenate([materialize(part) for part in self.parts], axis=-1)

    def map(self, function: Callable[[jax.Array], jax.Array], fill: float) -> "JoinedInput":
        parts = [
            part.map(function, fill) if isinstance(part, LazyInput) else function(part)
            for part in self.parts
        ]
        return replace(self, parts=tuple(parts))

    def multiply(self, weight: jax.Array) -> jax.Array:
        first, sums = 0, list[jax.Array]()
        for part, size in zip(self.parts, self.sizes, strict=True):
            sums.append(product_of(part, weight[:, first : first + size]))
            first += size
        return reduce(jnp.add, sums)


@dataclass(frozen=True)
class WindowedInput(LazyInput):
    """
    Sliding windows that are not written out: a convolution has the same sums, many times faster.

    Equal bit for bit where the values are integers below 2^24, as codes are.
    """

    x: jax.Array
    window: Window
    fill: float

    def materialize(self) -> jax.Array:
        return sliding_windows(self.x, self.window, self.fill)

    def map(self, function: Callable[[jax.Array], jax.Array], fill: float) -> "WindowedInput":
        return replace(self, x=function(self.x), fill=fill)

    def multiply(self, weight: jax.Array) -> jax.Array:
        groups, channels = self.x.shape[-2:]
        # Other devices may pick a convolution that is not a plain sum of products (Winograd, FFT).
        is_small = groups > LARGEST_UNROLLED or (groups > 1 and channels < LEAST_CHANNELS)
        if is_small or self.window.rank > 3 or jax.default_backend() != "cpu":
            return grouped_product(self.materialize(), weight)
        x = _padded(self.x, self.window, self.fill)
        # Not one convolution with feature groups: XLA's CPU backend has no fast one, above all none
        # for gradients.
        sums = [self._convolve(x[..., group, :], weight[group]) for group in range(groups)]
        return jnp.stack(sums, axis=-2)

    def _convolve(self, x: jax.Array, weight: jax.Array) -> jax.Array:
        """Padded space.. x C with the weights (kernel * C) x N of one group."""
        axes = "DHW"[3 - self.window.rank :]
        return jax.lax.conv_general_dilated(
            x[None],
            weight.reshape(*self.window.kernel, x.shape[-1], -1),
            self.window.strides,
            "VALID",
            rhs_dilation=self.window.dilations,
            dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
            precision=HIGHEST,
        )[0]


@dataclass(frozen=True)
class RepeatedInput(LazyInput):
    """
    The inputs of each group several times over, as tiles of columns read them.

    One product with the columns of all these tiles is many times faster than one for each.
    """

    x: jax.Array | LazyInput
    times: int

    def materialize(self) -> jax.Array:
        return jnp.repeat(materialize(self.x), self.times, axis=-2)

    def map(self, function: Callable[[jax.Array], jax.Array], fill: float) -> "RepeatedInput":
        mapped = self.x.map(function, fill) if isinstance(self.x, LazyInput) else function(self.x)
        return replace(self, x=mapped)

    def multiply(self, weight: jax.Array) -> jax.Array:
        tiles, rows, columns = weight.shape
        groups = tiles // self.times
        wide = weight.reshape(groups, self.times, rows, columns).transpose(0, 2, 1, 3)
        sums = product_of(self.x, wide.reshape(groups, rows, self.times * columns))
        return sums.reshape(*sums.shape[:-2], tiles, columns)


def windowed(x: jax.Array | LazyInput, window: Window, fill: float) -> LazyInput:
    """Windows over an array, or over what repeats one, that are not written out."""
    if isinstance(x, RepeatedInput):
        return RepeatedInput(windowed(x.x, window, fill), x.times)
    return WindowedInput(materialize(x), window, fill)


def materialize(value: jax.Array | LazyInput) -> jax.Array:
    """An array, whatever stands for it while it is traced."""
    return value.materialize() if isinstance(value, LazyInput) else value


def product_of(x: jax.Array | LazyInput, weight: jax.Array) -> jax.Array:
    """`y[.., g, n] = sum_m x[.., g, m] * w[g, m, n]`, in full float32 on every device."""
    return x.multiply(weight) if isinstance(x, LazyInput) else product(x, weight)


def _padded(x: jax.Array, window: Window, fill: float) -> jax.Array:
    if not window.has_padding:
        return x
    return pad(x, [*window.pad_pairs(), (0, 0), (0, 0)], fill)


def _are_apart(window: Window, positions: tuple[int, ...]) -> bool:
    """Whether the windows neither overlap nor leave gaps, as a single one along an axis does."""
    if any(dilation != 1 for dilation in window.dilations):
        return False
    axes = zip(window.strides, window.kernel, positions, strict=True)
    return all(stride == size or count == 1 for stride, size, count in axes)


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
