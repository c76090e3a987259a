"""
onnxruntime's static quantisation at any bits: the peer that tuning is compared with.

onnxruntime calibrates, decides where there are codes, and runs the result. Its kernels know 8 bits,
some of them 4: for fewer than 8, its own model gets the scale and zero point that its formula gives
for so many codes, and a `Clip` to these behind each `QuantizeLinear`. Biases stay float, and so do
the network's outputs, which is kinder to the peer than its defaults; all else is quantised.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType
from ort_typed import load_ranges, open_session, prepare, quantize_static, scale_and_zero

from corelower.dialects.support.samples import Samples

Array = npt.NDArray[np.generic]
FloatArray = npt.NDArray[np.float32]

FULL_BITS = 8
BATCH = 128
FINALISTS = 3
"""Ways that run on the test samples too."""

METHODS: dict[str, tuple[CalibrationMethod, dict[str, float]]] = {
    "min-max": (CalibrationMethod.MinMax, {}),
    "entropy": (CalibrationMethod.Entropy, {}),
    **{
        f"{percentile}%": (CalibrationMethod.Percentile, {"CalibPercentile": percentile})
        for percentile in (99.999, 99.99, 99.9, 99.0)
    },
}
"""onnxruntime's ways to find a signal's range; 99.999 is its own percentile."""


@dataclass(frozen=True)
class Quantized:
    """A model with codes of 8 bits as onnxruntime made it, and the ranges that it measured."""

    method: str
    per_channel: bool
    model: ModelProto
    ranges: Mapping[str, tuple[float, float]]

    @property
    def name(self) -> str:
        """What it is called in a table."""
        return f"{self.method}, {'per channel' if self.per_channel else 'per tensor'}"


@dataclass(frozen=True)
class PeerFigures:
    """What the peer reaches; a fraction each."""

    way: str
    """How ranges were found, and whether the weights have one scale or one a channel."""
    golden_accuracy: float
    accuracy: float
    disagreement: float


def quantized(model: ModelProto, calibration: Samples) -> Iterator[Quantized]:
    """The model with codes of 8 bits: by each method, weights with one scale and one a channel."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepared = prepare_model(model, folder)
        for method, per_channel in product(METHODS, (False, True)):
            reader = Reader(model.graph.input[0].name, calibration)
            cache = folder / f"{method}.json"
            coded = quantize(prepared, reader, cache, method, per_channel)
            yield Quantized(method, per_channel, coded, load_ranges(cache))


def prepare_model(model: ModelProto, folder: Path) -> Path:
    """The model in a file, with batch norms folded, as onnxruntime wants it."""
    given, prepared = folder / "given.onnx", folder / "prepared.onnx"
    given.write_bytes(model.SerializeToString())
    prepare(given, prepared, skip_symbolic_shape=True)
    return prepared


def quantize(
    prepared: Path,
    reader: "Reader",
    cache: Path,
    method: str,
    per_channel: bool,
    integers: tuple[QuantType, QuantType] = (QuantType.QUInt8, QuantType.QInt8),
) -> ModelProto:
    """onnxruntime's own model, with its integers for signals and weights; `cache` keeps ranges."""
    made = prepared.with_name("made.onnx")
    calibrate, options = METHODS[method]
    with redirect_stdout(StringIO()):
        quantize_static(
            prepared,
            made,
            reader,
            quant_format=QuantFormat.QDQ,
            per_channel=per_channel,
            activation_type=integers[0],
            weight_type=integers[1],
            calibrate_method=calibrate,
            calibration_cache_path=cache,
            extra_options={"AddQDQPairToWeight": True, "QuantizeBias": False, **options},
        )
    return read_model(made.read_bytes())


def at_bits(quantized: Quantized, signal_bits: int, weight_bits: int) -> ModelProto:
    """The model with codes of so many bits, 8 at most."""
    model = ModelProto()
    model.CopyFrom(quantized.model)
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    outputs = {output.name for output in graph.output}
    sources: dict[str, str] = {}
    nodes: list[NodeProto] = []
    for node in graph.node:
        nodes.append(node)
        if node.op_type == "DequantizeLinear" and node.output[0] in outputs:
            nodes[-1] = helper.make_node("Identity", [sources[node.input[0]]], node.output)
        if node.op_type != "QuantizeLinear":
            continue
        sources[node.output[0]] = node.input[0]
        is_weight = node.input[0] in constants
        bits = weight_bits if is_weight else signal_bits
        if bits == FULL_BITS:
            continue
        if is_weight:
            _set_weight_scale(constants, node, bits)
        else:
            _set_range(constants, node, quantized.ranges, bits)
        nodes.append(_clip(node, "weight" if is_weight else "signal"))
    del graph.node[:]
    graph.node.extend(nodes)
    half = 1 << (weight_bits - 1)
    if weight_bits < FULL_BITS:
        _add_limits(graph, "weight", np.array([-half, half - 1], np.int8))
    if signal_bits < FULL_BITS:
        _add_limits(graph, "signal", np.array([0, (1 << signal_bits) - 1], np.uint8))
    return model


