"""The report as one HTML page that needs nothing else."""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath

from ..targets.facts import Mark
from .compile_report import LayerError, Report
from .html_templates import html_templates
from .loss_section import loss_section, stage_table
from .report_plots import plot_layers, plot_stages

NAMED_WORST = 3
"""Layers that are named as furthest from golden."""

STAGE_MEANINGS = {
    "golden": "the model as it was given",
    "reformed": "batch norms folded, pools taken apart: dot products and wiring, still exact",
    "reencoded": "every signal gets a code of the chip's bits",
    "expanded": "dot products split into tiles of a core's size, partial sums into codes",
    "quantized": "weights, biases and gains of the chip",
    "tuned": "integer weights moved until the network decides as the golden one",
    "mapped": "placed on the chip's cores",
}

MARK_MEANINGS = {
    Mark.PUBLISHED: "published in the chip's own paper",
    Mark.AUTHORS: "from later work or code of the chip's authors",
    Mark.MODEL: "modelled by others than the chip's authors",
    Mark.DERIVED: "arithmetic on other constants",
    Mark.ASSUMED: "not published, assumed here",
}

_UNITS = {"ns": ("ns", "µs", "ms", "s"), "nj": ("nJ", "µJ", "mJ", "J")}
_TITLES = {
    "cores": "cores used, copies included",
    "weight_cores": "cores that hold trained weights",
    "target_cores": "cores at hand",
    "utilisation": "cells used of the cores used",
    "interval": "time between two samples",
    "latency": "time from input to output",
    "core_operations": "core operations a sample",
}


