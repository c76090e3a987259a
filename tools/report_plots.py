"""The plots of the report, as SVG that goes into an HTML page and takes its colours and font."""

# Matplotlib is typed in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .compile_report import LayerError
from .plot_style import ACCENT, INK, WARN, draw_figure, shortened, to_svg
from .stage_folder import StageResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED_BARS = 40
"""Layers that have a bar and a name each; more become points."""


def plot_stages(stages: Sequence[StageResult]) -> str:
    """Accuracy, where it is known, over the disagreement with the golden model, by stage."""
    known = [stage for stage in stages if stage.accuracy is not None]
    lossy = [s for s in stages if s.disagreement is not None and s is not stages[0]]
    rows = [bool(known), bool(lossy)]
    if not any(rows):
        return ""
    with draw_figure(1.75 * sum(rows), sum(rows)) as (figure, axes):
        remaining = list(axes)
        if known:
            _plot_accuracy(remaining.pop(0), [s.name for s in stages], known)
        if lossy:
            _plot_disagreement(remaining.pop(0), [s.name for s in stages], lossy)
        return to_svg(figure, "accuracy and disagreement after each stage")


def plot_layers(layers: Sequence[LayerError], worst: Sequence[LayerError]) -> str:
    """Signal over error of each layer, in the network's order; the worst ones stand out."""
    shown = [layer for layer in layers if layer.sqnr_db is not None]
    if not shown:
        return ""
    decibels = [layer.sqnr_db or 0.0 for layer in shown]
    colours = [WARN if layer in worst else ACCENT for layer in shown]
    if len(shown) > NAMED_BARS:
        with draw_figure(2.6, 1) as (figure, (axis,)):
            axis.plot(range(1, len(shown) + 1), decibels, color=INK, alpha=0.3, linewidth=1)
            axis.scatter(range(1, len(shown) + 1), decibels, c=colours, s=12, zorder=3)
            axis.set_xlabel("layer, in the network's order")
            axis.set_ylabel("SQNR, dB")
            return to_svg(figure, "error of each layer")
    with draw_figure(0.7 + 0.25 * len(shown), 1) as (figure, (axis,)):
        positions = range(len(shown))
        axis.barh(positions, decibels, color=colours, height=0.62)
        # A name may hold a dollar sign, which would start a formula.
        names = [shortened(layer.node) for layer in shown]
        axis.set_yticks(positions, names, parse_math=False)
        axis.tick_params(axis="y", length=0)
        axis.invert_yaxis()
        axis.set_xlabel("SQNR, dB (more is better)")
        for position, value in zip(positions, decibels, strict=True):
            axis.annotate(
                f"{value:.1f}", (max(value, 0), position), (4, 0), textcoords="offset points",
                va="center", fontsize=8, color=INK,
            )  # fmt: skip
        axis.grid(visible=False, axis="y")
        axis.margins(x=0.08)
        return to_svg(figure, "error of each layer")


def _plot_accuracy(axis: "Axes", names: list[str], stages: Sequence[StageResult]) -> None:
    at = [names.index(stage.name) for stage in stages]
    percent = [100 * (stage.accuracy or 0.0) for stage in stages]
    axis.axhline(percent[0], color=INK, alpha=0.45, linestyle=(0, (4, 3)), linewidth=1)
    axis.plot(at, percent, color=ACCENT, marker="o", markersize=5, linewidth=2)
    for x, value in zip(at, percent, strict=True):
        axis.annotate(
            f"{value:.2f}", (x, value), (0, 7), textcoords="offset points",
            ha="center", fontsize=8, color=INK,
        )  # fmt: skip
    spread = max(max(percent) - min(percent), 0.5)
    axis.set_ylim(max(0, min(percent) - 0.4 * spread), max(percent) + 0.6 * spread)
    axis.set_ylabel("accuracy, %")
    _name_stages(axis, names)


def _plot_disagreement(axis: "Axes", names: list[str], stages: Sequence[StageResult]) -> None:
    at = [names.index(stage.name) for stage in stages]
    percent = [100 * (stage.disagreement or 0.0) for stage in stages]
    axis.bar(at, percent, color=WARN, width=0.5)
    for x, value in zip(at, percent, strict=True):
        axis.annotate(
            f"{value:.2f}", (x, value), (0, 3), textcoords="offset points",
            ha="center", fontsize=8, color=INK,
        )  # fmt: skip
    axis.set_ylim(0, 1.35 * max(*percent, 0.1))
    axis.set_ylabel("disagreement, %")
    _name_stages(axis, names)


def _name_stages(axis: "Axes", names: list[str]) -> None:
    axis.set_xticks(range(len(names)), names, parse_math=False)
    axis.set_xlim(-0.5, len(names) - 0.5)
    axis.grid(visible=False, axis="x")
