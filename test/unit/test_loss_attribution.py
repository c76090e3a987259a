"""Where the accuracy went: what was made bad is named, and without all causes nothing is lost."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from small_models import ModelBuilder, draw_samples
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.rewriter import InsertPoint, Rewriter

from corelower.dialects import core_op, trained
from corelower.dialects.nn import shape_of
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.functions import find_function, golden_function
from corelower.dialects.support.location import parse_module
from corelower.dialects.support.samples import Samples
from corelower.passes.core_op_report import CoreOpReport
from corelower.passes.loss_attribution import LossMeasurement, attribute_loss
from corelower.passes.pipelines import PIPELINES, reform_pipeline
from corelower.passes.real_parameters import (
    drop_real_parameters,
    real_parameters_of,
    real_weight_in_steps,
)
from corelower.targets.attribution import CAUSES, Attribution
from corelower.targets.jax import arithmetic
from corelower.targets.jax.compare import compare_functions
from corelower.targets.jax.evaluator import Evaluator
from corelower.targets.jax.typed import float32
from corelower.tools.compiler import compile_model
from corelower.tools.ir_files import make_context
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.stage_folder import module_text
from corelower.tools.universe import full_universe

FloatArray = npt.NDArray[np.float32]

NETWORK = """
#chip = #core_op.target<"chip", fan_in = {fan_in}, fan_out = 256, signal_bits = {bits},
                        weights = {weights}, bias_bits = 24, rounding = {rounding}>
