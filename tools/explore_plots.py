"""The plots of a study: loss against cores, and accuracy along each axis."""

# Matplotlib is typed in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .explore_front import Configuration, Measure, front
from .explore_settings import Choice, choices
from .plot_style import ACCENT, GOOD, INK, WARN, draw_figure, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED_POINTS = 16
"""Points that are all labelled; of more, only those on the front."""

NAMED_LINES = 8
"""Lines that have a colour and a name each; more are drawn alike."""

PANELS_IN_A_ROW = 4

WIDE_RANGE = 12
"""Where the most cores are so many times the fewest, their axis is logarithmic."""

TITLES = {
    "signal_bits": "signal bits",
    "weight_bits": "weight bits",
    "crossbar": "size of a core",
    "samples": "calibration samples",
    "units": "units a value",
    "coding": "coding of units",
}

_LOSSES = {
    Measure.ACCURACY_DROP: "accuracy drop, points",
    Measure.DISAGREEMENT: "disagreement, %",
    Measure.OUTPUT_ERROR: "output error, %",
}


@dataclass(frozen=True)
class Trend:
    """What a measure does along one axis, everything else being equal."""

    label: str
    at: tuple[int, ...]
    """Positions of the axis's values."""
    means: tuple[float, ...]
    """Percent, over the seeds."""
    ranges: tuple[tuple[float, float], ...]


def title_of(axis: str) -> str:
    """An axis's name for a reader."""
    return TITLES.get(axis, axis.replace("_", " "))


def plot_front(configurations: Sequence[Configuration], measure: Measure) -> str:
    """Loss against cores, labelled by signal and weight bits; the Pareto front is a line."""
    if not configurations:
        return ""
    best = front(configurations)
    with draw_figure(3.6, 1) as (figure, (axis,)):
        for one in configurations:
            _draw_configuration(axis, one, one in best)
        _label_points(axis, configurations if len(configurations) <= NAMED_POINTS else best)
        axis.step(
            [one.cores for one in best], [100 * one.loss for one in best], where="post",
            color=ACCENT, linewidth=1.2, alpha=0.7, zorder=2,
        )  # fmt: skip
        cores = [one.cores for one in configurations]
        if min(cores) > 0 and max(cores) > WIDE_RANGE * min(cores):
            axis.set_xscale("log")
        axis.margins(x=0.08, y=0.14)
        axis.set_xlabel("cores")
        axis.set_ylabel(_LOSSES[measure])
        return to_svg(figure, f"{_LOSSES[measure]} against cores")


