"""Networks that spike in some layers and are graded in others, from the model to the image."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import ModelProto
from small_models import ModelBuilder, draw_samples
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp

from corelower.dialects import core_op
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.functions import find_function, golden_function
from corelower.dialects.support.provenance import golden_name
from corelower.dialects.support.samples import Samples
from corelower.dialects.support.target import FieldValue
from corelower.dialects.trained import constant_of
from corelower.passes.layer_modes import name_layers
from corelower.passes.pipelines import PIPELINES, encode_pipeline, tile_pipeline
from corelower.passes.real_parameters import real_weight_in_steps
from corelower.targets.jax.evaluator import Evaluator
from corelower.targets.registry import find_targets, other_mode
from corelower.targets.tianji.image import read_image
from corelower.targets.tianji.image_writer import write_image
from corelower.targets.tianji.simulator import Simulator
from corelower.tools.compiler import compile_model
from corelower.tools.ir_files import make_context
from corelower.tools.onnx_import import import_onnx
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

SHAPE = (2, 4, 4)

QUANTIZED = ",".join(
    (
        "nn-keep-golden,nn-to-core-op,core-op-assign-modes",
        encode_pipeline("output=values"),
        tile_pipeline("output=values"),
        "core-op-quantize-weights{keep-real}",
    )
)


@dataclass(frozen=True)
class Mixed:
    """A network on its way, and the samples that it is tried on."""

    module: ModuleOp
    ctx: CorelowerContext
    samples: npt.NDArray[np.float32]

    @classmethod
    def quantized(
        cls, model: ModelProto, mode: str, named: list[str], changes: dict[str, FieldValue]
    ) -> "Mixed":
        """Integers and codes of `model`, of which the layers `named` are not in this mode."""
        ctx = make_context()
        module = import_onnx(model, ctx)
        core_op.set_target(
            module, *find_targets("tianji", mode, other_mode("tianji", mode), changes)
        )
        name_layers(find_function(module), named, spiking=mode == "ann")
        ctx.calibration = Samples(draw_samples(48, *SHAPE, seed=1))
        mixed = cls(module, ctx, draw_samples(12, *SHAPE, seed=2))
        mixed.run(QUANTIZED)
        return mixed

    def run(self, pipeline: str) -> None:
        for one in build_passes(pipeline, full_universe().all_passes, PIPELINES):
            one.apply(self.ctx, self.module)
            self.module.verify()

    def codes(self) -> npt.NDArray[np.generic]:
        """What leaves the chip."""
        function = find_function(self.module)
        decode = next(op for op in function.walk() if isinstance(op, core_op.DecodeOp))
        found = Evaluator(function).values([decode.input], self.samples, codes=True)[0]
        return found.sum(axis=-1) if decode.unit_count > 1 else found

    def image_codes(self) -> npt.NDArray[np.generic]:
        """The same of the image alone."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "network.image"
            write_image(self.module, path)
            return Simulator(read_image(path)).chip_outputs(self.samples)[0]

    def layers(self) -> dict[str, tuple[bool, bool]]:
        """Whether the layer of a golden value reads spikes, and whether it gives some."""
        products = [op for op in find_function(self.module).walk() if isinstance(op, core_op.VmmOp)]
        return {
            golden_name(op) or "count": (
                core_op.ticks_of(op.input) > 1,
                core_op.ticks_of(op.result) > 1,
            )
            for op in products
        }


def network(seed: int, *, joins: str = "add", pool: str = "AveragePool") -> ModelProto:
    """Two convolutions, what the first gives added or put beside the second's, a pool, a layer."""
    builder = ModelBuilder(SHAPE, seed)
    builder.conv(3)
    builder.relu()
    first = builder.value
    builder.conv(3)
    if joins == "add":
        builder.add(first)
    builder.relu()
    if joins == "concat":
        builder.concat(first)
    builder.pool(pool)
    builder.dense(3)
    return builder.model()


LAST = "/7/Gemm_output"
LAYERS = ["image", "/0/Conv", "/2/Conv", "3", "-1"]


