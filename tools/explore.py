"""
A study as one call: a network compiled with many constraints and strategies, side by side.

This is the sensitivity study of Ji et al., ASPLOS'18: what accuracy costs in cores.
"""

import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..dialects.support.errors import CorelowerError
from ..dialects.support.files import write_text
from ..dialects.support.samples import Preprocessing
from ..dialects.support.target import FieldValue
from ..passes.codings import CodingName
from .compiler import Data
from .explore_inputs import StudyInputs, StudyOptions
from .explore_job import Job, make_job
from .explore_points import grid, listed
from .explore_process import processors, run_jobs
from .explore_result import Point, PointFolder, State, with_outcome
from .explore_settings import Settings
from .explore_study import POINTS, STUDY, Study, require_study_folder

if TYPE_CHECKING:
    import onnx

Outcomes = Generator[tuple[str, str | None]]
"""Names of points with `None` when they start, and with their outcome when they end."""


class StudyWatcher:
    """Is told how a study goes on; this one does nothing."""

    def planned(self, points: Sequence[Point], left: int, at_once: int) -> None:
        """All points, those that are kept with their results; `left` are to be compiled."""

    def started(self, point: Point) -> None:
        """A point is being compiled, where that is known."""

    def ended(self, point: Point) -> None:
        """A point is finished or has failed."""


def explore(
    model: "str | Path | bytes | onnx.ModelProto",
    *,
    calibration: Data,
    target: str = "prime",
    test: Data | None = None,
    labels: str | Path | npt.NDArray[np.integer] | None = None,
    preprocessing: Preprocessing | None = None,
    signal_bits: Sequence[int] = (),
    weight_bits: Sequence[int] = (),
    crossbar: Sequence[int | tuple[int, int]] = (),
    units: Sequence[int | str] = (),
    coding: Sequence[CodingName] = (),
    samples: Sequence[int] = (),
    tune: Sequence[bool] = (),
    seeds: Sequence[int] = (),
    overrides: Mapping[str, Sequence[FieldValue]] | None = None,
    points: Sequence[Mapping[str, object]] = (),
    max_pool: str = "auto",
    output: str = "decisions",
    error: float = 0.001,
    mode: str | None = None,
    out: str | Path | None = None,
    jobs: int = 0,
    scheduler: str | None = None,
    retry_failed: bool = False,
    watcher: StudyWatcher | None = None,
) -> Study:
    """
    Compile a network once for every combination of the axes' values.

    Model and data are those of `compile_model`. An axis that is not given has one value, the
    target's: `signal_bits`, `weight_bits`, `crossbar` (rows and columns of a core, or one number
    for both), `units` a value and the `coding` of these, calibration `samples`, `tune` or not,
    `seeds` of the tuning; and `overrides` any other field of the target. `points` is a list in
    place of axes: mappings from an axis (`seed` for `seeds`) or field to its one value.

    Every point runs in a process of its own, `jobs` of them at once (0: half as many as there are
    processors), or on the Dask cluster of `scheduler`. With `out`, finished points are kept there
    and are not compiled again; failed ones are with `retry_failed`. A point that cannot be compiled
    does not stop the study. Raises `CorelowerError` for everything that concerns all points.
    """
    given: dict[str, Sequence[object]] = {
        "signal_bits": signal_bits,
        "weight_bits": weight_bits,
        "crossbar": crossbar,
        "units": units,
        "coding": coding,
        "samples": samples,
        "tune": tune,
        "seed": seeds,
    }
    axes = {name: values for name, values in given.items() if len(values)}
    for name, values in (overrides or {}).items():
        if name.replace("-", "_") in axes:
            raise CorelowerError(f"axis {name} is given twice")
        axes[name] = values
    return run_study(
        model,
        wanted_points(target, axes, points, mode),
        StudyOptions(target, max_pool, output, error, mode),
        calibration=calibration,
        test=test,
        labels=labels,
        preprocessing=preprocessing,
        out=out,
        jobs=jobs,
        scheduler=scheduler,
        retry_failed=retry_failed,
        watcher=watcher,
    )


