"""Plots of where the accuracy went: what each layer and cause costs, and what a bit would give."""

# Matplotlib is typed in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..passes.core_op_report import CAUSE_TITLES, PLACE_TITLES
from ..targets.attribution import CAUSES, Attribution, BitGain, LayerLoss, decibels
from .compile_report import node_of
from .plot_style import ACCENT, BAD, EXTRA, GOOD, INK, WARN, draw_figure, shortened, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN_LAYERS = 40
"""Layers in a plot; of a deeper network those with the largest bars."""

SHOWN_BITS = 15
"""Places for a bit in a plot, the best ones."""

COLOURS = dict(zip(CAUSES, (ACCENT, WARN, EXTRA, GOOD, BAD), strict=True))

CLEAN_DECIBELS = 80.0
"""A cause as small as this is not in the plot."""


def plot_costs(found: Attribution) -> str:
    """A bar a layer, its pieces what the outputs gain without a cause; nothing if not measured."""
    layers = _largest([layer for layer in found.layers if _gains(layer)])
    if not layers:
        return ""
    with draw_figure(1.0 + 0.27 * len(layers), 1) as (figure, (axis,)):
        ends = [[0.0, 0.0] for _ in layers]
        for cause in CAUSES:
            for row, layer in enumerate(layers):
                gain = _gains(layer).get(cause, 0.0)
                side = gain < 0
                axis.barh(row, gain, left=ends[row][side], color=COLOURS[cause], height=0.62)
                ends[row][side] += gain
        axis.axvline(0, color=INK, linewidth=0.6)
        axis.set_xlabel("by how much the outputs come nearer without the cause")
        _name_rows(axis, layers)
        _explain_colours(axis, {cause for layer in layers for cause in _gains(layer)})
        return to_svg(figure, "what each cause in each layer costs at the outputs")


def plot_errors(found: Attribution) -> str:
    """A row a layer, a dot a cause: signal over error of the cause alone."""
    layers = [layer for layer in found.layers if any(_shown_errors(layer))]
    layers = _largest(layers)
    if not layers:
        return ""
    with draw_figure(1.0 + 0.25 * len(layers), 1) as (figure, (axis,)):
        for row, layer in enumerate(layers):
            for cause, value in _shown_errors(layer).items():
                axis.plot([value], [row], "o", color=COLOURS[cause], markersize=6, alpha=0.9)
        axis.set_xlabel("SQNR of each cause alone, dB (further left is worse)")
        axis.margins(x=0.05)
        _name_rows(axis, layers)
        _explain_colours(axis, {cause for layer in layers for cause in _shown_errors(layer)})
        return to_svg(figure, "error of each cause in each layer")


def plot_bits(bits: Sequence[BitGain]) -> str:
    """The places where one bit more would bring the outputs nearest to the golden ones."""
    shown = [bit for bit in bits if bit.distance_gain > 0][:SHOWN_BITS]
    if not shown:
        return ""
    with draw_figure(0.7 + 0.27 * len(shown), 1) as (figure, (axis,)):
        rows = range(len(shown))
        colours = [COLOURS[bit.kind] for bit in shown]
        axis.barh(rows, [bit.distance_gain for bit in shown], color=colours, height=0.62)
        names = [
            f"{shortened(node_of(bit.name, bit.where))}: {PLACE_TITLES[bit.kind]}" for bit in shown
        ]
        axis.set_yticks(rows, names, parse_math=False)
        axis.tick_params(axis="y", length=0)
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        axis.set_xlabel("by how much the outputs come nearer with one bit more")
        return to_svg(figure, "what one bit more would give")


def _gains(layer: LayerLoss) -> dict[str, float]:
    return {
        loss.cause: loss.distance_gain for loss in layer.causes if loss.distance_gain is not None
    }


def _shown_errors(layer: LayerLoss) -> dict[str, float]:
    found = {loss.cause: decibels(loss.error) for loss in layer.causes}
    return {
        cause: value
        for cause, value in found.items()
        if value is not None and value < CLEAN_DECIBELS
    }


def _largest(layers: Sequence[LayerLoss]) -> list[LayerLoss]:
    """The layers that cost most, in the network's order."""

    def cost(layer: LayerLoss) -> tuple[float, float]:
        return sum(map(abs, _gains(layer).values())), layer.error

    kept = sorted(layers, key=cost, reverse=True)[:SHOWN_LAYERS]
    return [layer for layer in layers if layer in kept]


def _name_rows(axis: "Axes", layers: Sequence[LayerLoss]) -> None:
    names = [shortened(node_of(layer.name, layer.where)) for layer in layers]
    axis.set_yticks(range(len(layers)), names, parse_math=False)
    axis.set_ylim(len(layers) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0)
    axis.grid(visible=False, axis="y")


def _explain_colours(axis: "Axes", used: set[str]) -> None:
    for cause in CAUSES:
        if cause in used:
            axis.plot([], [], "s", color=COLOURS[cause], markersize=7, label=CAUSE_TITLES[cause])
    axis.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(used),
        frameon=False,
        fontsize=8,
        handletextpad=0.2,
        columnspacing=1.2,
    )
