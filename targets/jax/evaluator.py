"""Run a function of any level on data. Every level runs here, so any two can be compared."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Protocol

import jax
import numpy as np
import numpy.typing as npt
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp
from xdsl.interpreter import Interpreter, InterpreterFunctions, impl, register_impls
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import InterpretationError

from ...dialects import core_op, trained
from ...dialects.nn import shape_of
from ...dialects.support.errors import CorelowerError, OperationError
from ...dialects.support.functions import find_function as find_function
from ...dialects.support.provenance import golden_name
from . import arithmetic
from .core_op import CoreOpFunctions
from .nn import NN_FUNCTIONS
from .prime import PrimeFunctions
from .spikes import SpikeFunctions, counts_of, fires_at_any_tick
from .tianji import TianjiFunctions, TianjiSpikeFunctions
from .typed import float32, jit, to_device
from .windows import LazyInput, materialize

FloatArray = npt.NDArray[np.float32]
Parameters = Mapping[str, jax.Array]
Values = dict[SSAValue, jax.Array | LazyInput]
Progress = Callable[[int, int], None]
"""Called with the samples done and all samples."""

BATCH_BYTES = 256 << 20
"""What the largest value of a batch may take; the default batch follows from it."""

LARGEST_BATCH = 512


class SampleSource(Protocol):
    """Samples by slices: an array, or data that is converted when it is sliced."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice, /) -> npt.NDArray[np.generic]: ...


@register_impls
class TrainedFunctions(InterpreterFunctions):
    """Trained tensors are parameters, so that they can be traced, and replaced."""

    def __init__(self, keys: Mapping[Operation, str], parameters: Parameters):
        self.keys = keys
        self.parameters = parameters

    @impl(trained.TensorOp)
    def tensor(
        self, interpreter: Interpreter, op: trained.TensorOp, args: tuple[()]
    ) -> tuple[jax.Array]:
        return (self.parameters[self.keys[op]],)


class Program:
    """
    Operations in order, as a JAX-traceable function on one sample.

    `parameters` holds the trained tensors by key, `keys` the key of each `trained.tensor`. Where it
    is `timed`, values that are counted in ticks are trains of spikes, see `spikes.py`; otherwise
    they are numbers of spikes. That is the default where neurons do not fire at any tick.
    """

    def __init__(self, operations: Iterable[Operation], timed: bool | None = None):
        self.operations = [op for op in operations if not isinstance(op, func.ReturnOp)]
        self.timed = fires_at_any_tick(self.operations) if timed is None else timed
        constants = [op for op in self.operations if isinstance(op, trained.TensorOp)]
        self.keys: dict[Operation, str] = {op: f"{i:04}" for i, op in enumerate(constants)}
        self.constants = {self.keys[op]: op for op in constants}

    def part(self, operations: Iterable[Operation]) -> "Program":
        """Some of the operations, with the same keys."""
        part = Program(operations, self.timed)
        part.keys = self.keys
        part.constants = {self.keys[op]: op for op in part.constants.values()}
        return part

    def load_parameters(self) -> dict[str, jax.Array]:
        """The trained tensors on the device. Equal ones are one array."""
        arrays: dict[int, jax.Array] = {}
        loaded: dict[str, jax.Array] = {}
        for key, op in self.constants.items():
            array = op.data.array
            if id(array) not in arrays:
                arrays[id(array)] = to_device(array)
            loaded[key] = arrays[id(array)]
        return loaded

    def run(
        self,
        parameters: Parameters,
        values: dict[SSAValue, jax.Array | LazyInput],
        overriding: InterpreterFunctions | None = None,
    ) -> None:
        """
        Run every operation, and add what it computes to `values`.

        `values` holds what the operations use and do not define. Trace this with `jax.jit`; the
        arrays are those of one sample, so map over a batch with `jax.vmap`. `overriding` gives
        operations another meaning than their own.
        """
        interpreter = Interpreter(ModuleOp([]))
        interpreter.register_implementations(TrainedFunctions(self.keys, parameters))
        coded = SpikeFunctions if self.timed else CoreOpFunctions
        cores = TianjiSpikeFunctions if self.timed else TianjiFunctions
        for functions in (*NN_FUNCTIONS, coded, PrimeFunctions, cores):
            interpreter.register_implementations(functions())
        if overriding is not None:
            interpreter.register_implementations(overriding, override=True)
        for op in self.operations:
            try:
                results = interpreter.run_op(op, tuple(values[operand] for operand in op.operands))
            except InterpretationError as error:
                raise OperationError(op, f"cannot be evaluated: {error}") from error
            values.update(zip(op.results, results, strict=True))


