"""What a part computes while it is tuned, compiled once for all parts that are alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ...dialects import core_op
from .evaluator import Parameters
from .goals import Goal, Measures, distance_of, divergence_of
from .layers import Frozen, Layer, Trainable, realize
from .segments import Segment
from .sharding import Devices
from .typed import gradient, update

OFFSET_RATE = 0.3
"""Learning rate of an offset, as a part of a weight's."""

DIVERGENCE = 0.3
"""The part that the decision has in what is learned, where spikes are too few for exact numbers."""

OPTIMIZER = optax.scale_by_adam()
"""Whose moments a step takes and gives."""

State = dict[int, Trainable]
"""What is learned, by the layer's index."""


class Teacher(NamedTuple):
    """The golden network as a segment with the same inputs and, in order, the same outputs."""

    segment: Segment
    parameters: Parameters


class Task(NamedTuple):
    """
    What is learned: the layers in a segment, with a goal for each of its outputs.

    The last goal is what counts, others on the way help to learn it.
    """

    segment: Segment
    layers: Mapping[int, Layer]
    goals: Sequence[Goal]
    teacher: Teacher | None = None


class Compiled(NamedTuple):
    """The functions of a part, compiled once for all that are alike."""

    outputs: Callable[..., list[jax.Array]]
    distance: Callable[..., jax.Array]
    step: Callable[..., tuple[State, optax.OptState]]


class PartCache:
    """Compiled parts, by what they compute; and the devices that all run on."""

    def __init__(self, devices: Devices):
        self.devices = devices
        self._compiled: dict[str, Compiled] = {}

    def compiled(self, task: Task) -> Compiled:
        """The functions of `task`, or those of one that is alike."""
        keys = task.segment.keys
        slots = [(*layer.slots(keys), layer.bias_rows) for layer in task.layers.values()]
        kinds = [(goal.decides, goal.order, goal.timed, goal.units) for goal in task.goals]
        taught = task.teacher.segment.signature if task.teacher is not None else ""
        signature = f"{task.segment.signature}\n{slots}\n{kinds}\n{taught}"
        if signature not in self._compiled:
            self._compiled[signature] = _compile(task, self.devices)
        return self._compiled[signature]


def _compile(task: Task, devices: Devices) -> Compiled:
    segment, layers, teacher = task.segment, list(task.layers.values()), task.teacher
    kinds = [replace(goal, golden=np.zeros(0, np.float32)) for goal in task.goals]
    # All units of a number move with its offset. A layer alone is to repair what its inputs lack as
    # fast as it can; where all layers move, each would shake the others by so many steps at once.
    offset_rates = [
        OFFSET_RATE
        if teacher is None or layer.timed
        else OFFSET_RATE / core_op.units_of(layer.op.result)
        for layer in layers
    ]

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
        change, moments = update(OPTIMIZER, slope, moments)
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
