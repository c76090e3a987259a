"""
What a code of a model's outputs loses: of the decisions that it was chosen by, and of others.

    python test/benchmark/bench_outputs.py --data FOLDER [--model resnet20-cifar10]

FOLDER (or $CORELOWER_DATA) holds `models/` and the models' data. The network itself is golden: only
what leaves it is coded, in the range and units that `core-op-calibrate` would look at.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmark_data import CASES, find_data
from rich.console import Console
from rich.table import Table

from corelower.dialects.nn import shape_of
from corelower.dialects.support.functions import find_function
from corelower.dialects.support.samples import fit_samples, load_samples
from corelower.targets.jax.decisions import Decisions
from corelower.targets.jax.evaluator import Evaluator
from corelower.targets.jax.ranges import Levels, quantize_values
from corelower.tools.ir_files import make_context
from corelower.tools.onnx_import import import_onnx

Rows = npt.NDArray[np.float32]
SAMPLES = 1024
BITS = (2, 3, 4, 6, 8)
UNITS = (1, 2, 4, 8, 16)


def main() -> None:
    """Print one table for each model."""
    parser = argparse.ArgumentParser(description="Codes of outputs that are decisions.")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CORELOWER_DATA", ".")))
    parser.add_argument("--model", choices=sorted(CASES), action="append")
    arguments = parser.parse_args()
    for name in arguments.model or ("digits-cnn", "resnet20-cifar10"):
        calibration, test = _outputs(arguments.data, name)
        decisions = Decisions.of(calibration)
        title = f"{name}: decisions that differ on {len(test)} images, % (lost, as estimated)"
        table = Table("bits", *(f"{units} units" for units in UNITS), title=title)
        for bits in BITS:
            table.add_row(str(bits), *(_cell(decisions, test, bits, units) for units in UNITS))
        Console(width=120).print(table)


def _outputs(folder: Path, name: str) -> tuple[Rows, Rows]:
    """The golden outputs on calibration and test samples."""
    model = folder / "models" / f"{name}.onnx"
    if not model.is_file():
        raise SystemExit(f"no {model}: give --data FOLDER")
    function = find_function(import_onnx(model, make_context()))
    evaluator, shape = Evaluator(function), shape_of(function.body.block.args[0])
    case = CASES[name]
    calibration, test = (
        fit_samples(load_samples(find_data(folder, part), case.preprocessing), shape)
        for part in case.data[:2]
    )
    known, others = (evaluator.run(part)[0] for part in (calibration.first(SAMPLES), test))
    return (
        np.asarray(known, np.float32).reshape(len(known), -1),
        np.asarray(others, np.float32).reshape(len(others), -1),
    )


def _cell(decisions: Decisions, test: Rows, bits: int, units: int) -> str:
    low, high = decisions.range(bits, units)
    coded = quantize_values(test, low, high, Levels(bits, units))
    differ = np.count_nonzero(coded.argmax(axis=1) != test.argmax(axis=1)) / len(test)
    return f"{100 * differ:.2f} ({100 * decisions.loss(low, high, bits, units):.2f})"


if __name__ == "__main__":
    main()
