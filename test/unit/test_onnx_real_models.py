"""Published models, in the folder that the environment variable CORELOWER_DATA names."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from xdsl.dialects.builtin import ModuleOp

from corelower.dialects import core_op, nn
from corelower.dialects.support.samples import Samples
from corelower.passes.pipelines import PIPELINES
from corelower.passes.reform_limits import ReformError, stays_on_host
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.targets.registry import find_target
from corelower.tools.ir_files import make_context
from corelower.tools.onnx_import import import_onnx
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

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


MODELS = [
    ("acasxu-1-1", (1, 1, 5), 1),
    ("digits-cnn", (1, 8, 8), 1),
    ("kws-dscnn", (1, 49, 10), 50),
    ("kws-lstm-s", (49, 10), 50),
    ("mnist-8", (1, 28, 28), 1),
    ("mnist-8-fused", (1, 28, 28), 1),
    ("mnist-maxpool", (1, 28, 28), 1),
    ("mnist-sigmoid-6x200", (1, 28, 28), 1),
    ("resnet20-cifar10", (3, 32, 32), 1),
    ("resnet8-cifar10", (3, 32, 32), 255),
]


@pytest.mark.parametrize(("model", "shape", "scale"), MODELS)
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


APPROXIMATED = {"mnist-sigmoid-6x200": 0.02}
"""How far the outputs may be, as a part of the largest, where each sigmoid may be 0.001 off."""


def reformed(path: Path, samples: npt.NDArray[np.float32]) -> ModuleOp:
    """A model as real `core_op`."""
    ctx = make_context()
    ctx.calibration = Samples(samples)
    module = import_onnx(path, ctx)
    core_op.set_target(module, find_target("prime"))
    for one in build_passes("nn-to-core-op", full_universe().all_passes, PIPELINES):
        one.apply(ctx, module)
    module.verify()
    return module


@pytest.mark.parametrize(
    ("model", "shape", "scale"), [entry for entry in MODELS if entry[0] != "kws-lstm-s"]
)
def test_a_published_model_computes_the_same_as_dot_products(
    model: str, shape: tuple[int, ...], scale: float
):
    path = FOLDER / f"{model}.onnx"
    samples = np.random.default_rng(0).uniform(0, scale, (8, *shape)).astype(np.float32)
    function = find_function(reformed(path, samples))
    assert not any(
        isinstance(op, nn.NnOperation) and not stays_on_host(op) for op in function.walk()
    )
    (actual,) = Evaluator(function).run(samples)
    expected = onnxruntime_outputs(path, function.args[0].name_hint or "", samples)
    tolerance = APPROXIMATED.get(model, 1e-4) * float(np.abs(expected).max())
    np.testing.assert_allclose(np.asarray(actual, np.float64), expected, rtol=0, atol=tolerance)
    np.testing.assert_array_equal(actual.argmax(axis=1), expected.argmax(axis=1))


def test_recurrence_is_said_to_be_what_is_in_the_way():
    with pytest.raises(ReformError, match=r"node 'lstm': nn.recurrent: recurrence"):
        reformed(FOLDER / "kws-lstm-s.onnx", np.zeros((2, 49, 10), np.float32))


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


def without_quant(model: ModelProto) -> ModelProto:
    """A model of 2-bit `Quant`s, narrow and of scale 1, in operators that onnxruntime knows."""
    changed = ModelProto()
    changed.CopyFrom(model)
    del changed.graph.node[:]
    for node in model.graph.node:
        if node.op_type != "Quant":
            changed.graph.node.append(node)
            continue
        rounded = f"{node.output[0]} rounded"
        changed.graph.node.append(helper.make_node("Round", node.input[:1], [rounded]))
        clip = helper.make_node("Clip", [rounded, "least", "greatest"], node.output)
        changed.graph.node.append(clip)
    for name, bound in (("least", -1), ("greatest", 1)):
        changed.graph.initializer.append(numpy_helper.from_array(np.array(bound, np.float32), name))
    del changed.opset_import[:]
    changed.opset_import.append(helper.make_opsetid("", 11))
    return changed


def test_a_qonnx_model_computes_what_its_definition_says(tmp_path: Path):
    path = FOLDER / "qonnx-tfc-2w2a.onnx"
    plain = tmp_path / "plain.onnx"
    plain.write_bytes(without_quant(ModelProto.FromString(path.read_bytes())).SerializeToString())
    function = find_function(import_onnx(path))
    assert sum(isinstance(op, nn.QuantizeOp) for op in function.walk()) == 4
    samples = np.random.default_rng(0).uniform(0, 1, (64, 1, 28, 28)).astype(np.float32)
    (actual,) = Evaluator(function).run(samples)
    expected = onnxruntime_outputs(plain, "0", samples)
    tolerance = 1e-4 * float(np.abs(expected).max())
    np.testing.assert_allclose(np.asarray(actual, np.float64), expected, rtol=0, atol=tolerance)
    np.testing.assert_array_equal(actual.argmax(axis=1), expected.argmax(axis=1))
