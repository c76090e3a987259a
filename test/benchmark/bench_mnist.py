"""
LeNet-5 and MLP 784-100-10 on MNIST: trained, compiled to PRIME, simulated on 10,000 images.

    python test/benchmark/bench_mnist.py --data FOLDER [--network lenet5|mlp] [--seed N]

FOLDER (or $CORELOWER_DATA/mnist) holds MNIST's four IDX files. The time of compiling is compared
with that of training in the same run.
"""

import argparse
import os
import tempfile
from pathlib import Path

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

PIXELS = Preprocessing(255)
CALIBRATION_IMAGES = 1024


def main() -> None:
    """Train, compile, and print one table."""
    parser = argparse.ArgumentParser(description="LeNet-5 and an MLP on MNIST, compiled to PRIME.")
    parser.add_argument("--data", type=Path, help="folder with MNIST's IDX files")
    parser.add_argument("--network", choices=sorted(NETWORKS), action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="keep models and results in this folder")
    arguments = parser.parse_args()
    folder: Path = arguments.data or Path(os.environ.get("CORELOWER_DATA", ".")) / "mnist"
    train_images = load_samples(find_data(folder, "train-images*"), PIXELS)
    test_images = load_samples(find_data(folder, "t10k-images*"), PIXELS)
    labels = load_labels(find_data(folder, "train-labels*"), len(train_images))
    test_labels = load_labels(find_data(folder, "t10k-labels*"), len(test_images))
    images = fit_samples(train_images, (1, 28, 28))[:]
    table = Table("network", "golden", "PRIME", "drop", "disagreement", "bit-exact", "cores",
                  "training s", "compiling s", "tuning s", "compiling / training")  # fmt: skip
    keep = tempfile.TemporaryDirectory()
    out: Path = arguments.out or Path(keep.name)
    for name in arguments.network or sorted(NETWORKS):
        network = NETWORKS[name]
        parameters, seconds = train(network, images, labels, arguments.seed)
        report = compile_model(
            to_onnx(network, parameters),
            calibration=train_images.first(CALIBRATION_IMAGES),
            test=test_images,
            labels=np.asarray(test_labels),
            out=out / name,
            seed=arguments.seed,
            verify_all=True,
        ).report
        assert report.accuracy is not None and report.golden_accuracy is not None
        assert report.disagreement is not None
        table.add_row(
            network.name,
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
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
