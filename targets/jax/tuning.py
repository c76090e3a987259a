"""
Tuning on codes: rounding with straight-through gradients, against the golden network's values.

What is tuned runs through the same evaluator as everything else, so the network that is measured
while it is tuned is, bit for bit, the one that is emitted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, pi
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ...dialects import core_op
from .evaluator import Parameters
from .goals import Goal, Measures, Quality, distance_of, divergence_of, measures_of
from .layers import Frozen, Layer, Trainable, realize
from .segments import COMPUTED, Array, Segment, compact
from .sharding import Devices
from .typed import float32, gradient, update

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

OFFSET_RATE = 0.3
"""Learning rate of an offset, as a part of a weight's."""

DIVERGENCE = 0.3
"""The part that the decision has in what is learned, where spikes are too few for exact numbers."""

GAIN_RATE = 0.02
"""Learning rate of a gain's logarithm, as a part of a weight's."""

State = dict[int, Trainable]
"""What is learned, by the layer's index."""


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


class Teacher(NamedTuple):
    """The golden network as a segment with the same inputs and, in order, the same outputs."""

    segment: Segment
    parameters: Parameters


class Compiled(NamedTuple):
    """The functions of a part, compiled once for all that are alike."""

    outputs: Callable[..., list[jax.Array]]
    distance: Callable[..., jax.Array]
    step: Callable[..., tuple[State, optax.OptState]]


class Part:
    """
    Some layers, the segment they are part of, its inputs and goals.

    `inputs` are values of all samples, as the operations before compute them. The last goal is that
    of the part, others on the way help to learn it. Of the samples the last `validation` are never
    learned from: they decide what is kept.
    """

    def __init__(
        self,
        segment: Segment,
        parameters: Parameters,
        layers: Mapping[int, Layer],
        inputs: Sequence[Array],
        goals: Sequence[Goal],
        validation: int,
        cache: "PartCache",
        teacher: Teacher | None = None,
    ):
        self.segment = segment
        self.layers = layers
        self.goals = goals
        self.teacher = teacher
        self.size = len(inputs[0]) - validation
        self.inputs = inputs
        self.devices = cache.devices
        self._constants = [parameters[key] for key in segment.keys]
        self._frozen = {index: layer.frozen for index, layer in layers.items()}
        self._measures = [
            measures_of(value, goal) for value, goal in zip(segment.outputs, goals, strict=True)
        ]
        self._compiled = cache.compiled(self)
        self._numbers = {index: number for number, index in enumerate(layers)}

    def quality(self, state: State) -> Quality:
        """How far the output is from golden on what is held back."""
        (found,) = self._compute(state, range(self.size, len(self.inputs[0])))[-1:]
        goal = self.goals[-1]
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
        found, wanted = self._compute(state, range(samples))[-1], self.goals[-1].golden[:samples]
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
        if self.teacher is not None:
            taught = [self.teacher.parameters[key] for key in self.teacher.segment.keys]
        else:
            goals = [self.devices.everywhere(goal.golden[: self.size]) for goal in self.goals]
        frozen = {number: self._frozen[index] for index, number in self._numbers.items()}
        random = np.random.default_rng(schedule.seed)
        first = self.quality(state)
        best, best_quality, nearest, improved = state, first, first.distance, 0
        moments = _OPTIMIZER.init(learned)
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
            values = zip(found, self.segment.outputs, strict=True)
            parts.append([compact(np.asarray(array), value) for array, value in values])
        return [np.concatenate(part) for part in zip(*parts, strict=True)]


class PartCache:
    """Compiled parts, by what they compute; and the devices that all run on."""

    def __init__(self, devices: Devices):
        self.devices = devices
        self._compiled: dict[str, Compiled] = {}

    def compiled(self, part: Part) -> Compiled:
        """The functions of `part`, or those of one that is alike."""
        keys = part.segment.keys
        slots = [(*layer.slots(keys), layer.bias_rows) for layer in part.layers.values()]
        kinds = [(goal.decides, goal.order, goal.timed, goal.units) for goal in part.goals]
        taught = part.teacher.segment.signature if part.teacher is not None else ""
        signature = f"{part.segment.signature}\n{slots}\n{kinds}\n{taught}"
        if signature not in self._compiled:
            self._compiled[signature] = _compile(part)
        return self._compiled[signature]


