"""
Models that others trained, compiled unchanged to PRIME and measured on their data.

    python test/benchmark/bench_models.py --data FOLDER [--model NAME]

FOLDER (or $CORELOWER_DATA) holds `models/`, `mnist/`, `digits/`, `cifar10/` and `kws/`. For the
ONNX zoo's `mnist-8` the image's output on each golden input set must have the golden argmax. The
network of 2-bit weights and signals is compiled as it is, without tuning.
"""

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from rich.console import Console
from rich.table import Table

from corelower.dialects.support.samples import Preprocessing
from corelower.tools.compiler import CompiledNetwork, compile_model

MNIST = ("mnist/train-images*", "mnist/t10k-images*", "mnist/t10k-labels*")
CIFAR = tuple(f"cifar10/cifar10_jpeg.npz:{name}" for name in ("x_calibration", "x_test", "y_test"))
KEYWORDS = tuple(f"kws/kws01_int8_mfcc_1000.npz:{name}" for name in ("x", "x", "y"))
DIGITS = ("digits/digits.npz:Xtr", "digits/digits.npz:Xte", "digits/digits.npz:yte")


@dataclass(frozen=True)
class Case:
    """A model, its data (calibration, test, labels), what is done to that, and whether to tune."""

    data: tuple[str, ...]
    scale: float = 1.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    tune: bool = True


CASES = {
    "mnist-8": Case(MNIST, 255),
    "mnist-8-fused": Case(MNIST, 255),
    "mnist-maxpool": Case(MNIST, 255),
    "digits-cnn": Case(DIGITS),
    "mnist-sigmoid-6x200": Case(MNIST, 255),
    "qonnx-tfc-2w2a": Case(MNIST, 255, tune=False),
    "kws-dscnn": Case(KEYWORDS, mean=(83.0,), std=(1 / 0.58470291,)),
    "resnet8-cifar10": Case(CIFAR),
    "resnet20-cifar10": Case(CIFAR, 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


def main() -> None:
    """Compile each model, and print one table."""
    parser = argparse.ArgumentParser(description="Models of others, compiled to PRIME.")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CORELOWER_DATA", ".")))
    parser.add_argument("--model", choices=sorted(CASES), action="append")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder: Path = arguments.data
    table = Table("model", "golden", "PRIME", "drop", "disagreement", "bit-exact", "cores",
                  "seconds", "golden sets")  # fmt: skip
    for name in arguments.model or CASES:
        model = folder / "models" / f"{name}.onnx"
        if not model.is_file():
            raise SystemExit(f"no {model}: give --data FOLDER")
        case = CASES[name]
        calibration, test, labels = (_find(folder, part) for part in case.data)
        with tempfile.TemporaryDirectory() as out:
            network = compile_model(
                model,
                calibration=calibration,
                test=test,
                labels=labels,
                preprocessing=Preprocessing(case.scale, case.mean, case.std),
                tune=case.tune,
                out=Path(out) / "out",
                seed=arguments.seed,
                verify_all=True,
            )
            sets = _golden_sets(network, folder / "models", name, case.scale)
        report = network.report
        assert report.accuracy is not None and report.golden_accuracy is not None
        assert report.disagreement is not None
        table.add_row(
            name,
            f"{report.golden_accuracy:.2%}",
            f"{report.accuracy:.2%}",
            f"{(report.golden_accuracy - report.accuracy) * 100:+.2f} points",
            f"{report.disagreement:.2%}",
            "yes" if report.bit_exact else "NO",
            f"{report.cores}",
            f"{report.seconds:.1f}",
            sets,
        )
    Console(width=140).print(table)


def _golden_sets(network: CompiledNetwork, models: Path, name: str, scale: float) -> str:
    """How many of the model's own input/output pairs the image decides as its author's run did."""
    folders = sorted(models.glob(f"{name}_test_data_set_*"))
    agreed = 0
    for folder in folders:
        given, wanted = _tensor(folder / "input_0.pb"), _tensor(folder / "output_0.pb")
        (found,) = network.run(np.asarray(given, np.float32) / scale)
        agreed += int(found.argmax() == wanted.argmax())
    return f"{agreed} of {len(folders)}" if folders else "-"


def _tensor(path: Path) -> npt.NDArray[np.generic]:
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return np.asarray(numpy_helper.to_array(tensor))


def _find(folder: Path, pattern: str) -> str:
    path, separator, array = pattern.partition(":")
    found = sorted(folder.glob(path))
    if not found:
        raise SystemExit(f"no {path} in {folder}: give --data FOLDER")
    return f"{found[0]}{separator}{array}"


if __name__ == "__main__":
    main()
