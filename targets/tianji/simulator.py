"""
Runs a TianJi image, compiled by JAX from the image alone: no IR is at hand.

Signals move along the image's routes: what a core's axons get is what the routes bring them. All
sums are integers below 2^24, which float32 holds, so that float32 products are exact in any order.

Where neurons fire at any tick, every layer computes its whole window at once: at each of its ticks
it has what the layers before sent a tick earlier, since windows are offset by the layers' phases,
and nothing else reaches it. Where neurons fire in the window behind, numbers of spikes say it all.
"""

import os
from collections.abc import Callable, Sequence
from math import prod

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from ..images import steps as any_chip
from ..images.moves import move
from ..images.ports import check_inputs
from ..images.simulation import ImageSimulator, Progress
from ..jax.typed import jit, to_device
from .image import read_image
from .image_format import Image
from .loaded_layers import heard_parts, loaded_layers
from .steps import Decode, Encode, Read

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.uint8]
BATCH_BYTES = 16 << 20
"""What the largest layer's signals of a batch may take, as float32, over all ticks."""

LARGEST_BATCH = 512

Neurons = list[tuple[jax.Array, jax.Array]]
"""The potentials and the spikes so far of every layer's neurons."""


class Simulator(ImageSimulator):
    """Chips with an image loaded."""

    def __init__(self, image: Image, *, batch_size: int | None = None):
        self.image = image
        self.timed = image.chip.firing == "tick" and any(o.ticks > 1 for o in image.layers)
        super().__init__(image, batch_size or self._default_batch())
        self._layers = loaded_layers(image)
        self._all_spike = all(layer.ticks > 1 for layer in image.layers)
        self._reads = [i.step for i in image.program if isinstance(i.step, Read)]
        self._ticks = np.concatenate(
            [np.empty(0, np.int64)]
            + [
                np.full(prod(i.value.shape), i.step.ticks)
                for i in image.program
                if isinstance(i.step, Encode)
            ]
        )
        self._compiled: Callable[[jax.Array], tuple[jax.Array, ...]] = jit(self._compute)
        self._counted: Callable[[jax.Array], tuple[jax.Array, ...]] = jit(self._totals)

    def activity(self, *inputs: Array) -> tuple[float, float]:
        """
        Spikes of a sample, and synaptic operations: each spike times the synapses that it reaches.

        Averages over the batch, the host's spikes among them; graded signals do not count.
        """
        total = check_inputs(inputs, self.image.inputs, self.image.values)
        spikes = operations = 0.0
        reached = _reached_synapses(self.image)
        counted = np.concatenate(
            [self._ticks > 1, *(np.full(o.neurons, o.ticks > 1) for o in self.image.layers)]
        )
        for start in range(0, total, self._batch_size):
            host = self.host_signals([a[start : start + self._batch_size] for a in inputs])
            layers = [np.asarray(value) for value in self._counted(self._padded(host))]
            sums = np.concatenate([host.sum(0), *(v[: len(host)].sum(0) for v in layers)])
            spikes += float(sums[counted].sum())
            operations += float((sums * reached)[counted].sum())
        return spikes / total, operations / total

    def host_signals(self, inputs: Sequence[Array]) -> Floats:
        """What the host sends of a batch: the number of each of its signals."""
        values = self._host_values(inputs, None)
        parts = [
            values[len(inputs) + number].reshape(len(inputs[0]), -1)
            for number, instruction in enumerate(self.image.program)
            if isinstance(instruction.step, Encode)
        ]
        return np.concatenate([np.empty((len(inputs[0]), 0)), *parts], axis=1, dtype=np.float32)

    def _run_batch(self, wanted: Sequence[int], inputs: Sequence[Array]) -> list[Array]:
        host = self.host_signals(inputs)
        taken: list[Numbers] = []
        if self._reads:
            found = self._compiled(self._padded(host))
            taken = [np.asarray(value)[: len(host)].astype(np.uint8) for value in found]
        values = self._host_values(inputs, taken)
        return [values[number] for number in wanted]

    def _padded(self, host: Floats) -> jax.Array:
        """A batch filled up: one size means one compilation."""
        short = self._batch_size - len(host)
        return to_device(np.pad(host, [(0, short), (0, 0)]) if short else host)

    def _host_values(
        self, inputs: Sequence[Array], taken: Sequence[Numbers] | None
    ) -> dict[int, Array]:
        """Every value of the host's program; up to the first that is read where nothing is."""
        values: dict[int, Array] = {
            number: np.asarray(array, np.float32) for number, array in enumerate(inputs)
        }
        waiting = iter(taken or ())
        for index, instruction in enumerate(self.image.program):
            step, operands = instruction.step, [values[n] for n in instruction.operands]
            number = len(inputs) + index
            match step:
                case Read():
                    if taken is None:
                        return values
                    values[number] = next(waiting)
                case Encode():
                    values[number] = step.numbers(np.asarray(operands[0], np.float32))
                case Decode():
                    zero = np.float32(step.units * step.zero)
                    values[number] = (step.numbers(operands[0]) - zero) * np.float32(step.scale)
                case any_chip.Concat():
                    values[number] = np.concatenate(operands, axis=step.axis + 1)
                case _:
                    values[number] = move(step, operands[0], instruction.value)
        return values

    def _compute(self, host: jax.Array) -> tuple[jax.Array, ...]:
        """What the host reads, from what it sends, [samples, signals]."""
        counts = [host, *self._totals(host)]
        results: list[jax.Array] = []
        for step in self._reads:
            index = self.image.indices[step.index]
            used, local = heard_parts(index, [part.shape[-1] for part in counts])
            parts = jnp.concatenate([counts[u] for u in used], axis=-1)
            parts = jnp.concatenate([parts, parts[:, :1] * 0 + np.float32(step.fill)], axis=-1)
            results.append(jnp.take(parts, local, axis=-1, mode="clip"))
        return tuple(results)

    def _totals(self, host: jax.Array) -> tuple[jax.Array, ...]:
        """The number of every neuron, layer by layer."""
        if not self.timed:
            numbers = [host]
            for layer in self._layers:
                numbers.append(layer.settle(layer.sums([numbers[u] for u in layer.used])))
            return tuple(numbers[1:])
        if self._all_spike:
            return self._tick_by_tick(host)
        # Trains where signals spike, [ticks, samples, signals]; numbers where they are graded.
        signals, counts = [self._trains(host)], [host]
        for layer in self._layers:
            parts = [signals[u] for u in layer.used]
            if layer.layer.ticks == 1:
                counts.append(layer.settle(layer.sums([counts[u] for u in layer.used])))
                signals.append(counts[-1])
                continue
            if any(part.ndim == 3 for part in parts):
                window = self.image.chip.window
                parts = [
                    p if p.ndim == 3 else jnp.broadcast_to(p, (window, *p.shape)) for p in parts
                ]
            trains = layer.spike(layer.sums(parts), self.image.chip.reset == "subtract")
            signals.append(trains)
            counts.append(trains.sum(axis=0))
        return tuple(counts[1:])

    def _tick_by_tick(self, host: jax.Array) -> tuple[jax.Array, ...]:
        """
        The same where every signal spikes: all layers at each tick, so that no train is kept.

        Signals come first here, [signals, samples]: an axon's signals are a row.
        """
        subtracts = self.image.chip.reset == "subtract"
        trains, samples = self._trains(host), host.shape[0]
        if trains.ndim == 2:
            # Graded: the same at every tick.
            trains = jnp.broadcast_to(trains, (self.image.chip.window, *trains.shape))
        trains = jnp.swapaxes(trains, 1, 2)

        def tick(carry: Neurons, sent: jax.Array) -> tuple[Neurons, None]:
            signals, after = [sent], list[tuple[jax.Array, jax.Array]]()
            for layer, (potential, count) in zip(self._layers, carry, strict=True):
                risen = potential + layer.row_sums([signals[u] for u in layer.used])
                fires = risen >= layer.column(layer.layer.threshold)
                left = risen - layer.column(layer.layer.threshold) if subtracts else np.float32(0)
                spikes = fires.astype(jnp.float32)
                signals.append(spikes)
                after.append((jnp.where(fires, left, risen), count + spikes))
            return after, None

        start = [
            (
                jnp.broadcast_to(layer.column(layer.layer.initial), (layer.layer.neurons, samples)),
                to_device(np.zeros((layer.layer.neurons, samples), np.float32)),
            )
            for layer in self._layers
        ]
        after, _ = jax.lax.scan(tick, start, trains)
        return tuple(count.T for _, count in after)

    def _trains(self, host: jax.Array) -> jax.Array:
        """The host's numbers as spikes that are as even as they can be; graded ones as they are."""
        if not (self._ticks > 1).any():
            return host
        window = self.image.chip.window
        at = np.arange(window + 1, dtype=np.float32)[:, None, None]
        # The half keeps clear of the steps, so that a reciprocal is as good as the quotient.
        reached = jnp.floor((at * host + np.float32(0.5)) * np.float32(1 / window))
        return jnp.where(self._ticks > 1, reached[1:] - reached[:-1], host)

    def _default_batch(self) -> int:
        sizes = [self.image.host_signals, *(layer.neurons for layer in self.image.layers)]
        ticks = self.image.chip.window if self.timed else 1
        return max(1, min(LARGEST_BATCH, BATCH_BYTES // (4 * ticks * max(1, *sizes))))


def _reached_synapses(image: Image) -> npt.NDArray[np.int64]:
    """The synapses that a signal reaches that are not zero, by the signal's number."""
    reached = np.zeros(image.signals + 1, np.int64)
    for layer in image.layers:
        np.add.at(reached, layer.hears, np.count_nonzero(layer.synapses, axis=2))
    return reached[:-1]


def run_image(
    path: str | os.PathLike[str], *inputs: Array, progress: Progress | None = None
) -> tuple[Array, ...]:
    """Read an image and run it on a batch, see `read_image` and `Simulator.run`."""
    return Simulator(read_image(path)).run(*inputs, progress=progress)
