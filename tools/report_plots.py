"""The plots of the report, as SVG that goes into an HTML page and takes its colours and font."""

# Matplotlib is typed in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING

from .compile_report import LayerError
from .stages import StageResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

WIDTH = 7.6
"""Inches; the page scales a plot to its own width."""

LONGEST_NAME = 34
"""Characters of a layer's name in a plot; the table has all of them."""

NAMED_BARS = 40
"""Layers that have a bar and a name each; more become points."""

# Matplotlib writes colours as they are; these three stand for what the page's style sheet says.
_INK, _ACCENT, _WARN = "#010203", "#010204", "#010205"
_CSS = {_INK: "currentColor", _ACCENT: "var(--accent)", _WARN: "var(--warn)"}


def plot_stages(stages: Sequence[StageResult]) -> str:
    """Accuracy, where it is known, over the disagreement with the golden model, by stage."""
    known = [stage for stage in stages if stage.accuracy is not None]
    lossy = [s for s in stages if s.disagreement is not None and s is not stages[0]]
    rows = [bool(known), bool(lossy)]
    if not any(rows):
        return ""
    with _figure(1.75 * sum(rows), sum(rows)) as (figure, axes):
        remaining = list(axes)
        if known:
            _plot_accuracy(remaining.pop(0), [s.name for s in stages], known)
        if lossy:
            _plot_disagreement(remaining.pop(0), [s.name for s in stages], lossy)
        return _svg(figure, "accuracy and disagreement after each stage")


def plot_layers(layers: Sequence[LayerError], worst: Sequence[LayerError]) -> str:
    """Signal over error of each layer, in the network's order; the worst ones stand out."""
    shown = [layer for layer in layers if layer.sqnr_db is not None]
    if not shown:
        return ""
    decibels = [layer.sqnr_db or 0.0 for layer in shown]
    colours = [_WARN if layer in worst else _ACCENT for layer in shown]
    if len(shown) > NAMED_BARS:
        with _figure(2.6, 1) as (figure, (axis,)):
            axis.plot(range(1, len(shown) + 1), decibels, color=_INK, alpha=0.3, linewidth=1)
            axis.scatter(range(1, len(shown) + 1), decibels, c=colours, s=12, zorder=3)
            axis.set_xlabel("layer, in the network's order")
            axis.set_ylabel("SQNR, dB")
            return _svg(figure, "error of each layer")
    with _figure(0.7 + 0.25 * len(shown), 1) as (figure, (axis,)):
        positions = range(len(shown))
        axis.barh(positions, decibels, color=colours, height=0.62)
        # A name may hold a dollar sign, which would start a formula.
        names = [_shortened(layer.node) for layer in shown]
        axis.set_yticks(positions, names, parse_math=False)
        axis.tick_params(axis="y", length=0)
        axis.invert_yaxis()
        axis.set_xlabel("SQNR, dB (more is better)")
        for position, value in zip(positions, decibels, strict=True):
            axis.annotate(
                f"{value:.1f}", (max(value, 0), position), (4, 0), textcoords="offset points",
                va="center", fontsize=8, color=_INK,
            )  # fmt: skip
        axis.grid(visible=False, axis="y")
        axis.margins(x=0.08)
        return _svg(figure, "error of each layer")


def _plot_accuracy(axis: "Axes", names: list[str], stages: Sequence[StageResult]) -> None:
    at = [names.index(stage.name) for stage in stages]
    percent = [100 * (stage.accuracy or 0.0) for stage in stages]
    axis.axhline(percent[0], color=_INK, alpha=0.45, linestyle=(0, (4, 3)), linewidth=1)
    axis.plot(at, percent, color=_ACCENT, marker="o", markersize=5, linewidth=2)
    for x, value in zip(at, percent, strict=True):
        axis.annotate(
            f"{value:.2f}", (x, value), (0, 7), textcoords="offset points",
            ha="center", fontsize=8, color=_INK,
        )  # fmt: skip
    spread = max(max(percent) - min(percent), 0.5)
    axis.set_ylim(max(0, min(percent) - 0.4 * spread), max(percent) + 0.6 * spread)
    axis.set_ylabel("accuracy, %")
    _name_stages(axis, names)


def _plot_disagreement(axis: "Axes", names: list[str], stages: Sequence[StageResult]) -> None:
    at = [names.index(stage.name) for stage in stages]
    percent = [100 * (stage.disagreement or 0.0) for stage in stages]
    axis.bar(at, percent, color=_WARN, width=0.5)
    for x, value in zip(at, percent, strict=True):
        axis.annotate(
            f"{value:.2f}", (x, value), (0, 3), textcoords="offset points",
            ha="center", fontsize=8, color=_INK,
        )  # fmt: skip
    axis.set_ylim(0, 1.35 * max(*percent, 0.1))
    axis.set_ylabel("disagreement, %")
    _name_stages(axis, names)


def _name_stages(axis: "Axes", names: list[str]) -> None:
    axis.set_xticks(range(len(names)), names, parse_math=False)
    axis.set_xlim(-0.5, len(names) - 0.5)
    axis.grid(visible=False, axis="x")


@contextmanager
def _figure(height: float, rows: int) -> "Generator[tuple[Figure, Sequence[Axes]]]":
    # Deferred: half a second that only a report needs. No pyplot: it would choose a window system.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    style: dict[RcKeyType, str | int | float | bool] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "corelower",
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "axes.edgecolor": _INK,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": _INK,
        "grid.alpha": 0.12,
        "grid.linewidth": 0.6,
        "xtick.color": _INK,
        "ytick.color": _INK,
    }
    with rc_context(style):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        yield figure, [figure.add_subplot(rows, 1, row + 1) for row in range(rows)]


def _svg(figure: "Figure", title: str) -> str:
    stream = StringIO()
    # Without a date, equal results are equal pages.
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    for colour, style in _CSS.items():
        text = text.replace(colour, style)
    # Its own font and style sheet would meddle with the page's, and its metadata says nothing.
    text = re.sub(r"font-family: [^;\"]*; ", "", text)
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" class="plot" ', 1)


def _shortened(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    kept = LONGEST_NAME // 2 - 1
    return f"{name[:kept]}…{name[-kept:]}"
