"""`nn-opt`: runs passes on IR in text form, as `mlir-opt` and `xdsl-opt` do."""

import argparse
import re
import sys
from collections.abc import Sequence
from io import BytesIO
from time import perf_counter
from typing import IO

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute
from xdsl.passes import ModulePass, PassPipeline
from xdsl.printer import Printer
from xdsl.utils.arg_spec import parse_spec
from xdsl.utils.diagnostic import Diagnostic
from xdsl.utils.exceptions import ArgSpecParseError, DiagnosticException, ShrinkException
from xdsl.xdsl_opt_main import xDSLOptMain

from .. import __version__
from ..dialects.support.errors import CorelowerError
from ..dialects.support.files import write_text
from ..dialects.support.location import parse_module
from ..dialects.support.tensor_data import TensorStore
from ..dialects.support.tensor_file import read_tensors, write_tensors
from ..dialects.trained import LARGEST_PRINTED
from ..passes.pipelines import PIPELINES
from .diagnostics import USER_ERRORS, error_line, run_tool, verify
from .ir_files import decode, elide_tensors, make_context, module_tensors
from .nn_opt_help import NnOptArgumentParser, list_passes
from .pipeline_spec import build_passes
from .universe import full_universe


class NnOptMain(xDSLOptMain):
    """
    The driver: parse, run the passes, print; with `--split-input-file`, for each chunk.

    Everything that only accompanies the IR (errors, remarks, timings, the IR between passes) goes
    to standard error.
    """

    version_format = f"nn-opt of Corelower {__version__}, built on xDSL {{xdsl_version}}"

    def __init__(self, args: Sequence[str] | None = None):
        # Not xDSL's constructor: it makes the argument parser itself, with no place for help and
        # errors of our own.
        universe = full_universe()
        context = make_context()
        self.ctx = context
        self.tensors = context.tensors
        self.remarks = context.remarks
        self.available_frontends = {}
        self.available_passes = dict(universe.all_passes)
        self.available_targets = dict(universe.all_targets)
        self.timings: list[tuple[str, float]] = []
        self.started = 0.0
        self.running: ModulePass | None = None
        self.register_all_frontends()
        parser = NnOptArgumentParser(
            "nn-opt",
            description="Runs passes on IR that is given as text, and prints the result.",
            conflict_handler="resolve",
        )
        self.register_all_arguments(parser)
        self.args = parser.parse_args(args)
        self.check_target()
        self.ctx.allow_unregistered = self.args.allow_unregistered_dialect
        if self.args.disable_verify:
            Attribute.__post_init__ = _no_verification
        Diagnostic.colored = self.args.syntax_highlight
        self.setup_pipeline()

    def register_all_arguments(self, arg_parser: argparse.ArgumentParser) -> None:
        super().register_all_arguments(arg_parser)
        add = arg_parser.add_argument
        add(
            "-p",
            "--passes",
            "--pass-pipeline",
            default="",
            metavar="PIPELINE",
            help="passes and named pipelines to run, in xDSL's form 'a,b{x=1 y=2}' or in MLIR's, "
            "'builtin.module(a,b{x=1})'; all are listed below",
        )
        add("--list-passes", action="store_true", help="list all passes and pipelines, and exit")
        add(
            "-t",
            "--target",
            default="mlir",
            help=f"form of the output: {', '.join(self.available_targets)}",
        )
        add("-o", "--output-file", metavar="FILE", help="write the output there, whole or not")
        add(
            "--verify-diagnostics",
            action="store_true",
            help="errors are expected: print each as a line of the output, and exit with 0",
        )
        add(
            "--parsing-diagnostics",
            action="store_true",
            help="the same as --verify-diagnostics",
        )
        add(
            "--weights",
            action="append",
            default=[],
            metavar="FILE",
            help="safetensors file with trained tensors that the text names; may be repeated",
        )
        add("--weights-out", metavar="FILE", help="write the result's trained tensors there")
        add("--elide-weights", action="store_true", help="print trained tensors as digests only")

    def register_all_frontends(self) -> None:
        def parse(stream: IO[bytes]) -> ModuleOp:
            name = self.get_input_name()
            implicit = not self.args.no_implicit_module
            text = decode(stream.read(), name)
            return parse_module(self.ctx, text, name, allow_implicit_module=implicit)

        self.available_frontends["mlir"] = parse

    def check_target(self) -> None:
        """Raise `CorelowerError` where `--target` names none."""
        try:
            name = parse_spec(self.args.target).name
        except ArgSpecParseError:
            name = self.args.target
        if name not in self.available_targets:
            known = ", ".join(self.available_targets)
            raise CorelowerError(f"no target '{name}'; there are {known}")

    def setup_pipeline(self) -> None:
        passes = tuple(build_passes(self.args.passes, self.available_passes, PIPELINES))
        self.pipeline = PassPipeline(passes, self.between_passes)

    def prepare_input(self) -> tuple[list[tuple[IO[bytes], int]], str]:
        """The chunks of the input, each with the number of lines before it, and the frontend."""
        stream, extension = self.get_input_stream()
        with stream:
            data = stream.read()
        # Unlike xDSL's, a separator is a line of its own: comments may speak of one.
        pieces = (
            re.split(rb"(?m)^// -----[ \t\r]*$", data) if self.args.split_input_file else [data]
        )
        chunks: list[tuple[IO[bytes], int]] = []
        lines = 0
        for piece in pieces:
            chunks.append((BytesIO(piece), lines))
            lines += piece.count(b"\n")
        return chunks, self.args.frontend or extension

    def get_input_stream(self) -> tuple[IO[bytes], str]:
        if self.args.input_file in (None, "-"):
            return sys.stdin.buffer, "mlir"
        stream, extension = super().get_input_stream()
        return stream, extension if extension in self.available_frontends else "mlir"

    def get_input_name(self) -> str:
        return "<stdin>" if self.args.input_file in (None, "-") else self.args.input_file

    def run(self) -> None:
        """Process the input; raises `SystemExit` with 1 where an unexpected error occurred."""
        if self.args.list_passes:
            print(list_passes(self.available_passes), end="")
            return
        for path in self.args.weights:
            read_tensors(path, self.tensors)
        tensors_out = TensorStore()
        errors_expected = self.args.verify_diagnostics or self.args.parsing_diagnostics
        failed = False
        output: list[str] = []
        chunks, frontend = self.prepare_input()
        for index, (chunk, line_offset) in enumerate(chunks):
            # Blank lines in front give every location its line in the whole file.
            data = b"\n" * line_offset + chunk.read()
            try:
                text = self.process(data, frontend, tensors_out)
            except USER_ERRORS as error:
                text = f"{error_line(error)}\n"
                if not errors_expected:
                    failed = True
                    print(text, end="", file=sys.stderr)
                    continue
            except ShrinkException:
                if not self.args.shrink:
                    raise
                print("Success, can shrink")
                return
            separator = "// -----\n" if index else ""
            output.append(separator + text)
            if self.args.output_file is None:
                print(output.pop(), end="", flush=True)
        self.print_timings()
        if self.args.shrink:
            print("Failure, can't shrink")
        if failed or self.args.shrink:
            sys.exit(1)
        if self.args.weights_out is not None:
            write_tensors(self.args.weights_out, tensors_out)
        if self.args.output_file is not None:
            write_text(self.args.output_file, "".join(output))

    def process(self, data: bytes, frontend: str, tensors_out: TensorStore) -> str:
        """Parse one chunk, run the passes and print it; its tensors are kept in `tensors_out`."""
        module = self.available_frontends[frontend](BytesIO(data))
        self.apply_passes(module)
        if self.args.weights_out is not None:
            for tensor in module_tensors(module):
                tensors_out.add(tensor)
        if self.args.elide_weights:
            elide_tensors(module)
        elif self.args.weights_out is None:
            self.warn_of_lost_tensors(module)
        return self.output_resulting_program(module)

    def warn_of_lost_tensors(self, module: ModuleOp) -> None:
        """Say so where the text names tensors that passes made and that no file holds."""
        lost = sum(
            tensor.is_resolved
            and tensor.size > LARGEST_PRINTED
            and self.tensors.find(tensor.digest) is None
            for tensor in module_tensors(module)
        )
        if lost:
            plural = "tensors are" if lost > 1 else "tensor is"
            text = f"warning: {lost} trained {plural} in no file; keep them with --weights-out FILE"
            print(text, file=sys.stderr)

    def apply_passes(self, prog: ModuleOp) -> None:
        try:
            super().apply_passes(prog)
        except DiagnosticException as error:
            # Raised by a pass of xDSL's: Corelower's own say where.
            name = self.running.name if self.running is not None else "verifier"
            raise CorelowerError(f"{name}: {error}", self.get_input_name()) from None
        finally:
            self.print_remarks()

    def between_passes(
        self, previous: ModulePass | None, module: ModuleOp, following: ModulePass | None
    ) -> None:
        """Time, verify and show what `previous` made of the module."""
        if previous is not None:
            self.timings.append((previous.name, perf_counter() - self.started))
        self.print_remarks()
        if not self.args.disable_verify:
            verify(module, after=None if previous is None else previous.name)
        if previous is not None and following is not None and self.args.print_between_passes:
            print(f"// -----// IR after {previous.name} //----- //", file=sys.stderr)
            printer = Printer(sys.stderr, print_debuginfo=self.args.print_debuginfo)
            printer.print_op(module)
            print("\n", file=sys.stderr)
        self.running = following
        self.started = perf_counter()

    def print_remarks(self) -> None:
        """Show, once, what passes remarked since the last call."""
        for remark in self.remarks:
            print(remark, file=sys.stderr)
        self.remarks.clear()

    def print_timings(self) -> None:
        """A table of the seconds each pass took, and of its share."""
        if not self.args.time_passes:
            return
        total = sum(seconds for _, seconds in self.timings)
        rows = [*self.timings, ("total", total)]
        width = max(len(name) for name, _ in rows)
        print(f"{'pass':<{width}}  {'seconds':>9}  share", file=sys.stderr)
        for name, seconds in rows:
            share = seconds / total if total else 1.0
            print(f"{name:<{width}}  {seconds:9.4f}  {share:5.0%}", file=sys.stderr)


def _no_verification(self: Attribute) -> None:
    pass


def main() -> None:
    """The entry point of `nn-opt`."""
    run_tool(lambda: NnOptMain().run())


if __name__ == "__main__":
    main()
