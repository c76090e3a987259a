"""SpikingJelly as the peer: an ONNX model's layers as its own, with neurons for rectifiers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import spiking_typed as spiking
from onnx import numpy_helper
from spiking_typed import FloatArray, Layers, Module

BATCHES = (32, 64, 128, 256)
"""Of which the fastest is taken."""

CALIBRATION_BATCH = 64


@dataclass(frozen=True)
class Recipe:
    """One way of SpikingJelly to convert a trained network."""

    name: str
    mode: str
    channel_wise: bool = False
    half_threshold: bool = False


PLAIN = Recipe("plain", "max")
RECIPES = (
    PLAIN,
    Recipe("99.9 %", "99.9%"),
    Recipe("channels, half threshold", "max", channel_wise=True, half_threshold=True),
    Recipe("channels at 99.9 %, half threshold", "99.9%", channel_wise=True, half_threshold=True),
)
"""The largest activation or a percentile of a layer or a channel; and where potentials begin."""


Run = Callable[[], int]
"""Runs samples, and says how many."""


def network_of(path: Path, layers: Layers, rectifier: Callable[[], Module]) -> Module:
    """A chain of layers from an ONNX model. Ends the program where it is not one."""
    model = onnx.ModelProto.FromString(path.read_bytes())
    trained = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    modules: list[Module] = []
    value = model.graph.input[0].name
    for each in model.graph.node:
        if each.input[0] != value:
            raise SystemExit(f"{each.op_type} '{each.name}' is not behind the one before it")
        weights = [trained[name] for name in each.input[1:] if name in trained]
        modules.append(_layer(each, weights, layers, rectifier))
        value = each.output[0]
    return spiking.sequential(*modules).eval()


def ways(path: Path, images: FloatArray, ticks: int, reset: str, threads: int) -> dict[str, Run]:
    """What runs all images, by names: in Python and compiled, with batches of several sizes."""
    reset_to = 0.0 if reset == "zero" else None
    network = network_of(path, spiking.spiking_layers, lambda: spiking.node(v_reset=reset_to))
    spiking.set_step_mode(network, "m")
    callees = {"eager": network, "compiled": spiking.compiled(network)}
    return {
        f"{name}, threads {threads}, batches of {batch}": _runner(
            network, callee, images, ticks, batch, threads
        )
        for name, callee in callees.items()
        for batch in BATCHES
        if batch <= len(images)
    }


def converted_accuracy(
    path: Path,
    recipe: Recipe,
    calibration: FloatArray,
    images: FloatArray,
    labels: npt.NDArray[np.int64],
    windows: Sequence[int],
) -> dict[int, float]:
    """The accuracy of a recipe's network after so many ticks each; it resets by subtraction."""
    network = network_of(path, spiking.plain_layers, spiking.rectifier)
    starts = range(0, len(calibration), CALIBRATION_BATCH)
    batches = [spiking.tensor(calibration[i : i + CALIBRATION_BATCH]) for i in starts]
    made = spiking.rate_coding(
        batches,
        mode=recipe.mode,
        channel_wise=recipe.channel_wise,
        half_threshold=recipe.half_threshold,
    )
    converted = spiking.converter(recipe=made, device="cpu").convert(network)
    found: dict[int, float] = {}
    sums: FloatArray = np.zeros(1, np.float32)
    with spiking.inference():
        spiking.reset_network(converted)
        for tick in range(1, max(windows) + 1):
            sums = sums + converted(spiking.tensor(images)).numpy()
            if tick in windows:
                right = np.count_nonzero(sums.argmax(axis=1) == labels)
                found[tick] = right / len(labels)
    return found


def _layer(
    node: onnx.NodeProto,
    weights: Sequence[npt.NDArray[np.generic]],
    layers: Layers,
    rectifier: Callable[[], Module],
) -> Module:
    number = {one.name: one.i for one in node.attribute}
    given = {one.name: tuple(one.ints) for one in node.attribute}
    match node.op_type:
        case "Conv":
            outputs, inputs, *kernel = weights[0].shape
            groups = number.get("group", 1)
            module = layers.convolution(
                inputs * groups,
                outputs,
                tuple(kernel),
                stride=_sides(given, "strides"),
                padding=_padding(node, given),
                dilation=_sides(given, "dilations"),
                groups=groups,
                bias=len(weights) > 1,
            )
            return _with_weights(module, weights)
        case "Gemm":
            matrix, *bias = weights
            matrix = matrix if number.get("transB", 0) else matrix.T
            outputs, inputs = matrix.shape
            return _with_weights(layers.linear(inputs, outputs, bias=bool(bias)), [matrix, *bias])
        case "AveragePool" | "MaxPool":
            make = layers.average if node.op_type == "AveragePool" else layers.maximum
            return make(
                given["kernel_shape"],
                stride=_sides(given, "strides"),
                padding=_padding(node, given),
            )
        case "Relu":
            return rectifier()
        case "Flatten":
            return layers.flatten()
        case _:
            raise SystemExit(f"{node.op_type} '{node.name}' has no layer of the peer's")


def _sides(given: Mapping[str, tuple[int, ...]], name: str) -> tuple[int, ...]:
    return given.get(name, (1, 1))


def _padding(node: onnx.NodeProto, given: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    pads = given.get("pads", (0, 0, 0, 0))
    half = len(pads) // 2
    if pads[:half] != pads[half:] or "auto_pad" in given:
        raise SystemExit(f"{node.op_type} '{node.name}' is padded on one side only")
    return pads[:half]


def _with_weights(module: Module, weights: Sequence[npt.NDArray[np.generic]]) -> Module:
    arrays = [spiking.tensor(np.array(array, np.float32)) for array in weights]
    module.load_state_dict(dict(zip(("weight", "bias"), arrays, strict=False)))
    return module


def _runner(
    network: Module, callee: Module, images: FloatArray, ticks: int, batch: int, threads: int
) -> Run:
    """Runs all images; each is what its first layer is given at every tick."""
    whole = images[: len(images) // batch * batch]
    parts = [spiking.tensor(whole[i : i + batch]) for i in range(0, len(whole), batch)]

    def run() -> int:
        spiking.set_threads(threads)
        with spiking.inference():
            for part in parts:
                spiking.reset_network(network)
                callee(part.expand(ticks, batch, *images.shape[1:])).sum(0)
        return len(whole)

    return run
