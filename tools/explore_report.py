"""A study as one HTML page that needs nothing else."""

import shlex
from dataclasses import dataclass
from pathlib import PurePath

from .explore_front import Configuration, Measure, front
from .explore_plots import plot_axes, plot_front, title_of
from .explore_result import Point, State
from .explore_settings import Settings, choices
from .explore_study import Study
from .html_report import Card
from .html_templates import html_templates
from .target_overrides import format_overrides

LOSS_TITLES = {
    Measure.ACCURACY_DROP: "drop, points",
    Measure.DISAGREEMENT: "disagreement",
    Measure.OUTPUT_ERROR: "output error",
}


@dataclass(frozen=True)
class Row:
    """A point in the table."""

    is_best: bool
    choices: tuple[str, ...]
    accuracy: str
    loss: str
    disagreement: str
    cores: str
    seconds: str
    error: str


def render_study(study: Study) -> str:
    """A self-contained page: no script, no link to anything outside."""
    from markupsafe import Markup

    environment = html_templates()
    configurations = study.configurations()
    plots = plot_axes(configurations, study.measure, study.axes)
    return environment.get_template("study.html.j2").render(
        study=study,
        model_name=PurePath(study.model).name,
        cards=headline(study),
        axes=[title_of(axis) for axis in study.axes],
        front_plot=Markup(plot_front(configurations, study.measure)),
        axis_plots=[(title, Markup(plot)) for title, plot in plots],
        loss_title=LOSS_TITLES[study.measure],
        rows=table_rows(study),
        ways=[axis for axis in study.axes if axis != "seed"],
        title_of=title_of,
        best=[_best_row(study, one) for one in front(configurations)],
        is_drop=study.measure == Measure.ACCURACY_DROP,
        has_seeds="seed" in study.axes,
        has_untuned=not all(point.settings.tune for point in study.points),
    )


def headline(study: Study) -> list[Card]:
    """The figures that matter most, in order."""
    finished = [point for point in study.points if point.state == State.FINISHED]
    failed = len(study.failed)
    cards = [
        Card("points", str(len(study.points)), f"axes that vary: {len(study.axes)}"),
        Card("finished", str(len(finished)), f"{len(study.points) - len(finished)} are not"),
        Card("failed", str(failed), "why stands in the table", "bad" if failed else ""),
    ]
    figures = [point.figures for point in finished if point.figures is not None]
    if not figures:
        return cards
    golden = figures[0].golden_accuracy
    if golden is not None:
        samples = f"{figures[0].test_samples} {figures[0].measured_on} samples"
        cards.append(Card("golden accuracy", f"{golden:.2%}", samples))
    best = study.pareto()
    for title, point in (("least loss", best[-1]), ("fewest cores", best[0])) if best else ():
        assert point.figures is not None
        loss = format_loss(study.measure, study.measure.of(point.figures))
        name, _, unit = LOSS_TITLES[study.measure].partition(", ")
        note = f"{name} {loss} {unit}".rstrip()
        cards.append(Card(title, f"{point.figures.cores:,} cores", note))
    return cards


def table_rows(study: Study) -> list[Row]:
    """Every point, least loss first."""
    best = {point.name for point in study.pareto()}
    return [_row(study, point, point.name in best) for point in study.ranked()]


def compile_options(settings: Settings) -> str:
    """The options by which `corelower compile` compiles the same."""
    options = [f"--target {settings.target.name}"]
    if settings.mode is not None:
        options.append(f"--mode {settings.mode}")
    if settings.overrides:
        options.append(f"--override {shlex.quote(format_overrides(settings.overrides))}")
    if settings.units != "1":
        options.append(f"--units {settings.units}")
    if settings.coding != "auto":
        options.append(f"--coding {settings.coding}")
    options.append(f"--samples {settings.samples}")
    options.append(f"--seed {settings.seed}" if settings.tune else "--no-tune")
    return " ".join(options)


def format_loss(measure: Measure, loss: float | None) -> str:
    """A loss for a reader: points of accuracy, or percent."""
    if loss is None:
        return "–"
    if measure == Measure.ACCURACY_DROP:
        # An unsigned zero: no drop is neither a gain nor a loss.
        return f"{100 * loss:.2f}".replace("-0.00", "0.00").replace("-", "−")
    return f"{loss:.2%}"


def _best_row(study: Study, one: Configuration) -> tuple[tuple[str, ...], str, str, str]:
    """What it has on the axes, its cores, its loss, and the options that compile it."""
    shown = _choices(one.points[0], [axis for axis in study.axes if axis != "seed"])
    options = compile_options(one.points[0].settings)
    return shown, f"{one.cores:,}", format_loss(study.measure, one.loss), options


def _row(study: Study, point: Point, is_best: bool) -> Row:
    figures = point.figures
    shown = _choices(point, study.axes)
    if figures is None:
        error = point.error or ("not compiled yet" if point.state == State.PENDING else "")
        return Row(False, shown, "–", "–", "–", "–", "–", error)
    return Row(
        is_best,
        shown,
        _percent(figures.accuracy),
        format_loss(study.measure, study.measure.of(figures)),
        _percent(figures.disagreement),
        f"{figures.cores:,}",
        f"{figures.seconds:.1f}",
        "",
    )


def _choices(point: Point, axes: list[str]) -> tuple[str, ...]:
    found = choices(point.settings)
    return tuple(found[axis].text for axis in axes)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"
