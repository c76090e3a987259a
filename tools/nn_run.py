"""`nn-run`: runs a network of any level on data, and compares two levels value by value."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
from numpy.lib.format import write_array
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.dialects.func import FuncOp

from .. import __version__
from ..dialects.nn import Shape, shape_of
from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.files import atomic_write
from ..dialects.support.location import parse_module
from ..dialects.support.samples import (
    LAYOUTS,
    Preprocessing,
    Samples,
    fit_samples,
    load_labels,
    load_samples,
)
from ..dialects.support.tensor_data import Array
from ..dialects.support.tensor_file import read_tensors
from .diagnostics import run_tool, verify
from .ir_files import decode, make_context, read_module
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
    function: str = "main"
    weights: list[str] = field(default_factory=list[str])
    compare: str | None = None
    compare_function: str | None = None
    output: str | None = None
    json: bool = False


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
    module = load_module(ctx, args.model)
    # The evaluator brings JAX along: what is wrong up to here is told without that second.
    from ..targets.jax.evaluator import find_function

    function = find_function(module, args.function)
    raw = [load_samples(spec, preprocessing) for spec in args.data]
    labels = None if args.labels is None else load_labels(args.labels, len(raw[0]))[: args.limit]
    inputs = fit_inputs([samples.first(args.limit) for samples in raw], function)
    report = Report(function.sym_name.data, len(inputs[0]))
    if args.compare is not None:
        golden = _golden_function(args, ctx, module, function)
        compare_into(report, function, golden, inputs, labels)
    if args.compare is None or args.output is not None:
        run_into(report, function, inputs, labels, args.output)
    (print_json if args.json else print_report)(report)


def make_parser() -> argparse.ArgumentParser:
    """The command line of `nn-run`."""
    parser = NnRunArgumentParser(
        "nn-run",
        usage="%(prog)s MODEL --data FILE[:array] [options]",
        allow_abbrev=False,
        description="Runs a network, as IR of any level, on data: prints its outputs, its "
        "accuracy when labels are given, or how far each value is from another network's.",
        epilog="FILE is .npy, .npz or IDX (MNIST's format), gzipped or not; ':array' names one of "
        "several arrays in an .npz file. The first axis counts samples.",
    )
    add = parser.add_argument
    add("model", metavar="MODEL", help="IR in text form; - is standard input")
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
    # Defaults are those of `Arguments`: argparse leaves alone what is there already.
    return parser


def load_module(ctx: CorelowerContext, path: str) -> ModuleOp:
    """The verified module in a text file, or on standard input where `path` is `-`."""
    if path == "-":
        module = parse_module(ctx, decode(sys.stdin.buffer.read(), "<stdin>"), "<stdin>")
    else:
        module = read_module(ctx, path)
    verify(module)
    return module


def fit_inputs(samples: Sequence[Samples], function: FuncOp) -> list[Samples]:
    """The samples of each input, in the shape the function takes; raises `CorelowerError`."""
    shapes: list[Shape] = []
    for argument in function.body.block.args:
        if not isinstance(argument.type, TensorType):
            raise OperationError(function, f"an input is {argument.type}, not a tensor")
        shapes.append(shape_of(argument))
    if len(shapes) != len(samples):
        raise CorelowerError(
            f"@{function.sym_name.data} takes {len(shapes)} inputs, --data is given "
            f"{len(samples)} times"
        )
    return [fit_samples(one, shape) for one, shape in zip(samples, shapes, strict=True)]


def run_into(
    report: Report,
    function: FuncOp,
    inputs: Sequence[Samples],
    labels: npt.NDArray[np.int64] | None,
    output: str | None,
) -> None:
    """Run the function; outputs and accuracy go into the report, with `output` also to a file."""
    from ..targets.jax.compare import predictions
    from ..targets.jax.evaluator import Evaluator

    evaluator = Evaluator(function)
    kept: list[tuple[Array, ...]] = []
    classes: list[npt.NDArray[np.int64] | None] = []
    done = 0
    with progress_bar(f"run @{function.sym_name.data}") as progress:
        for count, outputs in evaluator.batches(evaluator.returned, *inputs):
            classes.append(predictions(outputs))
            if output is not None or not kept:
                kept.append(outputs)
            done += count
            progress(done, len(inputs[0]))
    known = [batch for batch in classes if batch is not None]
    report.set_classes(np.concatenate(known) if known else None, labels)
    report.first_outputs = [result[:SHOWN_SAMPLES] for result in kept[0]]
    if output is not None:
        write_outputs(output, [np.concatenate(parts) for parts in zip(*kept, strict=True)])


def compare_into(
    report: Report,
    function: FuncOp,
    golden: FuncOp,
    inputs: Sequence[Samples],
    labels: npt.NDArray[np.int64] | None,
) -> None:
    """Compare two functions; what is found goes into the report."""
    from ..targets.jax.compare import compare_functions

    with progress_bar(f"compare with @{golden.sym_name.data}") as progress:
        comparison = compare_functions(function, golden, *inputs, progress=progress)
    report.comparison = comparison
    report.set_classes(comparison.classes, labels)
    report.set_golden_classes(comparison.golden_classes, labels)


def write_outputs(path: str, outputs: Sequence[Array]) -> None:
    """Write results as `result0`, `result1`, ... of an `.npz` file, whole or not at all."""
    with atomic_write(path) as stream, ZipFile(stream, "w") as archive:
        for index, output in enumerate(outputs):
            with archive.open(f"result{index}.npy", "w", force_zip64=True) as member:
                write_array(member, output, allow_pickle=False)


def _golden_function(
    args: Arguments, ctx: CorelowerContext, module: ModuleOp, function: FuncOp
) -> FuncOp:
    from ..targets.jax.compare import golden_function
    from ..targets.jax.evaluator import find_function

    if args.compare:
        other = load_module(ctx, args.compare)
        return find_function(other, args.compare_function or "main")
    if args.compare_function is not None:
        return find_function(module, args.compare_function)
    return golden_function(module, function)


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
