"""Which points of a study are worth their cores: loss against cores, and the Pareto front."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from .explore_result import Figures, Point
from .explore_settings import Settings


class Measure(StrEnum):
    """What counts as a point's loss."""

    ACCURACY_DROP = "accuracy_drop"
    DISAGREEMENT = "disagreement"
    OUTPUT_ERROR = "output_error"

    def of(self, figures: Figures) -> float | None:
        """The loss, a fraction; `None` where it is not known."""
        match self:
            case Measure.ACCURACY_DROP:
                return figures.accuracy_drop
            case Measure.DISAGREEMENT:
                return figures.disagreement
            case Measure.OUTPUT_ERROR:
                return figures.output_error


@dataclass(frozen=True)
class Configuration:
    """Points that differ in their seed alone."""

    settings: Settings
    """Theirs, but for the seed."""
    points: tuple[Point, ...]
    losses: tuple[float, ...]
    cores: int
    """The most that one of them takes."""

    @property
    def loss(self) -> float:
        """The mean over the seeds."""
        return sum(self.losses) / len(self.losses)


def measure_of(points: Iterable[Point]) -> Measure:
    """The first measure that every finished point has, in the order of `Measure`."""
    figures = [point.figures for point in points if point.figures is not None]
    for measure in Measure:
        if figures and all(measure.of(one) is not None for one in figures):
            return measure
    return Measure.ACCURACY_DROP


def configurations(points: Iterable[Point], measure: Measure) -> list[Configuration]:
    """The finished points by all but their seed, in order."""
    groups: dict[Settings, list[tuple[Point, float, int]]] = {}
    for point in points:
        loss = None if point.figures is None else measure.of(point.figures)
        if loss is None or point.figures is None:
            continue
        key = replace(point.settings, seed=0)
        groups.setdefault(key, []).append((point, loss, point.figures.cores))
    return [
        Configuration(
            settings,
            tuple(point for point, _, _ in members),
            tuple(loss for _, loss, _ in members),
            max(cores for _, _, cores in members),
        )
        for settings, members in groups.items()
    ]


def front(candidates: Sequence[Configuration]) -> list[Configuration]:
    """Those to which no other is equal or better in cores and loss, and better in one of them."""
    best: list[Configuration] = []
    for one in sorted(candidates, key=lambda one: (one.cores, one.loss)):
        if best and one.loss >= best[-1].loss and not _are_equal(one, best[-1]):
            continue
        best.append(one)
    return best


def _are_equal(one: Configuration, other: Configuration) -> bool:
    return (one.cores, one.loss) == (other.cores, other.loss)
