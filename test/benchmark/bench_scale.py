"""
How compiling scales: a network of published size through every structural pass.

    python test/benchmark/bench_scale.py vgg16
    python test/benchmark/bench_scale.py resnet18 --bias-rows 2

Weights are random, nothing is trained, tuned or run: signals get made-up ranges. The passes are
those of `corelower compile`. See `docs/benchmarks.md` for what the columns mean.
"""

import argparse
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from known_networks import NETWORKS, random_weights
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from corelower.dialects.trained import TensorOp
from corelower.passes.pass_base import CorelowerPass, lowered_functions
from corelower.passes.pipelines import PIPELINES
from corelower.passes.prime_map import MappingSummary, mapping_summary
from corelower.passes.signal_classes import signal_classes
from corelower.passes.signal_ranges import set_range
from corelower.tools.compile_options import CompileOptions
from corelower.tools.diagnostics import verify
from corelower.tools.ir_files import make_context, module_tensors
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.stage_folder import module_text
from corelower.tools.stages import stages_for
from corelower.tools.universe import full_universe

CELLS = 256
"""Rows and columns of a core that are left for weights unless `--rows` says otherwise."""

MAPPED = "core-op-to-prime"


@dataclass(frozen=True)
class MakeUpRanges(CorelowerPass):
    """Gives every signal without a code a range, as `core-op-calibrate` would from data."""

    name = "make-up-ranges"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in lowered_functions(op):
            for signal in signal_classes(function):
                if signal.is_coded:
                    continue
                for root in signal.roots:
                    set_range(root, 0.0 if signal.is_rectified else -4.0, 4.0, function)


@dataclass
class Usage:
    """Wall-clock seconds and this process's own CPU seconds."""

    wall: float = field(default_factory=perf_counter)
    cpu: float = field(default_factory=lambda: _cpu(resource.RUSAGE_SELF))

    def until_now(self) -> "Usage":
        """What passed since this was made."""
        now = Usage()
        return Usage(now.wall - self.wall, now.cpu - self.cpu)


@dataclass(frozen=True)
class Step:
    """One pass, and how the module stands after it."""

    name: str
    usage: Usage
    operations: int
    peak_bytes: int


@dataclass(frozen=True)
class Level:
    """The text of one level, and what `nn-opt` takes to start, parse, verify and print it."""

    name: str
    characters: int
    seconds: float
    cpu_seconds: float


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("network", choices=list(NETWORKS))
    parser.add_argument("--bias-rows", type=int, default=2, help="rows that carry the bias")
    parser.add_argument(
        "--rows", type=int, default=CELLS, help="rows of a core, those of the bias included"
    )
    parser.add_argument(
        "--extra-bias-rows", action="store_true", help="bias rows do not count: add them to --rows"
    )
    parser.add_argument("--cores", type=int, default=0, help="cores at hand, 0 for no limit")
    parser.add_argument("--max-pool", choices=("auto", "relu", "native"), default="auto")
    parser.add_argument("--no-text", action="store_true", help="leave out nn-opt on the texts")
    parser.add_argument("--no-golden", action="store_true", help="do not keep the golden function")
    args = parser.parse_args()

    start_bytes = _peak_bytes()
    building = Usage()
    network = NETWORKS[args.network](random_weights())
    module = network.finish()
    built = building.until_now()
    weight_bytes = sum(data.nbytes for data in module_tensors(module))
    unit = _seconds_to_copy(module)

    rows = args.rows + (args.bias_rows if args.extra_bias_rows else 0)
    target = f"set-target{{name=prime fan-in={rows} bias-rows={args.bias_rows} cores={args.cores}}}"
    keep = "" if args.no_golden else ",nn-keep-golden"
    texts: list[tuple[str, str]] = []
    steps: list[Step] = []
    reform: list[Step] = []
    spent = Usage()
    with_text = Usage(0.0, 0.0)
    for name, pipeline in [("golden", target + keep), *_stages(args.max_pool)]:
        steps += _run(pipeline, module)
        if name == "reformed":
            reform = list(steps)
        if not args.no_text:
            writing = Usage()
            texts.append((name, module_text(module)))
            text_usage = writing.until_now()
            with_text = Usage(with_text.wall + text_usage.wall, with_text.cpu + text_usage.cpu)
    total = spent.until_now()
    passes = Usage(total.wall - with_text.wall, total.cpu - with_text.cpu)
    peak = _peak_bytes()

    print(
        f"{args.network}: {network.weight_count:,} weights, {network.bias_count:,} biases, "
        f"{weight_bytes / 1e6:,.0f} MB; built in {built.wall:.1f} s; core of {rows} x 256, "
        f"{args.bias_rows} bias rows\n"
    )
    _print_steps(steps, unit)
    wall = sum(step.usage.wall for step in reform)
    cpu = sum(step.usage.cpu for step in reform)
    print(f"{'of these to real core_op':<30}{wall:8.2f}{cpu:8.2f}{cpu / unit:8.1f}")
    print(
        f"{'all passes':<30}{passes.wall:8.2f}{passes.cpu:8.2f}{passes.cpu / unit:8.1f}\n"
        f"{'digests and texts':<30}{with_text.wall:8.2f}{with_text.cpu:8.2f}"
        f"{with_text.cpu / unit:8.1f}\n"
        f"{'whole run':<30}{total.wall:8.2f}{total.cpu:8.2f}{total.cpu / unit:8.1f}\n"
    )
    print(
        f"peak {peak / 1e6:,.0f} MB = {peak / weight_bytes:.2f} of the weights, "
        f"{(peak - weight_bytes) / 1e6:,.0f} MB beyond them "
        f"({start_bytes / 1e6:,.0f} MB of it before the start)\n"
    )
    if not args.no_text:
        _print_levels(list(_levels(texts)))
    _print_cores(mapping_summary(module))


