"""What tuning is to reach, and the table that says what it reached."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.table import Table
from tuning_points import LENET, Figures, Kind, Point
from tuning_results import Results

BITS = ("8/8", "6/8", "4/4", "3/4", "2/4", "4/2")
LARGEST_DROP: dict[str, tuple[float | None, ...]] = {
    "digits": (0.22, 0.22, 0.5, 1.0, 0.5, 0.5),
    LENET: (0.05, 0.05, 0.2, 0.4, 0.2, 0.3),
    "resnet20": (0.2, 0.4, 1.0, 2.5, 1.0, None),
}
"""Points of accuracy that each network may lose at each of `BITS`."""
LARGEST_DISAGREEMENT: dict[str, tuple[float | None, ...]] = {
    "resnet20": (2.5, 4.5, 11, 16, 11, None),
}
"""Per cent of the decisions that may differ from the golden network's."""
LARGEST_PART_OF_TRAINING = {LENET: 0.25}
"""Time of tuning over that of training."""


@dataclass(frozen=True)
class Measured:
    """One measure over the seeds."""

    values: tuple[float, ...]
    target: float | None

    @property
    def met(self) -> str:
        """Whether every seed meets the target, their mean, or neither."""
        if self.target is None or not self.values:
            return ""
        if _rounded(max(self.values)) <= self.target:
            return "yes"
        return "on average" if _rounded(self.mean) <= self.target else "NO"

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return sum(self.values) / len(self.values)

    def text(self, form: str) -> str:
        """Mean and worst."""
        if not self.values:
            return "-"
        return f"{self.mean:{form}} ({max(self.values):{form}})"


def target_of(
    targets: dict[str, tuple[float | None, ...]], network: str, bits: str
) -> float | None:
    """The target of a network at some bits, `None` where there is none."""
    known = targets.get(network)
    return known[BITS.index(bits)] if known else None


def make_table(results: Results, networks: Sequence[str], bits: Sequence[str],
               seeds: Sequence[int]) -> Table:  # fmt: skip
    """Every network at all bits that it has figures for: mean and, in brackets, worst seed."""
    setup = results.setup
    table = Table(
        title=f"Tuning with {setup.samples} images, {setup.test or 'all'} test images, seeds "
        f"{', '.join(map(str, seeds))}: mean (worst)",
        caption="Cores: before (one unit a signal, untuned), and after. Peer: onnxruntime's static "
        "quantisation, per cent that it loses and decides otherwise, and the best of its ways; "
        "* is its scheme at fewer than 8 bits, run by onnxruntime.",
    )
    for name in ("network", "signal / weight", "golden %", "drop", "target", "met", "untuned drop",
                 "disagree %", "target", "met", "bit-exact", "cores", "tuning s", "of training",
                 "peer drop", "peer disagree %", "peer's way"):  # fmt: skip
        table.add_column(name, no_wrap=name not in ("peer's way",))
    for network in networks:
        for code in bits:
            row = _row(results, network, code, seeds)
            if row is not None:
                table.add_row(*row)
        table.add_section()
    return table


def _row(results: Results, network: str, bits: str, seeds: Sequence[int]) -> list[str] | None:
    tuned = _known(results, Kind.TUNED, network, bits, seeds)
    before = _known(results, Kind.UNTUNED, network, bits, seeds)
    training = _known(results, Kind.TRAINING, network, "", seeds)
    peer = _known(results, Kind.PEER, network, bits, seeds)
    if not tuned and not peer:
        return None
    drop = Measured(_each(tuned, _drop), target_of(LARGEST_DROP, network, bits))
    disagreement = Measured(
        _each(tuned, _disagreement), target_of(LARGEST_DISAGREEMENT, network, bits)
    )
    golden = _each(tuned or peer, lambda one: _percent(one.golden_accuracy))
    cores = [_mean(_each(some, lambda one: one.cores)) for some in (before, tuned)]
    part = Measured((), LARGEST_PART_OF_TRAINING.get(network))
    if tuned and training:
        seconds = [one.seconds for one in training]
        times = _each(tuned, lambda one: one.tune_seconds)
        part = Measured(tuple(t / s for t, s in zip(times, seconds, strict=False)), part.target)
    return [
        network,
        f"{bits}{' auto' if bits.startswith('2/') else ''}",
        f"{sum(golden) / len(golden):.2f}",
        drop.text("+.2f"),
        _limit(drop.target),
        drop.met,
        Measured(_each(tuned, _untuned_drop), None).text("+.2f"),
        disagreement.text(".2f"),
        _limit(disagreement.target),
        disagreement.met,
        "-" if not tuned else "yes" if all(one.bit_exact for one in tuned) else "NO",
        " -> ".join(cores),
        Measured(_each(tuned, lambda one: one.tune_seconds), None).text(".0f"),
        f"{part.text('.2f')} {part.met}".strip(),
        Measured(_each(peer, _drop), None).text("+.2f"),
        Measured(_each(peer, _disagreement), None).text(".2f"),
        "; ".join(sorted({f"{one.way}{'' if bits == '8/8' else ' *'}" for one in peer})),
    ]


def points_of(kind: Kind, network: str, bits: str, seeds: Sequence[int]) -> list[Point]:
    """The points of one kind: one a seed, or one where no seed decides anything."""
    seeded = kind == Kind.TUNED or network == LENET
    return [Point(kind, network, bits, seed) for seed in (seeds if seeded else (0,))]


def _known(
    results: Results, kind: Kind, network: str, bits: str, seeds: Sequence[int]
) -> list[Figures]:
    found = [results.get(point) for point in points_of(kind, network, bits, seeds)]
    return [one for one in found if one is not None]


def _each(
    figures: Sequence[Figures], value: Callable[[Figures], float | None]
) -> tuple[float, ...]:
    return tuple(found for one in figures if (found := value(one)) is not None)


def _drop(figures: Figures) -> float | None:
    return _difference(figures.golden_accuracy, figures.accuracy)


def _untuned_drop(figures: Figures) -> float | None:
    return _difference(figures.golden_accuracy, figures.untuned_accuracy)


def _disagreement(figures: Figures) -> float | None:
    return _percent(figures.disagreement)


def _difference(golden: float | None, reached: float | None) -> float | None:
    return None if golden is None or reached is None else (golden - reached) * 100


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else fraction * 100


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.0f}" if values else "-"


def _limit(target: float | None) -> str:
    return "" if target is None else f"<= {target:g}"


def _rounded(value: float) -> float:
    # Targets have two digits: one image of 450 is 0.22 points.
    return round(value, 2)
