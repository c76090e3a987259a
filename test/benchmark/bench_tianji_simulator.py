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
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
import numpy.typing as npt
from benchmark_data import missing_for_spiking_peer

from corelower.targets.tianji.image import Image, read_image
from corelower.targets.tianji.simulator import Simulator

Run = Callable[[], int]
"""Runs samples, and says how many."""


@dataclass(frozen=True)
class Rate:
    """Samples a second."""

    wall: float
    cpu: float
    """A second of this process's threads together: what others' load changes least."""


def main() -> None:
    """Measure, and print both figures and their ratio."""
    parser = argparse.ArgumentParser(description="TianJi's simulator: image-ticks a second.")
    parser.add_argument("image", type=Path)
    parser.add_argument("--model", type=Path, help="what the image was compiled from (ONNX)")
    parser.add_argument("--samples", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--way", help="of SpikingJelly, as the search for the fastest names it")
    arguments = parser.parse_args()
    model: Path | None = arguments.model
    samples: int = arguments.samples
    rounds: int = arguments.rounds
    chosen: str | None = arguments.way
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
        way, peer = _peer(model, inputs[0], image, chosen)
        print(f"SpikingJelly's way: {way}")
    own: list[Rate] = []
    other: list[Rate] = []
    for _ in range(rounds):
        own.append(_rate(run))
        if peer is not None:
            other.append(_rate(peer))
    print(f"simulator: {_shown(own, ticks)}; load {_load()}")
    if other:
        pairs = list(zip(own, other, strict=True))
        print(f"SpikingJelly: {_shown(other, ticks)}")
        print(f"ratio, round by round: {_ratio([one.wall / two.wall for one, two in pairs])}")
        print(f"ratio of CPU seconds: {_ratio([one.cpu / two.cpu for one, two in pairs])}")


def _peer(
    model: Path, images: npt.NDArray[np.float32], image: Image, chosen: str | None
) -> tuple[str, Run]:
    """The way that was `chosen`, or the fastest there is."""
    # Deferred: it needs SpikingJelly.
    from spiking_peer import ways

    chip, rates, runs = image.chip, dict[str, float](), dict[str, Run]()
    # Where others use the processors, threads that wait for one another are slower than one.
    for threads in sorted({1, os.cpu_count() or 1}):
        runs |= ways(model, images, chip.window, chip.reset, threads)
    if chosen is not None and chosen not in runs:
        raise SystemExit(f"no way '{chosen}'; there are: {'; '.join(runs)}")
    if chosen is not None:
        _rate(runs[chosen])  # compiles
        return chosen, runs[chosen]
    for name, run in runs.items():
        _rate(run)  # compiles
        rates[name] = max(_rate(run).wall for _ in range(2))
        print(f"  {name}: {rates[name] * chip.window:,.0f}")
    best = max(rates, key=lambda name: rates[name])
    return best, runs[best]


def _rate(run: Run) -> Rate:
    wall, cpu = perf_counter(), process_time()
    samples = run()
    return Rate(samples / (perf_counter() - wall), samples / (process_time() - cpu))


def _shown(rates: list[Rate], ticks: int) -> str:
    walls = [rate.wall * ticks for rate in rates]
    cpu = median(rate.cpu * ticks for rate in rates)
    return (
        f"{median(walls):,.0f} image-ticks a second (at best {max(walls):,.0f}), "
        f"{cpu:,.0f} a CPU second"
    )


def _ratio(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


if __name__ == "__main__":
    main()
