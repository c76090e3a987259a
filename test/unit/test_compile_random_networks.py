"""Networks that nobody chose: each stage keeps their meaning, and the image is bit-exact."""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import ModelProto
from small_models import ModelBuilder, draw_samples

from corelower.dialects.support.target import FieldValue
from corelower.dialects.support.tensor_file import read_tensors
from corelower.passes.core_op_split_units import CoreOpSplitUnits
from corelower.passes.verify_target import VerifyTargetPass
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.tools.compiler import CompiledNetwork, compile_model
from corelower.tools.ir_files import make_context, read_module

CALIBRATION_SAMPLES, TEST_SAMPLES = 64, 24

LEAST_CODED_SQNR = 10.0
"""dB, of all values of the results, on samples that were not calibrated on."""


class Drawn(NamedTuple):
    model: ModelProto
    shape: tuple[int, ...]
    overrides: dict[str, FieldValue]
    max_pool: str
    output: str
    units: int | Literal["auto"]


@st.composite
def networks(draw: st.DrawFn) -> Drawn:
    seed = draw(st.integers(0, 10**6))
    if draw(st.booleans()):
        shape: tuple[int, ...] = (draw(st.integers(1, 3)), *[draw(st.integers(4, 7))] * 2)
    else:
        shape = (draw(st.integers(1, 40)),)
    builder = ModelBuilder(shape, seed)
    for _ in range(draw(st.integers(0, 2)) if len(shape) > 1 else 0):
        builder.conv(
            draw(st.integers(1, 5)), draw(st.sampled_from([1, 3])), draw(st.integers(0, 1))
        )
        if draw(st.booleans()):
            builder.relu()
        if builder.shape[1] >= 2 and draw(st.booleans()):
            builder.pool(draw(st.sampled_from(["AveragePool", "MaxPool"])))
    for _ in range(draw(st.integers(0, 2))):
        builder.dense(draw(st.integers(1, 20)))
        builder.relu()
    builder.dense(draw(st.integers(2, 6)))
    overrides: dict[str, FieldValue] = {
        "fan_in": draw(st.sampled_from([16, 40, 256])),
        "fan_out": draw(st.sampled_from([8, 256])),
        "signal_bits": draw(st.sampled_from([6, 8])),
        "gain": draw(st.sampled_from(["core", "neuron"])),
        "cores": draw(st.sampled_from([0, 4096])),
    }
    max_pool = draw(st.sampled_from(["relu", "auto"]))
    output = draw(st.sampled_from(["values", "decisions"]))
    units: int | Literal["auto"] = draw(st.sampled_from([1, "auto", 3]))
    if units == "auto":
        overrides["signal_bits"] = draw(st.sampled_from([2, 3]))
    return Drawn(builder.model(), shape, overrides, max_pool, output, units)


def sqnr(found: npt.NDArray[np.generic], golden: npt.NDArray[np.generic]) -> float:
    expected = golden.astype(np.float64)
    signal, error = np.sum(expected**2), np.sum((found.astype(np.float64) - expected) ** 2)
    return float(10 * np.log10(max(signal, 1e-30) / max(error, 1e-30)))


def stage_outputs(
    network: CompiledNetwork, inputs: npt.NDArray[np.float32]
) -> dict[str, npt.NDArray[np.generic]]:
    """The network's result after each stage, by the files; the coded ones fit the chip."""
    ctx = make_context()
    read_tensors(network.folder / "weights.safetensors", ctx.tensors)
    outputs: dict[str, npt.NDArray[np.generic]] = {}
    for path in sorted((network.folder / "ir").glob("*.mlir")):
        module = read_module(ctx, path)
        module.verify()
        name = path.stem.split("-")[1]
        if name == "quantized":
            CoreOpSplitUnits().apply(ctx, module)
            VerifyTargetPass().apply(ctx, module)
        outputs[name] = Evaluator(find_function(module)).run(inputs)[0]
    return outputs


# The same networks each time: an example takes seconds, so a run is no search.
@settings(
    max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(networks())
def test_a_network_keeps_its_meaning(drawn: Drawn):
    inputs = draw_samples(TEST_SAMPLES, *drawn.shape, seed=2)
    network = compile_model(
        drawn.model,
        calibration=draw_samples(CALIBRATION_SAMPLES, *drawn.shape, seed=1),
        test=inputs,
        overrides=drawn.overrides,
        max_pool=drawn.max_pool,
        output=drawn.output,
        units=drawn.units,
        tune=False,
        verify_all=True,
    )
    assert network.report.bit_exact
    assert network.report.verified_samples == TEST_SAMPLES
    outputs = stage_outputs(network, inputs)
    assert sqnr(outputs["reformed"], outputs["golden"]) > 80
    # Results that only decide may saturate as long as that changes no decision.
    bounded = ("reencoded", "expanded", "quantized") if drawn.output == "values" else ()
    for name in bounded:
        assert sqnr(outputs[name], outputs["golden"]) > LEAST_CODED_SQNR, name
    # From here on nothing is lost any more.
    assert np.array_equal(outputs["quantized"], outputs["mapped"])
    assert np.array_equal(network.run(inputs)[0], outputs["mapped"])
