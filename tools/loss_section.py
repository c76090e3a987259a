"""The report's section on where the accuracy went: its rows, ready to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..passes.core_op_report import CAUSE_TITLES, PLACE_TITLES
from ..targets.attribution import SIGNAL, Attribution, decibels
from .compile_report import node_of
from .loss_plots import SHOWN_LAYERS, plot_bits, plot_costs, plot_errors
from .stage_folder import StageResult

SHOWN_COSTS = 12
"""Layers and causes in the table; the plot and `report.json` have all."""

SHOWN_BITS = 25
"""Places for a bit in the table; `report.json` has all."""

HOTTEST, COOLEST = 5.0, 45.0
"""Decibels at which a cell of the table of stages is shaded fully, and not at all."""

_TOTAL_TITLES = {**CAUSE_TITLES, SIGNAL: "rounding of codes"}


@dataclass(frozen=True)
class CostRow:
    """A layer and a cause: its error alone, and how the outputs change without it."""

    node: str
    cause: str
    sqnr_db: float | None
    distance: str
    disagreement: str


@dataclass(frozen=True)
class BitRow:
    """A place for one bit more, and how the outputs are with it."""

    node: str
    place: str
    bits: str
    distance: str
    change: str
    disagreement: float | None


@dataclass(frozen=True)
class StageCell:
    """The SQNR of a value after a stage; `heat` is how much of the shade it gets, in percent."""

    text: str
    heat: int


@dataclass(frozen=True)
class StageTable:
    """Signal over error of each value after each stage that has codes."""

    stages: tuple[str, ...]
    rows: tuple[tuple[str, tuple[StageCell, ...]], ...]


@dataclass(frozen=True)
class LossSection:
    """All that the section shows."""

    found: Attribution
    measured: str
    """How the distance is measured, in words."""
    total_rows: tuple[tuple[str, str, float | None], ...]
    cost_rows: tuple[CostRow, ...]
    bit_rows: tuple[BitRow, ...]
    cost_plot: str
    error_plot: str
    bit_plot: str
    is_cut: bool
    """Whether the plots leave out layers."""


def loss_section(found: Attribution) -> LossSection:
    """What the page says about where the accuracy went."""
    return LossSection(
        found=found,
        measured=(
            "the mean Kullback-Leibler divergence, in nats, between what a softmax makes of the "
            "golden outputs and of the chip's"
            if found.measure == "kl_divergence"
            else "the mean squared error of the outputs over the golden outputs' variance"
        ),
        total_rows=tuple(
            (_TOTAL_TITLES[total.cause], f"{total.distance:.3g}", total.disagreement)
            for total in found.causes
        ),
        cost_rows=tuple(
            CostRow(
                node_of(layer.name, layer.where),
                CAUSE_TITLES[cause.cause],
                decibels(cause.error),
                _change(cause.distance_gain),
                _points(cause.disagreement_gain),
            )
            for layer, cause in found.worst()[:SHOWN_COSTS]
        ),
        bit_rows=tuple(
            BitRow(
                node_of(bit.name, bit.where),
                PLACE_TITLES[bit.kind],
                f"{bit.bits} → {bit.bits + 1}",
                f"{bit.distance:.3g}",
                _change(bit.distance_gain),
                bit.disagreement,
            )
            for bit in found.bits[:SHOWN_BITS]
        ),
        cost_plot=plot_costs(found),
        error_plot=plot_errors(found),
        bit_plot=plot_bits(found.bits),
        is_cut=len(found.layers) > SHOWN_LAYERS,
    )


def stage_table(stages: Sequence[StageResult], nodes: dict[str, str]) -> StageTable | None:
    """The values' SQNR after each stage; `nodes` says which node computes a value."""
    shown = [stage for stage in stages if stage.sqnr_db]
    names = dict.fromkeys(name for stage in shown for name in stage.sqnr_db)
    if not names:
        return None
    rows = tuple(
        (nodes.get(name, name), tuple(_cell(stage.sqnr_db, name) for stage in shown))
        for name in names
    )
    return StageTable(tuple(stage.name for stage in shown), rows)


def _cell(values: dict[str, float | None], name: str) -> StageCell:
    if name not in values:
        return StageCell("–", 0)
    value = values[name]
    if value is None:
        return StageCell("exact", 0)
    part = (COOLEST - value) / (COOLEST - HOTTEST)
    return StageCell(f"{value:.1f}", round(55 * min(1.0, max(0.0, part))))


def _change(gain: float | None) -> str:
    return "–" if gain is None else f"{-gain:+.2g}".replace("-", "−")


def _points(gain: float | None) -> str:
    if gain is None:
        return "–"
    return f"{-100 * gain:+.2f}".replace("-", "−") if gain else "0.00"
