"""A study: its points, the best of them, and the files that hold and show them."""

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path

from .. import __version__
from ..dialects.support.errors import CorelowerError
from ..dialects.support.files import write_text
from .explore_front import Configuration, Measure, configurations, front, measure_of
from .explore_inputs import StudyOptions
from .explore_result import Point, PointFolder, State, settings_entry
from .explore_settings import varying
from .json_entry import JsonEntry, read_json_text
from .target_overrides import format_overrides

STUDY, TABLE, PAGE, POINTS = "study.json", "points.csv", "study.html", "points"

FORMAT = "corelower-study-1"


@dataclass(frozen=True)
class Study:
    """Points of one network on one chip, compiled with different constraints and strategies."""

    model: str
    """The model's file, or `model in memory`."""
    calibration: str | None
    """Where the calibration data came from; `None` for data that was in memory."""
    options: StudyOptions
    points: tuple[Point, ...]
    """In the order of the grid, whatever became of them."""
    folder: Path | None = None
    """Where it was made, and is saved."""

    @property
    def measure(self) -> Measure:
        """What counts as loss: the first of the measures that is known."""
        return measure_of(self.points)

    @property
    def failed(self) -> list[Point]:
        """The points that could not be compiled."""
        return [point for point in self.points if point.state == State.FAILED]

    @property
    def axes(self) -> list[str]:
        """The axes on which the points differ."""
        return varying([point.settings for point in self.points])

    def configurations(self) -> list[Configuration]:
        """The finished points, those that differ in their seed alone together."""
        return configurations(self.points, self.measure)

    def pareto(self) -> list[Point]:
        """
        The points of which no others have fewer cores and no more loss, or less and no more cores.

        Points that differ in their seed alone stand for each other: their mean loss counts. By
        cores, fewest first.
        """
        return [point for one in front(self.configurations()) for point in one.points]

    def ranked(self) -> list[Point]:
        """All points: least loss first, then fewest cores; then what failed, then what is left."""
        return sorted(self.points, key=lambda point: (self._loss(point), self._cores(point)))

    def save(self, folder: str | Path | None = None) -> Path:
        """
        Write `points.csv`, `study.html`, `study.json` and `points/`; the folder.

        Without `folder` into the one that it was made in. Raises `CorelowerError`.
        """
        place = self.folder if folder is None else Path(folder)
        if place is None:
            raise CorelowerError("the study was made without a folder: name one to save it in")
        require_study_folder(place)
        kept = PointFolder(place / POINTS)
        kept.make()
        for point in self.points if place != self.folder else ():
            if point.state != State.PENDING:
                kept.save(point)
        # Deferred: plots are drawn for this alone.
        from .explore_report import render_study

        write_text(place / TABLE, self.table())
        write_text(place / PAGE, render_study(self))
        write_text(place / STUDY, self.text())
        return place

    def text(self) -> str:
        """The content of `study.json`, see docs/explore.md."""
        entry = {
            "format": FORMAT,
            "version": __version__,
            "model": self.model,
            "calibration": self.calibration,
            **asdict(self.options),
            "measure": self.measure,
            "axes": self.axes,
            "points": self.rows(),
        }
        return json.dumps(entry, indent=1, allow_nan=False) + "\n"

    def rows(self) -> list[dict[str, object]]:
        """Each point as one flat entry, in the order of the grid."""
        best = {point.name for point in self.pareto()}
        return [_row(point, point.name in best) for point in self.points]

    def table(self) -> str:
        """The content of `points.csv`: the rows, but for what is no single figure."""
        rows = [{k: v for k, v in row.items() if k not in NESTED} for row in self.rows()]
        for row, point in zip(rows, self.points, strict=True):
            row["overrides"] = format_overrides(point.settings.overrides)
        stream = StringIO()
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return stream.getvalue()

    def _loss(self, point: Point) -> tuple[int, float]:
        if point.figures is None:
            return (2 if point.state == State.FAILED else 3), 0.0
        loss = self.measure.of(point.figures)
        return (1, 0.0) if loss is None else (0, loss)

    def _cores(self, point: Point) -> int:
        return 0 if point.figures is None else point.figures.cores


NESTED = ("target", "overrides", "stages", "mapping")
"""Keys of a row that are not columns of the table."""

FIGURES: tuple[str, ...] = (
    "golden_accuracy",
    "accuracy",
    "accuracy_drop",
    "disagreement",
    "output_error",
    "measured_on",
    "test_samples",
    "cores",
    "weight_cores",
    "utilisation",
    "seconds",
    "tune_seconds",
    "peak_bytes",
    "stages",
    "mapping",
)
"""Keys of a row that a finished point has."""


def require_study_folder(folder: Path) -> None:
    """Raise `CorelowerError` unless `folder` is missing, empty, or that of an earlier study."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CorelowerError("a study is a folder; this is none", str(folder))
    if not folder.exists() or not any(folder.iterdir()):
        return
    mark = folder / STUDY
    entry = JsonEntry.parse(read_json_text(mark)) if mark.is_file() else None
    if entry is None or entry.text("format") != FORMAT:
        raise CorelowerError(
            "the folder holds something else than a study; name an empty or a new one", str(folder)
        )


def _row(point: Point, is_best: bool) -> dict[str, object]:
    figures: Mapping[str, object] = dict.fromkeys(FIGURES)
    if point.figures is not None:
        known: dict[str, object] = {
            **asdict(point.figures),
            "accuracy_drop": point.figures.accuracy_drop,
        }
        figures = {key: known[key] for key in FIGURES}
    return {
        "name": point.name,
        "state": point.state,
        "pareto": is_best,
        **settings_entry(point.settings),
        **figures,
        "error": point.error,
    }
