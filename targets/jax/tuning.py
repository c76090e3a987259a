"""
Tuning on codes: rounding with straight-through gradients, against the golden network's values.

What is tuned runs through the same evaluator as everything else, so the network that is measured
while it is tuned is, bit for bit, the one that is emitted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi

import jax
import numpy as np

from .compiled_parts import OPTIMIZER, PartCache, State, Task
from .evaluator import Parameters
from .goals import Quality, measures_of
from .segments import COMPUTED, Array, compact
from .typed import float32

CHUNK = 20
"""Steps between two looks at the validation samples."""

PATIENCE = 0.4
"""
The part of all steps after which the rate falls early where the distance became no less.

A decision more or less, of the few held back, says nothing about whether there is more to learn.
"""

COOLING = 0.3
"""
The part of all steps that are never left out: the last, while the rate falls.

At a high rate weights keep crossing from one integer to the next, and what is learned only shows
once they settle.
"""

WARM_UP = 0.1
"""The part of the steps over which the rate rises."""

LAST_RATE = 0.05
"""The rate at the last step, as a part of the highest."""

GAIN_RATE = 0.02
"""Learning rate of a gain's logarithm, as a part of a weight's."""


@dataclass(frozen=True)
class Schedule:
    """How long to learn, in steps of `batch` samples, how fast, and in which order of samples."""

    steps: int
    rate: float
    batch: int
    seed: int
    mixed: float = 0.0
    """The part of a batch that is mixed with other samples, where there is a teacher."""
    gain_rate: float = GAIN_RATE
    """Learning rate of a gain's logarithm, as a part of a weight's."""

    def rate_at(self, step: int) -> np.float32:
        """Rising over the first steps, when the optimizer knows few slopes; half a cosine then."""
        rising = min(1.0, (step + 1) / (WARM_UP * self.steps))
        falling = LAST_RATE + (1 - LAST_RATE) * (1 + cos(pi * step / self.steps)) / 2
        return np.float32(self.rate * rising * falling)


class Part:
    """
    A task with its inputs: values of all samples, as the operations before compute them.

    Of the samples the last `validation` are never learned from: they decide what is kept.
    """

    def __init__(
        self,
        task: Task,
        parameters: Parameters,
        inputs: Sequence[Array],
        validation: int,
        cache: PartCache,
    ):
        self.task = task
        self.layers = task.layers
        self.size = len(inputs[0]) - validation
        self.inputs = inputs
        self.devices = cache.devices
        self._constants = [parameters[key] for key in task.segment.keys]
        self._frozen = {index: layer.frozen for index, layer in task.layers.items()}
        self._measures = [
            measures_of(value, goal)
            for value, goal in zip(task.segment.outputs, task.goals, strict=True)
        ]
        self._compiled = cache.compiled(task)
        self._numbers = {index: number for number, index in enumerate(task.layers)}

    def quality(self, state: State) -> Quality:
        """How far the output is from golden on what is held back."""
        (found,) = self._compute(state, range(self.size, len(self.inputs[0])))[-1:]
        goal = self.task.goals[-1]
        wanted = goal.golden[self.size :]
        measures = self._measures[-1]
        distance = float(self._compiled.distance(float32(found), float32(wanted), measures))
        if not goal.decides:
            return Quality(distance, 0.0)
        numbers, flat = np.asarray(goal.numbers(float32(found))), (len(found), -1)
        agreed = np.argmax(numbers.reshape(flat), axis=1) == np.argmax(wanted.reshape(flat), axis=1)
        return Quality(distance, 1 - np.count_nonzero(agreed) / len(found))

    def compute(self, state: State) -> Array:
        """The output of all samples, as the chip has it: codes where it is coded."""
        return self._compute(state, range(len(self.inputs[0])))[-1]

    def distance(self, state: State, samples: int) -> float:
        """How far the output is from golden on the first samples, which are learned from."""
        samples = min(samples, self.size)
        found, wanted = (
            self._compute(state, range(samples))[-1],
            self.task.goals[-1].golden[:samples],
        )
        return float(self._compiled.distance(float32(found), float32(wanted), self._measures[-1]))

    def tune(self, state: State, schedule: Schedule, progress: Callable[[int], None]) -> State:
        """
        Learn, and give the state that was best on what is held back.

        The state given counts too, so that the result is never worse there. Deterministic under
        the seed.
        """
        if self.size < 1 or not self.layers:
            return state
        batch = self.devices.divisible(min(schedule.batch, self.size))
        learned = {number: state[index] for index, number in self._numbers.items()}
        data = [self.devices.everywhere(array[: self.size]) for array in self.inputs]
        goals, taught = list[jax.Array](), list[jax.Array]()
        teacher = self.task.teacher
        if teacher is not None:
            taught = [teacher.parameters[key] for key in teacher.segment.keys]
        else:
            goals = [self.devices.everywhere(goal.golden[: self.size]) for goal in self.task.goals]
        frozen = {number: self._frozen[index] for index, number in self._numbers.items()}
        random = np.random.default_rng(schedule.seed)
        first = self.quality(state)
        best, best_quality, nearest, improved = state, first, first.distance, 0
        moments = OPTIMIZER.init(learned)
        mixed = round(batch * schedule.mixed)
        done, cooling = 0, round((1 - COOLING) * schedule.steps)
        while done < schedule.steps:
            count = min(CHUNK, schedule.steps - done)
            for number in range(done, done + count):
                index = random.integers(0, self.size, batch, dtype=np.int32)
                partner = random.integers(0, self.size, batch, dtype=np.int32)
                share = random.uniform(0.0, 0.5, batch).astype(np.float32)
                share[mixed:] = 0.0
                order = [self.devices.shared(array) for array in (index, partner, share)]
                learned, moments = self._compiled.step(
                    learned, moments, frozen, self._constants, self._measures, data, goals,
                    taught, order, schedule.rate_at(number), np.float32(schedule.gain_rate),
                )  # fmt: skip
            done += count
            now = {index: learned[number] for index, number in self._numbers.items()}
            quality = self.quality(state | now)
            if quality.distance < nearest:
                nearest, improved = quality.distance, done
            if quality.distance < best_quality.distance and quality.is_no_worse_than(first):
                best, best_quality = now, quality
            if done < cooling and done - improved > PATIENCE * schedule.steps:
                count, done = count + cooling - done, cooling
            progress(count)
        return best

    def _compute(self, state: State, samples: range) -> list[Array]:
        learned = {number: state[index] for index, number in self._numbers.items()}
        frozen = {number: self._frozen[index] for index, number in self._numbers.items()}
        parts: list[list[Array]] = []
        for at in range(samples.start, samples.stop, COMPUTED):
            part = slice(at, min(at + COMPUTED, samples.stop))
            batch = [self.devices.shared(array[part]) for array in self.inputs]
            found = self._compiled.outputs(learned, frozen, self._constants, batch)
            values = zip(found, self.task.segment.outputs, strict=True)
            parts.append([compact(np.asarray(array), value) for array, value in values])
        return [np.concatenate(part) for part in zip(*parts, strict=True)]
