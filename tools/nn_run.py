"""`nn-run`: runs a network of any level, or a chip image, on data, or compares two of them."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn
from zipfile import ZipFile

import numpy as np
from numpy.lib.format import write_array

from .. import __version__
from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import CorelowerError
from ..dialects.support.files import atomic_write
from ..dialects.support.functions import find_function
from ..dialects.support.samples import (
    LAYOUTS,
    Preprocessing,
    Samples,
    load_labels,
    load_samples,
)
from ..dialects.support.tensor_data import Array
from ..dialects.support.tensor_file import read_tensors
from ..targets.measures import Classes, join_classes, predictions
from .diagnostics import run_tool
from .ir_files import make_context
from .nn_run_models import (
    CHIP_MODES,
    ChipOptions,
    FunctionModel,
    Model,
    compare_models,
    golden_of,
    load_model,
)
from .nn_run_report import Report, print_json, print_report
from .progress import progress_bar

SHOWN_SAMPLES = 5
"""How many samples' outputs are shown."""

GOLDEN = ""
"""What `--compare` without a file stands for: the function's own golden function."""


class NnRunArgumentParser(argparse.ArgumentParser):
    """Fails as every other user error does."""

    def error(self, message: str) -> NoReturn:
        raise CorelowerError(f"{message}; see {self.prog} --help")


@dataclass
class Arguments(argparse.Namespace):
    """The command line; the options' help says what each is."""

    model: str = ""
    data: list[str] = field(default_factory=list[str])
    labels: str | None = None
    scale: float = 1.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    layout: str = "nchw"
    limit: int | None = None
    function: str | None = None
    weights: list[str] = field(default_factory=list[str])
    compare: str | None = None
    compare_function: str | None = None
    output: str | None = None
    json: bool = False
    mode: str | None = None
    variation: float = 0.0
    stuck: float = 0.0
    seed: int = 0