@dataclass(frozen=True)
class Card:
    """A headline figure; `state` is `good`, `bad` or nothing."""

    title: str
    value: str
    note: str
    state: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure of the mapping, with the mark of what it rests on where it is modelled."""

    title: str
    value: str
    mark: str = ""


def render_report(report: Report) -> str:
    """A self-contained page: no script, no link to anything outside."""
    from markupsafe import Markup

    environment = html_templates()
    environment.filters.update(percent=_percent, decibels=_decibels, plain_remark=_plain_remark)
    worst = worst_layers(report.layers)
    mapping = mapping_figures(report.mapping)
    marks = {str(mark): MARK_MEANINGS[mark] for mark in Mark if mark in {r.mark for r in mapping}}
    return environment.get_template("report.html.j2").render(
        report=report,
        model_name=PurePath(report.model).name,
        cards=headline(report),
        # The plots escape the names in them.
        stage_plot=Markup(plot_stages(report.stages)),
        layer_plot=Markup(plot_layers(report.layers, worst)),
        meanings=STAGE_MEANINGS,
        drop=partial(_drop, report.golden_accuracy),
        worst=worst,
        keeps_decisions=any("output=decisions" in stage.pipeline for stage in report.stages),
        mapping=mapping,
        marks=marks,
        has_remarks=any(stage.remarks for stage in report.stages),
        loss=loss_section(report.attribution) if report.attribution is not None else None,
        stage_table=stage_table(report.stages, {layer.name: layer.node for layer in report.layers}),
        plot=Markup,
        reproduce={"note": _reproduction_note(report), "commands": reproduction(report)},
    )


def headline(report: Report) -> list[Card]:
    """The figures that matter most, in order."""
    samples = f"{report.test_samples} {report.measured_on} samples"
    without_labels = samples if report.golden_accuracy is not None else "no labels were given"
    drop = _drop(report.golden_accuracy, report.accuracy)
    proof = f"{report.verified_samples} samples, all levels and the image"
    return [
        Card("golden accuracy", _percent(report.golden_accuracy), without_labels),
        Card("accuracy", _percent(report.accuracy), _measured_how(report)),
        Card("drop", drop if drop == "–" else f"{drop} points", "golden less chip"),
        Card("disagreement", _percent(report.disagreement), "decided otherwise than golden"),
        Card(
            "bit-exact",
            "yes" if report.bit_exact else "NO",
            proof,
            "good" if report.bit_exact else "bad",
        ),
        Card("cores", f"{report.cores:,}", f"{report.weight_cores:,} hold trained weights"),
        Card("utilisation", _percent(report.utilisation), "of the cells in the cores used"),
        Card("compiled in", f"{report.seconds:.1f} s", f"{report.tune_seconds:.1f} s of it tuning"),
    ]


def worst_layers(layers: Iterable[LayerError]) -> list[LayerError]:
    """The few layers that are furthest from golden, furthest first."""
    found = [(layer.sqnr_db, layer) for layer in layers if layer.sqnr_db is not None]
    named = min(NAMED_WORST, -(-len(found) // 3))
    return [layer for _, layer in sorted(found, key=lambda pair: pair[0])[:named]]


def mapping_figures(details: dict[str, float | int | str]) -> list[Figure]:
    """
    A chip's figures for a reader, whatever they are.

    A name's end is its unit: `_ns` and `_nj` are times and energies, and carry the mark in
    `time_mark` and `energy_mark`; `_low` and `_high` before it are the ends of a range.
    """
    figures: list[Figure] = []
    for name, value in details.items():
        stem, _, unit = name.rpartition("_")
        if isinstance(value, str) or stem.endswith("_high"):
            if unit != "mark" and isinstance(value, str):
                figures.append(Figure(_title(name), value))
        elif unit in _UNITS:
            mark = str(details.get("time_mark" if unit == "ns" else "energy_mark", Mark.ASSUMED))
            ends = [float(value)]
            if stem.endswith("_low"):
                stem = stem.removesuffix("_low")
                ends.append(float(details[f"{stem}_high_{unit}"]))
            figures.append(Figure(_title(stem), _quantity(ends, unit), mark))
        elif isinstance(value, float):
            figures.append(Figure(_title(name), _percent(value)))
        else:
            figures.append(Figure(_title(name), f"{value:,}"))
    return figures


def reproduction(report: Report) -> str:
    """The commands that do the same from the output folder, one step each."""
    pipelines = [stage.pipeline for stage in report.stages if stage.pipeline]
    passes = ",\n".join(pipelines)
    again = "nn-opt ir/0-golden.mlir --weights weights.safetensors --print-debuginfo"
    return "\n".join(
        [
            f"{again} \\\n  -o again.mlir --weights-out again.safetensors \\\n"
            f"  --pass-pipeline={shlex.quote(passes)}",
            f"nn-translate --{report.target}-to-image again.mlir --weights again.safetensors "
            f"-o again-{shlex.quote(report.image)}",
        ]
    )


def _reproduction_note(report: Report) -> str:
    note = "In the folder of this report, these commands write the same image."
    if report.calibration is None:
        return f"{note} Put the calibration data, as the network takes it, into calibration.npy."
    return note


def _measured_how(report: Report) -> str:
    if report.simulated_samples == report.test_samples:
        return "the image on the simulated chip"
    return f"the image on the simulated chip ({report.simulated_samples} samples) and its IR"


def _drop(golden: float | None, accuracy: float | None) -> str:
    if golden is None or accuracy is None:
        return "–"
    # An unsigned zero: no drop is neither a gain nor a loss.
    return f"{100 * (golden - accuracy) or 0:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"


def _decibels(value: float | None) -> str:
    return "exact" if value is None else f"{value:.1f} dB"


def _plain_remark(remark: str) -> str:
    return re.sub(r"^remark: |: remark: ", lambda m: "" if m[0] == "remark: " else ": ", remark)


def _title(name: str) -> str:
    stem = name.removesuffix("_without_copies")
    title = _TITLES.get(stem, stem.replace("_", " "))
    if stem == name:
        return title
    return f"{title.removesuffix(', copies included')}, without copies"


def _quantity(ends: list[float], unit: str) -> str:
    names, power = _UNITS[unit], 0
    while power < len(names) - 1 and max(ends) >= 1000 ** (power + 1):
        power += 1
    return f"{'–'.join(f'{end / 1000**power:.3g}' for end in ends)} {names[power]}"