def _stages(max_pool: str) -> Iterator[tuple[str, str]]:
    """The stages of `corelower compile`, untuned, with ranges made up instead of calibrated."""
    options = CompileOptions(tune=False, samples=1, max_pool=max_pool, output="values")
    for stage in stages_for(MAPPED, options):
        # Without data there is nothing to equalize by.
        pipeline = re.sub(r"core-op-equalize\{[^}]*\},", "", stage.pipeline)
        yield stage.name, re.sub(r"core-op-calibrate\{[^}]*\}", MakeUpRanges.name, pipeline)


def _run(pipeline: str, module: ModuleOp) -> Iterator[Step]:
    ctx = make_context()
    available: dict[str, Callable[[], type[ModulePass]]] = {
        **full_universe().all_passes,
        MakeUpRanges.name: lambda: MakeUpRanges,
    }
    for one in build_passes(pipeline, available, PIPELINES):
        usage = Usage()
        one.apply(ctx, module)
        verify(module, after=one.name)
        operations = sum(1 for op in module.walk() if not isinstance(op, TensorOp))
        yield Step(one.name, usage.until_now(), operations, _peak_bytes())


def _levels(texts: list[tuple[str, str]]) -> Iterator[Level]:
    """`nn-opt` on each text, in a process of its own and without weights."""
    with TemporaryDirectory() as folder:
        for name, text in texts:
            path = Path(folder, f"{name}.mlir")
            path.write_text(text, encoding="utf-8")
            command = [sys.executable, "-m", "corelower.tools.nn_opt", str(path)]
            before, started = _cpu(resource.RUSAGE_CHILDREN), perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds = perf_counter() - started
            yield Level(name, len(text), seconds, _cpu(resource.RUSAGE_CHILDREN) - before)


def _print_steps(steps: list[Step], unit: float) -> None:
    print(f"{'pass':<30}{'wall s':>8}{'CPU s':>8}{'copies':>8}{'ops':>6}{'peak MB':>9}")
    for step in steps:
        usage = step.usage
        print(
            f"{step.name:<30}{usage.wall:8.2f}{usage.cpu:8.2f}{usage.cpu / unit:8.1f}"
            f"{step.operations:6}{step.peak_bytes / 1e6:9,.0f}"
        )


def _print_levels(levels: list[Level]) -> None:
    print(f"{'nn-opt on the text of':<30}{'wall s':>8}{'CPU s':>8}{'KB':>8}")
    for level in levels:
        print(
            f"{level.name:<30}{level.seconds:8.2f}{level.cpu_seconds:8.2f}"
            f"{level.characters / 1e3:8.1f}"
        )
    print()


def _print_cores(summary: MappingSummary) -> None:
    print(
        f"cores: {summary.weight_cores} hold trained weights, {summary.cores_without_copies} "
        f"with merges, pools and additions; {summary.utilisation_without_copies:.1%} of their "
        "cells used"
    )


def _seconds_to_copy(module: ModuleOp) -> float:
    """CPU seconds to read all weights and write them once: what the passes are measured in."""
    buffer = np.empty(1 << 24, np.float32)
    started = _cpu(resource.RUSAGE_SELF)
    for data in module_tensors(module):
        flat = data.array.reshape(-1)
        for first in range(0, flat.size, buffer.size):
            part = flat[first : first + buffer.size]
            buffer[: part.size] = part
    return _cpu(resource.RUSAGE_SELF) - started


def _cpu(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