# The same networks each time: an example takes seconds, so a run is no search.
@settings(
    max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["add", "concat"]),
    st.sampled_from(["AveragePool", "MaxPool"]),
    st.sampled_from(["ann", "snn"]),
    st.lists(st.sampled_from(LAYERS), min_size=1, unique=True),
    st.sampled_from([(r, f) for r in ("zero", "subtract") for f in ("tick", "window")]),
    st.sampled_from([24, 256]),
)
def test_a_mixed_network_is_bit_exact_down_to_its_image(
    seed: int, joins: str, pool: str, mode: str, named: list[str], way: tuple[str, str], rows: int
) -> None:
    changes: dict[str, FieldValue] = {
        "window": 3, "reset": way[0], "firing": way[1], "fan_in": rows
    }  # fmt: skip
    mixed = Mixed.quantized(network(seed, joins=joins, pool=pool), mode, named, changes)
    coded = mixed.codes()
    mixed.run("core-op-to-tianji")
    assert np.array_equal(mixed.codes(), coded)
    assert np.array_equal(mixed.image_codes(), coded)


@pytest.mark.parametrize("joins", ["add", "concat"])
def test_layers_are_as_they_are_named(joins: str) -> None:
    changes: dict[str, FieldValue] = {"window": 4}
    named = ["image", "/2/Conv", "-1"]
    mixed = Mixed.quantized(network(1, joins=joins), "snn", named, changes)
    second = "/4/Relu_output" if joins == "add" else "/3/Relu_output"
    wanted = {"/1/Relu_output": (False, True), second: (True, False), LAST: (False, False)}
    # What stands beside graded numbers, one behind the other, is graded: spikes are counted there.
    counted = {"count": (True, False)} if joins == "concat" else {}
    assert mixed.layers() == wanted | counted


def test_all_layers_of_the_other_mode_are_the_other_mode() -> None:
    changes: dict[str, FieldValue] = {"window": 4}
    mixed = Mixed.quantized(network(1), "ann", ["image", "1", "2", "3"], changes)
    assert set(mixed.layers().values()) == {(True, True)}


def test_what_a_core_gets_of_a_graded_number_it_gets_at_every_tick() -> None:
    changes: dict[str, FieldValue] = {"window": 4, "reset": "subtract", "firing": "tick"}
    mixed = Mixed.quantized(network(2), "snn", ["image"], changes)
    function = find_function(mixed.module)
    first = next(op for op in function.walk() if isinstance(op, core_op.VmmOp))
    assert first.times_taken == 4
    # The weights before rounding, in the same steps: tuning starts from them.
    real, weight = real_weight_in_steps(first), constant_of(first.weight)
    assert real is not None and weight is not None
    assert np.abs(real - weight.array.astype(np.float32)).max() < 0.51
    # Driven evenly, and with nothing forgotten, a neuron spikes exactly as often as its rate says.
    rate, spikes = (
        Evaluator(function, timed=timed).values([first.result], mixed.samples, codes=True)[0]
        for timed in (False, True)
    )
    code = core_op.code_of(first.result)
    assert code is not None and rate.max() == code.largest
    assert np.array_equal(rate, spikes)


def test_tuning_brings_a_mixed_network_nearer_to_the_golden_one() -> None:
    builder = ModelBuilder(SHAPE, 5)
    for _ in range(2):
        builder.dense(8)
        builder.relu()
    builder.dense(3)
    changes: dict[str, FieldValue] = {"window": 3, "reset": "zero", "firing": "tick"}
    mixed = Mixed.quantized(builder.model(), "snn", ["image", "-1"], changes)
    function = find_function(mixed.module)
    golden = outputs_of(golden_function(mixed.module, function), mixed.samples)
    before = np.square(outputs_of(function, mixed.samples) - golden).mean()
    mixed.run("core-op-tune{method=end-to-end steps=40 batch=16 output=values}")
    assert np.square(outputs_of(function, mixed.samples) - golden).mean() < 0.75 * before
    coded = mixed.codes()
    # Which verifies the target's constraints.
    mixed.run("core-op-to-tianji")
    assert np.array_equal(mixed.image_codes(), coded)


def outputs_of(function: FuncOp, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    return Evaluator(function).run(samples)[0].astype(np.float64)


def test_the_whole_compiler_takes_layers_by_name() -> None:
    found = compile_model(
        network(3),
        calibration=draw_samples(32, *SHAPE, seed=1),
        target="tianji",
        mode="ann",
        spiking_layers=["/0/Conv"],
        overrides={"window": 4},
        tune=False,
    )
    assert found.report.bit_exact
    assert found.report.mode == "ann"
    text = (found.folder / "ir" / "1-reformed.mlir").read_text()
    assert 'core_op.spiking_layers = ["/0/Conv"]' in text
