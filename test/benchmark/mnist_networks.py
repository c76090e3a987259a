"""LeNet-5, a residual one and a perceptron for MNIST: training in JAX, the result as ONNX."""

from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import jax
import numpy as np
import numpy.typing as npt
import onnx
import optax
from onnx import TensorProto, helper, numpy_helper

from corelower.targets.jax.typed import float32, gradient, jit, to_device, update, zeros

FloatArray = npt.NDArray[np.float32]
Parameters = dict[str, jax.Array]

BATCH = 64
LEARNING_RATE = 2e-3


@dataclass(frozen=True)
class Conv:
    """A convolution of `kernel` x `kernel` with ReLU, then a 2 x 2 pool."""

    channels: int
    outputs: int
    kernel: int
    padding: int
    pool: Literal["MaxPool", "AveragePool"] = "MaxPool"


@dataclass(frozen=True)
class Residual:
    """A convolution of `kernel` x `kernel` with ReLU, added to what it reads."""

    channels: int
    kernel: int


@dataclass(frozen=True)
class Dense:
    """A dense layer; ReLU behind all but the last."""

    inputs: int
    outputs: int


Layer = Conv | Residual | Dense


@dataclass(frozen=True)
class Network:
    """Layers from 28 x 28 pixels in 0..1 to ten logits, and the epochs that they are trained."""

    name: str
    layers: tuple[Layer, ...]
    epochs: int


NETWORKS = {
    "lenet5": Network(
        "LeNet-5",
        (Conv(1, 6, 5, 2), Conv(6, 16, 5, 0), Dense(400, 120), Dense(120, 84), Dense(84, 10)),
        epochs=6,
    ),
    "lenet-residual": Network(
        "LeNet, residual, average pools",
        (
            Conv(1, 6, 5, 2, "AveragePool"),
            Residual(6, 3),
            Conv(6, 16, 5, 0, "AveragePool"),
            Residual(16, 3),
            Dense(400, 120),
            Dense(120, 84),
            Dense(84, 10),
        ),
        epochs=6,
    ),
    "mlp": Network("MLP 784-100-10", (Dense(784, 100), Dense(100, 10)), epochs=40),
}


def train(
    network: Network, images: FloatArray, labels: npt.NDArray[np.int64], seed: int
) -> tuple[dict[str, FloatArray], float]:
    """The parameters after training on `images` [N, 1, 28, 28], and the seconds that it took."""
    started = perf_counter()
    random = np.random.default_rng(seed)
    parameters = _initial(network, random)
    batches = len(images) // BATCH
    schedule = optax.cosine_decay_schedule(LEARNING_RATE, network.epochs * batches)
    optimizer = optax.adam(schedule)

    def loss(parameters: Parameters, x: jax.Array, y: jax.Array) -> jax.Array:
        logits = apply(network, parameters, x)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    @jit
    def step(
        parameters: Parameters, state: optax.OptState, x: jax.Array, y: jax.Array
    ) -> tuple[Parameters, optax.OptState]:
        slope = gradient(loss)(parameters, x, y)
        change, state = update(optimizer, slope, state)
        return {name: value + change[name] for name, value in parameters.items()}, state

    state = optimizer.init(parameters)
    for _ in range(network.epochs):
        order = random.permutation(len(images))[: batches * BATCH].reshape(batches, BATCH)
        for index in order:
            parameters, state = step(
                parameters, state, float32(images[index]), to_device(labels[index])
            )
    trained = {name: np.asarray(value) for name, value in parameters.items()}
    return trained, perf_counter() - started


def apply(network: Network, parameters: Parameters, x: jax.Array) -> jax.Array:
    """Logits [N, 10]."""
    for number, layer in enumerate(network.layers):
        weight, bias = parameters[f"weight{number}"], parameters[f"bias{number}"]
        if not isinstance(layer, Dense):
            pads = [(_padding(layer), _padding(layer))] * 2
            y = jax.lax.conv_general_dilated(x, weight, (1, 1), pads) + bias[:, None, None]
            y = jax.nn.relu(y)
            if isinstance(layer, Residual):
                x = x + y
                continue
            n, channels, height, width = y.shape
            y = y.reshape(n, channels, height // 2, 2, width // 2, 2)
            x = y.max((3, 5)) if layer.pool == "MaxPool" else y.mean((3, 5))
            continue
        x = x.reshape(len(x), -1) @ weight + bias
        x = jax.nn.relu(x) if number < len(network.layers) - 1 else x
    return x


def to_onnx(network: Network, parameters: dict[str, FloatArray]) -> onnx.ModelProto:
    """The trained network, for any batch."""
    nodes: list[onnx.NodeProto] = []
    value, flat = "image", False
    for number, layer in enumerate(network.layers):
        constants = [f"weight{number}", f"bias{number}"]
        if not isinstance(layer, Dense):
            nodes += [
                helper.make_node(
                    "Conv", [value, *constants], [f"c{number}"], f"conv{number}",
                    pads=[_padding(layer)] * 4,
                ),
                helper.make_node("Relu", [f"c{number}"], [f"r{number}"], f"relu{number}"),
                _joined(layer, value, number),
            ]  # fmt: skip
            value = f"p{number}"
            continue
        if not flat:
            nodes.append(helper.make_node("Flatten", [value], ["flat"], "flatten"))
            value, flat = "flat", True
        last = number == len(network.layers) - 1
        result = "logits" if last else f"d{number}"
        nodes.append(helper.make_node("Gemm", [value, *constants], [result], f"dense{number}"))
        if not last:
            nodes.append(helper.make_node("Relu", [result], [f"r{number}"], f"relu{number}"))
            value = f"r{number}"
    graph = helper.make_graph(
        nodes,
        network.name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(array, name) for name, array in parameters.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _joined(layer: Conv | Residual, value: str, number: int) -> onnx.NodeProto:
    """What comes behind a convolution's rectifier: a pool, or the sum with what it read."""
    rectified, result = f"r{number}", f"p{number}"
    if isinstance(layer, Residual):
        return helper.make_node("Add", [value, rectified], [result], f"add{number}")
    return helper.make_node(
        layer.pool, [rectified], [result], f"pool{number}", kernel_shape=[2, 2], strides=[2, 2]
    )


def _padding(layer: Conv | Residual) -> int:
    return layer.padding if isinstance(layer, Conv) else layer.kernel // 2


def _initial(network: Network, random: np.random.Generator) -> Parameters:
    parameters: Parameters = {}
    for number, layer in enumerate(network.layers):
        if not isinstance(layer, Dense):
            outputs = layer.channels if isinstance(layer, Residual) else layer.outputs
            shape = (outputs, layer.channels, layer.kernel, layer.kernel)
            fan_in = layer.channels * layer.kernel**2
        else:
            shape, fan_in = (layer.inputs, layer.outputs), layer.inputs
        weight = random.normal(0, np.sqrt(2 / fan_in), shape)
        parameters[f"weight{number}"] = float32(weight)
        outputs = shape[0] if not isinstance(layer, Dense) else layer.outputs
        parameters[f"bias{number}"] = zeros((outputs,))
    return parameters
