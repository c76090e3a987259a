"""Partial sums of many units, merged in stages; shortcuts that are partial sums themselves."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, context, results
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp, TensorType, UnitAttr, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.rewriter import InsertPoint

from corelower.dialects import core_op, nn, trained
from corelower.dialects.core_op import Activation, CodeType
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.cores import holds_merge, parts_in_a_merge
from corelower.dialects.support.samples import Samples
from corelower.dialects.support.target import Target
from corelower.passes.convert_nn_to_core_op import ConvertNnToCoreOp
from corelower.passes.core_op_calibrate import CoreOpCalibrate
from corelower.passes.core_op_expand import CoreOpExpand
from corelower.passes.core_op_quantize_weights import CoreOpQuantizeWeights
from corelower.passes.core_op_reencode import CoreOpReencode
from corelower.passes.core_op_split_units import CoreOpSplitUnits
from corelower.passes.merge_trees import MOST_STAGES
from corelower.passes.pipelines import tile_pipeline
from corelower.passes.verify_target import verify_target
from corelower.passes.wiring import AUXILIARY, PARTIAL
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

Floats = npt.NDArray[np.float32]
SMALL = Target("chip", 40, 40, 2, (-7, 7), bias_rows=2, spare_bias_rows=True)


class Tiled(NamedTuple):
    module: ModuleOp
    samples: Floats
    unsplit: Floats
    """What the network gives before its matrices are cut."""


def outputs(module: ModuleOp, samples: Floats) -> Floats:
    return Evaluator(find_function(module)).run(Samples(samples))[0].astype(np.float32)


def tiled(partial_units: int | Literal["auto"]) -> Tiled:
    """A dense layer of 80 inputs and 4 outputs, whose numbers have units, on small cores."""
    net = Network((80,), 3)
    module = net.returning(net.op(nn.DenseOp(net.input, net.constant(80, 4), net.constant(4))))
    samples = np.random.default_rng(0).standard_normal((300, 80)).astype(np.float32)
    core_op.set_target(module, SMALL)
    ctx = context()
    ctx.calibration = Samples(samples)
    options = f"output=values units=6 partial-units={partial_units}"
    ConvertNnToCoreOp().apply(ctx, module)
    for one in (CoreOpCalibrate(output="values", units=6), CoreOpReencode()):
        one.apply(ctx, module)
    (unsplit,) = results(module, samples)
    pipeline = tile_pipeline(options, stages=MOST_STAGES)
    for one in build_passes(pipeline, full_universe().all_passes, {}):
        one.apply(ctx, module)
    CoreOpQuantizeWeights().apply(ctx, module)
    module.verify()
    return Tiled(module, samples, unsplit.astype(np.float32))


def merges(module: ModuleOp) -> list[core_op.VmmOp]:
    return [
        op for op in module.walk() if isinstance(op, core_op.VmmOp) and AUXILIARY in op.attributes
    ]


def test_partial_sums_that_no_core_adds_at_once_are_merged_in_stages() -> None:
    module, samples, _ = tiled("auto")
    on_the_way = [op for op in merges(module) if PARTIAL in op.attributes]
    assert on_the_way and len(merges(module)) > len(on_the_way)
    for op in merges(module):
        assert op.unit_rows <= SMALL.inputs
    found = outputs(module, samples)
    CoreOpSplitUnits().apply(CorelowerContext(), module)
    verify_target(module)
    assert np.array_equal(outputs(module, samples), found)


def test_stages_of_merges_lose_less_than_few_units() -> None:
    errors: list[float] = []
    choices: list[int | Literal["auto"]] = [1, "auto"]
    for units in choices:
        module, samples, unsplit = tiled(units)
        errors.append(float(np.sqrt(np.mean((outputs(module, samples) - unsplit) ** 2))))
    assert errors[1] < errors[0] / 2


@pytest.mark.parametrize("attributes", [(AUXILIARY,), (AUXILIARY, PARTIAL)])
def test_a_merge_of_more_zero_points_than_a_core_holds_is_cut(attributes: Sequence[str]) -> None:
    """Its rows alone would fit; so it is too where its sums are partial sums, as at shortcuts."""
    chip = Target("chip", 256, 256, 2, (-7, 7), bias_rows=2, spare_bias_rows=True)
    parts, code, merged = 8, CodeType(2, 0.0158, 62, 31), CodeType(2, 0.0435, 32, 32)
    module = ModuleOp([])
    core_op.set_target(module, chip)
    function = FuncOp("main", ([TensorType(f32, (1, 1, parts))], []))
    module.body.block.add_op(function)
    builder = Builder(InsertPoint.at_end(function.body.block))
    value = builder.insert(core_op.EncodeOp(function.body.block.args[0], CodeType(2, 0.1))).result
    for width, element, names in ((parts, code, (PARTIAL,)), (1, merged, attributes)):
        weight = np.eye(parts) if width > 1 else np.ones((parts, 1))
        matrix = builder.insert(trained.TensorOp(weight[None].astype(np.float32))).result
        product = builder.insert(core_op.VmmOp(Activation.LINEAR, value, matrix, element=element))
        product.attributes.update({name: UnitAttr() for name in names})
        value = product.result
    builder.insert(ReturnOp(value))
    function.update_function_type()
    assert parts * 31 <= chip.inputs
    CoreOpExpand(pack=False).apply(CorelowerContext(), module)
    module.verify()
    first, *_ = found = merges(module)
    assert len(found) > 1 and (PARTIAL in found[-1].attributes) == (PARTIAL in attributes)
    assert holds_merge(first.fan_in, 31, 62, 2 * first.fan_in**0.5 * code.largest, chip)


@settings(max_examples=200, deadline=None)
@given(
    parts=st.integers(2, 300),
    units=st.integers(1, 32),
    bits=st.integers(1, 4),
    weight_bits=st.integers(2, 8),
    part=st.floats(0, 1),
)
def test_a_core_adds_the_most_that_it_holds(
    parts: int, units: int, bits: int, weight_bits: int, part: float
) -> None:
    levels, largest = (1 << (weight_bits - 1)) - 1, units * ((1 << bits) - 1)
    chip = Target("chip", 256, 256, bits, (-levels, levels), bias_rows=2, spare_bias_rows=True)
    zero = units * round(part * ((1 << bits) - 1))
    count = parts_in_a_merge(parts, units, zero, largest, chip)
    assert 1 <= count <= parts and (count == 1 or count * units <= chip.inputs)

    def holds(count: int) -> bool:
        return holds_merge(count, units, zero, min(count, 2 * count**0.5) * largest, chip)

    assert count == 1 or holds(count)
    assert not any(holds(more) for more in range(count + 1, parts + 1))


# --- shortcuts -----------------------------------------------------------------------------------


def with_shortcut(weight: Floats, inputs: int, target: Target) -> ModuleOp:
    """A rectified product of `inputs` values, and of others whose weights come behind theirs."""
    module = ModuleOp([])
    core_op.set_target(module, target)
    others = weight.shape[0] - inputs
    shapes = [TensorType(f32, (1, inputs)), TensorType(f32, (1, others))]
    function = FuncOp("main", (shapes, []))
    module.body.block.add_op(function)
    builder = Builder(InsertPoint.at_end(function.body.block))
    code = CodeType(target.signal_bits, 0.25, 0, 4)
    coded = [
        builder.insert(core_op.EncodeOp(value, code)).result for value in function.body.block.args
    ]
    joined = builder.insert(core_op.ConcatOp(coded, 1)).result
    matrix = builder.insert(trained.TensorOp(weight[None])).result
    bias = np.linspace(-0.2, 0.3, weight.shape[1], dtype=np.float32)[None]
    added = builder.insert(trained.TensorOp(bias)).result
    product = builder.insert(core_op.VmmOp(Activation.RELU, joined, matrix, added))
    builder.insert(ReturnOp(product.result))
    function.update_function_type()
    module.verify()
    return module


@pytest.mark.parametrize("first", [0, 2])
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("alike", [True, False])
def test_a_shortcut_beside_the_tiles_changes_no_number(
    first: int, before: int, alike: bool
) -> None:
    random, outs, ins = np.random.default_rng(first), 5, 12
    weight = random.choice([-0.5, 0.5], (ins + 6, outs)).astype(np.float32)
    weight[ins:] = 0
    for index in range(4):
        weight[ins + first + index, before + index] = 2.0 if alike else 2.0 + index / 8
    target = Target("chip", 32, 32, 2, (-1, 1), bias_rows=2, spare_bias_rows=True)
    module = with_shortcut(weight, ins, target)
    samples = [random.uniform(0, 3, (50, 1, width)).astype(np.float32) for width in (ins, 6)]
    (unsplit,) = Evaluator(find_function(module)).run(*samples)
    CoreOpExpand(pack=False).apply(CorelowerContext(), module)
    module.verify()
    sums = [op for op in module.walk() if isinstance(op, core_op.VmmOp) and op.fan_in == 1]
    assert len(sums) == 1 and PARTIAL in sums[0].attributes
    assert sums[0].groups == (1 if alike else 4)
    (found,) = Evaluator(find_function(module)).run(*samples)
    assert np.allclose(found, unsplit, atol=1e-5)


def test_a_shortcut_stays_in_a_matrix_that_fits_a_core() -> None:
    weight = np.full((18, 6), 0.5, np.float32)
    weight[12:] = 2 * np.eye(6, dtype=np.float32)
    target = Target("chip", 256, 32, 2, (-1, 1), bias_rows=2, spare_bias_rows=True)
    module = with_shortcut(weight, 12, target)
    CoreOpExpand(pack=False).apply(CorelowerContext(), module)
    assert not any(isinstance(op, core_op.VmmOp) and op.fan_in == 1 for op in module.walk())
