"""Small ONNX models with random weights, and data for them, for tests of the driver."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, helper, numpy_helper
from onnx import TensorProto as Element

FloatArray = npt.NDArray[np.float32]


class ModelBuilder:
    """Writes a network layer by layer, as its author would have named the nodes."""

    def __init__(self, shape: Sequence[int], seed: int = 0):
        self.random = np.random.default_rng(seed)
        self.input_shape = tuple(shape)
        self.shape: tuple[int, ...] = self.input_shape
        self.value = "image"
        self.nodes: list[NodeProto] = []
        self.weights: dict[str, FloatArray] = {}

    def conv(self, channels: int, kernel: int = 3, pad: int = 1, stride: int = 1) -> None:
        height, width = self.shape[1:]
        weight = self._weight(channels, self.shape[0], kernel, kernel)
        attributes = {"pads": [pad] * 4, "strides": [stride] * 2}
        self._add("Conv", [weight, self._bias(channels)], attributes)
        sides = ((n + 2 * pad - kernel) // stride + 1 for n in (height, width))
        self.shape = (channels, *sides)

    def relu(self) -> None:
        self._add("Relu")

    def pool(self, kind: str = "AveragePool") -> None:
        self._add(kind, [], {"kernel_shape": [2, 2], "strides": [2, 2]})
        self.shape = (self.shape[0], self.shape[1] // 2, self.shape[2] // 2)

    def dense(self, outputs: int) -> None:
        if len(self.shape) > 1:
            self._add("Flatten")
            self.shape = (prod(self.shape),)
        weight = self._weight(outputs, prod(self.shape))
        self._add("Gemm", [weight, self._bias(outputs)], {"transB": 1})
        self.shape = (outputs,)

    def add(self, other: str) -> None:
        """The sum of the last value and of `other`, which has its shape: a residual addition."""
        self._add("Add", [other])

    def concat(self, other: str) -> None:
        """The last value's channels, and behind them those of `other`, which has its shape."""
        self._add("Concat", [other], {"axis": 1})
        self.shape = (2 * self.shape[0], *self.shape[1:])

    def model(self) -> ModelProto:
        """The finished network, of any batch."""
        image = helper.make_tensor_value_info("image", Element.FLOAT, ["N", *self.input_shape])
        result = helper.make_tensor_value_info(self.value, Element.FLOAT, ["N", *self.shape])
        weights = [numpy_helper.from_array(value, name) for name, value in self.weights.items()]
        graph = helper.make_graph(self.nodes, "small", [image], [result], weights)
        opset = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opset, ir_version=8)

    def _add(
        self,
        kind: str,
        weights: Sequence[str] = (),
        attributes: Mapping[str, int | list[int]] | None = None,
    ) -> None:
        name = f"/{len(self.nodes)}/{kind}"
        inputs, self.value = [self.value, *weights], f"{name}_output"
        node = helper.make_node(kind, inputs, [self.value], name)
        for key, value in (attributes or {}).items():
            node.attribute.append(helper.make_attribute(key, value))
        self.nodes.append(node)

    def _weight(self, *shape: int) -> str:
        deviation = np.sqrt(2 / np.prod(shape[1:]))
        return self._constant(self.random.normal(0, deviation, shape).astype(np.float32))

    def _bias(self, outputs: int) -> str:
        return self._constant(self.random.normal(0, 0.2, outputs).astype(np.float32))

    def _constant(self, value: FloatArray) -> str:
        name = f"constant.{len(self.weights)}"
        self.weights[name] = value
        return name


def convolutional_model(seed: int = 0) -> ModelProto:
    """Takes [N, 1, 6, 6]; convolution, pool, two dense layers; four classes."""
    builder = ModelBuilder((1, 6, 6), seed)
    builder.conv(4)
    builder.relu()
    builder.pool()
    builder.dense(8)
    builder.relu()
    builder.dense(4)
    return builder.model()


def draw_samples(count: int, *shape: int, seed: int = 1) -> FloatArray:
    """Samples as images have them: in 0..1."""
    return np.random.default_rng(seed).random((count, *shape)).astype(np.float32)
