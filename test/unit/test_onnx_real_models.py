"""Published models, in the folder that the environment variable CORELOWER_DATA names."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from onnx import TensorProto, numpy_helper

from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.tools.onnx_import import ModelError, import_onnx

Array = npt.NDArray[np.generic]
FOLDER = Path(os.environ.get("CORELOWER_DATA", "")) / "models"

pytestmark = pytest.mark.skipif(
    "CORELOWER_DATA" not in os.environ, reason="CORELOWER_DATA names no folder with models"
)


class Session(Protocol):
    def run(self, output_names: None, feed: Mapping[str, Array], /) -> Sequence[object]: ...


def open_session(path: Path) -> Session:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def onnxruntime_outputs(path: Path, name: str, samples: Array) -> npt.NDArray[np.float64]:
    """One sample at a time: some of the models have a batch of one."""
    session = open_session(path)
    rows = [session.run(None, {name: samples[i : i + 1]})[0] for i in range(len(samples))]
    return np.concatenate([np.asarray(row, np.float64) for row in rows])


@pytest.mark.parametrize(
    ("model", "shape", "scale"),
    [
        ("acasxu-1-1", (1, 1, 5), 1),
        ("digits-cnn", (1, 8, 8), 1),
        ("kws-dscnn", (1, 49, 10), 50),
        ("mnist-8", (1, 28, 28), 1),
        ("mnist-8-fused", (1, 28, 28), 1),
        ("mnist-maxpool", (1, 28, 28), 1),
        ("resnet8-cifar10", (3, 32, 32), 255),
    ],
)
def test_a_published_model_computes_what_onnxruntime_does(
    model: str, shape: tuple[int, ...], scale: float
):
    path = FOLDER / f"{model}.onnx"
    function = find_function(import_onnx(path))
    generator = np.random.default_rng(0)
    samples = (generator.uniform(0, scale, (8, *shape))).astype(np.float32)
    (actual,) = Evaluator(function).run(samples)
    expected = onnxruntime_outputs(path, function.args[0].name_hint or "", samples)
    tolerance = 1e-4 * float(np.abs(expected).max())
    np.testing.assert_allclose(np.asarray(actual, np.float64), expected, rtol=0, atol=tolerance)
    np.testing.assert_array_equal(actual.argmax(axis=1), expected.argmax(axis=1))


@pytest.mark.parametrize("index", range(3))
def test_golden_inputs_of_the_model_zoo(index: int):
    folder = FOLDER / f"mnist-8_test_data_set_{index}"
    images, expected = (
        numpy_helper.to_array(TensorProto.FromString((folder / name).read_bytes()))
        for name in ("input_0.pb", "output_0.pb")
    )
    function = find_function(import_onnx(FOLDER / "mnist-8.onnx"))
    (actual,) = Evaluator(function).run(images.astype(np.float32))
    np.testing.assert_allclose(np.asarray(actual, np.float64), expected, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize(
    ("model", "operators"),
    [
        ("kws-lstm-s", {"Transpose", "LSTM"}),
        ("mnist-sigmoid-6x200", {"Sigmoid"}),
        ("qonnx-tfc-2w2a", {"onnx.brevitas.Quant"}),
        ("resnet20-cifar10", {"Pad", "Slice"}),
    ],
)
def test_what_a_published_model_needs_besides_is_listed(model: str, operators: set[str]):
    with pytest.raises(ModelError) as caught:
        import_onnx(FOLDER / f"{model}.onnx")
    assert {problem.operator for problem in caught.value.problems} == operators
