"""`corelower demo`: a network is trained, compiled to every chip, and shown as one table."""

import shlex
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from time import perf_counter

import numpy as np
from rich.console import Console
from rich.table import Table

from ..dialects.support.errors import CorelowerError
from ..dialects.support.files import atomic_write
from ..dialects.support.samples import Preprocessing
from ..targets.registry import modes_of
from .chips import chip_names
from .compile_console import CompileConsole, percent, yes
from .compile_report import Report
from .compiler import compile_model, partial_folder
from .demo_network import PRODUCER, SCALE, TEST_IMAGES, Digits, load_digits, to_onnx, train

MODEL, DATA = "model.onnx", "digits.npz"


@dataclass(frozen=True)
class DemoChip:
    """A chip that the demo compiles to, in one of its modes where it has some."""

    name: str
    mode: str | None = None

    @property
    def folder(self) -> str:
        """The folder of what is compiled to it."""
        return self.name if self.mode is None else f"{self.name}-{self.mode}"

    def __str__(self) -> str:
        return self.name if self.mode is None else f"{self.name} {self.mode}"


def _chips() -> list[DemoChip]:
    """All chips in all modes."""
    return [DemoChip(name, mode) for name in chip_names() for mode in modes_of(name) or (None,)]


def run_demo(out: Path, seed: int) -> list[Report]:
    """
    Train, export, compile to every chip in every mode into `out`, and print what was reached.

    `out` gets `model.onnx`, `digits.npz` (arrays `calibration`, `test`, `labels`) and a folder a
    chip and mode. Raises `CorelowerError` where `out` holds anything but an earlier demo,
    scikit-learn is missing, or an image is not bit-exact.
    """
    require_earlier_demo(out)
    digits = load_digits()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CorelowerError(f"cannot be made: {error.strerror}", str(out)) from error
    reports: list[Report] = []
    with CompileConsole(shows_stages=False) as console:
        console.say("training a small convolutional network on scikit-learn's digits")
        started = perf_counter()
        parameters = train(
            digits, seed, lambda done, total: console.progress("training", done, total)
        )
        trained_in = perf_counter() - started
        with atomic_write(out / MODEL) as stream:
            stream.write(to_onnx(parameters).SerializeToString())
        write_data(digits, out / DATA)
        for chip in _chips():
            console.say(f"compiling it to {chip}")
            reports.append(_compile(out, chip, seed, console))
    _print(reports, out, seed, trained_in)
    inexact = [report.chip for report in reports if not report.bit_exact]
    if inexact:
        raise CorelowerError(f"not bit-exact: {', '.join(inexact)}", str(out))
    return reports


def require_earlier_demo(out: Path) -> None:
    """Raise `CorelowerError` unless `out` is missing, empty, or what an earlier demo left."""
    if out.is_dir() and not out.is_symlink():
        own = {MODEL, DATA}
        for chip in _chips():
            own |= {chip.folder, partial_folder(out / chip.folder).name}
        model = out / MODEL
        is_own = not model.exists() or PRODUCER.encode() in model.read_bytes()
        visible = {path.name for path in out.iterdir() if not path.name.startswith(".")}
        if is_own and visible <= own:
            return
    elif not out.exists():
        return
    raise CorelowerError(
        "there is something else than an earlier demo; name an empty or a new folder", str(out)
    )


def compile_command(out: Path, chip: DemoChip, seed: int) -> str:
    """The command line that compiles the demo's network once more."""
    data = shlex.quote(str(out / DATA))
    given = {"target": chip.name, "mode": chip.mode}
    options = " ".join(f"--{name} {value}" for name, value in given.items() if value is not None)
    return (
        f"corelower compile {shlex.quote(str(out / MODEL))} {options} "
        f"--calibration {data}:calibration --test {data}:test --labels {data}:labels "
        f"--scale {SCALE}{f' --seed {seed}' if seed else ''} -o again"
    )


def _compile(out: Path, chip: DemoChip, seed: int, console: CompileConsole) -> Report:
    data = out / DATA
    network = compile_model(
        out / MODEL,
        calibration=f"{data}:calibration",
        target=chip.name,
        mode=chip.mode,
        test=f"{data}:test",
        labels=f"{data}:labels",
        preprocessing=Preprocessing(SCALE),
        out=out / chip.folder,
        seed=seed,
        verify_all=True,
        attribution=True,
        progress=console.progress,
        on_stage=console.stage,
    )
    return network.report


def write_data(digits: Digits, path: Path) -> None:
    """Write the arrays `calibration`, `test` and `labels` as an `.npz` file."""
    content = BytesIO()
    np.savez_compressed(
        content, calibration=digits.train, test=digits.test, labels=digits.test_labels
    )
    with atomic_write(path) as stream:
        stream.write(content.getvalue())


def _print(reports: list[Report], out: Path, seed: int, trained_in: float) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table(title=f"digits, {TEST_IMAGES} test images, trained in {trained_in:.1f} s")
    table.add_column("")
    for report in reports:
        table.add_column(report.chip, justify="right")
    rows = [("golden accuracy", [percent(report.golden_accuracy) for report in reports])]
    rows += [("after each stage", ["accuracy, disagreement" for _ in reports])]
    for name in dict.fromkeys(s.name for r in reports for s in r.stages if s.name != "golden"):
        rows.append((f"  {name}", [_stage_cell(report, name) for report in reports]))
    rows += [
        ("accuracy on the chip", [percent(r.accuracy) for r in reports]),
        ("disagreement with golden", [percent(r.disagreement) for r in reports]),
        ("cores (with trained weights)", [f"{r.cores} ({r.weight_cores})" for r in reports]),
        ("utilisation", [percent(r.utilisation) for r in reports]),
        ("bit-exact", [yes(r.bit_exact) for r in reports]),
        ("seconds (tuning)", [f"{r.seconds:.1f} ({r.tune_seconds:.1f})" for r in reports]),
    ]
    for name, cells in rows:
        table.add_row(name, *cells)
    console.print(table)
    for report in reports:
        folder = out / DemoChip(report.target, report.mode).folder
        console.print(f"report: {folder / 'report.html'}", markup=False)
    again = compile_command(out, _chips()[0], seed)
    console.print(f"by hand: {again}", markup=False)


def _stage_cell(report: Report, name: str) -> str:
    for stage in report.stages:
        if stage.name == name:
            return f"{percent(stage.accuracy)} {percent(stage.disagreement):>7}"
    return "-"