def wanted_points(
    target: str,
    axes: Mapping[str, Sequence[object]],
    points: Sequence[Mapping[str, object]],
    mode: str | None = None,
) -> list[Settings]:
    """The points of the grid, or those listed; raises `CorelowerError` where both are asked for."""
    if points and axes:
        raise CorelowerError(f"a list of points has no axes besides; leave out {next(iter(axes))}")
    return listed(target, points, mode) if points else grid(target, axes, mode)


def run_study(
    model: "str | Path | bytes | onnx.ModelProto",
    wanted: Sequence[Settings],
    options: StudyOptions,
    *,
    calibration: Data,
    test: Data | None,
    labels: str | Path | npt.NDArray[np.integer] | None,
    preprocessing: Preprocessing | None,
    out: str | Path | None,
    jobs: int,
    scheduler: str | None,
    retry_failed: bool,
    watcher: StudyWatcher | None,
) -> Study:
    """Compile each of the points that are wanted; see `explore`."""
    folder = None if out is None else Path(out)
    if folder is not None:
        require_study_folder(folder)
    inputs = StudyInputs(
        model,
        options,
        calibration=calibration,
        test=test,
        labels=labels,
        preprocessing=preprocessing,
    )
    inputs.verify_data(max(settings.samples for settings in wanted))
    work = _StudyWork(inputs, wanted, folder, watcher or StudyWatcher())
    work.run(jobs, scheduler, retry_failed)
    study = work.study()
    if folder is not None:
        study.save()
    return study


class _StudyWork:
    """A study under way."""

    def __init__(
        self,
        inputs: StudyInputs,
        wanted: Sequence[Settings],
        folder: Path | None,
        watcher: StudyWatcher,
    ):
        self.inputs = inputs
        self.folder = folder
        self.watcher = watcher
        self.kept = None if folder is None else PointFolder(folder / POINTS)
        named = ((inputs.name(settings), settings) for settings in wanted)
        self.points = {name: self._known(name, settings) for name, settings in named}

    def study(self) -> Study:
        """The study as it stands."""
        where = self.inputs.calibration.where
        points = tuple(self.points.values())
        return Study(self.inputs.model, where, self.inputs.options, points, self.folder)

    def run(self, jobs: int, scheduler: str | None, retry_failed: bool) -> None:
        """Compile what is not finished."""
        if retry_failed:
            for name, point in self.points.items():
                if point.state == State.FAILED:
                    self.points[name] = Point(name, point.settings)
        left = [point for point in self.points.values() if point.state == State.PENDING]
        tasks = [make_job(point.name, point.settings, self.inputs) for point in left]
        most = max((point.settings.samples for point in left), default=0)
        if scheduler is not None and left:
            # Deferred: Dask need not be installed.
            from .explore_cluster import Cluster

            with Cluster(scheduler) as cluster:
                self._begin(len(left), cluster.at_once)
                self._take(cluster.run(tasks, self.inputs.bundle(most)))
            return
        at_once = max(1, min(jobs or processors() // 2, len(left)))
        self._begin(len(left), at_once)
        if left:
            self._run_here(tasks, most, at_once)

    def _begin(self, left: int, at_once: int) -> None:
        if self.kept is not None and self.folder is not None:
            self.kept.make()
            # From here on the folder is known as a study's.
            write_text(self.folder / STUDY, self.study().text())
        self.watcher.planned(list(self.points.values()), left, at_once)

    def _run_here(self, tasks: Sequence[Job], most: int, at_once: int) -> None:
        threads = max(1, processors() // at_once)
        with tempfile.TemporaryDirectory(prefix="corelower-") as name:
            shared = Path(name) / "inputs"
            self.inputs.bundle(most).write(shared)
            running = run_jobs(tasks, shared, Path(name), at_once=at_once, threads=threads)
            self._take(running)

    def _take(self, outcomes: Outcomes) -> None:
        with closing(outcomes):
            for name, text in outcomes:
                settings = self.points[name].settings
                if text is None:
                    self.watcher.started(self.points[name])
                    continue
                point = with_outcome(name, settings, text)
                self.points[name] = point
                if self.kept is not None:
                    self.kept.save(point)
                self.watcher.ended(point)

    def _known(self, name: str, settings: Settings) -> Point:
        return Point(name, settings) if self.kept is None else self.kept.load(name, settings)
