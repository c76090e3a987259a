"""
Tuning on codes: rounding with straight-through gradients, against the golden network's values.

What is tuned runs through the same evaluator as everything else, so the network that is measured
while it is tuned is, bit for bit, the one that is emitted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
from xdsl.ir import Operation, SSAValue

from ...dialects import core_op
from ...dialects.support.target import Target
from ..unit_offsets import unit_offsets, unit_shares
from . import arithmetic
from .evaluator import Parameters, Program, Values
from .typed import float32, full_like, gradient, jit, update, zeros
from .windows import materialize

Array = npt.NDArray[np.float32]

COMPUTED = 256
"""Samples at a time where nothing is learned."""

CHUNK = 20
"""Steps between two looks at the validation samples."""


OFFSET_RATE = 0.3
"""Learning rate of an offset, as a part of a weight's."""

GAIN_RATE = 0.02
"""Learning rate of a gain's logarithm, as a part of a weight's."""


class Trainable(NamedTuple):
    """
    What is learned of one dot product.

    `weight` in steps of the integer weight; `offset`, the bias without the input's zero point, in
    steps of the output's code; `gain`, the logarithm of the factor on the gain.
    """

    weight: jax.Array
    offset: jax.Array
    gain: jax.Array


@dataclass(frozen=True)
class Layer:
    """
    A quantised dot product, and the keys of its parameters in a `Program`.

    Of a result of several units the gain is that of one, and offsets leave the bias less room.
    """

    op: core_op.VmmOp
    weight: str
    bias: str | None
    gain: str
    zero: int
    target: Target

    def start(self, parameters: Parameters, real_weight: Array | None) -> Trainable:
        """The point at which tuning starts: the weights before rounding, where they are known."""
        weight = np.asarray(parameters[self.weight], np.float32)
        gain = np.asarray(parameters[self.gain], np.float32)
        offset = np.zeros((len(gain), weight.shape[2]), np.float32)
        if self.bias is not None:
            bias = np.asarray(parameters[self.bias], np.float32)
            offset = (bias + self.zero * weight.sum(axis=1)) * gain.reshape(len(gain), -1)
        if real_weight is None:
            # Which zeros are real ones is not known: none is, see `_keep_zeros`.
            weight = np.where(weight == 0, np.float32(1e-6), weight)
        else:
            # Never further from the integers than rounding can have moved them.
            weight = np.clip(real_weight, weight - 0.499, weight + 0.499)
        return Trainable(float32(weight), float32(offset), zeros(gain.shape))

    def realize(self, trained: Trainable, parameters: Parameters) -> dict[str, jax.Array]:
        """The integers and gains that `trained` stands for, with straight-through gradients."""
        low, high = self.target.weights
        weight = jnp.clip(arithmetic.round_through(_keep_zeros(trained.weight)), low, high)
        gain = parameters[self.gain] * jnp.exp(trained.gain)
        limit, units = self.target.largest_bias, core_op.units_of(self.op.result)
        room = limit
        if units > 1:
            # With a smaller gain the offsets alone would exceed the bias that the target holds.
            widest = np.abs(unit_shares(units, self.target.rounding)).max()
            gain = jnp.maximum(gain, widest / np.float32(max(limit, 1)))
            fixed = jax.lax.stop_gradient(_by_neuron(gain))
            room = limit - jnp.abs(unit_offsets(fixed, units, self.target.rounding)).max(axis=-1)
        realized = {self.weight: weight, self.gain: gain}
        if self.bias is not None:
            exact = trained.offset / _by_neuron(parameters[self.gain])
            exact = exact - self.zero * weight.sum(axis=1)
            realized[self.bias] = jnp.clip(arithmetic.round_through(exact), -room, room)
        return realized


def _keep_zeros(weight: jax.Array) -> jax.Array:
    """Weights of which those that are zero get no gradient: what is packed beside each other."""
    return jnp.where(weight == 0, 0.0, weight)


State = dict[int, Trainable]
"""What is learned, by the layer's index."""


