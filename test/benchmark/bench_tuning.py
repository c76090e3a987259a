"""
What tuning reaches at few bits, beside onnxruntime's static quantisation at the same bits.

    python test/benchmark/bench_tuning.py --data FOLDER [--network digits] [--bits 4/4] [--out FILE]

FOLDER (or $CORELOWER_DATA) holds `models/`, `mnist/`, `digits/` and `cifar10/`. All layers have the
same limits, cores are 256 x 256, and partial sums are coded. Each point runs in a process of its
own; with `--out` what is finished is kept, and a later run goes on from there.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

from rich.console import Console
from tuning_points import CASE_OF, LENET, Figures, Kind, Point, Setup, compute
from tuning_results import Results
from tuning_table import BITS, LARGEST_DROP, make_table, points_of, target_of

from corelower.dialects.support.errors import CorelowerError

CONSOLE = Console(width=230)


def main() -> None:
    """Compute what is not finished yet, and print one table."""
    parser = argparse.ArgumentParser(description="Tuning at few bits, beside onnxruntime's.")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CORELOWER_DATA", ".")))
    parser.add_argument("--network", choices=list(CASE_OF), action="append")
    parser.add_argument("--bits", choices=BITS, action="append", help="signal/weight bits")
    parser.add_argument("--seeds", type=_numbers, default=(0, 1, 2), help="0,1,2 unless given")
    parser.add_argument("--samples", type=int, default=1024, help="calibration images at most")
    parser.add_argument("--steps", type=int, help="of tuning a layer")
    parser.add_argument("--test", type=int, help="only the first test images")
    parser.add_argument("--simulate", type=int, help="test images that the simulator runs, not all")
    parser.add_argument("--kind", choices=[kind.value for kind in Kind], action="append",
                        help="only these: peer leaves out everything of Corelower")  # fmt: skip
    parser.add_argument("--out", type=Path, help="file that keeps what is finished (JSON)")
    parser.add_argument("--jobs", type=int, default=1, help="points at a time; times need 1")
    arguments = parser.parse_args()
    out: Path | None = arguments.out
    seeds: tuple[int, ...] = arguments.seeds
    networks: Sequence[str] = arguments.network or list(CASE_OF)
    kinds = [Kind(kind) for kind in arguments.kind or list(Kind)]
    keep = tempfile.TemporaryDirectory()
    trained = Path(keep.name) if out is None else out.with_suffix(".networks")
    trained.mkdir(parents=True, exist_ok=True)
    setup = Setup(arguments.data.resolve(), trained.resolve(), arguments.samples, arguments.test,
                  arguments.steps, arguments.simulate)  # fmt: skip
    results = Results(setup, out)
    failed = 0
    for points in _rounds(networks, arguments.bits, seeds, kinds):
        failed += _run(points, results, arguments.jobs)
    CONSOLE.print(make_table(results, networks, arguments.bits or BITS, seeds))
    if failed:
        raise SystemExit(f"{failed} points failed")


def _rounds(
    networks: Sequence[str], bits: Sequence[str] | None, seeds: Sequence[int], kinds: Sequence[Kind]
) -> list[list[Point]]:
    """What can run side by side: trainings first. Without `bits`, those that have a target."""
    training = points_of(Kind.TRAINING, LENET, "", seeds) if LENET in networks else []
    points = [
        point
        for network in networks
        for code in bits or BITS
        if bits or target_of(LARGEST_DROP, network, code) is not None
        for kind in kinds
        if kind != Kind.TRAINING
        for point in points_of(kind, network, code, seeds)
    ]
    return [training, points]


def _run(points: Sequence[Point], results: Results, jobs: int) -> int:
    """Compute those that are not finished; how many failed."""
    left = [point for point in points if results.get(point) is None]
    failed = 0
    # A fresh process each: nothing is compiled already, and no memory is left from others.
    with ProcessPoolExecutor(
        jobs, get_context("spawn"), _end_with_parent, max_tasks_per_child=1
    ) as pool:
        futures = {pool.submit(compute, point, results.setup): point for point in left}
        for future in as_completed(futures):
            point = futures[future]
            try:
                figures = future.result()
            except CorelowerError as error:
                CONSOLE.print(f"{point.name}: {error}", style="red")
                failed += 1
                continue
            results.add(point, figures)
            CONSOLE.print(f"{point.name}: {_short(figures)}")
    return failed


def _end_with_parent() -> None:
    """In a point's process: end it when the benchmark is killed, which nothing else would."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def _short(figures: Figures) -> str:
    text = f"{figures.seconds:.1f} s"
    if figures.accuracy is not None and figures.golden_accuracy is not None:
        text += f", accuracy {figures.accuracy:.2%} of {figures.golden_accuracy:.2%}"
    if figures.disagreement is not None:
        text += f", disagreement {figures.disagreement:.2%}"
    return text


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
