"""`core-op-tune`: nearer to the golden network on what is held back, and never further away."""

import numpy as np
import numpy.typing as npt
import pytest
from nn_networks import Network
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from corelower.dialects import core_op, nn, trained
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.functions import find_function
from corelower.dialects.support.location import parse_module
from corelower.dialects.support.provenance import set_golden
from corelower.dialects.support.samples import Samples
from corelower.passes.core_op_calibrate import CoreOpCalibrate
from corelower.passes.core_op_quantize_weights import CoreOpQuantizeWeights
from corelower.passes.core_op_reencode import CoreOpReencode
from corelower.passes.core_op_tune import CoreOpTune, Method
from corelower.passes.nn_keep_golden import NnKeepGoldenPass
from corelower.passes.pipelines import PIPELINES
from corelower.targets.jax.compare import compare_functions
from corelower.targets.jax.evaluator import Evaluator
from corelower.tools.ir_files import make_context
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

FloatArray = npt.NDArray[np.float32]

NETWORK = """
#chip = #core_op.target<"chip", fan_in = 18, fan_out = 16, signal_bits = 4, weights = [-3, 3],
                        bias_rows = 2>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<12xf32>) -> tensor<5xf32> {
    %w1 = trained.tensor "sha256:W1" : tensor<12x16xf32>
    %b1 = trained.tensor "sha256:B1" : tensor<16xf32>
    %w2 = trained.tensor "sha256:W2" : tensor<16x5xf32>
    %h = nn.dense %x, %w1, %b1 {golden = "h"}
      : (tensor<12xf32>, tensor<12x16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %r = nn.relu %h {golden = "r"} : (tensor<16xf32>) -> tensor<16xf32>
    %y = nn.dense %r, %w2 {golden = "y"} : (tensor<16xf32>, tensor<16x5xf32>) -> tensor<5xf32>
    func.return %y : tensor<5xf32>
  }
}
"""

FAR = "signal_bits = 4, weights = [-3, 3]"
NEAR = "signal_bits = 8, weights = [-15, 15]"


@pytest.fixture
def samples() -> FloatArray:
    return np.random.default_rng(3).uniform(0, 1, (400, 12)).astype(np.float32)


@pytest.fixture
def context(samples: FloatArray) -> CorelowerContext:
    ctx = make_context()
    ctx.calibration = Samples(samples)
    return ctx


def quantized(ctx: CorelowerContext, bits: str = FAR) -> ModuleOp:
    """The network with 3-bit weights between 4-bit codes, unless other `bits` are given."""
    random = np.random.default_rng(5)
    text = NETWORK.replace(FAR, bits)
    for name, shape in (("W1", (12, 16)), ("B1", (16,)), ("W2", (16, 5))):
        data = trained.TensorData(random.normal(0, 0.4, shape).astype(np.float32))
        text = text.replace(f"sha256:{name}", f"sha256:{ctx.tensors.add(data).digest}")
    module = parse_module(ctx, text, "test.mlir")
    passes = build_passes("convert-nn-to-core-op", full_universe().all_passes, {})
    for one in (
        NnKeepGoldenPass(),
        *passes,
        CoreOpCalibrate(output="values"),
        CoreOpReencode(),
        CoreOpQuantizeWeights(keep_real=True),
    ):
        one.apply(ctx, module)
    return module


def error(module: ModuleOp, samples: FloatArray) -> float:
    """Mean squared error of the outputs."""
    values = [Evaluator(find_function(module, f)).run(samples)[0] for f in ("main", "main_golden")]
    ours, golden = (np.asarray(value, np.float32) for value in values)
    return float(np.mean(np.square(ours - golden)))


def integers(module: ModuleOp) -> list[npt.NDArray[np.generic]]:
    products = [op for op in module.walk() if isinstance(op, core_op.VmmOp)]
    found = [trained.constant_of(operand) for op in products for operand in op.operands[1:]]
    return [data.array for data in found if data is not None]


@pytest.mark.parametrize("method", [("layerwise",), ("end-to-end",), ("layerwise", "end-to-end")])
def test_each_method_brings_the_values_nearer_to_the_golden_ones(
    context: CorelowerContext, samples: FloatArray, method: tuple[Method, ...]
) -> None:
    module = quantized(context)
    unseen = np.random.default_rng(8).uniform(0, 1, (500, 12)).astype(np.float32)
    before = error(module, unseen)
    CoreOpTune(method=method, steps=80, learning_rate=0.02, output="values").apply(context, module)
    module.verify()
    assert error(module, unseen) < 0.9 * before


def test_what_is_tuned_is_integers_within_the_target(context: CorelowerContext) -> None:
    module = quantized(context)
    CoreOpTune(steps=20, learning_rate=2.0).apply(context, module)
    weights, *_ = integers(module)
    assert weights.dtype == np.int8
    # Inputs of several rows reach further, until they have them.
    passes = "core-op-split-weights,verify-target"
    for one in build_passes(passes, full_universe().all_passes, {}):
        one.apply(context, module)
    weights, *_ = integers(module)
    assert np.abs(weights.astype(int)).max() <= 3


