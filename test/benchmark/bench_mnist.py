"""
Networks on MNIST: trained, compiled, simulated on 10,000 images.

    python test/benchmark/bench_mnist.py --data FOLDER [--network lenet5|lenet-residual|mlp]
        [--target tianji] [--mode snn] [--window 16] [--seed N]

FOLDER (or $CORELOWER_DATA/mnist) holds MNIST's four IDX files. The time of compiling is compared
with that of training in the same run. `--mode` and `--window` may be repeated.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from benchmark_data import find_data
from mnist_networks import NETWORKS, to_onnx, train
from rich.console import Console
from rich.table import Table

from corelower.dialects.support.samples import (
    Preprocessing,
    fit_samples,
    load_labels,
    load_samples,
)
from corelower.tools.compiler import compile_model
from corelower.tools.target_overrides import parse_overrides

PIXELS = Preprocessing(255)
CALIBRATION_IMAGES = 1024


def main() -> None:
    """Train, compile, and print one table."""
    parser = argparse.ArgumentParser(description="Networks on MNIST, compiled to a chip.")
    parser.add_argument("--data", type=Path, help="folder with MNIST's IDX files")
    parser.add_argument("--network", choices=sorted(NETWORKS), action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", default="prime")
    parser.add_argument("--mode", choices=["ann", "snn"], action="append")
    parser.add_argument("--window", type=int, action="append", help="ticks, in mode snn")
    parser.add_argument("--override", default="", help="other fields of the target")
    parser.add_argument("--out", type=Path, help="keep models and results in this folder")
    arguments = parser.parse_args()
    folder: Path = arguments.data or Path(os.environ.get("CORELOWER_DATA", ".")) / "mnist"
    train_images = load_samples(find_data(folder, "train-images*"), PIXELS)
    test_images = load_samples(find_data(folder, "t10k-images*"), PIXELS)
    labels = load_labels(find_data(folder, "train-labels*"), len(train_images))
    test_labels = load_labels(find_data(folder, "t10k-labels*"), len(test_images))
    images = fit_samples(train_images, (1, 28, 28))[:]
    table = Table("network", "chip", "golden", "chip's", "drop", "disagreement", "bit-exact",
                  "cores", "training s", "compiling s", "tuning s",
                  "compiling / training")  # fmt: skip
    console = Console(width=160)
    keep = tempfile.TemporaryDirectory()
    out: Path = arguments.out or Path(keep.name)
    for name in arguments.network or sorted(NETWORKS):
        network = NETWORKS[name]
        parameters, seconds = train(network, images, labels, arguments.seed)
        model = to_onnx(network, parameters)
        for way in _ways(arguments):
            report = compile_model(
                model,
                target=arguments.target,
                mode=way.mode,
                overrides=parse_overrides(way.overrides),
                calibration=train_images.first(CALIBRATION_IMAGES),
                test=test_images,
                labels=np.asarray(test_labels),
                out=out / f"{name}{way.folder}",
                seed=arguments.seed,
                verify_all=True,
            ).report
            assert report.accuracy is not None and report.golden_accuracy is not None
            assert report.disagreement is not None
            row = (
                network.name,
                f"{arguments.target}{way.folder}",
                f"{report.golden_accuracy:.2%}",
                f"{report.accuracy:.2%}",
                f"{(report.golden_accuracy - report.accuracy) * 100:+.2f} points",
                f"{report.disagreement:.2%}",
                "yes" if report.bit_exact else "NO",
                f"{report.cores}",
                f"{seconds:.1f}",
                f"{report.seconds:.1f}",
                f"{report.tune_seconds:.1f}",
                f"{report.seconds / seconds:.2f}",
            )
            table.add_row(*row)
            console.print(*row)
    console.print(table)


class Way(NamedTuple):
    """A chip's mode, where it has some, and the fields of it that are changed."""

    mode: str | None
    window: int | None
    override: str

    @property
    def folder(self) -> str:
        """What tells its results from those of others."""
        return "".join(f"-{part}" for part in (self.mode, self.window) if part is not None)

    @property
    def overrides(self) -> str:
        """All fields that are changed."""
        window = f"window={self.window}" if self.window is not None else ""
        return ",".join(filter(None, (window, self.override)))


def _ways(arguments: argparse.Namespace) -> Iterator[Way]:
    override: str = arguments.override
    modes: list[str | None] = arguments.mode or [None]
    windows: list[int | None] = arguments.window or [None]
    for mode in modes:
        if mode != "snn":
            yield Way(mode, None, override)
            continue
        for window in windows:
            yield Way(mode, window, override)


if __name__ == "__main__":
    main()
