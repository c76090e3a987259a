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
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from benchmark_data import CASES, find_data
from onnx import numpy_helper
from rich.console import Console
from rich.table import Table

from corelower.tools.compiler import CompiledNetwork, compile_model


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
        calibration, test, labels = (find_data(folder, part) for part in case.data)
        with tempfile.TemporaryDirectory() as out:
            network = compile_model(
                model,
                calibration=calibration,
                test=test,
                labels=labels,
                preprocessing=case.preprocessing,
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


if __name__ == "__main__":
    main()
