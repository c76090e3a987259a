"""
What TianJi's two modes cost in accuracy, down to tuned dot products.

    python test/benchmark/bench_tianji.py --data FOLDER [--mode snn] [--window 16] [--reset zero]
        [--graded-layers 0,-1]
    python test/benchmark/bench_tianji.py --data FOLDER --kind peer

FOLDER (or $CORELOWER_DATA) holds `models/` and `digits/`. Without options the table has the ANN
mode, and windows of 4, 8, 16 and 32 ticks with both resets. Mixed networks have graded layers among
spiking ones: `--graded-layers`, which may be repeated, names them as `corelower compile` does; ""
is none. 0 is the input, -1 the last layer. The peer is SpikingJelly's conversion of the same
network, by subtraction and without a chip's limits: real weights and potentials, and real sums as
the outputs.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
from benchmark_data import CASES, find_data, missing_for_spiking_peer
from rich.console import Console
from rich.table import Table

from corelower.dialects import core_op
from corelower.dialects.support.functions import find_function
from corelower.dialects.support.samples import Samples, load_labels, load_samples
from corelower.passes.layer_modes import name_layers
from corelower.passes.pipelines import PIPELINES
from corelower.targets.registry import find_targets
from corelower.tools.cli_options import layers
from corelower.tools.compile_options import CompileOptions
from corelower.tools.ir_files import make_context
from corelower.tools.onnx_import import import_onnx
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.stages import stages_for
from corelower.tools.target_overrides import parse_overrides
from corelower.tools.universe import full_universe

NETWORK = "digits-cnn"
WINDOWS = (4, 8, 16, 32)
LARGEST_DROP = {
    "ann": {1: 0.0},
    "subtract": {4: 0.7, 8: 0.3, 16: 0.2, 32: 0.0},
    "zero": {4: 1.2, 8: 0.7, 16: 0.3, 32: 0.2},
}
"""In points, of the network that is measured; the windows of each reset."""


@dataclass(frozen=True)
class Way:
    """One way to run the network: a mode, and what is chosen in it."""

    mode: str
    window: int = 1
    reset: str = "zero"
    override: str = ""
    graded: tuple[str, ...] = ()
    """Layers, and inputs, of a spiking network that are graded."""

    @property
    def bar(self) -> float | None:
        """The largest drop, in points."""
        if self.graded:
            return None
        return LARGEST_DROP["ann" if self.mode == "ann" else self.reset].get(self.window)

    @property
    def overrides(self) -> str:
        """The fields of the target that are changed."""
        chosen = f"window={self.window},reset={self.reset}" if self.mode == "snn" else ""
        return ",".join(filter(None, (chosen, self.override)))


@dataclass(frozen=True)
class StageFigures:
    """How a stage's network stands on the test images; fractions."""

    name: str
    accuracy: float
    disagreement: float
    seconds: float


def main() -> None:
    """Compile in every way, and print one table."""
    parser = argparse.ArgumentParser(description="TianJi's modes: accuracy.")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CORELOWER_DATA", ".")))
    parser.add_argument("--network", default=NETWORK)
    parser.add_argument("--mode", choices=["ann", "snn"], action="append")
    parser.add_argument("--window", type=int, action="append", help="ticks")
    parser.add_argument("--firing", choices=["window", "tick"], default="window")
    parser.add_argument("--reset", choices=["zero", "subtract"], action="append")
    parser.add_argument(
        "--graded-layers", action="append", help="of a mixed network: names or numbers, a,b,0,-1"
    )
    parser.add_argument("--override", default="", help="fields of the target, as firing=tick")
    parser.add_argument("--units", default="1", help="neurons a number where rows are not free")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=1024, help="calibration images")
    parser.add_argument("--no-tune", action="store_true")
    parser.add_argument("--kind", choices=["own", "peer"], default="own")
    arguments = parser.parse_args()
    console = Console(width=160)
    if arguments.kind == "peer":
        console.print(_peer_table(arguments.data, arguments.network, arguments.window or WINDOWS))
        return
    table = Table("mode", "window", "reset", "graded", "stage", "accuracy", "drop", "at most",
                  "disagreement", "seconds")  # fmt: skip
    graded = [layers(names) for names in arguments.graded_layers or [""]]
    override = ",".join(filter(None, (f"firing={arguments.firing}", arguments.override)))
    ways = _ways(arguments.mode, arguments.window, arguments.reset, override, graded)
    for way in ways:
        golden, *stages = _measure(arguments, way)
        for stage in (golden, *stages):
            drop = (golden.accuracy - stage.accuracy) * 100
            last = stage is stages[-1]
            cells = (
                way.mode, str(way.window), way.reset if way.mode == "snn" else "",
                ",".join(way.graded), stage.name,
                f"{stage.accuracy:.2%}", f"{drop:+.2f}",
                f"{way.bar:.2f}" if last and way.bar is not None else "",
                f"{stage.disagreement:.2%}", f"{stage.seconds:.1f}",
            )  # fmt: skip
            table.add_row(*cells, end_section=last)
            console.print(*cells)
    console.print(table)


