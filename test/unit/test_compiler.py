"""A model becomes a chip image that runs alone; the report says what it cost."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from onnx import ModelProto
from small_models import convolutional_model, draw_samples

import corelower
from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.samples import Preprocessing
from corelower.dialects.support.tensor_file import read_tensors
from corelower.targets.jax.evaluator import Evaluator
from corelower.targets.jax.evaluator import find_function as find
from corelower.tools.compile_report import Report
from corelower.tools.compiler import compile_model
from corelower.tools.ir_files import make_context, read_module
from corelower.tools.output_folder import files_of

Array = npt.NDArray[np.generic]

CALIBRATION = draw_samples(48, 1, 6, 6, seed=1)
TEST = draw_samples(32, 1, 6, 6, seed=2)
STAGES = ["golden", "reformed", "reencoded", "expanded", "quantized", "mapped"]


class Session(Protocol):
    def run(self, output_names: None, feed: Mapping[str, Array], /) -> Sequence[object]: ...


def onnxruntime_output(model: ModelProto, inputs: npt.NDArray[np.float32]) -> Array:
    session = open_session(model.SerializeToString())
    return np.asarray(session.run(None, {"image": inputs})[0])


def open_session(model: bytes) -> Session:
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


MODEL = convolutional_model()
LABELS: npt.NDArray[np.int64] = onnxruntime_output(MODEL, TEST).argmax(1)


def accuracy(outputs: Array) -> float:
    return int(np.count_nonzero(np.argmax(outputs, 1) == LABELS)) / len(LABELS)


@pytest.fixture(scope="module")
def compiled() -> corelower.CompiledNetwork:
    return compile_model(MODEL, calibration=CALIBRATION, test=TEST, labels=LABELS, tune=False)


def test_the_library_offers_it_under_a_short_name():
    assert corelower.compile is compile_model


def test_the_golden_network_is_the_model(compiled: corelower.CompiledNetwork):
    assert compiled.report.golden_accuracy == 1.0


def test_a_compiled_network_runs(compiled: corelower.CompiledNetwork):
    (outputs,) = compiled.run(TEST)
    assert outputs.shape == (len(TEST), 4)
    decided = accuracy(outputs)
    assert decided == compiled.report.accuracy == pytest.approx(1 - _known(compiled.report))
    assert decided > 0.7


def test_the_image_agrees_bit_for_bit_with_the_ir(compiled: corelower.CompiledNetwork):
    assert compiled.report.bit_exact
    assert compiled.report.verified_samples == len(TEST)
    (expected,) = Evaluator(find(compiled.module)).run(TEST)
    assert np.array_equal(compiled.run(TEST)[0], expected)


def test_what_is_not_simulated_is_computed_as_the_chip_would(
    compiled: corelower.CompiledNetwork,
):
    network = compile_model(
        MODEL, calibration=CALIBRATION, test=TEST, labels=LABELS, tune=False, simulate=3
    )
    found, expected = network.report, compiled.report
    assert found.simulated_samples == found.verified_samples == 3
    assert expected.simulated_samples == found.test_samples == len(TEST)
    assert (found.accuracy, found.disagreement) == (expected.accuracy, expected.disagreement)
    with pytest.raises(CorelowerError, match="simulate must be 1 or more, not 0"):
        compile_model(MODEL, calibration=CALIBRATION, simulate=0)


def test_rows_kept_for_each_weight_cost_cores_and_bring_it_nearer():
    errors, cores = list[float](), list[int]()
    for rows in (1, 3):
        report = compile_model(
            MODEL,
            calibration=CALIBRATION,
            overrides={"weights": (-1, 1), "fan_in": 24, "fan_out": 24},
            weight_units=rows,
            tune=False,
        ).report
        assert report.bit_exact
        errors.append(report.layers[-1].sqnr_db or 0)
        cores.append(report.weight_cores)
    assert cores[1] > cores[0] and errors[1] > errors[0]
    with pytest.raises(CorelowerError, match="weight-units must be 1 to 32, or auto, not 0"):
        compile_model(MODEL, calibration=CALIBRATION, weight_units=0)


def test_every_stage_is_measured(compiled: corelower.CompiledNetwork):
    assert [stage.name for stage in compiled.report.stages] == STAGES
    for stage in compiled.report.stages:
        assert stage.accuracy is not None and stage.disagreement is not None
        assert stage.accuracy == pytest.approx(1 - stage.disagreement)
    assert compiled.report.stages[1].disagreement == 0


def test_the_error_of_each_layer_has_the_name_of_the_users_node(
    compiled: corelower.CompiledNetwork,
):
    layers = {layer.name: layer for layer in compiled.report.layers}
    assert layers["/1/Relu_output"].where == "node '/0/Conv', node '/1/Relu'"
    assert all(layer.sqnr_db is None or layer.sqnr_db > 5 for layer in layers.values())


def test_the_ir_of_every_stage_is_valid_beside_one_weights_file(
    compiled: corelower.CompiledNetwork,
):
    ctx = make_context()
    read_tensors(compiled.folder / "weights.safetensors", ctx.tensors)
    for index, name in enumerate(STAGES):
        module = read_module(ctx, compiled.folder / "ir" / f"{index}-{name}.mlir")
        module.verify()
        (outputs,) = Evaluator(find(module)).run(TEST)
        decided = accuracy(outputs)
        assert decided == compiled.report.stages[index].accuracy


def test_what_is_saved_is_what_the_report_lists(
    compiled: corelower.CompiledNetwork, tmp_path: Path
):
    folder = compiled.save(tmp_path / "out")
    entry = json.loads((folder / "report.json").read_text())
    assert entry["files"] == files_of(folder)
    assert (folder / compiled.report.image).read_bytes() == compiled.image_path.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    # It may be replaced by another one, and so may what the next one makes.
    assert compiled.save(folder) == folder


def test_nothing_else_is_replaced(compiled: corelower.CompiledNetwork, tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CorelowerError, match="holds something else"):
        compiled.save(tmp_path)
    assert files_of(tmp_path) == ["thesis.txt"]


def test_without_labels_there_is_disagreement_and_no_accuracy():
    report = compile_model(MODEL, calibration=CALIBRATION, tune=False).report
    assert report.accuracy is None and report.golden_accuracy is None
    assert report.disagreement is not None
    assert report.measured_on == "calibration" and report.test_samples == len(CALIBRATION)


def test_files_with_preprocessing_give_what_arrays_give(
    compiled: corelower.CompiledNetwork, tmp_path: Path
):
    raw = np.moveaxis(CALIBRATION, 1, -1) * np.float32(4) + np.float32(2)
    np.savez(tmp_path / "data.npz", other=np.zeros(3), images=raw)
    (tmp_path / "model.onnx").write_bytes(MODEL.SerializeToString())
    network = compile_model(
        tmp_path / "model.onnx",
        calibration=f"{tmp_path / 'data.npz'}:images",
        preprocessing=Preprocessing(scale=2, mean=(1,), std=(2,), layout="nhwc"),
        tune=False,
        out=tmp_path / "out",
    )
    assert network.image_path == tmp_path / "out" / "network.prime"
    assert np.allclose(network.run(TEST)[0], compiled.run(TEST)[0], atol=0.05)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.npz", "model.onnx", "out"]


def test_other_constraints_reach_the_chip():
    report = compile_model(
        MODEL,
        calibration=CALIBRATION,
        tune=False,
        overrides={"fan_in": 16, "fan_out": 8, "signal_bits": 8, "cores": 200},
    ).report
    assert report.bit_exact
    assert report.mapping["target_cores"] == 200
    assert report.cores <= 200
    # 4 x 3 x 3 + 8 x 36 + 4 x 8 weights do not fit into three cores of 14 x 8.
    assert report.weight_cores > 3


def _known(report: Report) -> float:
    assert report.disagreement is not None
    return report.disagreement