def test_a_rate_that_destroys_the_network_changes_nothing(context: CorelowerContext) -> None:
    module, untouched = quantized(context), quantized(context)
    CoreOpTune(steps=20, learning_rate=1000.0).apply(context, module)
    for tuned, before in zip(integers(module), integers(untouched), strict=True):
        np.testing.assert_array_equal(tuned, before)


def test_the_same_seed_gives_the_same_weights(context: CorelowerContext) -> None:
    first, second, other = quantized(context), quantized(context), quantized(context)
    for module, seed in ((first, 1), (second, 1), (other, 2)):
        CoreOpTune(steps=40, learning_rate=0.05, output="values", seed=seed).apply(context, module)
    same = [np.array_equal(a, b) for a, b in zip(integers(first), integers(second), strict=True)]
    assert all(same)
    differs = [
        not np.array_equal(a, b) for a, b in zip(integers(first), integers(other), strict=True)
    ]
    assert any(differs)


def test_the_remark_says_what_each_phase_reached(context: CorelowerContext) -> None:
    module = quantized(context)
    context.remarks.clear()
    CoreOpTune(steps=20).apply(context, module)
    assert len(context.remarks) == 2
    assert "layer by layer: on 100 samples held back, distance" in context.remarks[0]
    assert "end to end: on 100 samples held back, distance" in context.remarks[1]


def test_progress_ends_at_all_steps(context: CorelowerContext) -> None:
    module = quantized(context)
    told: list[tuple[int, int]] = []
    context.progress = lambda _, done, total: told.append((done, total))
    CoreOpTune(steps=30).apply(context, module)
    done, total = told[-1]
    assert done == total == 2 * 30 + 3 * 30


def test_what_was_near_is_tuned_end_to_end_from_two_starts(
    context: CorelowerContext, samples: FloatArray
) -> None:
    """The one from the layers tuned before cannot be nearer than what is kept of both."""
    told: list[tuple[int, int]] = []
    context.progress = lambda _, done, total: told.append((done, total))
    held_back, errors = samples[-100:], list[float]()
    methods: list[tuple[Method, ...]] = [
        ("layerwise",),
        ("end-to-end",),
        ("layerwise", "end-to-end"),
    ]
    for method in methods:
        module = quantized(context, NEAR)
        CoreOpTune(method=method, steps=60, output="values").apply(context, module)
        errors.append(error(module, held_back))
    done, total = told[-1]
    assert done == total == 2 * 60 + 2 * 3 * 60
    assert errors[2] <= min(errors[:2]) * (1 + 1e-6)


def test_a_network_without_golden_function_is_refused(context: CorelowerContext) -> None:
    module = quantized(context)
    del find_function(module).attributes["core_op.golden"]
    with pytest.raises(CorelowerError, match="names no golden function"):
        CoreOpTune().apply(context, module)


def test_one_sample_is_too_few(context: CorelowerContext) -> None:
    module = quantized(context)
    with pytest.raises(CorelowerError, match="needs 2 samples or more"):
        CoreOpTune(samples=1).apply(context, module)


@pytest.mark.parametrize(
    ("option", "value"), [("steps", 0), ("validation", 1.0), ("learning_rate", 0.0), ("batch", 0)]
)
def test_an_option_out_of_range_is_refused(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=option.split("_")[0]):
        CoreOpTune(**{option: value})  # pyright: ignore[reportArgumentType]


def test_every_named_value_can_be_compared_after_tuning(
    context: CorelowerContext, samples: FloatArray
) -> None:
    module = quantized(context)
    CoreOpTune(steps=20).apply(context, module)
    main, golden = find_function(module), find_function(module, "main_golden")
    found = compare_functions(main, golden, samples)
    assert [value.name for value in found.values] == ["r", "y"]


def test_wiring_that_is_used_behind_later_layers_keeps_its_source() -> None:
    def name(value: SSAValue, golden: str) -> None:
        assert isinstance(value.owner, Operation)
        set_golden(value.owner, golden)

    # A shortcut that is sliced before the first layer and added behind the second.
    net = Network((4, 6, 6))
    first = net.op(nn.ReluOp(net.op(nn.ConvOp(net.input, net.constant(4, 4, 1, 1)))))
    name(first, "first")
    shortcut = net.op(nn.SliceOp(first, [0, 0, 0], [4, 3, 3], [1, 2, 2]))
    name(shortcut, "shortcut")
    weight = net.constant(4, 4, 2, 2)
    second = net.op(nn.ReluOp(net.op(nn.ConvOp(first, weight, strides=[2, 2]))))
    name(second, "second")
    third = net.op(nn.ConvOp(second, net.constant(4, 4, 1, 1)))
    total = net.op(nn.ReluOp(net.op(nn.AddOp(third, shortcut))))
    name(total, "total")
    module = net.returning(total)
    ctx = make_context()
    ctx.calibration = Samples(net.samples(40))
    passes = (
        "nn-keep-golden,set-target{name=prime},nn-to-core-op,core-op-encode,core-op-tile,"
        "core-op-quantize-weights{keep-real},core-op-tune{steps=2}"
    )
    for one in build_passes(passes, full_universe().all_passes, PIPELINES):
        one.apply(ctx, module)
    module.verify()
