"""`nn-translate`: from other formats into IR, and from IR into other formats."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import NoReturn

from xdsl.dialects.builtin import ModuleOp
from xdsl.printer import Printer

from .. import __version__
from ..dialects.support.errors import CorelowerError
from ..dialects.support.files import write_text
from ..dialects.support.location import parse_module
from ..dialects.support.tensor_file import read_tensors, write_tensors
from ..dialects.trained import LARGEST_PRINTED
from .diagnostics import run_tool, verify
from .ir_files import decode, make_context, module_tensors


@dataclass(frozen=True)
class Request:
    """What the command line asks for; `None` where an option was not given."""

    input: str
    output: Path | None
    weights: tuple[Path, ...]
    weights_out: Path | None
    locations: bool
    has_batch: bool


@dataclass(frozen=True)
class Translation:
    """A way to translate: the sentence that `--help` shows, and the function that does it."""

    help: str
    run: Callable[[Request], None]


def import_onnx(request: Request) -> None:
    """ONNX to IR; what the text only names goes to a weights file."""
    from .onnx_import import import_onnx

    ctx = make_context()
    stdin = request.input == "-"
    source = sys.stdin.buffer.read() if stdin else Path(request.input)
    module = import_onnx(source, ctx, has_batch=request.has_batch)
    verify(module)
    for remark in ctx.remarks:
        print(remark, file=sys.stderr)
    _write_weights(module, request)
    text = StringIO()
    Printer(text, print_debuginfo=request.locations).print_op(module)
    _write(request, text.getvalue() + "\n")


def prime_to_image(request: Request) -> None:
    """Mapped IR of the prime level to a chip image."""
    from ..targets.prime.image_writer import write_image

    if request.output is None:
        raise CorelowerError("--prime-to-image writes a binary file: name it with -o")
    write_image(read_input(request), request.output)


def tianji_to_image(request: Request) -> None:
    """Mapped IR of the tianji level to a chip image."""
    from ..targets.tianji.image_writer import write_image

    if request.output is None:
        raise CorelowerError("--tianji-to-image writes a binary file: name it with -o")
    write_image(read_input(request), request.output)


def to_dot(request: Request) -> None:
    """IR to a drawing."""
    from .graphviz import to_dot

    _write(request, to_dot(read_input(request)))


TRANSLATIONS: Mapping[str, Translation] = {
    "import-onnx": Translation("read an ONNX model, write IR in the nn dialect", import_onnx),
    "prime-to-image": Translation(
        "read mapped IR of the prime level, write a chip image", prime_to_image
    ),
    "tianji-to-image": Translation(
        "read mapped IR of the tianji level, write a chip image", tianji_to_image
    ),
    "to-dot": Translation("read IR, write a drawing of it as Graphviz text", to_dot),
}
"""By the name of the option that asks for it."""


def read_input(request: Request) -> ModuleOp:
    """The verified IR that the command line names, with the trained tensors of `--weights`."""
    ctx = make_context()
    for path in request.weights:
        read_tensors(path, ctx.tensors)
    if request.input == "-":
        text, name = decode(sys.stdin.buffer.read(), "<stdin>"), "<stdin>"
    else:
        text, name = decode(Path(request.input).read_bytes(), request.input), request.input
    module = parse_module(ctx, text, name)
    verify(module)
    return module


def _write(request: Request, text: str) -> None:
    if request.output is None:
        print(text, end="")
    else:
        write_text(request.output, text)


def _write_weights(module: ModuleOp, request: Request) -> None:
    """Write the weights file that was asked for, or that goes with the output file."""
    path = request.weights_out
    named = sum(tensor.size > LARGEST_PRINTED for tensor in module_tensors(module))
    if path is None and request.output is not None and named:
        path = request.output.with_suffix(".safetensors")
    if path is not None and path == request.output:
        raise CorelowerError("the IR and its weights need two files", str(path))
    if path is not None:
        write_tensors(path, module_tensors(module))
    elif named:
        print(
            f"warning: {named} trained tensors are in no file; name one with --weights-out",
            file=sys.stderr,
        )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CorelowerError(f"{message} (see {self.prog} --help)")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = _Parser(
        prog="nn-translate",
        description="Translates networks from other formats into IR, and IR into other formats.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    group = parser.add_mutually_exclusive_group(required=True)
    for name, translation in TRANSLATIONS.items():
        group.add_argument(
            f"--{name}", dest="translation", action="store_const", const=name, help=translation.help
        )
    add = parser.add_argument
    add("input", nargs="?", default="-", help="file to read, standard input by default")
    add("-o", "--output", metavar="FILE", type=Path, help="write there, whole or not at all")
    add(
        "--weights",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="safetensors file with trained tensors that the IR names; may be repeated",
    )
    add(
        "--weights-out",
        metavar="FILE",
        type=Path,
        help="write the trained tensors there; with -o, beside the output by default",
    )
    add("--no-locations", action="store_true", help="leave out the names of the model's nodes")
    add("--no-batch", action="store_true", help="the ONNX inputs have no batch axis")
    return parser


def run(arguments: Sequence[str] | None = None) -> None:
    """Translate what the command line asks for. Raises `CorelowerError`."""
    options = make_parser().parse_args(arguments)
    request = Request(
        input=options.input,
        output=options.output,
        weights=tuple(options.weights),
        weights_out=options.weights_out,
        locations=not options.no_locations,
        has_batch=not options.no_batch,
    )
    TRANSLATIONS[options.translation].run(request)


def main() -> None:
    """The entry point of `nn-translate`."""
    run_tool(run)


if __name__ == "__main__":
    main()
