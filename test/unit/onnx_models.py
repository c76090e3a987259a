"""Small ONNX models, and what onnxruntime computes with them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from xdsl.dialects.builtin import ModuleOp

from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.tools.onnx_import import import_onnx

Array = npt.NDArray[np.generic]
Shape = Sequence[int | str | None]


class Session(Protocol):
    def run(self, output_names: None, feed: Mapping[str, Array], /) -> Sequence[object]: ...


def draw(*shape: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """Numbers that float32 sums exactly enough to compare closely."""
    generator = np.random.default_rng([seed, *shape])
    return generator.uniform(-1, 1, shape).astype(np.float32)


def integers(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, np.int64)


def make_model(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Shape],
    constants: Mapping[str, Array] | None = None,
    outputs: Sequence[str] = ("y",),
    version: int = 17,
    element: int = TensorProto.FLOAT,
    output_element: int = TensorProto.FLOAT,
) -> ModelProto:
    graph = helper.make_graph(
        list(nodes),
        "network",
        [helper.make_tensor_value_info(name, element, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, output_element, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8)


def open_session(model: bytes) -> Session:
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def onnxruntime_outputs(
    model: ModelProto, inputs: Mapping[str, Array]
) -> list[npt.NDArray[np.float64]]:
    session = open_session(model.SerializeToString())
    return [np.asarray(output, np.float64) for output in session.run(None, inputs)]


def evaluate(module: ModuleOp, *inputs: Array) -> list[npt.NDArray[np.float64]]:
    module.verify()
    outputs = Evaluator(find_function(module)).run(*inputs)
    return [np.asarray(output, np.float64) for output in outputs]


def check(model: ModelProto, **inputs: Array) -> ModuleOp:
    """Compare on a batch; the module, for what else a test wants to see."""
    module = import_onnx(model)
    actual = evaluate(module, *inputs.values())
    for mine, theirs in zip(actual, onnxruntime_outputs(model, inputs), strict=True):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-6)
    return module


def check_node(
    operator: str,
    shape: Shape,
    *constants: Array,
    version: int = 17,
    attributes: Mapping[str, object] | None = None,
) -> ModuleOp:
    """One node whose first input is computed and whose others are constant."""
    names = [f"c{index}" for index in range(len(constants))]
    node = helper.make_node(operator, ["x", *names], ["y"], "the node")
    node.attribute.extend(
        helper.make_attribute(key, value) for key, value in (attributes or {}).items()
    )
    named = dict(zip(names, constants, strict=True))
    model = make_model([node], {"x": ["N", *shape]}, named, version=version)
    return check(model, x=draw(3, *(extent for extent in shape if isinstance(extent, int))))


def operations(module: ModuleOp) -> list[str]:
    return [op.name for op in find_function(module).body.block.ops]