class Evaluator:
    """
    A function of the IR, compiled for batches.

    `inputs` and `outputs` of every call have a leading batch axis. Coded values come out as the
    real numbers that they stand for, unless `codes` are asked for. `timed` is that of a `Program`.
    """

    def __init__(
        self, function: func.FuncOp, batch_size: int | None = None, timed: bool | None = None
    ):
        self.function = function
        block = function.body.block
        self.program = Program(block.ops, timed)
        self.arguments = tuple(block.args)
        returned = block.last_op
        if not isinstance(returned, func.ReturnOp):
            raise OperationError(function, "the function has no func.return")
        self.returned = tuple(returned.arguments)
        self.parameters: Parameters = self.program.load_parameters()
        self.batch_size = batch_size or self._default_batch()
        self._compiled: dict[tuple[SSAValue, ...], Callable[..., tuple[jax.Array, ...]]] = {}

    def run(
        self, *inputs: SampleSource, progress: Progress | None = None
    ) -> tuple[npt.NDArray[np.generic], ...]:
        """The function's results on a batch, each with the batch as its first axis."""
        return self.values(self.returned, *inputs, progress=progress)

    def values(
        self,
        wanted: Sequence[SSAValue],
        *inputs: SampleSource,
        codes: bool = False,
        progress: Progress | None = None,
    ) -> tuple[npt.NDArray[np.generic], ...]:
        """Any of the function's values on a batch; with `codes`, coded ones as codes."""
        results: list[list[npt.NDArray[np.generic]]] = [[] for _ in wanted]
        done = 0
        for count, batch in self.batches(wanted, *inputs, codes=codes):
            for kept, value in zip(results, batch, strict=True):
                kept.append(value)
            done += count
            if progress is not None:
                progress(done, len(inputs[0]))
        return tuple(np.concatenate(parts) for parts in results)

    def batches(
        self, wanted: Sequence[SSAValue], *inputs: SampleSource, codes: bool = False
    ) -> Iterator[tuple[int, tuple[npt.NDArray[np.generic], ...]]]:
        """As `values`, but batch by batch: the samples in each, and their values."""
        self._check(inputs)
        total = len(inputs[0])
        compiled = self._compile(tuple(wanted))
        for start in range(0, total, self.batch_size):
            batch = [array[start : start + self.batch_size] for array in inputs]
            count = len(batch[0])
            # One batch size means one compilation: the last batch is filled up, and cut again.
            short = min(total, self.batch_size) - count
            padded = [np.pad(array, [(0, short)] + [(0, 0)] * (array.ndim - 1)) for array in batch]
            values = [np.asarray(v)[:count] for v in compiled(self.parameters, *padded)]
            if not codes:
                values = [_to_real(array, v) for array, v in zip(values, wanted, strict=True)]
            yield count, tuple(values)

    def named_values(self) -> dict[str, tuple[Operation, SSAValue]]:
        """Every value that stands for a golden one, by the golden one's name."""
        return {
            name: (op, op.results[0])
            for op in self.program.operations
            if (name := golden_name(op)) is not None
        }

    def _compile(self, wanted: tuple[SSAValue, ...]) -> Callable[..., tuple[jax.Array, ...]]:
        if wanted not in self._compiled:

            def one_sample(parameters: Parameters, *inputs: jax.Array) -> tuple[jax.Array, ...]:
                arguments = [float32(value) for value in inputs]
                values: Values = dict(zip(self.arguments, arguments, strict=True))
                self.program.run(parameters, values)
                found = [(value, materialize(values[value])) for value in wanted]
                if not self.program.timed:
                    return tuple(array for _, array in found)
                return tuple(counts_of(array, value) for value, array in found)

            axes = (None, *[0] * len(self.arguments))
            self._compiled[wanted] = jit(jax.vmap(one_sample, in_axes=axes))
        return self._compiled[wanted]

    def _check(self, inputs: Sequence[SampleSource]) -> None:
        name = self.function.sym_name.data
        if len(inputs) != len(self.arguments):
            raise CorelowerError(
                f"@{name} takes {len(self.arguments)} inputs, {len(inputs)} were given"
            )
        if not inputs:
            raise CorelowerError(f"@{name} takes no inputs: there is no batch to run it on")
        for argument, array in zip(self.arguments, inputs, strict=True):
            expected = shape_of(argument)
            if array.shape[1:] != expected:
                raise CorelowerError(
                    f"@{name} takes samples of shape {list(expected)}, "
                    f"the data has {list(array.shape[1:])} (batch axis left out)"
                )
            if len(array) != len(inputs[0]):
                raise CorelowerError("the inputs have different numbers of samples")
        if not len(inputs[0]):
            raise CorelowerError("the data has no samples")

    def _default_batch(self) -> int:
        sizes = [
            4 * prod(shape_of(result)) * (core_op.ticks_of(result) if self.program.timed else 1)
            for op in self.program.operations
            if not isinstance(op, trained.TensorOp)
            for result in op.results
        ]
        return max(1, min(LARGEST_BATCH, BATCH_BYTES // max([1, *sizes])))


def _to_real(array: npt.NDArray[np.generic], value: SSAValue) -> npt.NDArray[np.generic]:
    code = core_op.code_of(value)
    return array if code is None else np.asarray(arithmetic.decode(float32(array), code))
