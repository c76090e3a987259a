"""Measures of a network's outputs: the class that they name, accuracy, disagreement, error."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log10, nan, prod

import numpy as np
import numpy.typing as npt

from ..dialects.support.user_error import CorelowerError

Array = npt.NDArray[np.generic]
Classes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ValuePlace:
    """A value that is compared."""

    name: str
    """The golden value's name; `result 0`, ... for what a network returns."""
    where: str | None
    """The location of the operation that computes the value, as a user reads it."""
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ValueDifference(ValuePlace):
    """How far a value is from the golden one of the same name, over all samples."""

    sqnr: float
    """Signal power over error power in dB; infinite where the values are equal."""
    maximum: float
    """The largest absolute error."""
    relative: float
    """The largest absolute error over the largest golden magnitude."""


@dataclass(frozen=True)
class Comparison:
    """How far a network is from the golden one."""

    samples: int
    values: list[ValueDifference]
    """In the order in which the network computes them."""
    skipped: dict[str, str]
    """Names of values that cannot be compared, and why."""
    outputs: list[ValueDifference]
    """The network's results, by position."""
    classes: Classes | None
    """The class that the network's results name for each sample, see `predictions`."""
    golden_classes: Classes | None

    @property
    def disagreement(self) -> float | None:
        """See `disagreement`; `None` where the results name no class."""
        if self.classes is None or self.golden_classes is None:
            return None
        return fraction(self.classes != self.golden_classes)


class ErrorStatistics:
    """The error of one value, gathered batch by batch."""

    def __init__(self) -> None:
        self.signal_power = 0.0
        self.error_power = 0.0
        self.largest_signal = 0.0
        self.largest_error = 0.0

    def add(self, actual: Array, golden: Array) -> None:
        """Take a batch into account; both arrays have the same elements in the same order."""
        wanted = golden.astype(np.float64).reshape(-1)
        error = actual.astype(np.float64).reshape(-1) - wanted
        self.signal_power += float(wanted @ wanted)
        self.error_power += float(error @ error)
        # np.maximum, not max: NaN must stay.
        largest_signal = np.maximum(self.largest_signal, np.max(np.abs(wanted), initial=0.0))
        largest_error = np.maximum(self.largest_error, np.max(np.abs(error), initial=0.0))
        self.largest_signal, self.largest_error = float(largest_signal), float(largest_error)

    @property
    def sqnr(self) -> float:
        """Signal power over error power in dB."""
        if not np.isfinite(self.error_power) or not np.isfinite(self.signal_power):
            return nan
        if not self.error_power:
            return inf
        return 10 * log10(self.signal_power / self.error_power) if self.signal_power else -inf

    def difference(self, place: ValuePlace) -> ValueDifference:
        """What was gathered, for the value at this place."""
        largest_error, largest = self.largest_error, self.largest_signal
        relative = largest_error / largest if largest else (inf if largest_error else 0.0)
        return ValueDifference(
            place.name, place.where, place.shape, self.sqnr, largest_error, relative
        )


class ComparisonRecord:
    """A comparison that grows batch by batch: `values` of them, the first ones `results`."""

    def __init__(self, values: int, results: int):
        self.samples = 0
        self._results = results
        self._statistics = [ErrorStatistics() for _ in range(values)]
        self._classes: list[Classes | None] = []
        self._golden_classes: list[Classes | None] = []

    def add(self, actual: Sequence[Array], golden: Sequence[Array]) -> None:
        """Take a batch into account; both have every value, samples first."""
        for gathered, array, other in zip(self._statistics, actual, golden, strict=True):
            gathered.add(array, other)
        self._classes.append(predictions(actual[: self._results]))
        self._golden_classes.append(predictions(golden[: self._results]))
        self.samples += len(actual[0])

    def comparison(self, places: Sequence[ValuePlace], skipped: dict[str, str]) -> Comparison:
        """What was found, for values at these places."""
        rows = [
            gathered.difference(place)
            for gathered, place in zip(self._statistics, places, strict=True)
        ]
        return Comparison(
            samples=self.samples,
            values=rows[self._results :],
            skipped=skipped,
            outputs=rows[: self._results],
            classes=join_classes(self._classes),
            golden_classes=join_classes(self._golden_classes),
        )


def predictions(outputs: Sequence[Array]) -> Classes | None:
    """
    The class that each sample's outputs name: an index that the network itself returns, otherwise
    the argmax of the first output, the first of equals. `None` where neither says a class.
    """
    for output in outputs:
        if output.dtype.kind in "iu" and prod(output.shape[1:]) == 1:
            return output.reshape(len(output)).astype(np.int64)
    if not outputs or prod(outputs[0].shape[1:]) < 2:
        return None
    return np.argmax(outputs[0].reshape(len(outputs[0]), -1), axis=1).astype(np.int64)


def join_classes(batches: Sequence[Classes | None]) -> Classes | None:
    """The classes of all batches; `None` where a batch has none."""
    known = [batch for batch in batches if batch is not None]
    return np.concatenate(known) if known and len(known) == len(batches) else None


def accuracy(outputs: Sequence[Array], labels: npt.NDArray[np.integer]) -> float:
    """
    The fraction of samples whose outputs name the class in `labels`, see `predictions`.

    Raises `CorelowerError` where the outputs name no class, or the numbers of samples differ.
    """
    return fraction(_classes(outputs) == _same_length(labels, outputs))


def disagreement(first: Sequence[Array], second: Sequence[Array]) -> float:
    """The fraction of samples whose class differs between two networks' outputs."""
    return fraction(_classes(first) != _same_length(_classes(second), first))


def _classes(outputs: Sequence[Array]) -> Classes:
    classes = predictions(outputs)
    if classes is None:
        raise CorelowerError("the outputs name no class: neither an index nor several numbers")
    return classes


def _same_length(
    labels: npt.NDArray[np.integer], outputs: Sequence[Array]
) -> npt.NDArray[np.integer]:
    if len(labels) != len(outputs[0]):
        raise CorelowerError(f"{len(labels)} labels or classes for {len(outputs[0])} samples")
    return labels


def fraction(hits: npt.NDArray[np.bool_]) -> float:
    """The part of all that is true."""
    return int(np.count_nonzero(hits)) / len(hits)
