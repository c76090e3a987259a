"""The demo's network: scikit-learn's digits, a small convolutional network, and its ONNX form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..dialects.support.errors import CorelowerError

if TYPE_CHECKING:
    import jax
    import onnx

    Parameters = dict[str, jax.Array]

FloatArray = npt.NDArray[np.float32]
Classes = npt.NDArray[np.integer]

SCALE = 16
"""The network takes images divided by this: their pixels are 0 to 16."""

TEST_IMAGES = 450
EPOCHS = 60
BATCH = 32
LEARNING_RATE = 1e-2

PRODUCER = "corelower demo"
"""The ONNX model's producer, by which an earlier demo is known."""


@dataclass(frozen=True)
class Digits:
    """Images [N, 1, 8, 8] as uint8 in 0..16, labels [N] in 0..9; training and test apart."""

    train: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.int64]
    test: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.int64]


def load_digits() -> Digits:
    """
    The 1797 digits that come with scikit-learn, in one fixed split.

    Raises `CorelowerError` where scikit-learn is missing.
    """
    try:
        from sklearn.datasets import load_digits as load
    except ImportError:
        raise CorelowerError(
            "the demo's data is part of scikit-learn, which is not installed; "
            "pip install 'corelower[demo]'"
        ) from None
    found: tuple[FloatArray, Classes] = load(return_X_y=True)  # pyright: ignore
    images = found[0].astype(np.uint8).reshape(-1, 1, 8, 8)
    labels = found[1].astype(np.int64)
    # The split is part of the data: another seed gives another network, not another exam.
    order = np.random.default_rng(0).permutation(len(images))
    test, train = order[:TEST_IMAGES], order[TEST_IMAGES:]
    return Digits(images[train], labels[train], images[test], labels[test])


def train(digits: Digits, seed: int, progress: Callable[[int, int], None]) -> dict[str, FloatArray]:
    """The network's parameters after training; the same ones for the same seed."""
    import jax
    import optax

    from ..targets.jax.typed import float32, gradient, jit, update

    images, labels = (
        digits.train.astype(np.float32) / np.float32(SCALE),
        digits.train_labels.astype(np.int32),
    )
    random = np.random.default_rng(seed)
    parameters = {name: float32(value) for name, value in _initial_parameters(random).items()}
    steps = len(labels) // BATCH
    schedule = optax.cosine_decay_schedule(LEARNING_RATE, EPOCHS * steps)
    optimizer = optax.adam(schedule)
    moments = optimizer.init(parameters)

    def loss(parameters: "Parameters", images: FloatArray, labels: Classes) -> jax.Array:
        logits = apply(parameters, images)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    @jit
    def step(
        parameters: "Parameters", moments: optax.OptState, images: FloatArray, labels: Classes
    ) -> "tuple[Parameters, optax.OptState]":
        slope: Parameters = gradient(loss)(parameters, images, labels)
        change, moments = update(optimizer, slope, moments)
        return {name: value + change[name] for name, value in parameters.items()}, moments

    for done in range(EPOCHS):
        progress(done, EPOCHS)
        for batch in random.permutation(len(labels))[: steps * BATCH].reshape(steps, BATCH):
            parameters, moments = step(parameters, moments, images[batch], labels[batch])
    return {name: np.asarray(value) for name, value in parameters.items()}


def apply(parameters: "Parameters", images: FloatArray) -> "jax.Array":
    """Logits [N, 10] of images [N, 1, 8, 8]: convolution and pool twice, then two dense layers."""
    import jax

    from ..targets.jax.typed import float32

    x = float32(images)
    for layer in ("conv1", "conv2"):
        weight, bias = parameters[f"{layer}.weight"], parameters[f"{layer}.bias"]
        x = jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME") + bias[:, None, None]
        n, channels, height, width = x.shape
        x = jax.nn.relu(x).reshape(n, channels, height // 2, 2, width // 2, 2).mean((3, 5))
    x = x.reshape(len(x), -1)
    x = jax.nn.relu(x @ parameters["dense1.weight"].T + parameters["dense1.bias"])
    return x @ parameters["dense2.weight"].T + parameters["dense2.bias"]


def to_onnx(parameters: dict[str, FloatArray]) -> "onnx.ModelProto":
    """The same network as ONNX; any batch."""
    from onnx import TensorProto, helper, numpy_helper

    node = helper.make_node
    nodes = [
        node("Conv", ["image", "conv1.weight", "conv1.bias"], ["c1"], "conv1", pads=[1] * 4),
        node("Relu", ["c1"], ["r1"], "relu1"),
        node("AveragePool", ["r1"], ["p1"], "pool1", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", ["p1", "conv2.weight", "conv2.bias"], ["c2"], "conv2", pads=[1] * 4),
        node("Relu", ["c2"], ["r2"], "relu2"),
        node("AveragePool", ["r2"], ["p2"], "pool2", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", ["p2"], ["f"], "flatten"),
        node("Gemm", ["f", "dense1.weight", "dense1.bias"], ["d1"], "dense1", transB=1),
        node("Relu", ["d1"], ["r3"], "relu3"),
        node("Gemm", ["r3", "dense2.weight", "dense2.bias"], ["logits"], "dense2", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(value, name) for name, value in parameters.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name=PRODUCER)


def _initial_parameters(random: np.random.Generator) -> dict[str, FloatArray]:
    shapes = {
        "conv1": (16, 1, 3, 3),
        "conv2": (32, 16, 3, 3),
        "dense1": (64, 128),
        "dense2": (10, 64),
    }
    parameters: dict[str, FloatArray] = {}
    for layer, shape in shapes.items():
        deviation = np.sqrt(2 / np.prod(shape[1:]))
        parameters[f"{layer}.weight"] = random.normal(0, deviation, shape).astype(np.float32)
        parameters[f"{layer}.bias"] = np.zeros(shape[0], np.float32)
    return parameters