def measure_peer(
    model: ModelProto,
    bits: tuple[int, int],
    calibration: Samples,
    test: Samples,
    labels: npt.NDArray[np.int64],
) -> PeerFigures:
    """
    The most accurate of the peer's ways on the test samples, for (signal, weight) bits.

    All ways run on the calibration samples; those that decide most like the float network there run
    on the test samples, and the best on these counts, which favours the peer.
    """
    golden = outputs_of(model, calibration).argmax(1)
    ways: dict[bytes, tuple[float, str]] = {}
    for way in quantized(model, calibration):
        coded = at_bits(way, *bits)
        data = coded.SerializeToString()
        if data not in ways:
            decisions = outputs_of(coded, calibration).argmax(1)
            ways[data] = float((decisions != golden).mean()), way.name
    golden = outputs_of(model, test).argmax(1)
    found: list[PeerFigures] = []
    for data, (_, name) in sorted(ways.items(), key=lambda way: way[1])[:FINALISTS]:
        decisions = outputs_of(read_model(data), test).argmax(1)
        accuracies = float((golden == labels).mean()), float((decisions == labels).mean())
        found.append(PeerFigures(name, *accuracies, float((decisions != golden).mean())))
    return max(found, key=lambda figures: (figures.accuracy, -figures.disagreement))


def read_model(data: bytes) -> ModelProto:
    """A model from its bytes."""
    model = ModelProto()
    model.ParseFromString(data)
    return model


def outputs_of(model: ModelProto, samples: Samples) -> FloatArray:
    """The first output on all samples, in float arithmetic on the values that codes stand for."""
    session = open_session(model.SerializeToString())
    name = model.graph.input[0].name
    batches = (samples[start : start + BATCH] for start in range(0, len(samples), BATCH))
    return np.concatenate(
        [np.asarray(session.run(None, {name: batch})[0], np.float32) for batch in batches]
    )


class Reader:
    """Hands out the samples in batches, as onnxruntime wants them."""

    def __init__(self, name: str, samples: Samples):
        self._batches = iter(
            {name: samples[start : start + BATCH]} for start in range(0, len(samples), BATCH)
        )

    def get_next(self) -> dict[str, FloatArray] | None:
        return next(self._batches, None)


def _set_weight_scale(constants: Mapping[str, TensorProto], node: NodeProto, bits: int) -> None:
    """As for INT4: all codes are used, and the largest magnitude lies half a step outside."""
    source, scale, _ = node.input
    magnitudes = np.abs(np.asarray(numpy_helper.to_array(constants[source]), np.float64))
    if constants[scale].dims:
        (axis,) = (attribute.i for attribute in node.attribute if attribute.name == "axis")
        magnitudes = np.moveaxis(magnitudes, axis, 0).reshape(magnitudes.shape[axis], -1).max(1)
    steps = np.asarray(2 * magnitudes / ((1 << bits) - 1), np.float32)
    steps = steps if constants[scale].dims else steps.max()
    constants[scale].CopyFrom(numpy_helper.from_array(np.asarray(steps), scale))


def _set_range(
    constants: Mapping[str, TensorProto],
    node: NodeProto,
    ranges: Mapping[str, tuple[float, float]],
    bits: int,
) -> None:
    """Scale and zero point of a signal; nodes may share those of the value they are named by."""
    _, scale, zero = node.input
    limits = (np.array(limit, np.float32) for limit in ranges[scale.removesuffix("_scale")])
    codes = (np.array(code, np.uint8) for code in (0, (1 << bits) - 1))
    origin, step = scale_and_zero(*limits, *codes)
    constants[zero].CopyFrom(numpy_helper.from_array(np.asarray(origin, np.uint8), zero))
    constants[scale].CopyFrom(numpy_helper.from_array(np.asarray(step, np.float32), scale))


def _clip(node: NodeProto, kind: str) -> NodeProto:
    """Limit the codes that `node` makes: it gives them under another name."""
    code = node.output[0]
    node.output[0] = f"{code}_unlimited"
    return helper.make_node(
        "Clip", [node.output[0], f"least_{kind}_code", f"largest_{kind}_code"], [code]
    )


def _add_limits(graph: GraphProto, kind: str, limits: Array) -> None:
    for which, limit in zip(("least", "largest"), limits, strict=True):
        graph.initializer.append(numpy_helper.from_array(np.asarray(limit), f"{which}_{kind}_code"))
