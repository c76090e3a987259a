"""How tuning cuts a network into parts: compiled once where alike, and blocks as wholes."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from nn_networks import Network, context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from corelower.dialects import core_op, nn, trained
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.provenance import set_golden
from corelower.dialects.support.samples import Samples
from corelower.dialects.support.target import Target
from corelower.passes.core_op_tune import CoreOpTune, Method
from corelower.passes.pipelines import PIPELINES
from corelower.passes.weight_units import row_units
from corelower.targets.jax.compiled_parts import PartCache, Task
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.targets.jax.goals import Goal
from corelower.targets.jax.layers import Layer
from corelower.targets.jax.segments import Segment, Segments, Stream, segment_of
from corelower.targets.jax.sharding import Devices
from corelower.targets.jax.tuning import Part
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

FloatArray = npt.NDArray[np.float32]
CHIP = Target("chip", fan_in=26, fan_out=16, signal_bits=4, weights=(-3, 3), bias_bits=16)


class Layers(Network):
    """Dense layers whose values have golden names."""

    def dense(self, value: SSAValue, outputs: int, name: str = "") -> SSAValue:
        (inputs,) = nn.shape_of(value)
        weight = self.tensor(self.random.standard_normal((inputs, outputs)) / np.sqrt(inputs))
        return self.named(nn.DenseOp(value, weight, self.constant(outputs)), name)

    def relu(self, value: SSAValue, name: str = "") -> SSAValue:
        return self.named(nn.ReluOp(value), name)

    def named(self, op: nn.NnOperation, name: str) -> SSAValue:
        if name:
            set_golden(op, name)
        return self.op(op)


class Quantized(NamedTuple):
    module: ModuleOp
    ctx: CorelowerContext
    samples: FloatArray


def quantized(net: Network, *results: SSAValue) -> Quantized:
    """The network with 3-bit weights between 4-bit codes."""
    module, samples = net.returning(*results), net.samples(200)
    core_op.set_target(module, CHIP)
    ctx = context()
    ctx.calibration = Samples(samples)
    options = "{output=values}"
    passes = (
        f"nn-keep-golden,convert-nn-to-core-op,canonicalize,core-op-calibrate{options},"
        "core-op-reencode,core-op-quantize-weights{keep-real}"
    )
    for one in build_passes(passes, full_universe().all_passes, PIPELINES):
        one.apply(ctx, module)
    return Quantized(module, ctx, samples)


def residual_block() -> Quantized:
    net = Layers((8,), 1)
    first = net.relu(net.dense(net.input, 12), "first")
    inner = net.relu(net.dense(first, 12), "inner")
    outer = net.dense(inner, 12, "outer")
    total = net.relu(net.op(nn.AddOp(first, outer)), "total")
    return quantized(net, net.dense(total, 4, "y"))


def weights(module: ModuleOp) -> dict[str, npt.NDArray[np.generic]]:
    """The integer weights of the dot products behind golden values, by the values' names."""
    found: dict[str, npt.NDArray[np.generic]] = {}
    for name, (op, _) in Evaluator(find_function(module)).named_values().items():
        product: Operation = op
        while not isinstance(product, core_op.VmmOp):
            owner = product.operands[0].owner
            assert isinstance(owner, Operation)
            product = owner
        data = trained.constant_of(product.weight)
        assert data is not None
        found[name] = data.array
    return found


def golden_error(module: ModuleOp, samples: FloatArray) -> float:
    values = [Evaluator(find_function(module, f)).run(samples)[0] for f in ("main", "main_golden")]
    ours, golden = (np.asarray(value, np.float32) for value in values)
    return float(np.mean(np.square(ours - golden)))


# --- blocks --------------------------------------------------------------------------------------


def test_a_residual_block_is_tuned_as_a_whole() -> None:
    module, ctx, samples = residual_block()
    before, error = weights(module), golden_error(module, samples)
    told: list[tuple[int, int]] = []
    ctx.progress = lambda _, done, total: told.append((done, total))
    blockwise: tuple[Method, ...] = ("blockwise",)
    CoreOpTune(method=blockwise, steps=100, output="values").apply(ctx, module)
    module.verify()
    # The block is the only part of several layers, the sum is one with the outer of them. These
    # move, the layers around the block do not.
    assert told[-1] == (100, 100)
    after = weights(module)
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert moved and moved <= {"inner", "total"}
    assert golden_error(module, samples) < error
    assert "layer by layer: on 50 samples held back, distance" in ctx.remarks[-1]


