"""Run a coded network with single causes of error switched off, in one compiled program."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from xdsl.ir import Operation, SSAValue

from ...dialects import core_op
from ...dialects.nn import shape_of
from ..attribution import Distance
from . import arithmetic
from .compare import ValuePair
from .core_op import number_of
from .distance import output_distance
from .evaluator import Evaluator, Parameters, Program, SampleSource, Values
from .network_parts import Part, gives_codes
from .paired_values import as_golden, as_ours, number_shape, numbers_of, with_numbers
from .switches import INTEGER, REAL, RealParameters, SwitchedFunctions, Switches
from .typed import float32, jit
from .windows import materialize

Array = npt.NDArray[np.float32]

LARGEST_BATCH = 16
"""Samples at a time: few, since a case is quickest where its values stay in the caches."""


@dataclass(frozen=True)
class Case:
    """A setting of the switches, see `Switches`; arrays of numbers, not to be written to."""

    rounding: Array
    clipping: Array
    levels: Array
    weights: Array
    constructed: Array
    fed: bool = False

    @staticmethod
    def chip(operations: int, parts: int) -> "Case":
        """Everything as on the chip."""
        ones = np.ones(operations, np.float32)
        return Case(ones, ones, ones, ones * INTEGER, np.ones(parts, np.float32))

    @staticmethod
    def golden(operations: int, parts: int) -> "Case":
        """Nothing at work: the golden network."""
        zeros = np.zeros(operations, np.float32)
        return Case(zeros, zeros, zeros + 1, zeros + REAL, np.zeros(parts, np.float32))

    def switches(self) -> Switches:
        """As the compiled program takes them."""
        return Switches(
            float32(self.rounding),
            float32(self.clipping),
            float32(self.levels),
            float32(self.weights),
            float32(self.constructed),
            float32(self.fed),
        )


@dataclass(frozen=True)
class Measured:
    """
    What a case gave: a number each part, over all samples, and how far the outputs are.

    `error` is error power over signal power, 0 where the golden value is zero. `off_grid` is that
    of the golden value in its code: 0 where the network's own quantizer gives these numbers.
    `mismatch`, the mean distance in codes from the function that a part stands for, is 0 where it
    is exact.
    """

    error: npt.NDArray[np.float64]
    off_grid: npt.NDArray[np.float64]
    mismatch: npt.NDArray[np.float64]
    outputs: Distance


class _Sums(NamedTuple):
    """Over samples: an entry a part, then numbers for the outputs."""

    signal: jax.Array
    error: jax.Array
    off_grid: jax.Array
    mismatch: jax.Array
    distance: jax.Array
    disagreeing: jax.Array
    golden: jax.Array
    golden_squares: jax.Array


class SwitchedNetwork:
    """
    A coded network, its golden one, and a program that runs cases of switches on both.

    `real` holds the weights before rounding, where they are known. With `decisions` the distance
    of outputs is that of what a softmax makes of them.
    """

    def __init__(
        self,
        ours: Evaluator,
        golden: Evaluator,
        parts: Sequence[Part],
        output: ValuePair,
        real: Mapping[Operation, tuple[Array, Array]],
        *,
        decisions: bool,
    ):
        self.ours = ours
        self.golden = golden
        self.parts = parts
        self.output = output
        self.decisions = decisions
        self.operations = [op for op in ours.program.operations if gives_codes(op)]
        self.places: dict[Operation, int] = {op: at for at, op in enumerate(self.operations)}
        self.real = {
            self.places[op]: RealParameters(float32(weight), float32(bias))
            for op, (weight, bias) in real.items()
        }
        self._pairs = [part.pair for part in parts if part.pair is not None]
        self._segments = list(_segments(ours.program, {part.value: part for part in parts}))
        self._exact = {part.value: golden.program.part(part.exact) for part in parts if part.exact}
        self._run: Callable[..., _Sums] = jit(self._batch)

    def measure(
        self,
        samples: SampleSource,
        cases: Sequence[Case],
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[Measured]:
        """Run each case on all samples; `progress` is told the runs of a batch that are done."""
        wanted = [pair.golden for pair in (*self._pairs, self.output)]
        self.golden.batch_size = min(LARGEST_BATCH, self.golden.batch_size, self.ours.batch_size)
        size = min(self.golden.batch_size, len(samples))
        switches = [case.switches() for case in cases]
        sums: list[list[npt.NDArray[np.float64]]] = [[] for _ in cases]
        start, done, total = 0, 0, len(cases) * -(-len(samples) // size)
        for count, values in self.golden.batches(wanted, samples):
            inputs = np.asarray(samples[start : start + count], np.float32)
            aligned = [
                np.asarray(pair.align(array), np.float32).reshape(count, *_shape_of_numbers(pair))
                for pair, array in zip((*self._pairs, self.output), values, strict=True)
            ]
            filled = [float32(_filled(array, size)) for array in (inputs, *aligned)]
            valid = float32(np.arange(size) < count)
            for gathered, switch in zip(sums, switches, strict=True):
                found = self._run(
                    self.ours.parameters, self.golden.parameters, self.real, switch, filled, valid
                )
                flat = [np.asarray(field, np.float64).reshape(-1) for field in found]
                gathered.append(np.concatenate(flat))
                done += 1
                progress(done, total)
            start += count
        return [self._measured(np.sum(gathered, axis=0), start) for gathered in sums]

    def _measured(self, sums: npt.NDArray[np.float64], samples: int) -> Measured:
        fields = np.split(sums[: 4 * len(self.parts)], 4)
        signal, error, off_grid, mismatch = fields
        distance, disagreeing, golden, golden_squares = sums[4 * len(self.parts) :]
        # Nothing is relative to a golden value that is zero throughout.
        power = np.where(signal > 0, signal, np.inf)
        sizes = [np.prod(shape_of(p.value)) / p.units * samples for p in self.parts]
        if self.decisions:
            outputs = Distance(float(distance / samples), float(disagreeing / samples))
        else:
            count = samples * float(np.prod(shape_of(self.output.golden)))
            variance = golden_squares / count - (golden / count) ** 2
            outputs = Distance(float(distance / samples / max(variance, 1e-12)), None)
        return Measured(error / power, off_grid / power, mismatch / np.array(sizes), outputs)

    def _batch(
        self,
        parameters: Parameters,
        golden_parameters: Parameters,
        real: Mapping[int, RealParameters],
        switches: Switches,
        arrays: Sequence[jax.Array],
        valid: jax.Array,
    ) -> _Sums:
        def one_sample(values: Sequence[jax.Array]) -> _Sums:
            return self._sample(parameters, golden_parameters, real, switches, values)

        sums = jax.vmap(one_sample)(arrays)
        return _Sums(*(jnp.sum(field.T * valid, axis=-1) for field in sums))

    def _sample(
        self,
        parameters: Parameters,
        golden_parameters: Parameters,
        real: Mapping[int, RealParameters],
        switches: Switches,
        arrays: Sequence[jax.Array],
    ) -> _Sums:
        functions = SwitchedFunctions(self.places, real, switches)
        argument, *golden = arrays
        wanted = {pair.value: array for pair, array in zip(self._pairs, golden, strict=False)}
        values: Values = {self.ours.arguments[0]: argument}
        rows: list[tuple[jax.Array, ...]] = []
        for program, part in self._segments:
            program.run(parameters, values, functions)
            if part is None:
                continue
            value, code, units = materialize(values[part.value]), part.code, part.units
            found, number = numbers_of(value, units), self.parts.index(part)
            if part.pair is None:
                assert isinstance(part.signal[0], core_op.EncodeOp)
                source = materialize(values[part.signal[0].input])
                goal = _steps(source, code).reshape(found.shape)
            else:
                goal = _steps(wanted[part.value], code)
            mismatch = float32(0)
            if part.exact:
                exact = self._exact_value(part, golden_parameters, values)
                switch = functions.switch_of(self.places[part.signal[0]])
                exact = arithmetic.switched_encode(exact, code, switch)
                mismatch = jnp.sum(jnp.abs(found - exact))
                found = jnp.where(switches.constructed[number] > 0, found, exact)
            on_grid = jnp.clip(jnp.round(goal), 0, code.largest)
            signal = jnp.sum(jnp.square(goal - code.zero.data))
            squares = [jnp.sum(jnp.square(other - goal)) for other in (found, on_grid)]
            rows.append((signal, *squares, mismatch))
            chosen = jnp.where(switches.fed > 0, goal, found)
            values[part.value] = with_numbers(value, chosen, units)
        given = _real(self.output, values)
        parts = [jnp.stack(column) for column in zip(*rows, strict=True)]
        return _Sums(*parts, *self._output_sums(given.reshape(-1), golden[-1].reshape(-1)))

    def _output_sums(self, given: jax.Array, wanted: jax.Array) -> tuple[jax.Array, ...]:
        distance = output_distance(given, wanted, decides=self.decisions)
        differs = (jnp.argmax(given) != jnp.argmax(wanted)).astype(jnp.float32)
        return distance, differs, jnp.sum(wanted), jnp.sum(jnp.square(wanted))

    def _exact_value(self, part: Part, parameters: Parameters, values: Values) -> jax.Array:
        """What golden operations make of the part's inputs, in the layout of its value."""
        known: Values = {
            pair.golden: as_golden(pair, _real(pair, values)) for pair in part.exact_inputs
        }
        self._exact[part.value].run(parameters, known)
        assert part.pair is not None
        return as_ours(part.pair, materialize(known[part.pair.golden]))