module attributes {{core_op.target = #chip}} {{
  func.func @main(%x: tensor<12xf32>) -> tensor<5xf32> {{
    %w1 = trained.tensor "sha256:W1" : tensor<12x16xf32>
    %b1 = trained.tensor "sha256:B1" : tensor<16xf32>
    %w2 = trained.tensor "sha256:W2" : tensor<16x16xf32>
    %w3 = trained.tensor "sha256:W3" : tensor<16x5xf32>
    %h = nn.dense %x, %w1, %b1 {{golden = "h"}}
      : (tensor<12xf32>, tensor<12x16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %r = nn.{function} %h {{golden = "r"}} : (tensor<16xf32>) -> tensor<16xf32>
    %k = nn.dense %r, %w2 {{golden = "k"}} : (tensor<16xf32>, tensor<16x16xf32>) -> tensor<16xf32>
    %s = nn.relu %k {{golden = "s"}} : (tensor<16xf32>) -> tensor<16xf32>
    %y = nn.dense %s, %w3 {{golden = "y"}} : (tensor<16xf32>, tensor<16x5xf32>) -> tensor<5xf32>
    func.return %y : tensor<5xf32>
  }}
}}
"""

ENCODE = "core-op-calibrate{output=values},core-op-reencode"
QUANTIZE = "core-op-quantize-weights{keep-real}"
SPLIT = "core-op-split-weights,core-op-split-units,core-op-pack,canonicalize"


@pytest.fixture
def samples() -> FloatArray:
    return np.random.default_rng(3).uniform(0, 1, (100, 12)).astype(np.float32)


@pytest.fixture
def context(samples: FloatArray) -> CorelowerContext:
    ctx = make_context()
    ctx.calibration = Samples(samples)
    return ctx


def run(ctx: CorelowerContext, module: ModuleOp, pipeline: str) -> ModuleOp:
    for one in build_passes(pipeline, full_universe().all_passes, PIPELINES):
        one.apply(ctx, module)
    module.verify()
    return module


def encoded(
    ctx: CorelowerContext,
    *,
    function: str = "relu",
    fan_in: int = 256,
    rounding: str = "nearest",
    error: float = 0.001,
    exact: bool = False,
    bits: int = 8,
    weights: str = "[-127, 127]",
    units: int = 1,
    before: str = "",
) -> ModuleOp:
    """Three layers with real weights between the codes of a chip, by default one of many bits."""
    random = np.random.default_rng(5)
    text = NETWORK.format(
        fan_in=fan_in, function=function, rounding=rounding, bits=bits, weights=weights
    )
    for name, shape in (("W1", (12, 16)), ("B1", (16,)), ("W2", (16, 16)), ("W3", (16, 5))):
        data = trained.TensorData(random.normal(0, 0.4, shape).astype(np.float32))
        text = text.replace(f"sha256:{name}", f"sha256:{ctx.tensors.add(data).digest}")
    code = ENCODE.replace("output=values", f"output=values units={units}")
    encode = f"{before}{code},core-op-exact-functions" if exact else f"{before}{code}"
    reform = reform_pipeline(approximate=f"error={error}")
    tile = f"core-op-expand{{pack=false}},{code}"
    return run(ctx, parse_module(ctx, text, "t"), f"nn-keep-golden,{reform},{encode},{tile}")


def product(module: ModuleOp, name: str) -> core_op.VmmOp:
    """The dot product whose result stands for a golden value."""
    op = Evaluator(find_function(module)).named_values()[name][0]
    while not isinstance(op, core_op.VmmOp):
        owner = op.operands[0].owner
        assert isinstance(owner, core_op.CoreOperation)
        op = owner
    return op


def recode(
    module: ModuleOp, op: core_op.VmmOp, change: Callable[[core_op.CodeType], core_op.CodeType]
) -> None:
    """Give the code of a result, wherever wiring moves it, other numbers."""
    old = core_op.code_of(op.result)
    assert old is not None
    for other in find_function(module).walk():
        if isinstance(other, core_op.CoreOperation) and core_op.code_of(other.result) == old:
            coded = TensorType(change(old), shape_of(other.result))
            Rewriter.replace_value_with_new_type(other.result, coded)


def coarser(code: core_op.CodeType, bits: int = 2) -> core_op.CodeType:
    """Nearly the same span on few bits."""
    scale = code.scale.data * code.largest / ((1 << bits) - 1)
    return core_op.CodeType(bits, scale, round(code.zero.data * code.scale.data / scale))


def shorter(code: core_op.CodeType) -> core_op.CodeType:
    """As many numbers over a tenth of the span."""
    return core_op.CodeType(code.bits.data, code.scale.data / 10, code.zero.data)


def measurement(module: ModuleOp) -> LossMeasurement:
    main = find_function(module)
    return LossMeasurement(main, golden_function(module, main), decisions=True)


def attribution(module: ModuleOp, samples: FloatArray, *, decisions: bool = True) -> Attribution:
    main = find_function(module)
    golden = golden_function(module, main)
    return attribute_loss(main, golden, Samples(samples), decisions=decisions)


def worst(found: Attribution) -> tuple[str, str]:
    layer, cause = found.worst()[0]
    return layer.name, cause.cause


def causes_of(found: Attribution, name: str) -> dict[str, float]:
    layer = next(layer for layer in found.layers if layer.name == name)
    return {cause.cause: cause.error for cause in layer.causes}


def check_both_ends(measured: LossMeasurement, module: ModuleOp, samples: FloatArray) -> None:
    """All switches on is what the evaluator computes, and all off is the golden network."""
    chip, golden = measured.network.measure(
        samples, [measured.maker.chip(), measured.maker.golden()]
    )
    main = find_function(module)
    compared = compare_functions(main, golden_function(module, main), samples)
    wanted = {value.name: 10 ** (-value.sqnr / 10) for value in compared.values}
    names = [part.name for part in measured.network.parts]
    found = dict(zip(names, chip.error.tolist(), strict=True))
    assert names[0] == "input" and names[-1] == "y"
    assert {name: found[name] for name in names[1:]} == pytest.approx(
        {name: wanted[name] for name in names[1:]}, rel=1e-4
    )
    assert chip.outputs.disagreement == compared.disagreement
    assert chip.outputs.distance > 2e-6
    assert golden.error.max() < 1e-9
    assert golden.outputs.distance < 1e-6
    assert golden.outputs.disagreement == 0


@pytest.mark.parametrize("passes", ["", QUANTIZE], ids=["real weights", "integers"])
def test_all_switches_on_are_the_chip_and_none_the_golden_network(
    context: CorelowerContext, samples: FloatArray, passes: str
) -> None:
    module = encoded(context, rounding="floor" if passes else "nearest")
    if passes:
        run(context, module, passes)
    check_both_ends(measurement(module), module, samples)


@pytest.mark.parametrize("rounding", ["nearest", "floor"])
@pytest.mark.parametrize("passes", ["", QUANTIZE], ids=["real weights", "integers"])
def test_units_of_a_number_are_one_number(
    context: CorelowerContext, samples: FloatArray, passes: str, rounding: str
) -> None:
    module = encoded(context, rounding=rounding, bits=2, units=3, fan_in=8)
    if passes:
        run(context, module, passes)
    assert "units 3" in module_text(module)
    check_both_ends(measurement(module), module, samples)


def test_units_on_an_axis_are_those_of_a_number(
    context: CorelowerContext, samples: FloatArray
) -> None:
    quantized = run(context, encoded(context, bits=2, weights="[-7, 7]", units=3), QUANTIZE)
    split = run(context, quantized.clone(), SPLIT)
    assert "row_units" in module_text(quantized) and "real_weight" in module_text(quantized)
    assert not any(name in module_text(split) for name in ("row_units", "real_weight", "real_bias"))
    results: list[dict[str, float]] = []
    for module in (quantized, split):
        measured = measurement(module)
        (chip,) = measured.network.measure(samples, [measured.maker.chip()])
        names = [part.name for part in measured.maker.parts]
        results.append(dict(zip(names, chip.error.tolist(), strict=True)))
        results[-1]["outputs"] = chip.outputs.distance
    assert results[0] == pytest.approx(results[1], rel=1e-5)
    main = find_function(split)
    found = attribution(split, samples)
    assert not found.knows_weights and found.layers
    compared = compare_functions(main, golden_function(split, main), samples)
    assert found.disagreement == compared.disagreement


def test_weights_over_several_rows_are_whole(
    context: CorelowerContext, samples: FloatArray
) -> None:
    module = run(context, encoded(context, weights="[-7, 7]"), QUANTIZE)
    assert "row_units" in module_text(module)
    measured = measurement(module)
    check_both_ends(measured, module, samples)
    assert measured.run(Samples(samples)).knows_weights


@pytest.mark.parametrize("function", ["relu", "unary sigmoid"])
def test_channels_that_were_scaled_stand_for_golden_ones(
    context: CorelowerContext, samples: FloatArray, function: str
) -> None:
    module = encoded(context, function=function, error=0.05, before="core-op-equalize,")
    module = run(context, module, QUANTIZE)
    assert "golden_scale" in module_text(module)
    check_both_ends(measurement(module), module, samples)


def test_tuning_starts_from_real_weights_in_steps(context: CorelowerContext) -> None:
    module = run(context, encoded(context, bits=2, units=3, weights="[-7, 7]"), QUANTIZE)
    for name in ("r", "s", "y"):
        op = product(module, name)
        steps, data = real_weight_in_steps(op), trained.constant_of(op.weight)
        assert steps is not None and data is not None
        # Of what leaves the chip, as many as there are free columns.
        assert core_op.units_of(op.result) == 3 or name == "y"
        difference = np.abs(steps - np.asarray(data.array, np.float32))
        assert np.mean(difference <= 0.501) > 0.95
        assert real_parameters_of(op) is not None


@pytest.mark.parametrize("rounding", ["nearest", "floor"])
@pytest.mark.parametrize("units", [1, 2, 3, 7])
def test_a_number_with_all_switches_on_has_the_same_bits(units: int, rounding: str) -> None:
    random = np.random.default_rng(units)
    sums = float32(random.integers(-400, 4000, (500, 2, 3)))
    gain = float32(random.uniform(0.001, 0.02, (2, 3)))
    code = core_op.CodeType(3, 0.5, 0, units)
    on = arithmetic.CodeSwitch(float32(1), float32(1), float32(1))
    wanted = arithmetic.requantize(sums, gain, code.unit_largest, rounding, units)
    for rectified in (False, True):
        found = arithmetic.switched_requantize(sums, gain, code, rounding, on, rectified=rectified)
        np.testing.assert_array_equal(np.asarray(found), np.asarray(wanted))
    assert 0 == np.asarray(wanted).min() < np.asarray(wanted).max() == code.largest
    off = arithmetic.CodeSwitch(float32(0), float32(0), float32(1))
    real = arithmetic.switched_requantize(sums, gain, code, rounding, off, rectified=False)
    exact = np.asarray(sums, np.float64) * np.asarray(gain, np.float64) * units
    np.testing.assert_allclose(np.asarray(real), exact, rtol=1e-5)


def test_a_coarse_code_is_named_and_a_bit_more_there_helps_most(
    context: CorelowerContext, samples: FloatArray
) -> None:
    module = encoded(context)
    recode(module, product(module, "s"), coarser)
    found = attribution(run(context, module, QUANTIZE), samples)
    assert worst(found) == ("s", "signal")
    assert (found.bits[0].kind, found.bits[0].name, found.bits[0].bits) == ("signal", "s", 2)
    assert found.bits[0].distance_gain > 0.5 * found.distance
    without = {total.cause: total.distance for total in found.causes}
    assert without["signal"] < 0.1 * found.distance < without["weights"]


def test_a_code_that_is_too_short_is_named(context: CorelowerContext, samples: FloatArray) -> None:
    module = encoded(context)
    recode(module, product(module, "s"), shorter)
    found = attribution(run(context, module, QUANTIZE), samples)
    assert worst(found) == ("s", "clipping")
    errors = causes_of(found, "s")
    assert errors["clipping"] > 0.1 > 100 * errors["signal"]


def test_coarse_partial_sums_are_named(context: CorelowerContext, samples: FloatArray) -> None:
    module = encoded(context, fan_in=8)
    merge = product(module, "s").input
    while not isinstance(merge.owner, core_op.VmmOp):
        assert isinstance(merge.owner, core_op.WiringOperation)
        merge = merge.owner.source
    recode(module, merge.owner, coarser)
    measured = measurement(run(context, module, QUANTIZE))
    found = measured.run(Samples(samples))
    assert worst(found) == ("s", "partial_sums")
    assert (found.bits[0].kind, found.bits[0].name) == ("partial_sums", "s")
    check_both_ends(measured, module, samples)


def test_spoilt_weights_are_named_where_those_before_rounding_are_known(
    context: CorelowerContext, samples: FloatArray
) -> None:
    module = run(context, encoded(context), QUANTIZE)
    op = product(module, "s")
    data = trained.constant_of(op.weight)
    assert data is not None
    spoilt = (np.asarray(data.array, np.float32) // 48 * 48).astype(np.int8)
    op.operands[1] = Builder(InsertPoint.before(op)).insert(trained.TensorOp(spoilt)).result
    found = attribution(module, samples)
    assert found.knows_weights
    assert worst(found) == ("s", "weights")
    assert (found.bits[0].kind, found.bits[0].name, found.bits[0].bits) == ("weights", "s", 8)
    drop_real_parameters(op)
    assert not measurement(module).knows_weights


def test_a_rough_approximation_is_named(context: CorelowerContext, samples: FloatArray) -> None:
    module = run(context, encoded(context, function="unary sigmoid", error=0.2), QUANTIZE)
    measured = measurement(module)
    found = measured.run(Samples(samples))
    assert worst(found) == ("r", "approximation")
    assert causes_of(found, "r")["approximation"] > 1e-3
    assert "approximation" not in causes_of(found, "h")
    check_both_ends(measured, module, samples)


def test_a_function_that_is_exact_on_codes_is_no_approximation(
    context: CorelowerContext, samples: FloatArray
) -> None:
    module = run(context, encoded(context, function="unary sigmoid", exact=True), QUANTIZE)
    measured = measurement(module)
    assert set(causes_of(measured.run(Samples(samples)), "r")) <= {"signal", "clipping"}
    check_both_ends(measured, module, samples)


def test_codes_of_the_network_itself_are_no_cause(samples: FloatArray) -> None:
    ctx = make_context()
    ctx.calibration = Samples(samples)
    text = """
#chip = #core_op.target<"chip", fan_in = 64, fan_out = 64, signal_bits = 8, weights = [-127, 127],
                        bias_bits = 24>
module attributes {core_op.target = #chip} {
  func.func @main(%x: tensor<12xf32>) -> tensor<2xf32> {
    %w = trained.tensor "sha256:W" : tensor<12x2xf32>
    %s = trained.tensor 0.25 : tensor<f32>
    %z = trained.tensor 0.0 : tensor<f32>
    %h = nn.dense %x, %w {golden = "h"} : (tensor<12xf32>, tensor<12x2xf32>) -> tensor<2xf32>
    %r = nn.relu %h {golden = "r"} : (tensor<2xf32>) -> tensor<2xf32>
    %q = nn.quantize %r, %s, %z bits 2 {golden = "q"}
      : (tensor<2xf32>, tensor<f32>, tensor<f32>) -> tensor<2xf32>
    func.return %q : tensor<2xf32>
  }
}"""
    random = np.random.default_rng(5)
    data = trained.TensorData(random.normal(0, 0.4, (12, 2)).astype(np.float32))
    text = text.replace("sha256:W", f"sha256:{ctx.tensors.add(data).digest}")
    pipeline = f"nn-keep-golden,nn-to-core-op,{ENCODE},{QUANTIZE}"
    found = attribution(run(ctx, parse_module(ctx, text, "t"), pipeline), samples)
    assert set(causes_of(found, "q")) <= {"weights"}
    assert all((bit.kind, bit.name) != ("signal", "q") for bit in found.bits)


def test_outputs_that_are_values_have_a_squared_error(
    context: CorelowerContext, samples: FloatArray
) -> None:
    module = run(context, encoded(context), QUANTIZE)
    found = attribution(module, samples, decisions=False)
    main = find_function(module)
    results = (Evaluator(f).run(samples)[0] for f in (main, golden_function(module, main)))
    ours, golden = (np.asarray(result, np.float64) for result in results)
    wanted = float(np.mean(np.square(ours - golden)) / np.var(golden))
    assert (found.measure, found.disagreement) == ("squared_error", None)
    assert found.distance == pytest.approx(wanted, rel=1e-3)


def test_the_work_is_bounded(context: CorelowerContext, samples: FloatArray) -> None:
    module = run(context, encoded(context), QUANTIZE)
    measured = measurement(module)
    some, few = (measured.run(Samples(samples), most) for most in (1e6, 2e5))
    assert 32 <= some.samples < 100 and some.bits
    assert few.samples < 100 and not few.bits and not few.causes
    assert all(cause.distance_gain is None for _, cause in few.worst())


def test_the_pass_changes_nothing_and_writes_what_it_found(
    context: CorelowerContext, tmp_path: Path
) -> None:
    module = run(context, encoded(context), QUANTIZE)
    before = module_text(module)
    context.remarks.clear()
    CoreOpReport(file=str(tmp_path / "r.json"), samples=50).apply(context, module)
    assert module_text(module) == before
    assert "on 50 samples, distance" in context.remarks[0]
    assert 3 < len(context.remarks) <= 11
    entry = json.loads((tmp_path / "r.json").read_text())
    assert entry["samples"] == 50
    assert {cause["cause"] for cause in entry["causes"]} <= set(CAUSES)
    assert [layer["name"] for layer in entry["layers"]] == ["input", "r", "s", "y"]
    gained = [bit["distance_gain"] for bit in entry["bits"]]
    assert gained == sorted(gained, reverse=True)


def test_what_cannot_be_measured_is_refused(context: CorelowerContext, tmp_path: Path) -> None:
    module = encoded(context)
    with pytest.raises(CorelowerError, match="cannot write"):
        CoreOpReport(file=str(tmp_path / "missing" / "r.json")).apply(context, module)
    del find_function(module).attributes["core_op.golden"]
    with pytest.raises(CorelowerError, match="names no golden function"):
        CoreOpReport().apply(context, module)


def test_a_compilation_says_where_the_accuracy_went() -> None:
    model = ModelBuilder((6,))
    model.dense(8)
    model.relu()
    model.dense(4)
    network = compile_model(
        model.model(), calibration=draw_samples(16, 6), tune=False, attribution=True
    )
    report = network.report
    assert report.attribution is not None and report.attribution.knows_weights
    known = {stage.name: set(stage.sqnr_db) for stage in report.stages if stage.sqnr_db}
    assert set(known) == {"reencoded", "expanded", "quantized"}
    layers = {layer.name: layer.sqnr_db for layer in report.layers}
    assert known["quantized"] == set(layers) and report.stages[-2].sqnr_db == layers
    text = (network.folder / "ir" / "5-mapped.mlir").read_text()
    assert "real_weight" not in text
    assert "Where the accuracy went" in (network.folder / "report.html").read_text()