class Phase:
    """
    One phase of tuning: some layers, the operations they are part of, inputs and a goal.

    `inputs` are values of all samples, as the operations before compute them, and `golden` is what
    the `output` ought to be; both have a leading axis of samples. Of these the last `validation`
    are never learned from: they decide what is kept.
    """

    def __init__(
        self,
        program: Program,
        parameters: Parameters,
        layers: Mapping[int, Layer],
        inputs: Mapping[SSAValue, npt.NDArray[np.generic]],
        output: SSAValue,
        golden: Array,
        validation: int,
        decisions: bool,
    ):
        self.program = program
        self.parameters = parameters
        self.layers = layers
        self.output = output
        self.code = core_op.code_of(output)
        self.names = list(inputs)
        self.decisions = decisions
        self.size = len(golden) - validation
        self.inputs = [np.asarray(array, np.float32) for array in inputs.values()]
        self.golden = golden
        self.variance = max(float(np.var(golden)), 1e-12)
        self._codes = jit(jax.vmap(self._result, in_axes=(None, 0)))
        self._measure = jit(self._distance)

    def quality(self, state: State) -> tuple[float, float]:
        """(distance, see `_distance`; disagreeing decisions) on what is held back."""
        found, wanted = self._compute(state, self.size), self.golden[self.size :]
        distance = float(self._measure(float32(found), float32(wanted)))
        if not self.decisions:
            return distance, 0.0
        flat = (len(found), -1)
        agreed = np.argmax(found.reshape(flat), axis=1) == np.argmax(wanted.reshape(flat), axis=1)
        return distance, 1 - np.count_nonzero(agreed) / len(found)

    def compute(self, state: State) -> Array:
        """The output of all samples, as the chip has it: codes where it is coded."""
        return self._compute(state, 0)

    def tune(
        self,
        state: State,
        steps: int,
        rate: float,
        batch: int,
        seed: int,
        progress: Callable[[int], None],
    ) -> State:
        """
        Learn for `steps` steps of `batch` samples; the state that was best on what is held back.

        The state given counts too, so that the result is never worse there. Deterministic under
        `seed`.
        """
        if self.size < 1 or not self.layers:
            return state
        batch = min(batch, self.size)
        schedule = optax.cosine_decay_schedule(rate, steps, alpha=0.05)
        optimizer = optax.adam(schedule)
        scale = {
            key: Trainable(
                full_like(one.weight, 1),
                full_like(one.offset, OFFSET_RATE),
                full_like(one.gain, GAIN_RATE),
            )
            for key, one in state.items()
        }
        inputs = [float32(array[: self.size]) for array in self.inputs]
        golden = float32(self.golden[: self.size])

        # A step a call, not `lax.scan`: inside a loop XLA's CPU backend runs convolutions on one
        # thread and without its fast kernels, five times slower.
        @jit
        def step(
            state: State, moments: optax.OptState, index: jax.Array
        ) -> tuple[State, optax.OptState]:
            chosen = [array[index] for array in inputs]
            slope: State = gradient(self._loss)(state, chosen, golden[index])
            change, moments = update(optimizer, slope, moments)
            return jax.tree.map(_step, state, change, scale), moments

        random = np.random.default_rng(seed)
        best, best_quality = state, self.quality(state)
        moments = optimizer.init(state)
        for done in range(0, steps, CHUNK):
            count = min(CHUNK, steps - done)
            for index in random.integers(0, self.size, (count, batch), dtype=np.int32):
                state, moments = step(state, moments, index)
            quality = self.quality(state)
            if quality[0] < best_quality[0] and quality[1] <= best_quality[1]:
                best, best_quality = state, quality
            progress(count)
        return best

    def _compute(self, state: State, first: int) -> Array:
        parts: list[Array] = []
        for at in range(first, len(self.golden), COMPUTED):
            batch = [float32(array[at : at + COMPUTED]) for array in self.inputs]
            parts.append(np.asarray(self._codes(state, batch)))
        return np.concatenate(parts)

    def _real(self, result: jax.Array) -> jax.Array:
        return result if self.code is None else arithmetic.decode(result, self.code)

    def _result(self, state: State, inputs: Sequence[jax.Array]) -> jax.Array:
        parameters = dict(self.parameters)
        for key, layer in self.layers.items():
            parameters.update(layer.realize(state[key], self.parameters))
        values: Values = dict(zip(self.names, inputs, strict=True))
        self.program.run(parameters, values)
        return materialize(values[self.output])

    def _loss(self, state: State, inputs: list[jax.Array], golden: jax.Array) -> jax.Array:
        return self._distance(jax.vmap(self._result, in_axes=(None, 0))(state, inputs), golden)

    def _distance(self, codes: jax.Array, golden: jax.Array) -> jax.Array:
        """
        Of results, as the chip has them, from golden values.

        Mean squared error over the golden variance, or for decisions the mean Kullback-Leibler
        divergence of the softmax.
        """
        found = self._real(codes)
        if not self.decisions:
            return jnp.mean(jnp.square(found - golden)) / self.variance
        flat = (len(golden), -1)
        wanted = jax.nn.log_softmax(golden.reshape(flat))
        given = jax.nn.log_softmax(found.reshape(flat))
        return jnp.mean(jnp.sum(jnp.exp(wanted) * (wanted - given), axis=1))


def slice_operations(
    output: SSAValue, available: set[SSAValue]
) -> tuple[list[Operation], list[SSAValue]]:
    """What computes `output` from `available` values, in order, and which of these it uses."""
    wanted, seen, used = [output], set[Operation](), dict[SSAValue, None]()
    while wanted:
        value = wanted.pop()
        if value in available:
            used[value] = None
            continue
        op = value.owner
        assert isinstance(op, Operation)
        if op not in seen:
            seen.add(op)
            wanted.extend(op.operands)
    block = next(iter(seen)).parent_block() if seen else None
    ordered = [op for op in block.ops if op in seen] if block is not None else []
    return ordered, list(used)


def _step(value: jax.Array, change: jax.Array, rate: jax.Array) -> jax.Array:
    return value + change * rate


def _by_neuron(gain: jax.Array) -> jax.Array:
    return gain if gain.ndim == 2 else gain[:, None]
