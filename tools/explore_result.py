"""What compiling one point gave, and the folder of small JSON files in which that is kept."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from ..dialects.support.errors import CorelowerError
from ..dialects.support.files import write_text
from .compile_report import Report
from .explore_settings import Settings, weight_bits
from .json_entry import JsonEntry, read_json_text


class State(StrEnum):
    """How far a point is."""

    PENDING = "pending"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True)
class StageFigures:
    """How a network stands after a stage of its compilation."""

    name: str
    accuracy: float | None
    disagreement: float | None


@dataclass(frozen=True)
class Figures:
    """What a compiled point reached; the fields mean what they do in `report.json`."""

    golden_accuracy: float | None
    accuracy: float | None
    disagreement: float | None
    output_error: float | None
    """Largest absolute error of the last value over its largest golden magnitude."""
    measured_on: str
    test_samples: int
    cores: int
    weight_cores: int
    utilisation: float
    seconds: float
    tune_seconds: float
    peak_bytes: int
    stages: tuple[StageFigures, ...] = ()
    mapping: dict[str, float | int | str] = field(default_factory=dict[str, float | int | str])

    @property
    def accuracy_drop(self) -> float | None:
        """Golden accuracy less that on the chip, a fraction; `None` without labels."""
        if self.golden_accuracy is None or self.accuracy is None:
            return None
        return self.golden_accuracy - self.accuracy


@dataclass(frozen=True)
class Point:
    """One point of a study."""

    name: str
    """A digest of all that decides the result."""
    settings: Settings
    state: State = State.PENDING
    error: str | None = None
    """Why it failed, on one line."""
    figures: Figures | None = None
    """What was reached, where it is finished."""


def figures_of(report: Report) -> Figures:
    """The part of a compilation's report that a study keeps."""
    return Figures(
        golden_accuracy=report.golden_accuracy,
        accuracy=report.accuracy,
        disagreement=report.disagreement,
        output_error=report.layers[-1].relative if report.layers else None,
        measured_on=report.measured_on,
        test_samples=report.test_samples,
        cores=report.cores,
        weight_cores=report.weight_cores,
        utilisation=report.utilisation,
        seconds=report.seconds,
        tune_seconds=report.tune_seconds,
        peak_bytes=report.peak_bytes,
        stages=tuple(StageFigures(s.name, s.accuracy, s.disagreement) for s in report.stages),
        mapping=report.mapping,
    )


def outcome_text(*, figures: Figures | None = None, error: str | None = None) -> str:
    """What a point's process hands back: figures, or why there are none."""
    entry = {"error": error, "figures": None if figures is None else asdict(figures)}
    return json.dumps(entry, allow_nan=False)


def with_outcome(name: str, settings: Settings, text: str) -> Point:
    """The point that an outcome finishes or fails."""
    entry = JsonEntry.parse(text)
    if entry is not None and (figures := _read_figures(entry.entry("figures"))) is not None:
        return Point(name, settings, State.FINISHED, figures=figures)
    error = (entry.text("error") if entry is not None else None) or "its process said nothing"
    return Point(name, settings, State.FAILED, " ".join(error.split()))


def settings_entry(settings: Settings) -> dict[str, object]:
    """Settings as keys of JSON."""
    return {
        "target": settings.target.name,
        "signal_bits": settings.target.signal_bits,
        "weight_bits": weight_bits(settings.target),
        "rows": settings.target.fan_in,
        "columns": settings.target.fan_out,
        "units": settings.units,
        "coding": settings.coding,
        "samples": settings.samples,
        "tune": settings.tune,
        "seed": settings.seed,
        "overrides": settings.overrides,
    }


class PointFolder:
    """Points in files, one each, that appear whole; a damaged one counts as not there."""

    def __init__(self, folder: Path):
        self.folder = folder

    def make(self) -> None:
        """Make the folder where it is missing."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CorelowerError(f"cannot be made: {error.strerror}", str(self.folder)) from error

    def load(self, name: str, settings: Settings) -> Point:
        """The point of this name, pending where no file says more."""
        path = self.folder / f"{name}.json"
        entry = JsonEntry.parse(read_json_text(path)) if path.is_file() else None
        if entry is None or entry.text("name") != name:
            return Point(name, settings)
        figures = _read_figures(entry.entry("figures"))
        if entry.text("state") == State.FINISHED and figures is not None:
            return Point(name, settings, State.FINISHED, figures=figures)
        if entry.text("state") == State.FAILED:
            return Point(name, settings, State.FAILED, entry.text("error") or "unknown")
        return Point(name, settings)

    def save(self, point: Point) -> None:
        """Keep a finished or failed point."""
        entry = {
            "name": point.name,
            "state": point.state,
            "error": point.error,
            "settings": settings_entry(point.settings),
            "figures": None if point.figures is None else asdict(point.figures),
        }
        write_text(self.folder / f"{point.name}.json", json.dumps(entry, indent=1) + "\n")


def _read_figures(entry: JsonEntry) -> Figures | None:
    samples, cores, weight_cores = map(entry.integer, ("test_samples", "cores", "weight_cores"))
    if samples is None or cores is None or weight_cores is None:
        return None
    mapping = entry.entry("mapping").values
    return Figures(
        golden_accuracy=entry.number("golden_accuracy"),
        accuracy=entry.number("accuracy"),
        disagreement=entry.number("disagreement"),
        output_error=entry.number("output_error"),
        measured_on=entry.text("measured_on") or "test",
        test_samples=samples,
        cores=cores,
        weight_cores=weight_cores,
        utilisation=entry.number("utilisation") or 0.0,
        seconds=entry.number("seconds") or 0.0,
        tune_seconds=entry.number("tune_seconds") or 0.0,
        peak_bytes=entry.integer("peak_bytes") or 0,
        stages=tuple(
            StageFigures(s.text("name") or "", s.number("accuracy"), s.number("disagreement"))
            for s in entry.entries("stages")
        ),
        mapping={k: v for k, v in mapping.items() if isinstance(v, int | float | str)},
    )