def test_a_second_result_behind_a_block_is_computed_from_what_is_before_it() -> None:
    """The block's own result is not all that is still needed there."""
    net = Layers((8,), 2)
    shared = net.relu(net.dense(net.input, 8), "shared")
    inner = net.relu(net.dense(shared, 8), "inner")
    first = net.dense(inner, 3, "first")
    second = net.dense(shared, 3, "second")
    module, ctx, _ = quantized(net, first, second)
    CoreOpTune(steps=1, output="values", method=("blockwise",)).apply(ctx, module)
    module.verify()


# --- what is compiled ----------------------------------------------------------------------------


class Chain(NamedTuple):
    evaluator: Evaluator
    values: dict[str, SSAValue]
    samples: FloatArray

    def segment(self, before: str, after: str) -> Segment:
        return segment_of(self.evaluator.program, [self.values[after]], {self.values[before]})

    def part(self, before: str, after: str, cache: PartCache) -> Part:
        """The layer between two values, with some goal."""
        segment = self.segment(before, after)
        (op,) = (op for op in segment.program.operations if isinstance(op, core_op.VmmOp))
        keys = self.evaluator.program.keys
        names = [
            keys[value.owner] for value in op.operands[1:] if isinstance(value.owner, Operation)
        ]
        parameters = self.evaluator.parameters
        layers = {0: Layer.of(op, names, parameters, CHIP, row_units(op))}
        source, goal = (
            np.asarray(self.evaluator.values([self.values[name]], self.samples, codes=True)[0])
            for name in (before, after)
        )
        goals = [Goal(goal.astype(np.float32))]
        return Part(Task(segment, layers, goals), parameters, [source], 20, cache)


@pytest.fixture(scope="module")
def net() -> Chain:
    net = Layers((8,), 3)
    value = net.input
    for name in ("a", "b", "c"):
        value = net.relu(net.dense(value, 12), name)
    wide = net.relu(net.dense(value, 9), "wide")
    module, _, samples = quantized(net, net.dense(wide, 3, "y"))
    evaluator = Evaluator(find_function(module))
    named = {name: value for name, (_, value) in evaluator.named_values().items()}
    return Chain(evaluator, named, samples)


def test_layers_that_are_alike_share_what_is_compiled(net: Chain) -> None:
    cache = PartCache(Devices())
    alike = [net.part("a", "b", cache), net.part("b", "c", cache)]
    other = net.part("c", "wide", cache)
    assert alike[0].task.segment.signature == alike[1].task.segment.signature
    assert cache.compiled(alike[0].task) is cache.compiled(alike[1].task)
    assert cache.compiled(other.task) is not cache.compiled(alike[0].task)


def test_a_segment_computes_with_its_own_constants(net: Chain) -> None:
    """Also after one that is alike was compiled."""
    segments = Segments()
    names = ["a", "b", "c", "wide"]
    wanted = [net.values[name] for name in names]
    values = net.evaluator.values(wanted, net.samples, codes=True)
    for index in range(3):
        segment = net.segment(*names[index : index + 2])
        (found,) = segments.run(segment, net.evaluator.parameters, [values[index]])
        assert found.dtype == np.uint8
        assert np.array_equal(found, values[index + 1])


def test_a_stream_forgets_what_nothing_needs_any_more() -> None:
    module, _, samples = residual_block()
    evaluator = Evaluator(find_function(module))
    named = {name: value for name, (_, value) in evaluator.named_values().items()}
    order = [named[name] for name in ("first", "inner", "total", "y")]
    arrays = evaluator.values(order, samples, codes=True)
    stream = Stream(evaluator.program, order, {evaluator.arguments[0]: samples})
    start = stream.copy()
    held: list[set[SSAValue]] = []
    cuts: list[bool] = []
    for array in arrays:
        stream.advance(array)
        held.append(set(stream.known))
        cuts.append(stream.is_at_a_cut)
    first, inner, total, _ = order
    # The shortcut keeps its source until the addition.
    assert held == [{first}, {first, inner}, {total}, set()]
    assert cuts == [True, False, True, True]
    assert set(start.known) == {evaluator.arguments[0]} and start.wanted == order