def _segments(
    program: Program, parts: Mapping[SSAValue, Part]
) -> Iterator[tuple[Program, Part | None]]:
    """The operations in order, cut behind each part's value."""
    pending: list[Operation] = []
    for op in program.operations:
        pending.append(op)
        part = parts.get(op.results[0]) if op.results else None
        if part is not None:
            yield program.part(pending), part
            pending = []
    if pending:
        yield program.part(pending), None


def _shape_of_numbers(pair: ValuePair) -> tuple[int, ...]:
    return number_shape(shape_of(pair.value), pair.units[0])


def _real(pair: ValuePair, values: Values) -> jax.Array:
    """The real numbers that the value of `pair` stands for."""
    units, code = pair.units[0], core_op.code_of(pair.value)
    numbers = numbers_of(materialize(values[pair.value]), units)
    return numbers if code is None else arithmetic.decode(numbers, number_of(code, units))


def _steps(real: jax.Array, code: core_op.CodeType) -> jax.Array:
    """Real numbers as codes that are neither rounded nor clipped."""
    return real * arithmetic.inverse_scale(code) + code.zero.data


def _filled(array: Array, size: int) -> Array:
    """As many samples as all batches have; what is added counts for nothing."""
    return np.pad(array, [(0, size - len(array))] + [(0, 0)] * (array.ndim - 1), mode="edge")