def run(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says; raises `CorelowerError` or `OSError`."""
    args = make_parser().parse_args(arguments, Arguments())
    if not args.data:
        raise CorelowerError("no data: name a file with --data FILE[:array]; see nn-run --help")
    if args.compare_function is not None and args.compare is None:
        raise CorelowerError("--compare-function needs --compare")
    preprocessing = Preprocessing(args.scale, args.mean, args.std, args.layout)
    ctx = make_context()
    for path in args.weights:
        read_tensors(path, ctx.tensors)
    chip = ChipOptions(args.mode, args.variation, args.stuck, args.seed)
    model = load_model(args.model, args.function, ctx, chip)
    raw = [load_samples(spec, preprocessing) for spec in args.data]
    labels = None if args.labels is None else load_labels(args.labels, len(raw[0]))[: args.limit]
    samples = [one.first(args.limit) for one in raw]
    inputs = model.fit(samples)
    report = Report(model.name, len(inputs[0]))
    if args.compare is not None:
        golden = _golden_model(args, ctx, model)
        compare_into(report, model, golden, samples, labels)
    if args.compare is None or args.output is not None:
        run_into(report, model, inputs, labels, args.output)
    (print_json if args.json else print_report)(report)


def make_parser() -> argparse.ArgumentParser:
    """The command line of `nn-run`."""
    parser = NnRunArgumentParser(
        "nn-run",
        usage="%(prog)s MODEL --data FILE[:array] [options]",
        allow_abbrev=False,
        description="Runs a network, as IR of any level or as a chip image, on data: prints its "
        "outputs, its accuracy when labels are given, or how far each value is from another's.",
        epilog="FILE is .npy, .npz or IDX (MNIST's format), gzipped or not; ':array' names one of "
        "several arrays in an .npz file. The first axis counts samples.",
    )
    add = parser.add_argument
    add("model", metavar="MODEL", help="IR in text form (- is standard input), or a chip image")
    add("--version", action="version", version=f"nn-run of Corelower {__version__}")
    add(
        "--data",
        action="append",
        metavar="FILE[:array]",
        help="samples; repeat it for a network with several inputs",
    )
    add("--labels", metavar="FILE[:array]", help="the class of each sample: print the accuracy")
    add("--scale", type=float, metavar="X", help="divide the data by this first (default 1)")
    add("--mean", type=_numbers, metavar="X,..", help="then subtract this; one number a channel")
    add("--std", type=_numbers, metavar="X,..", help="then divide by this; one number a channel")
    add("--layout", metavar="|".join(LAYOUTS), help="layout of the data (default nchw)")
    add("--limit", type=_count, metavar="N", help="use the first N samples only")
    add("--function", metavar="NAME", help="the function to run (default main)")
    add(
        "--weights",
        action="append",
        metavar="FILE",
        help="safetensors file with trained tensors that the text names; may be repeated",
    )
    add(
        "--compare",
        nargs="?",
        const=GOLDEN,
        metavar="OTHER",
        help="compare every value with that of the same golden name in this IR; without a file, "
        "in the function's own golden function",
    )
    add("--golden", action="store_const", const=GOLDEN, dest="compare", help="the same as the last")
    add("--compare-function", metavar="NAME", help="the function of OTHER (default main)")
    add("--output", metavar="FILE", help="write the outputs there, as .npz: result0, result1, ...")
    add("--json", action="store_true", help="print what is found as JSON")
    images = parser.add_argument_group("chip images").add_argument
    images("--mode", metavar="|".join(CHIP_MODES), help="how the chip computes (default exact)")
    images("--variation", type=float, metavar="X", help="relative deviation of cells (default 0)")
    images("--stuck", type=float, metavar="X", help="fraction of cells that are stuck (default 0)")
    images("--seed", type=int, metavar="N", help="of the deviations drawn (default 0)")
    # Defaults are those of `Arguments`: argparse leaves alone what is there already.
    return parser


def run_into(
    report: Report,
    model: Model,
    inputs: Sequence[Samples],
    labels: Classes | None,
    output: str | None,
) -> None:
    """Run the model; outputs and accuracy go into the report, with `output` also to a file."""
    kept: list[tuple[Array, ...]] = []
    classes: list[Classes | None] = []
    done = 0
    with progress_bar(f"run {model.name}") as progress:
        for count, outputs in model.batches(inputs):
            classes.append(predictions(outputs))
            if output is not None or not kept:
                kept.append(outputs)
            done += count
            progress(done, len(inputs[0]))
    report.set_classes(join_classes(classes), labels)
    report.first_outputs = [result[:SHOWN_SAMPLES] for result in kept[0]]
    if output is not None:
        write_outputs(output, [np.concatenate(parts) for parts in zip(*kept, strict=True)])


def compare_into(
    report: Report,
    model: Model,
    golden: Model,
    samples: Sequence[Samples],
    labels: Classes | None,
) -> None:
    """Compare two models; what is found goes into the report."""
    with progress_bar(f"compare with {golden.name}") as progress:
        comparison = compare_models(model, golden, samples, progress)
    report.comparison = comparison
    report.set_classes(comparison.classes, labels)
    report.set_golden_classes(comparison.golden_classes, labels)


def write_outputs(path: str, outputs: Sequence[Array]) -> None:
    """Write results as `result0`, `result1`, ... of an `.npz` file, whole or not at all."""
    with atomic_write(path) as stream, ZipFile(stream, "w") as archive:
        for index, output in enumerate(outputs):
            with archive.open(f"result{index}.npy", "w", force_zip64=True) as member:
                write_array(member, output, allow_pickle=False)


def _golden_model(args: Arguments, ctx: CorelowerContext, model: Model) -> Model:
    if args.compare:
        return load_model(args.compare, args.compare_function, ctx)
    if args.compare_function is not None and isinstance(model, FunctionModel):
        return FunctionModel(model.module, find_function(model.module, args.compare_function))
    return golden_of(model)


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.replace(",", " ").split())


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise ValueError
    return count


# argparse puts these names into its message: "invalid number list value".
_numbers.__name__ = "number list"
_count.__name__ = "count"


def main() -> None:
    """The entry point of `nn-run`."""
    run_tool(run)


if __name__ == "__main__":
    main()
