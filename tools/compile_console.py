"""A compilation on the terminal: a bar while it runs, a line a stage, a table at the end."""

from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from .compile_report import Report
from .stage_folder import StageResult


class CompileConsole:
    """Shows progress on standard error where that is a terminal, and results on standard output."""

    def __init__(self, *, shows_stages: bool = True) -> None:
        self._shows_stages = shows_stages
        self._out = Console(highlight=False, soft_wrap=True)
        error = Console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
        self._bar = Progress(
            *columns,
            TimeElapsedColumn(),
            console=error,
            transient=True,
            disable=not error.is_terminal,
        )
        self._task = self._bar.add_task("importing", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def progress(self, what: str, done: int, total: int) -> None:
        """Show how far `what` is; a `total` of 0 is an end that is not known."""
        self._bar.update(self._task, description=what, completed=done, total=total or None)

    def say(self, text: str) -> None:
        """A line about what comes next."""
        self._bar.console.print(text, highlight=False, markup=False)

    def stage(self, result: StageResult) -> None:
        """Say that a stage is finished."""
        if not self._shows_stages:
            return
        parts = [f"{result.name:10}"]
        if result.accuracy is not None:
            parts.append(f"accuracy {result.accuracy:7.2%}")
        if result.disagreement is not None and result.name != "golden":
            parts.append(f"disagreement {result.disagreement:6.2%}")
        if result.name != "golden":
            parts.append(f"{result.seconds:6.1f} s")
        self._bar.console.print("  ".join(parts), highlight=False)

    def summary(self, report: Report, out: Path) -> None:
        """The figures of the whole compilation."""
        table = Table(show_header=False, box=None, pad_edge=False)
        rows = [
            ("golden accuracy", percent(report.golden_accuracy)),
            ("accuracy", percent(report.accuracy)),
            ("disagreement", percent(report.disagreement)),
            ("bit-exact", f"{yes(report.bit_exact)} ({report.verified_samples} samples)"),
            ("cores", f"{report.cores} ({report.weight_cores} hold trained weights)"),
            ("utilisation", percent(report.utilisation)),
            ("seconds", f"{report.seconds:.1f}, {report.tune_seconds:.1f} of them tuning"),
            ("report", str(out / "report.html")),
        ]
        for name, value in rows:
            table.add_row(name, value)
        self._out.print(table)


def percent(value: float | None) -> str:
    """A fraction for a reader; a dash where it is not known."""
    return "-" if value is None else f"{value:.2%}"


def yes(value: bool) -> str:
    """Yes, or a NO that is not overlooked."""
    return "yes" if value else "NO"
