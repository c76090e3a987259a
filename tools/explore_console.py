"""A study on the terminal: what runs, a line a point, and a table at the end."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.table import Table

from .check_console import PIPED_WIDTH
from .explore import StudyWatcher
from .explore_front import Measure
from .explore_plots import title_of
from .explore_report import LOSS_TITLES, table_rows
from .explore_result import Point, State
from .explore_settings import choices, varying
from .explore_study import PAGE, Study


class ExploreConsole(StudyWatcher):
    """Shows progress on standard error where that is a terminal, and results on standard output."""

    def __init__(self) -> None:
        self._out = Console(highlight=False, markup=False)
        if not self._out.is_terminal:
            self._out = Console(highlight=False, markup=False, width=PIPED_WIDTH)
        error = Console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
        more = (MofNCompleteColumn(), Elapsed())
        self._bar = Progress(
            *columns, *more, console=error, transient=True, disable=not error.is_terminal
        )
        self._all = self._bar.add_task("reading", total=None)
        self._running: dict[str, TaskID] = {}
        self._axes: list[str] = []
        self._failed = self._at_once = 0

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

    def planned(self, points: Sequence[Point], left: int, at_once: int) -> None:
        """Say how many points there are, and how many are finished."""
        self._axes = varying([point.settings for point in points])
        finished = sum(point.state == State.FINISHED for point in points)
        self._failed = sum(point.state == State.FAILED for point in points)
        self._at_once = at_once
        parts = [f"{_points(len(points))}, {finished} finished already"]
        if self._failed:
            parts.append(f"{self._failed} failed before (--retry-failed tries again)")
        parts.append(f"{left} to compile, {at_once} at a time" if left else "nothing to compile")
        self._say("; ".join(parts))
        self._bar.update(self._all, total=len(points), completed=len(points) - left)
        self._describe()

    def started(self, point: Point) -> None:
        """Show a point that runs."""
        task = self._bar.add_task(f"  {self._label(point)}", total=None)
        self._running[point.name] = task

    def ended(self, point: Point) -> None:
        """A line about a point that is finished or has failed."""
        if (task := self._running.pop(point.name, None)) is not None:
            self._bar.remove_task(task)
        self._bar.advance(self._all)
        self._failed += point.state == State.FAILED
        self._describe()
        label = self._label(point)
        if point.figures is None:
            self._say(f"{label}  failed: {point.error}")
            return
        parts = [label]
        if point.figures.accuracy is not None:
            parts.append(f"accuracy {point.figures.accuracy:7.2%}")
        if point.figures.disagreement is not None:
            parts.append(f"disagreement {point.figures.disagreement:6.2%}")
        parts += [f"{point.figures.cores:5} cores", f"{point.figures.seconds:6.1f} s"]
        self._say("  ".join(parts))

    def summary(self, study: Study) -> None:
        """Every point, least loss first; those on the Pareto front are marked."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("")
        for axis in study.axes:
            table.add_column(title_of(axis), justify="right")
        is_disagreement = study.measure == Measure.DISAGREEMENT
        titles = ["accuracy", "disagreement", "cores", "seconds"]
        if not is_disagreement:
            titles.insert(1, LOSS_TITLES[study.measure])
        for title in titles:
            table.add_column(title, justify="right")
        has_errors = any(point.figures is None for point in study.points)
        if has_errors:
            table.add_column("why not", overflow="fold")
        for row in table_rows(study):
            cells = [row.accuracy, row.disagreement, row.cores, row.seconds]
            if not is_disagreement:
                cells.insert(1, row.loss)
            if has_errors:
                cells.append(row.error)
            style = "red" if row.error else "green" if row.is_best else None
            table.add_row("*" if row.is_best else "", *row.choices, *cells, style=style)
        self._out.print(table)
        if study.pareto():
            self._out.print("* on the Pareto front: what has less loss has more cores")
        if study.folder is not None:
            self._out.print(f"report: {study.folder / PAGE}", soft_wrap=True)

    def _label(self, point: Point) -> str:
        found = choices(point.settings)
        return ", ".join(f"{title_of(axis)} {found[axis].text}" for axis in self._axes) or "point"

    def _describe(self) -> None:
        failed = f", {self._failed} failed" if self._failed else ""
        self._bar.update(self._all, description=f"points ({self._at_once} at a time{failed})")

    def _say(self, text: str) -> None:
        self._bar.console.print(text, highlight=False, markup=False, soft_wrap=True)


def _points(count: int) -> str:
    return f"{count} point" if count == 1 else f"{count} points"
