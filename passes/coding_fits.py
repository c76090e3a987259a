"""Codings that say the least wrong of observed numbers: thresholds learned, decoders solved for."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .codings import Chip, Coding, Digits, FloatArray, ParallelUnits, thermometer

BINS = 2048
"""Numbers that stand for all that were observed, while a coding is searched."""

ENDS = np.linspace(0.3, 1.0, 57)
"""Candidates of a range's end, as a part of the largest number."""

MOVES = (0.5, 0.2, 0.08, 0.03)
"""How far a threshold is tried to move, in steps of its unit; first far, then near."""

ROUNDS = 4
"""Times that all units are gone through with each of `MOVES`."""


@dataclass(frozen=True)
class Distribution:
    """Numbers from 0 up, each with how often it, or one near to it, occurred."""

    numbers: FloatArray
    counts: FloatArray

    @staticmethod
    def of(values: npt.NDArray[np.floating], shift: float = 0.0) -> "Distribution":
        """Of values to which `shift` is added; what is below 0 then counts as 0."""
        numbers = np.sort(np.maximum(values.astype(np.float64) + shift, 0).reshape(-1))
        if len(numbers) <= BINS:
            return Distribution(numbers, np.ones(len(numbers)))
        # Half of the bins have equal numbers of values, half of them equal widths.
        quantiles = np.linspace(0, len(numbers), BINS // 2 + 1).astype(np.int64)
        marks = np.linspace(0, float(numbers[-1]), BINS // 2 + 1)
        widths = np.searchsorted(numbers, marks)
        # Zeros have a bin of their own.
        ends = np.array([0, np.count_nonzero(numbers == 0), len(numbers)], np.int64)
        edges = np.unique(np.concatenate([quantiles, widths.astype(np.int64), ends]))
        sums = np.add.reduceat(numbers, edges[:-1])
        counts = np.diff(edges).astype(np.float64)
        return Distribution(sums / counts, counts)

    @property
    def power(self) -> float:
        """The sum of all squares."""
        return float(self.counts @ np.square(self.numbers))


def relative_error(values: npt.NDArray[np.floating], coding: Coding, chip: Chip) -> float:
    """The root of the mean squared error of a coding, as a part of that of the values."""
    wide = values.astype(np.float64).reshape(-1)
    lost = np.square(coding.decoded(wide, chip) - wide).sum()
    power = float(wide @ wide)
    return float(np.sqrt(lost / power)) if power > 0 else 0.0


def fit_digits(seen: Distribution, coarse: int, fine: int, chip: Chip, shift: float) -> Digits:
    """The two digits with the step of the least squared error."""
    levels = Digits(coarse, fine, 1.0).levels(chip)
    parts = Digits(coarse, fine, 1.0).parts(chip)

    def error(end: float) -> float:
        part = end / (levels - 1)
        nearest = np.clip(np.rint(seen.numbers / part), 0, levels - 1) * part
        return float(seen.counts @ np.square(nearest - seen.numbers))

    high = float(seen.numbers[-1])
    best = min((high * ENDS).tolist(), key=error)
    return Digits(coarse, fine, best / (levels - 1) * parts, shift)


def fit_units(
    seen: Distribution, units: int, scale: float, chip: Chip, shift: float
) -> ParallelUnits:
    """
    Trained units: the thresholds by coordinate search, the decoder by least squares after each.

    They start as whichever is best of the thermometer of `scale`, and of units that take up the
    range one after the other, each as dense as the numbers are there. No step makes it worse, and
    nothing is random. Decoders are not negative, so larger numbers have no smaller meaning.
    """
    search = _Search(seen, chip)
    starts = [search.start(*_alike(units, scale, chip))]
    starts += [search.start(*start) for start in _dense_where_numbers_are(seen, units, chip)]
    best = min(starts, key=lambda found: found.lost)
    for move in MOVES:
        for _ in range(ROUNDS):
            better = search.improved(best, move)
            if better.lost >= best.lost * (1 - 1e-4):
                best = better
                break
            best = better
    slopes = 1 / best.widths
    offsets = 1 - chip.half - best.first * slopes
    decoder = best.decoder
    return ParallelUnits(
        tuple(slopes.tolist()), tuple(offsets.tolist()), tuple(decoder.tolist()), shift
    )


@dataclass(frozen=True)
class _Found:
    """The first threshold of each unit, the distance of its others, and how well that does."""

    first: FloatArray
    widths: FloatArray
    codes: FloatArray
    decoder: FloatArray
    lost: float


class _Search:
    """Looks for thresholds; the codes are counted once for each unit that moved."""

    def __init__(self, seen: Distribution, chip: Chip):
        self.seen = seen
        self.chip = chip
        self.root = np.sqrt(seen.counts)
        self.wanted = self.root * seen.numbers
        self.least = float(seen.numbers[-1]) * 1e-4

    def start(self, first: FloatArray, widths: FloatArray) -> _Found:
        codes = np.stack([self._codes(*pair) for pair in zip(first, widths, strict=True)])
        return self._found(first, widths, codes)

    def improved(self, best: _Found, move: float) -> _Found:
        """The best after each unit had its turn to move, to widen and to narrow."""
        for unit in range(len(best.first)):
            for first, width in self._moved(best.first[unit], best.widths[unit], move):
                firsts, widths = best.first.copy(), best.widths.copy()
                firsts[unit], widths[unit] = first, width
                codes = best.codes.copy()
                codes[unit] = self._codes(first, width)
                found = self._found(firsts, widths, codes)
                if found.lost < best.lost:
                    best = found
        return best

    def _moved(self, first: float, width: float, move: float) -> Iterator[tuple[float, float]]:
        last = first + width * (self.chip.largest - 1)
        for sign in (1, -1):
            yield self._within(first + sign * move * width, width)
            yield self._within(first, width * (1 + sign * move))
            if self.chip.largest > 1:
                wider = width * (1 + sign * move)
                yield self._within(last - wider * (self.chip.largest - 1), wider)

    def _within(self, first: float, width: float) -> tuple[float, float]:
        return max(first, self.least), max(width, self.least)

    def _codes(self, first: float, width: float) -> FloatArray:
        steps = (self.seen.numbers - first) / width
        return self.root * np.clip(np.floor(steps) + 1, 0, self.chip.largest)

    def _found(self, first: FloatArray, widths: FloatArray, codes: FloatArray) -> _Found:
        square = codes @ codes.T
        # A trace of damping: two units may be the same.
        damped = square + np.eye(len(square)) * (1e-9 * float(np.trace(square)) + 1e-30)
        wanted = codes @ self.wanted
        decoder = np.linalg.solve(damped, wanted).astype(np.float64)
        lost = float(decoder @ square @ decoder - 2 * (decoder @ wanted)) + self.seen.power
        if (decoder < 0).any():
            lost = np.inf
        return _Found(first, widths, codes, decoder, lost)


def _alike(units: int, scale: float, chip: Chip) -> tuple[FloatArray, FloatArray]:
    """The thresholds of a thermometer."""
    alike = thermometer(units, scale, chip)
    width = 1 / alike.slopes[0]
    return (1 - chip.half - np.array(alike.offsets)) * width, np.full(units, width)


def _dense_where_numbers_are(
    seen: Distribution, units: int, chip: Chip
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """
    Thresholds one unit after the other, as dense as a power of the density of the numbers.

    A third is what loses least where levels are many (Panter and Dite, 1951).
    """
    last = float(seen.numbers[-1])
    edges: FloatArray = np.linspace(0, last, 257)
    positive = seen.numbers > 0
    weights = np.where(positive, seen.counts, 0)
    density, _ = np.histogram(seen.numbers, edges, weights=weights)
    smooth = np.convolve(density, np.ones(9) / 9, mode="same") + 1e-9 * density.sum() + 1e-30
    for power in (1 / 3, 1 / 5):
        reached = np.concatenate([[0], np.cumsum(smooth**power)])
        count = units * chip.largest
        parts = (np.arange(count + 1) + 0.5) / (count + 1) * float(reached[-1])
        places = np.interp(parts, reached, edges)
        thresholds = places[:count].reshape(units, chip.largest)
        first = np.maximum(thresholds[:, 0], last * 1e-4)
        following = places[np.arange(1, units + 1) * chip.largest]
        widths = np.maximum((following - first) / chip.largest, last * 1e-4)
        yield first, widths
