"""What the benchmark of tuning computes: points, and the figures that each gives."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
from benchmark_data import CASES, MNIST_TRAINING_LABELS, Case, find_data
from mnist_networks import NETWORKS as MNIST_NETWORKS
from mnist_networks import to_onnx, train

import corelower
from corelower.dialects.support.samples import Samples, fit_samples, load_labels, load_samples
from corelower.tools.compile_report import Report
from corelower.tools.compiler import compile_model
from corelower.tools.target_overrides import parse_overrides

LENET = "lenet5"
CASE_OF = {"digits": "digits-cnn", LENET: "mnist-8", "resnet20": "resnet20-cifar10"}
"""The case whose data each network takes; `LENET` is trained here and takes MNIST's."""


class Kind(StrEnum):
    """What a point computes."""

    TRAINING = "training"
    """The network itself; `seconds` are what training takes."""
    PEER = "peer"
    """onnxruntime's static quantisation, the best of its ways."""
    UNTUNED = "untuned"
    """A compilation with one unit a signal and without tuning: the cores before."""
    TUNED = "tuned"
    """The compilation that is measured."""


@dataclass(frozen=True)
class Point:
    """One thing to compute. Where the seed decides nothing it is 0."""

    kind: Kind
    network: str
    bits: str
    """Bits of signals and of weights, as `6/8`; empty where they decide nothing."""
    seed: int

    @property
    def name(self) -> str:
        """What it is called while it runs."""
        return " ".join(filter(None, (self.network, self.bits, f"seed {self.seed}", self.kind)))

    @property
    def pair(self) -> tuple[int, int]:
        """Bits of signals and of weights."""
        signal_bits, _, weight_bits = self.bits.partition("/")
        return int(signal_bits), int(weight_bits)


@dataclass(frozen=True)
class Setup:
    """What all points have in common."""

    data: Path
    trained: Path
    """Folder of the networks that were trained here."""
    samples: int = 1024
    """Calibration images at most."""
    test: int | None = None
    """Test images; all where it is `None`."""
    steps: int | None = None
    """Of tuning a layer; as many as `core-op-tune` takes by itself where it is `None`."""
    simulate: int | None = None
    """Test images that the simulator runs; all where it is `None`."""

    def model(self, network: str, seed: int) -> Path:
        """The network's file."""
        if network == LENET:
            return self.trained / f"{network}-{seed}.onnx"
        return self.data / "models" / f"{CASE_OF[network]}.onnx"


@dataclass(frozen=True)
class Figures:
    """What a point reached; fractions and seconds. What its kind does not tell is `None`."""

    seconds: float
    golden_accuracy: float | None = None
    accuracy: float | None = None
    disagreement: float | None = None
    untuned_accuracy: float | None = None
    """After rounding the weights, before tuning."""
    cores: int | None = None
    weight_cores: int | None = None
    tune_seconds: float | None = None
    bit_exact: bool | None = None
    way: str | None = None
    """Which of the peer's ways was the best."""


def key_of(point: Point, setup: Setup) -> str:
    """All that decides a point's figures, so that finished ones are known again."""
    parts = [point.name]
    if point.network == LENET:
        parts.append(f"training {_digest(Path(__file__).with_name('mnist_networks.py'))}")
    if point.kind != Kind.TRAINING:
        parts.append(f"samples {setup.samples}, test {setup.test or 'all'}")
    if point.kind == Kind.PEER:
        code = _digest(Path(__file__).with_name("ort_peer.py"))
        parts.append(f"onnxruntime {version('onnxruntime')}, {code}")
    elif point.kind != Kind.TRAINING:
        parts += [f"steps {setup.steps}"] if setup.steps is not None else []
        parts += [f"simulated {setup.simulate}"] if setup.simulate is not None else []
        parts.append(f"corelower {corelower.__version__}, {_package_digest()}")
    return "; ".join(parts)


def compute(point: Point, setup: Setup) -> Figures:
    """Compute a point. Raises `CorelowerError`; ends the program where data are missing."""
    if point.kind == Kind.TRAINING:
        return _train(point, setup)
    case = CASES[CASE_OF[point.network]]
    calibration, test, labels = _data(case, setup)
    model = setup.model(point.network, point.seed if point.network == LENET else 0)
    if point.kind == Kind.PEER:
        return _peer(model, point, calibration, test, labels)
    tuned = point.kind == Kind.TUNED
    signal_bits, weight_bits = point.pair
    report = compile_model(
        model,
        calibration=calibration,
        # Cores do not depend on what is measured.
        test=test if tuned else test.first(64),
        labels=labels if tuned else labels[:64],
        overrides=parse_overrides(f"signal_bits={signal_bits},weight_bits={weight_bits}"),
        units="auto" if tuned and signal_bits == 2 else 1,
        tune=tuned,
        seed=point.seed,
        steps=setup.steps,
        samples=setup.samples,
        simulate=setup.simulate,
    ).report
    if not tuned:
        cores = report.cores, report.weight_cores
        return Figures(report.seconds, cores=cores[0], weight_cores=cores[1])
    return _of_report(report)


def _of_report(report: Report) -> Figures:
    quantized = {stage.name: stage.accuracy for stage in report.stages}["quantized"]
    return Figures(
        seconds=report.seconds,
        golden_accuracy=report.golden_accuracy,
        accuracy=report.accuracy,
        disagreement=report.disagreement,
        untuned_accuracy=quantized,
        cores=report.cores,
        weight_cores=report.weight_cores,
        tune_seconds=report.tune_seconds,
        bit_exact=report.bit_exact,
    )


def _peer(
    path: Path, point: Point, calibration: Samples, test: Samples, labels: npt.NDArray[np.int64]
) -> Figures:
    from ort_peer import measure_peer, read_model

    started = perf_counter()
    model = read_model(path.read_bytes())
    extents = model.graph.input[0].type.tensor_type.shape.dim[1:]
    shape = tuple(extent.dim_value for extent in extents)
    fitted = fit_samples(calibration, shape), fit_samples(test, shape)
    found = measure_peer(model, point.pair, *fitted, labels)
    return Figures(
        perf_counter() - started,
        found.golden_accuracy,
        found.accuracy,
        found.disagreement,
        way=found.way,
    )


def _train(point: Point, setup: Setup) -> Figures:
    case = CASES[CASE_OF[point.network]]
    samples = load_samples(find_data(setup.data, case.data[0]), case.preprocessing)
    labels = load_labels(find_data(setup.data, MNIST_TRAINING_LABELS), len(samples))
    network = MNIST_NETWORKS[point.network]
    images = fit_samples(samples, (1, 28, 28))[:]
    parameters, seconds = train(network, images, labels, point.seed)
    path = setup.model(point.network, point.seed)
    partial = path.with_suffix(".partial")
    partial.write_bytes(to_onnx(network, parameters).SerializeToString())
    partial.replace(path)
    return Figures(seconds)


def _data(case: Case, setup: Setup) -> tuple[Samples, Samples, npt.NDArray[np.int64]]:
    calibration, test, labels = (find_data(setup.data, part) for part in case.data)
    images = load_samples(test, case.preprocessing)
    classes = load_labels(labels, len(images))
    known = load_samples(calibration, case.preprocessing).first(setup.samples)
    return known, images.first(setup.test), classes[: setup.test]


def _package_digest() -> str:
    """Of all that compiles; how it is printed may change."""
    root = Path(corelower.__file__).resolve().parent
    folders = (root / name for name in ("dialects", "passes", "targets"))
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in _SOURCES]
    return _digest(*sorted(files))


_SOURCES = (".py", ".mlir")


def _digest(*files: Path) -> str:
    digest = sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
