"""Weights over several rows: never more cores, a smaller error, and the same bits when split."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, context
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.rewriter import InsertPoint

from corelower.dialects import core_op, nn, trained
from corelower.dialects.core_op import Activation, CodeType
from corelower.dialects.support.samples import Samples
from corelower.dialects.support.target import FieldValue, Target
from corelower.passes.canonicalize import CanonicalizePass
from corelower.passes.core_op_quantize_weights import CoreOpQuantizeWeights
from corelower.passes.core_op_split_weights import CoreOpSplitWeights
from corelower.passes.core_op_tune import CoreOpTune
from corelower.passes.nn_keep_golden import NnKeepGoldenPass
from corelower.passes.pipelines import PIPELINES
from corelower.passes.target_checks import cores_needed
from corelower.passes.verify_target import verify_target
from corelower.passes.weight_quantization import QuantizedWeights, quantize
from corelower.passes.weight_steps import weight_step
from corelower.passes.weight_units import ROW_UNITS, row_units, spread_weights
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

Floats = npt.NDArray[np.float32]
LEVELS = {2: (-1, 1), 3: (-3, 3), 4: (-7, 7)}


class Drawn(NamedTuple):
    module: ModuleOp
    inputs: Floats


def real_product(
    weight: Floats, target: Target, bias: Floats | None = None, positions: int = 2
) -> ModuleOp:
    """A dot product with real weights G x M x N between codes."""
    groups, fan_in, _ = weight.shape
    module = ModuleOp([])
    core_op.set_target(module, target)
    shape = (positions, groups, fan_in)
    function = FuncOp("main", ([TensorType(f32, shape)], []))
    module.body.block.add_op(function)
    builder = Builder(InsertPoint.at_end(function.body.block))
    bits = target.signal_bits
    codes = CodeType(bits, 0.25, 1), CodeType(bits, 2.0, 1)
    value = builder.insert(core_op.EncodeOp(function.body.block.args[0], codes[0])).result
    constants = [builder.insert(trained.TensorOp(weight)).result]
    if bias is not None:
        constants.append(builder.insert(trained.TensorOp(bias)).result)
    product = core_op.VmmOp(Activation.LINEAR, value, *constants, element=codes[1])
    decode = builder.insert(core_op.DecodeOp(builder.insert(product).result))
    builder.insert(ReturnOp(decode.result))
    function.update_function_type()
    module.verify()
    return module


def heavy_weights(groups: int, fan_in: int, outputs: int, seed: int) -> Floats:
    """Weights of which some inputs, as of a shortcut, have much larger ones."""
    random = np.random.default_rng(seed)
    weight = random.normal(0, 0.3, (groups, fan_in, outputs))
    large = random.random((groups, fan_in, 1)) < 0.2
    return np.where(large, 8 * weight, weight).astype(np.float32)


@st.composite
def products(draw: st.DrawFn) -> Drawn:
    bits = draw(st.sampled_from([2, 3, 4]))
    fan_in = draw(st.integers(1, 8))
    bias: dict[str, FieldValue] = draw(
        st.sampled_from([{"bias_rows": 1}, {"bias_rows": 2, "spare_bias_rows": True}])
    )
    target = Target("chip", 16, 8, 4, LEVELS[bits]).with_fields(
        {
            **bias,
            "fan_in": fan_in + draw(st.integers(3, 40)),
            "gain": draw(st.sampled_from(["core", "neuron"])),
        }
    )
    groups, outputs, seed = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(0))
    weight = heavy_weights(groups, fan_in, outputs, seed)
    random = np.random.default_rng(seed)
    added = random.normal(0, 0.3, (groups, outputs)).astype(np.float32)
    module = real_product(weight, target, added if draw(st.booleans()) else None)
    return Drawn(module, random.normal(0, 1, (20, 2, groups, fan_in)).astype(np.float32))


def outputs(module: ModuleOp, inputs: Floats) -> npt.NDArray[np.generic]:
    return Evaluator(find_function(module)).run(inputs)[0]


def product_of(module: ModuleOp) -> core_op.VmmOp:
    (product,) = (op for op in module.walk() if isinstance(op, core_op.VmmOp))
    return product


@settings(max_examples=8, deadline=None, derandomize=True)
@given(products())
def test_split_weights_compute_the_same_bits_within_the_target(drawn: Drawn) -> None:
    module, inputs = drawn
    target = core_op.target_of(product_of(module))
    assert target is not None
    before = cores_needed(find_function(module), target)
    CoreOpQuantizeWeights().apply(context(), module)
    found = outputs(module, inputs)
    CoreOpSplitWeights().apply(context(), module)
    CanonicalizePass().apply(context(), module)
    module.verify()
    verify_target(module)
    assert ROW_UNITS not in product_of(module).attributes
    assert np.array_equal(outputs(module, inputs), found)
    assert cores_needed(find_function(module), target) == before


@pytest.mark.parametrize(("bits", "bias_rows"), [(2, 1), (3, 2), (4, 2)])
def test_a_tuned_network_splits_exactly(bits: int, bias_rows: int) -> None:
    net = Network((6,), bits)
    weight = net.tensor(heavy_weights(1, 6, 3, bits)[0])
    module = net.returning(net.op(nn.DenseOp(net.input, weight, net.constant(3))))
    samples = net.samples(40)
    core_op.set_target(module, Target("chip", 24, 8, 4, LEVELS[bits], bias_rows=bias_rows))
    ctx = context()
    ctx.calibration = Samples(samples)
    passes = (
        "convert-nn-to-core-op,core-op-calibrate{output=values border-units=1},core-op-reencode,"
        "core-op-quantize-weights{keep-real}"
    )
    for one in [NnKeepGoldenPass(), *build_passes(passes, full_universe().all_passes, {})]:
        one.apply(ctx, module)
    product = next(op for op in module.walk() if isinstance(op, core_op.VmmOp))
    assert ROW_UNITS in product.attributes
    CoreOpTune(steps=8, learning_rate=0.3, output="values", method=("end-to-end",)).apply(
        ctx, module
    )
    found = outputs(module, samples)
    CoreOpSplitWeights().apply(ctx, module)
    verify_target(module)
    assert np.array_equal(outputs(module, samples), found)


def test_tiles_leave_rows_for_biases_that_set_units_apart() -> None:
    # Twice what fits a core: without rows left free the weights would all be smaller than 2.
    fan_in, random = 508, np.random.default_rng(2)
    net = Network((fan_in,))
    weight = net.tensor(random.standard_normal((fan_in, 4)).astype(np.float32))
    module = net.returning(net.op(nn.DenseOp(net.input, weight, net.constant(4))))
    target = Target("chip", 256, 256, 4, (-7, 7), bias_rows=2, spare_bias_rows=True)
    core_op.set_target(module, target)
    ctx = context()
    ctx.calibration = Samples(random.random((64, fan_in), dtype=np.float32))
    passes = "convert-nn-to-core-op,core-op-encode,core-op-tile,core-op-quantize-weights"
    for one in build_passes(passes, full_universe().all_passes, PIPELINES):
        one.apply(ctx, module)
    partial = next(op for op in module.walk() if isinstance(op, core_op.VmmOp))
    assert partial.groups == 3 and core_op.units_of(partial.result) > 1
    weights = trained.constant_of(partial.weight)
    assert weights is not None
    assert np.all(np.abs(weights.array).max(axis=(1, 2)) >= 7)


# --- how many rows -------------------------------------------------------------------------------


def quantized(module: ModuleOp) -> QuantizedWeights:
    op = product_of(module)
    target, codes = core_op.target_of(op), (core_op.code_of(op.input), core_op.code_of(op.result))
    weight = trained.constant_of(op.weight)
    assert target is not None and weight is not None and codes[0] is not None
    assert codes[1] is not None
    return quantize(np.asarray(weight.array), None, codes[0], codes[1], target, op)


def error(weight: Floats, found: QuantizedWeights) -> float:
    """Of the weights, squared and relative."""
    difference = found.weight * found.step - weight
    return float(np.square(difference).sum() / np.square(weight).sum())


@pytest.mark.parametrize("gain", ["core", "neuron"])
@pytest.mark.parametrize("bits", [2, 3, 4])
def test_more_free_rows_mean_a_smaller_error(bits: int, gain: str) -> None:
    weight = heavy_weights(2, 12, 5, bits)
    errors: list[float] = []
    for rows in (12, 16, 24, 48):
        chip = Target("chip", rows, 8, 4, LEVELS[bits], bias_bits=16, gain=gain)
        found = quantized(real_product(weight, chip))
        assert found.units.sum(axis=1).max() <= rows
        errors.append(error(weight, found))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.5 * errors[0]


def test_rows_are_not_spread_where_nothing_is_free_or_levels_are_many() -> None:
    weight = heavy_weights(1, 12, 5, 0)
    for chip in (
        Target("full", 12, 8, 4, (-3, 3)),
        Target("many", 48, 8, 4, (-32, 32)),
    ):
        found = spread_weights(weight, chip, chip.inputs)
        assert (found.units == 1).all()
        assert np.array_equal(found.step, weight_step(weight, chip))


def test_neurons_beside_one_that_is_on_a_grid_keep_a_step_of_one_row() -> None:
    weight = heavy_weights(1, 12, 4, 3)
    weight[0, :, 0] = np.tile([0.5, -0.5, 0.0, 1.0], 3)
    chip = Target("chip", 48, 8, 4, (-3, 3), bias_bits=16, gain="neuron")
    found = quantized(real_product(weight, chip))
    assert (found.units == 1).all()
    # As if the neurons were alone, with no row to spare.
    alone = weight_step(weight[:, :, 1:], chip)
    np.testing.assert_allclose(found.step[:, :, 1:], alone)
    np.testing.assert_array_equal(found.weight[0, :, 0] * found.step[0, 0, 0], weight[0, :, 0])


@pytest.mark.parametrize(
    "limit",
    [{"accumulator_bits": 9}, {"synapse_bits": 14 * 3 * 5}, {"bias_rows": 2}],
    ids=lambda limit: str(*limit),
)
def test_rows_stay_within_what_else_a_core_has(limit: dict[str, FieldValue]) -> None:
    """What fits a core with one row an input fits it still."""
    chip = Target("chip", 48, 8, 4, (-3, 3), bias_bits=16).with_fields(limit)
    if "bias_rows" in limit:
        chip = chip.with_fields({"bias_bits": 0, "spare_bias_rows": True})
    module = real_product(heavy_weights(1, 8, 5, 2), chip, np.full((1, 5), 2.0, np.float32))
    CoreOpQuantizeWeights().apply(context(), module)
    units = row_units(product_of(module))
    assert units is None or units.sum() <= 14 or "bias_rows" in limit
    CoreOpSplitWeights().apply(context(), module)
    verify_target(module)


def test_weights_give_up_only_the_rows_that_biases_need() -> None:
    """Beside a shortcut's large weights the small ones still count, if rows are left for that."""
    random = np.random.default_rng(0)
    weight = random.normal(0, 0.05, (1, 10, 8)).astype(np.float32)
    weight[:, 9] = np.eye(8, dtype=np.float32)[0]
    target = Target("chip", 256, 256, 2, (-7, 7), bias_rows=2, spare_bias_rows=True)
    incoming, outgoing = CodeType(2, 0.1, 0, 9), CodeType(2, 0.08, 32, 32)
    module = real_product(weight, target)
    (op,) = (op for op in module.walk() if isinstance(op, core_op.VmmOp))
    found = quantize(weight, None, incoming, outgoing, target, op)
    held = target.for_inputs(int(found.units.sum()) * 9)
    assert found.units.sum() > 10 and np.abs(found.bias).max() <= held.largest_bias
    error = found.weight * found.step - weight
    small = np.sqrt(np.mean(np.square(error[:, :9])) / np.mean(np.square(weight[:, :9])))
    one_row = weight_step(weight, target)
    rounded = np.clip(np.rint(weight / one_row), -7, 7) * one_row - weight
    before = np.sqrt(np.mean(np.square(rounded[:, :9])) / np.mean(np.square(weight[:, :9])))
    assert small < 0.2 < 0.7 < before
