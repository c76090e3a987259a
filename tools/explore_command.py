"""`corelower explore`: the command line of a study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ..dialects.support.errors import CorelowerError
from .cli_options import (
    AxesOrder,
    Calibration,
    Chip,
    ChipMode,
    FunctionError,
    Labels,
    Layout,
    Maximum,
    MaxPool,
    Mean,
    Output,
    OutputMeaning,
    Scale,
    Std,
    Test,
    numbers,
)

Axis = list[str] | None
"""Given once, with commas; a list, because the last of several would be taken silently."""

NAMES = {"seeds": "seed"}
"""Options of another name than their axis."""


def explore_command(
    model: Annotated[Path, typer.Argument(help="a trained network, as ONNX")],
    calibration: Calibration,
    out: Annotated[Path, typer.Option("-o", "--out", help="the study's folder")],
    target: Chip = "prime",
    mode: ChipMode = None,
    test: Test = None,
    labels: Labels = None,
    scale: Scale = 1.0,
    mean: Mean = "",
    std: Std = "",
    layout: AxesOrder = Layout.nchw,
    signal_bits: Annotated[Axis, typer.Option(help="bits of a signal, as 8,6,4")] = None,
    weight_bits: Annotated[Axis, typer.Option(help="bits of a weight, as 8,4")] = None,
    crossbar: Annotated[
        Axis, typer.Option(help="rows and columns of a core, as 128,256 or 256x128")
    ] = None,
    units: Annotated[Axis, typer.Option(help="units that carry a value, as 1,2,auto")] = None,
    coding: Annotated[
        Axis, typer.Option(help="how units share out a number, as thermometer,trained")
    ] = None,
    samples: Annotated[Axis, typer.Option(help="calibration samples used, as 256,1024")] = None,
    tune: Annotated[Axis, typer.Option(help="repair the accuracy: on,off")] = None,
    seeds: Annotated[Axis, typer.Option(help="of the tuning, as 0,1,2")] = None,
    field: Annotated[
        Axis, typer.Option("--set", help="another field of the target: FIELD=v1,v2; repeatable")
    ] = None,
    points: Annotated[
        Path | None, typer.Option(help="a list of points as JSON, in place of axes")
    ] = None,
    max_pool: Maximum = MaxPool.auto,
    output: OutputMeaning = Output.decisions,
    error: FunctionError = 0.001,
    jobs: Annotated[
        int, typer.Option(help="points at a time; 0 is half the processors", min=0, max=1024)
    ] = 0,
    scheduler: Annotated[
        str | None, typer.Option(help="a Dask cluster to run on: tcp://host:port")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="compile points that failed once more")
    ] = False,
) -> None:
    """Compile a model with many constraints and strategies: what accuracy costs in cores."""
    from ..dialects.support.samples import Preprocessing
    from .explore import run_study, wanted_points
    from .explore_console import ExploreConsole
    from .explore_inputs import StudyOptions
    from .explore_points import read_points

    given = {
        "signal-bits": signal_bits,
        "weight-bits": weight_bits,
        "crossbar": crossbar,
        "units": units,
        "coding": coding,
        "samples": samples,
        "tune": tune,
        "seeds": seeds,
    }
    axes = _axes(given, field or [])
    listed = read_points(points) if points is not None else []
    if points is not None and not listed:
        raise CorelowerError("no points are listed", str(points))
    wanted = wanted_points(target, axes, listed, mode and mode.value)
    with ExploreConsole() as console:
        study = run_study(
            model,
            wanted,
            StudyOptions(target, max_pool.value, output.value, error, mode and mode.value),
            calibration=calibration,
            test=test,
            labels=labels,
            preprocessing=Preprocessing(scale, numbers(mean), numbers(std), layout.value),
            out=out,
            jobs=jobs,
            scheduler=scheduler,
            retry_failed=retry_failed,
            watcher=console,
        )
    console.summary(study)
    if study.failed:
        raise CorelowerError(
            f"{len(study.failed)} of {len(study.points)} points failed; the table says why",
            str(out),
        )


def _axes(given: Mapping[str, Axis], fields: list[str]) -> dict[str, list[str]]:
    """The values of each axis by its name, as `explore_points.grid` takes them."""
    from .explore_points import split_values

    axes: dict[str, list[str]] = {}
    for option, texts in given.items():
        for text in texts or []:
            name = NAMES.get(option, option.replace("-", "_"))
            _require_new(axes, name, f"--{option}")
            axes[name] = split_values(option, text)
    for text in fields:
        name, separator, values = text.partition("=")
        name = name.strip().replace("-", "_")
        if not separator or not name:
            raise CorelowerError(f"--set '{text}' is not of the form FIELD=value,value")
        _require_new(axes, name, f"--set {name}")
        axes[name] = split_values(name, values)
    return axes


def _require_new(axes: Mapping[str, list[str]], name: str, option: str) -> None:
    if name in axes:
        raise CorelowerError(
            f"axis {name} is given twice, again by {option}; give all values at once, with commas"
        )
