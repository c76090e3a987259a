"""
Image-ticks a second of TianJi's simulator, beside SpikingJelly's in the same run.

    python test/benchmark/bench_tianji_simulator.py network.tianji [--model digits-cnn.onnx]

runs the image of a spiking network on random inputs. Where SpikingJelly is installed, it runs the
network of `--model` in turn with it: its own layers and, for rectifiers, neurons that integrate and
fire, with the image's window and reset. Its fastest way is taken: in Python or compiled, on one
thread or one a processor, in batches of several sizes.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import numpy.typing as npt
from benchmark_data import missing_for_spiking_peer

from corelower.targets.tianji.image import Image, read_image
from corelower.targets.tianji.simulator import Simulator

Run = Callable[[], int]
"""Runs samples, and says how many."""


def main() -> None:
    """Measure, and print both figures and their ratio."""
    parser = argparse.ArgumentParser(description="TianJi's simulator: image-ticks a second.")
    parser.add_argument("image", type=Path)
    parser.add_argument("--model", type=Path, help="what the image was compiled from (ONNX)")
    parser.add_argument("--samples", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    model: Path | None = arguments.model
    samples: int = arguments.samples
    rounds: int = arguments.rounds
    image = read_image(arguments.image)
    random = np.random.default_rng(0)
    shapes = [image.values[port.value].shape for port in image.inputs]
    inputs = [random.random((samples, *s), np.float32) for s in shapes]
    simulator = Simulator(image)

    def run() -> int:
        simulator.run(*inputs)
        return len(inputs[0])

    ticks = image.chip.window
    print(f"{len(inputs[0])} images, {ticks} ticks, reset: {image.chip.reset}; load {_load()}")
    _rate(run)
    peer = None
    if missing := missing_for_spiking_peer():
        print(f"SpikingJelly is left out: {missing} not installed here")
    elif model is None:
        print("SpikingJelly is left out: --model names what it would run")
    else:
        way, peer = _fastest_peer(model, inputs[0], image)
        print(f"SpikingJelly's fastest way: {way}")
    own: list[float] = []
    other: list[float] = []
    for _ in range(rounds):
        own.append(_rate(run) * ticks)
        if peer is not None:
            other.append(_rate(peer) * ticks)
    print(f"simulator: {_shown(own)} image-ticks a second; load {_load()}")
    if other:
        ratios = sorted(one / two for one, two in zip(own, other, strict=True))
        print(f"SpikingJelly: {_shown(other)} image-ticks a second")
        print(f"ratio, round by round: {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def _fastest_peer(model: Path, images: npt.NDArray[np.float32], image: Image) -> tuple[str, Run]:
    # Deferred: it needs SpikingJelly.
    from spiking_peer import ways

    chip, rates, runs = image.chip, dict[str, float](), dict[str, Run]()
    # Where others use the processors, threads that wait for one another are slower than one.
    for threads in sorted({1, os.cpu_count() or 1}):
        runs |= ways(model, images, chip.window, chip.reset, threads)
    for name, run in runs.items():
        _rate(run)  # compiles
        rates[name] = max(_rate(run) for _ in range(2))
        print(f"  {name}: {rates[name] * chip.window:,.0f}")
    best = max(rates, key=lambda name: rates[name])
    return best, runs[best]


def _rate(run: Run) -> float:
    """Samples a second."""
    start = perf_counter()
    samples = run()
    return samples / (perf_counter() - start)


def _shown(rates: list[float]) -> str:
    return f"{median(rates):,.0f} (at best {max(rates):,.0f})"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


if __name__ == "__main__":
    main()