def plot_axes(
    configurations: Sequence[Configuration], measure: Measure, axes: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """A title and a plot for each of the `axes` that vary, but for the seed and tuning."""
    panels = "weight_bits" if {"signal_bits", "weight_bits"} <= set(axes) else ""
    for axis in axes:
        if axis in ("seed", "tune", panels) or not configurations:
            continue
        split = panels if axis == "signal_bits" else ""
        yield title_of(axis), _plot_axis(configurations, measure, axis, split)


def trends(
    configurations: Sequence[Configuration], measure: Measure, axis: str
) -> tuple[list[Choice], list[Trend]]:
    """The values of an axis in order, and a trend for each combination of everything else."""
    rows = [(choices(one.settings), one) for one in configurations]
    values = sorted({row[axis] for row, _ in rows})
    others = [
        name for name in (rows[0][0] if rows else ())
        if name != axis and len({row[name] for row, _ in rows}) > 1
    ]  # fmt: skip
    groups: dict[tuple[Choice, ...], list[tuple[int, Configuration]]] = {}
    for row, one in rows:
        key = tuple(row[name] for name in others)
        groups.setdefault(key, []).append((values.index(row[axis]), one))
    found: list[Trend] = []
    for key in sorted(groups):
        members = sorted(groups[key], key=lambda member: member[0])
        percents = [_percents(one, measure) for _, one in members]
        found.append(
            Trend(
                ", ".join(_name(n, c.text) for n, c in zip(others, key, strict=True)),
                tuple(at for at, _ in members),
                tuple(sum(p) / len(p) for p in percents),
                tuple((min(p), max(p)) for p in percents),
            )
        )
    return values, found


def _plot_axis(
    configurations: Sequence[Configuration], measure: Measure, axis: str, split: str
) -> str:
    parts: dict[Choice, list[Configuration]] = {}
    for one in configurations:
        key = choices(one.settings)[split] if split else Choice((), "")
        parts.setdefault(key, []).append(one)
    columns = min(len(parts), PANELS_IN_A_ROW)
    rows = -(-len(parts) // columns)
    y_title = "accuracy, %" if measure == Measure.ACCURACY_DROP else _LOSSES[measure]
    values = sorted({choices(one.settings)[axis] for one in configurations})
    with draw_figure(2.5 * rows, rows, columns) as (figure, panels):
        shown = [p for one in configurations for p in _percents(one, measure)]
        low, high = _limits(shown)
        for number, (key, panel) in enumerate(zip(sorted(parts), panels, strict=False)):
            here, lines = trends(parts[key], measure, axis)
            _draw_trends(panel, lines, [values.index(value) for value in here])
            panel.set_xticks(range(len(values)), [value.text for value in values])
            panel.set_xlim(-0.4, len(values) - 0.6)
            panel.set_ylim(low, high)
            panel.set_xlabel(title_of(axis))
            if number % columns == 0:
                panel.set_ylabel(y_title)
            if split:
                panel.set_title(f"{key.text} {title_of(split)}", fontsize=9)
            if number == len(parts) - 1 and 1 < len(lines) <= NAMED_LINES:
                panel.legend(
                    frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5)
                )
        for panel in panels[len(parts) :]:
            panel.set_visible(False)
        return to_svg(figure, f"{y_title} against {title_of(axis)}")


def _draw_trends(panel: "Axes", lines: Sequence[Trend], places: Sequence[int]) -> None:
    colours, styles = (ACCENT, WARN, GOOD, INK), ("-", "--")
    for number, line in enumerate(lines):
        are_named = len(lines) <= NAMED_LINES
        colour = colours[number % len(colours)] if are_named else INK
        at = [places[position] for position in line.at]
        panel.plot(
            at, line.means, color=colour, label=line.label, marker="o", markersize=4,
            linestyle=styles[number // len(colours) % 2] if are_named else "-",
            linewidth=1.6 if are_named else 0.8, alpha=1.0 if are_named else 0.4,
        )  # fmt: skip
        ranges = [(x, *ends) for x, ends in zip(at, line.ranges, strict=True) if ends[0] < ends[1]]
        if ranges:
            panel.vlines(*zip(*ranges, strict=True), color=colour, linewidth=1, alpha=0.6)


def _draw_configuration(axis: "Axes", one: Configuration, is_best: bool) -> None:
    colour = ACCENT if is_best else INK
    loss, percents = 100 * one.loss, [100 * loss for loss in one.losses]
    if min(percents) < max(percents):
        axis.vlines(one.cores, min(percents), max(percents), color=colour, alpha=0.4, linewidth=1)
    axis.scatter(
        [one.cores], [loss], s=26, linewidths=1.2, edgecolors=colour,
        facecolors=colour if one.settings.tune else "none",
        alpha=1.0 if is_best else 0.55, zorder=4 if is_best else 3,
    )  # fmt: skip


def _label_points(axis: "Axes", labelled: Sequence[Configuration]) -> None:
    """Signal and weight bits beside each point, those of points that coincide together."""
    places: dict[tuple[int, float], dict[str, bool]] = {}
    for one in labelled:
        found = choices(one.settings)
        text = f"{found['signal_bits'].text}/{found['weight_bits'].text}"
        places.setdefault((one.cores, round(100 * one.loss, 3)), {})[text] = True
    for place, labels in places.items():
        axis.annotate(
            ", ".join(labels), place, (5, 4), textcoords="offset points", fontsize=8, color=INK,
        )  # fmt: skip


def _percents(one: Configuration, measure: Measure) -> list[float]:
    if measure != Measure.ACCURACY_DROP:
        return [100 * loss for loss in one.losses]
    known = [point.figures.accuracy for point in one.points if point.figures is not None]
    return [100 * accuracy for accuracy in known if accuracy is not None]


def _limits(values: Sequence[float]) -> tuple[float, float]:
    spread = max(max(values) - min(values), 0.5)
    return min(values) - 0.1 * spread, max(values) + 0.1 * spread


def _name(axis: str, text: str) -> str:
    if axis == "tune":
        return "tuned" if text == "on" else "not tuned"
    return text if axis == "crossbar" else f"{text} {title_of(axis)}"
