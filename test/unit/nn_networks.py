"""Builds small `nn` networks with random weights, and compares what two of them compute."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import Builtin, ModuleOp, TensorType, f32
from xdsl.dialects.func import Func, FuncOp, ReturnOp
from xdsl.ir import Block, Operation, Region, SSAValue

from corelower.dialects.core_op import CoreOp
from corelower.dialects.nn import Nn, NnOperation
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.trained import TensorOp, Trained
from corelower.passes.pipelines import PIPELINES
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.tools.ir_files import make_context
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

FloatArray = npt.NDArray[np.float32]


def context() -> CorelowerContext:
    """A context with the dialects that an `nn` network needs."""
    ctx = CorelowerContext()
    for dialect in (Builtin, Func, Nn, Trained, CoreOp):
        ctx.load_dialect(dialect)
    return ctx


class Network:
    """A function `@main` of one value, written operation by operation."""

    def __init__(self, shape: Sequence[int], seed: int = 0):
        self.random = np.random.default_rng(seed)
        self.shape = tuple(shape)
        self.block = Block(arg_types=[TensorType(f32, shape)])
        self.input: SSAValue = self.block.args[0]

    def constant(self, *shape: int, positive: bool = False) -> SSAValue:
        """A random trained tensor."""
        values = self.random.standard_normal(shape)
        return self.tensor(np.abs(values) + 0.1 if positive else values)

    def tensor(self, values: npt.ArrayLike) -> SSAValue:
        """A trained tensor of these numbers."""
        return self._add(TensorOp(np.asarray(values, np.float32))).results[0]

    def op(self, op: NnOperation) -> SSAValue:
        """The result of an operation."""
        return self._add(op).results[0]

    def returning(self, *values: SSAValue) -> ModuleOp:
        """The module; the network is finished."""
        self.block.add_op(ReturnOp(*values))
        types = [value.type for value in values]
        function = FuncOp("main", (list(self.block.arg_types), types), Region(self.block))
        module = ModuleOp([function])
        module.verify()
        return module

    def samples(self, count: int = 3) -> FloatArray:
        """Random inputs, a sample a row."""
        return self.random.standard_normal((count, *self.shape)).astype(np.float32)

    def _add(self, op: Operation) -> Operation:
        self.block.add_op(op)
        return op


def results(module: ModuleOp, samples: FloatArray, name: str = "main") -> list[FloatArray]:
    """What a function of the module computes on a batch."""
    outputs = Evaluator(find_function(module, name)).run(samples)
    return [np.asarray(output, np.float32) for output in outputs]


def assert_same(
    before: Sequence[FloatArray], after: Sequence[FloatArray], tolerance: float = 1e-5
) -> None:
    """Assert that results agree, relative to the largest of each."""
    assert len(before) == len(after)
    for expected, actual in zip(before, after, strict=True):
        assert expected.shape == actual.shape
        limit = tolerance * max(1.0, float(np.abs(expected).max()))
        assert float(np.abs(expected - actual).max()) <= limit


def names(module: ModuleOp) -> list[str]:
    """The names of the operations of `@main`, constants left out."""
    function = find_function(module)
    return [op.name for op in function.body.block.ops if not isinstance(op, TensorOp | ReturnOp)]


def run_passes(module: ModuleOp, pipeline: str) -> list[str]:
    """Run passes, and verify after each; the remarks."""
    ctx = make_context()
    for one in build_passes(pipeline, full_universe().all_passes, PIPELINES):
        one.apply(ctx, module)
        module.verify()
    return ctx.remarks