def _peer_table(data: Path, network: str, windows: Sequence[int]) -> Table:
    """The accuracy of each of SpikingJelly's recipes after so many ticks."""
    if missing := missing_for_spiking_peer():
        raise SystemExit(f"the peer needs {missing}, not installed here")
    from spiking_peer import RECIPES, converted_accuracy

    case = CASES[network]
    calibration, test, labels = (find_data(data, part) for part in case.data)
    images = load_samples(test, case.preprocessing)
    classes = np.asarray(load_labels(labels, len(images)))
    calibrated = load_samples(calibration, case.preprocessing)
    table = Table("SpikingJelly's recipe", *(f"{window} ticks" for window in windows))
    for recipe in RECIPES:
        model = data / "models" / f"{network}.onnx"
        found = converted_accuracy(model, recipe, calibrated[:], images[:], classes, windows)
        table.add_row(recipe.name, *(f"{found[window]:.2%}" for window in windows))
    return table


def _ways(
    modes: Sequence[str] | None,
    windows: Sequence[int] | None,
    resets: Sequence[str] | None,
    override: str,
    graded: Sequence[tuple[str, ...]],
) -> Iterator[Way]:
    if "ann" in (modes or ["ann"]):
        yield Way("ann")
    if "snn" not in (modes or ["snn"]):
        return
    for reset in resets or ("subtract", "zero"):
        for window in windows or WINDOWS:
            yield from (Way("snn", window, reset, override, names) for names in graded)


def _measure(arguments: argparse.Namespace, way: Way) -> Iterator[StageFigures]:
    """The golden network's figures, then those after every stage."""
    from corelower.targets.jax.evaluator import Evaluator

    data: Path = arguments.data
    case = CASES[arguments.network]
    calibration, test, labels = (find_data(data, part) for part in case.data)
    images: Samples = load_samples(test, case.preprocessing)
    classes = np.asarray(load_labels(labels, len(images)))
    ctx = make_context()
    ctx.calibration = load_samples(calibration, case.preprocessing)
    module = import_onnx(data / "models" / f"{arguments.network}.onnx", ctx)
    alternate = "ann" if way.graded else None
    changes = parse_overrides(way.overrides)
    core_op.set_target(module, *find_targets("tianji", way.mode, alternate, changes))
    name_layers(find_function(module), way.graded, spiking=False)

    def outputs() -> npt.NDArray[np.intp]:
        (found,) = Evaluator(find_function(module)).run(images)
        return found.reshape(len(images), -1).argmax(axis=1)

    golden = outputs()
    yield StageFigures("golden", np.count_nonzero(golden == classes) / len(images), 0.0, 0.0)
    units = arguments.units if arguments.units == "auto" else int(arguments.units)
    options = CompileOptions(
        tune=not arguments.no_tune,
        seed=arguments.seed,
        samples=arguments.samples,
        error=0.02,
        units=units,
        coding="thermometer",
        graded_layers=tuple(way.graded),
    )
    fires = any(one.fires_at_any_tick for one in core_op.targets_of(module))
    stages = stages_for("", options, fires_at_any_tick=fires)[:-1]
    pipelines = [("golden kept", "nn-keep-golden"), *((s.name, s.pipeline) for s in stages)]
    for name, pipeline in pipelines:
        started = perf_counter()
        for one in build_passes(pipeline, full_universe().all_passes, PIPELINES):
            one.apply(ctx, module)
            module.verify()
        seconds = perf_counter() - started
        if name != "golden kept":
            found = outputs()
            right, other = np.count_nonzero(found == classes), np.count_nonzero(found != golden)
            yield StageFigures(name, right / len(images), other / len(images), seconds)


if __name__ == "__main__":
    main()
