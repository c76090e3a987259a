"""One point as the line of JSON that its process reads, and what that process does with it."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .. import __version__
from ..dialects.support.array_file import read_array
from ..dialects.support.errors import CombinedError, CorelowerError
from ..dialects.support.samples import Preprocessing, Samples
from .compiler import CompiledNetwork, compile_model
from .diagnostics import USER_ERRORS, error_line
from .explore_inputs import CALIBRATION, LABELS, MODEL, MODEL_FILE, TEST, StudyInputs
from .explore_result import figures_of, outcome_text
from .explore_settings import Settings
from .json_entry import JsonEntry
from .target_overrides import format_overrides, parse_overrides


@dataclass(frozen=True)
class Job:
    """A point to compile, as its process needs it."""

    name: str
    text: str
    """What `run_job` takes, on one line."""


def make_job(name: str, settings: Settings, inputs: StudyInputs) -> Job:
    """The job that compiles a point."""
    test = inputs.test
    entry = {
        "version": __version__,
        **asdict(inputs.options),
        "overrides": format_overrides(settings.overrides),
        "units": settings.units,
        "coding": settings.coding,
        "samples": settings.samples,
        "tune": settings.tune,
        "seed": settings.seed,
        "calibration": {
            "where": inputs.calibration.where,
            **asdict(inputs.calibration.preprocessing),
        },
        "test": None if test is None else {"where": test.where, **asdict(test.preprocessing)},
        "labels": inputs.labels is not None,
    }
    return Job(name, json.dumps(entry))


def run_job(text: str, folder: Path) -> str:
    """
    Compile the point that a job is, from the inputs in `folder`; its outcome.

    What the user can mend, and a network that does not agree bit for bit, is an outcome too.
    """
    entry = JsonEntry.parse(text)
    assert entry is not None
    try:
        network = _compile(entry, folder)
        if not network.report.bit_exact:
            raise CorelowerError("the image does not agree bit for bit with coded core_op")
        return outcome_text(figures=figures_of(network.report))
    except USER_ERRORS as error:
        return outcome_text(error=one_line(error))


def one_line(error: BaseException) -> str:
    """What a tool would say about an error, without the word itself; the first of several."""
    if isinstance(error, CombinedError):
        more = len(error.errors) - 1
        first = one_line(error.errors[0])
        return f"{first} (and {more} more)" if more else first
    return error_line(error).replace("error: ", "", 1)


def units_option(text: str | None) -> int | str:
    """The units a value as `compile_model` takes them."""
    return int(text) if text and text.isdigit() else "auto"


def _compile(entry: JsonEntry, folder: Path) -> CompiledNetwork:
    if entry.text("version") != __version__:
        raise CorelowerError(
            f"this is version {__version__}, the study is of {entry.text('version')}"
        )
    # The study wrote the line: every entry is there.
    compile_point: Callable[..., CompiledNetwork] = compile_model
    return compile_point(
        folder / MODEL / MODEL_FILE,
        calibration=_samples(entry.entry("calibration"), folder / CALIBRATION),
        target=entry.text("target"),
        test=_samples(entry.entry("test"), folder / TEST) if entry.entry("test").values else None,
        labels=np.asarray(read_array(str(folder / LABELS))) if entry.flag("labels") else None,
        overrides=parse_overrides(entry.text("overrides") or ""),
        tune=entry.flag("tune"),
        seed=entry.integer("seed"),
        samples=entry.integer("samples"),
        max_pool=entry.text("max_pool"),
        output=entry.text("output"),
        error=entry.number("error"),
        units=units_option(entry.text("units")),
        coding=entry.text("coding"),
    )


def _samples(entry: JsonEntry, path: Path) -> Samples:
    recipe = Preprocessing(
        entry.number("scale") or 1.0,
        entry.numbers("mean"),
        entry.numbers("std"),
        entry.text("layout") or "nchw",
    )
    return Samples(read_array(str(path)), recipe, where=entry.text("where"))
