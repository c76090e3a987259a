"""A TianJi image's layers as the simulator has them: what they hear, and their sums and spikes."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from ...dialects.support.neurons import leak_ticks
from ..jax.typed import HIGHEST, grouped_product, to_device
from .image_format import NOTHING, Chip, Image, Integers, Layer

Floats = npt.NDArray[np.float32]

DENSE_FACTOR = 4
"""A layer is one matrix where that takes at most so many times the products of its cores."""

ROW_DENSE_FACTOR = 1.5
"""The same where axons' signals are rows, which are cheap to gather."""

LARGEST_DENSE = 1 << 26
"""Entries of such a matrix."""


class LoadedLayer:
    """A layer's matrices as its products take them, and its registers."""

    def __init__(self, layer: Layer, sizes: Sequence[int], chip: Chip):
        self.layer = layer
        self.leaks = layer.ticks
        if layer.ticks > 1:
            self.leaks = leak_ticks(chip.window, chip.reset, chip.firing)
        self.used, self.hears = heard_parts(layer.hears, sizes)
        cores, _, neurons = layer.synapses.shape
        heard = sum(sizes[u] for u in self.used)
        self.is_dense = (
            heard * cores * neurons <= DENSE_FACTOR * layer.synapses.size
            and heard * cores * neurons <= LARGEST_DENSE
        )
        self.is_nearly_whole = self.is_dense and (
            heard * cores * neurons <= ROW_DENSE_FACTOR * layer.synapses.size
        )
        if self.is_dense:
            matrix = np.zeros((heard + 1, cores, neurons), np.float32)
            core, _ = np.indices(self.hears.shape)
            np.add.at(matrix, (self.hears, core), layer.synapses)
            self.matrix = matrix[:heard].reshape(heard, cores * neurons)
        else:
            self.matrix = layer.synapses.astype(np.float32)
        self.bias = layer.bias.astype(np.float32).ravel()

    def sums(self, parts: Sequence[jax.Array]) -> jax.Array:
        """[.., signals] to [.., neurons], without bias."""
        layer = self.layer
        x = parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=-1)
        if self.is_dense:
            return jnp.matmul(x, self.matrix, precision=HIGHEST)
        x = jnp.concatenate([x, x[..., :1] * 0], axis=-1)
        x = jnp.take(x, self.hears, axis=-1, mode="clip")
        sums = grouped_product(x, to_device(self.matrix))
        return sums.reshape(*sums.shape[:-2], layer.neurons)

    def row_sums(self, parts: Sequence[jax.Array]) -> jax.Array:
        """[signals, samples] to [neurons, samples], the bias among the sums."""
        x = parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=0)
        if self.is_nearly_whole:
            sums = jnp.matmul(self.matrix.T.copy(), x, precision=HIGHEST)
        else:
            x = jnp.concatenate([x, x[:1] * 0], axis=0)
            x = jnp.take(x, self.hears, axis=0, mode="clip")
            weights = self.layer.synapses.astype(np.float32).transpose(0, 2, 1).copy()
            sums = jnp.matmul(weights, x, precision=HIGHEST).reshape(-1, x.shape[-1])
        return sums + self.bias[:, None]

    def column(self, register: Integers | None) -> Floats:
        """A register of all neurons, a row each."""
        assert register is not None
        return register.astype(np.float32).reshape(-1, 1)

    def settle(self, sums: jax.Array) -> jax.Array:
        """The numbers of neurons that got so much in a window, beside what they have themselves."""
        layer = self.layer
        sums = sums + self.bias * np.float32(self.leaks)
        if layer.cut is not None:
            each = np.repeat(layer.cut, layer.synapses.shape[2])
            factor = np.ldexp(np.float32(1), -each).astype(np.float32)
            return jnp.clip(jnp.floor(sums * factor), 0, np.float32(layer.largest))
        assert layer.threshold is not None and layer.initial is not None
        threshold = layer.threshold.astype(np.float32).ravel()
        sums = sums + layer.initial.astype(np.float32).ravel()
        # A product with the reciprocal can be off by one, integers below 2^24 are not.
        guess = jnp.floor(sums * (np.float32(1) / threshold))
        left = sums - guess * threshold
        guess = guess + (left >= threshold) - (left < 0)
        return jnp.clip(guess, 0, np.float32(layer.largest))

    def spike(self, drive: jax.Array, subtracts: bool) -> jax.Array:
        """The trains of neurons that get [ticks, samples, neurons], or the same at each tick."""
        layer = self.layer
        assert layer.threshold is not None and layer.initial is not None
        threshold = layer.threshold.astype(np.float32).ravel()
        start = jnp.broadcast_to(
            layer.initial.astype(np.float32).ravel(), (drive.shape[-2], layer.neurons)
        )
        bias = self.bias

        def tick(potential: jax.Array, drive: jax.Array) -> tuple[jax.Array, jax.Array]:
            risen = potential + (drive + bias)
            fires = risen >= threshold
            left = risen - threshold if subtracts else np.float32(0)
            return jnp.where(fires, left, risen), fires.astype(jnp.float32)

        if drive.ndim == 2:
            drive = jnp.broadcast_to(drive, (layer.ticks, *drive.shape))
        return jax.lax.scan(tick, start, drive)[1]


def loaded_layers(image: Image) -> list[LoadedLayer]:
    """The layers of an image, in order."""
    sizes = [image.host_signals, *(layer.neurons for layer in image.layers)]
    return [LoadedLayer(layer, sizes, image.chip) for layer in image.layers]


def heard_parts(index: Integers, sizes: Sequence[int]) -> tuple[list[int], Integers]:
    """Which parts of all signals are heard, and the index among those; one behind for none."""
    ends = np.cumsum(sizes)
    heard = index[index != NOTHING]
    part = np.searchsorted(ends, heard, side="right")
    # Something at least, so that what hears nothing knows how many samples there are.
    used: list[int] = np.flatnonzero(np.bincount(part, minlength=len(sizes))).tolist() or [0]
    total = sum(sizes[u] for u in used)
    moved = np.full(int(ends[-1]) + 1, total, np.int32)
    first = 0
    for u in used:
        moved[ends[u] - sizes[u] : ends[u]] = first + np.arange(sizes[u])
        first += sizes[u]
    return used, moved[index]