_OPTIMIZER = optax.scale_by_adam()


def _compile(part: Part) -> Compiled:
    segment, layers, teacher = part.segment, list(part.layers.values()), part.teacher
    kinds = [replace(goal, golden=np.zeros(0, np.float32)) for goal in part.goals]
    # All units of a number move with its offset. A layer alone is to repair what its inputs lack as
    # fast as it can; where all layers move, each would shake the others by so many steps at once.
    offset_rates = [
        OFFSET_RATE
        if teacher is None or layer.timed
        else OFFSET_RATE / core_op.units_of(layer.op.result)
        for layer in layers
    ]
    devices = part.devices

    def result(
        state: State, frozen: dict[int, Frozen], constants: list[jax.Array], inputs: list[jax.Array]
    ) -> list[jax.Array]:
        parameters = dict(zip(segment.keys, constants, strict=True))
        for number, layer in enumerate(layers):
            parameters.update(realize(layer, state[number], frozen[number], parameters))
        return segment.run(parameters, [array.astype(jnp.float32) for array in inputs])

    def teach(constants: list[jax.Array], inputs: list[jax.Array]) -> list[jax.Array]:
        assert teacher is not None
        parameters = dict(zip(teacher.segment.keys, constants, strict=True))
        return teacher.segment.run(parameters, inputs)

    outputs = jax.vmap(result, in_axes=(None, None, None, 0))

    def loss(
        state: State, frozen: dict[int, Frozen], constants: list[jax.Array],
        measures: list[Measures], inputs: list[jax.Array], goals: list[jax.Array],
    ) -> jax.Array:  # fmt: skip
        found = outputs(state, frozen, constants, inputs)
        *others, last = [
            distance_of(codes, goal, measure, kind)
            for codes, goal, measure, kind in zip(found, goals, measures, kinds, strict=True)
        ]
        if kinds[-1].decides and kinds[-1].timed:
            last += DIVERGENCE * divergence_of(found[-1], goals[-1], measures[-1], kinds[-1])
        return last + sum(others, jnp.float32(0)) / max(len(others), 1)

    def step(
        state: State, moments: optax.OptState, frozen: dict[int, Frozen],
        constants: list[jax.Array], measures: list[Measures], data: list[jax.Array],
        goals: list[jax.Array], taught: list[jax.Array], order: list[jax.Array], rate: jax.Array,
        gain_rate: jax.Array,
    ) -> tuple[State, optax.OptState]:  # fmt: skip
        index, partner, share = order
        rates = [(1.0, part, gain_rate, OFFSET_RATE) for part in offset_rates]
        inputs = [devices.by_sample(array[index]) for array in data]
        if teacher is None:
            wanted = [devices.by_sample(goal[index]) for goal in goals]
        else:
            inputs = [
                _mixed(x, devices.by_sample(array[partner]), share)
                for x, array in zip(inputs, data, strict=True)
            ]
            wanted = jax.vmap(teach, in_axes=(None, 0))(taught, inputs)
        slope: State = gradient(loss)(state, frozen, constants, measures, inputs, wanted)
        change, moments = update(_OPTIMIZER, slope, moments)
        return {
            number: Trainable(
                *(
                    value - rate * part * moved
                    for value, moved, part in zip(
                        state[number], change[number], rates[number], strict=True
                    )
                )
            )
            for number in state
        }, moments

    def distance(codes: jax.Array, goal: jax.Array, measures: Measures) -> jax.Array:
        return distance_of(codes, goal, measures, kinds[-1])

    compiled = devices.compile
    return Compiled(compiled(outputs), compiled(distance), compiled(step))


def _mixed(x: jax.Array, partner: jax.Array, share: jax.Array) -> jax.Array:
    """A part of another sample added to each: the teacher says what is right there too."""
    share = share.reshape(-1, *[1] * (x.ndim - 1))
    return x * (1 - share) + partner * share
