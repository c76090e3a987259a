"""What a code of the network's outputs does to the decisions that are read from them."""

from dataclasses import dataclass

import numpy as np

from .ranges import Bits, FloatArray, Levels, quantize_values

CLOSEST = 0.1
"""The part of the vectors, those of the smallest margins, that says how likely a small one is."""

PARTNERS = (1, 2, 3, 5)
"""With which of the others, in a random order, a vector is mixed."""

MIXED_AT_ONCE = 1 << 22
"""Elements of vectors that are mixed at a time: there may be tens of thousands of classes."""

LOWEST, HIGHEST = 25, 61
"""How many lower and upper ends of an interval are tried."""


@dataclass(frozen=True)
class Decisions:
    """
    What vectors decide by their largest element, as far as a code can change it.

    A code never lets a smaller number overtake a larger one, it makes them equal: so the two
    largest of each vector are all that matters.
    """

    largest: FloatArray
    second: FloatArray
    close: FloatArray
    """What both are where they are equal, in mixtures of two vectors that decide otherwise."""
    density: float
    """How many vectors there are for each unit of a small margin, as a part of all."""
    low: float
    """The least element of all vectors."""

    @classmethod
    def of(cls, rows: FloatArray) -> "Decisions":
        """The decisions of vectors N x classes."""
        ordered = np.partition(rows, (-2, -1), axis=1)
        second, largest = ordered[:, -2], ordered[:, -1]
        margin = float(np.quantile(largest - second, CLOSEST))
        close = _close_values(rows)
        return cls(
            largest,
            second,
            close if close.size else ((largest + second) / 2).astype(np.float32),
            CLOSEST / margin if margin > 0 else 0.0,
            float(rows.min()),
        )

    def loss(self, low: float, high: float, bits: Bits, units: int = 1) -> float:
        """
        How many decisions a code over `low .. high` loses, as a part of all: an upper estimate.

        Those of these vectors are counted; equal codes are no decision. Vectors that one learned
        from are rarely close to another decision, others are more often. So what is lost of close
        ones is added: in a step `s` margins vanish that are below `s / 2` on average, twice the
        mean distance from a number of the code.
        """
        levels = Levels(bits, units)
        known, others = (
            quantize_values(values, low, high, levels) for values in (self.largest, self.second)
        )
        distance = np.abs(quantize_values(self.close, low, high, levels) - self.close)
        lost = np.count_nonzero(np.equal(known, others)) / len(known)
        return lost + 2 * self.density * float(distance.mean())

    def range(self, bits: Bits, units: int = 1) -> tuple[float, float]:
        """
        The interval whose code loses the fewest decisions.

        What is far from where the two largest are close may saturate: that spends the code's
        numbers where decisions are made.
        """
        least, most = min(self.low, 0.0), max(float(self.largest.max()), 0.0)
        candidates = [
            (least * float(bottom) ** 2, most * float(top))
            for bottom in np.linspace(1.0, 0.0, LOWEST)
            for top in np.linspace(0.1, 1.0, HIGHEST)
        ]
        return min(
            (interval for interval in candidates if interval[0] < interval[1]),
            key=lambda interval: self.loss(*interval, bits, units),
            default=(least, most),
        )


def _close_values(rows: FloatArray) -> FloatArray:
    """The two largest elements where they are equal, between vectors in a random order."""
    order = np.random.default_rng(0).permutation(len(rows))
    size = max(1, MIXED_AT_ONCE // rows.shape[1])
    found = [
        _crossings(rows[order[at : at + size]], rows[np.roll(order, shift)[at : at + size]])
        for shift in PARTNERS
        for at in range(0, len(rows), size)
    ]
    return np.concatenate(found)


def _crossings(start: FloatArray, end: FloatArray) -> FloatArray:
    """
    The same on the way from each of some vectors to another.

    On the way from a vector that decides `i` to one that decides `j` the elements `i` and `j` are
    equal somewhere; that counts where no other element is larger.
    """
    here, there = start.argmax(axis=1)[:, None], end.argmax(axis=1)[:, None]
    # How far the one decision is ahead of the other, at the start and, negative, at the end.
    ahead, behind = (
        np.take_along_axis(array, here, axis=1) - np.take_along_axis(array, there, axis=1)
        for array in (start, end)
    )
    crosses = (ahead > behind)[:, 0]
    start, end, ahead, behind = (array[crosses] for array in (start, end, ahead, behind))
    share = ahead / (ahead - behind)
    mixed = (1 - share) * start + share * end
    value = np.take_along_axis(mixed, here[crosses], axis=1)
    is_largest = mixed.max(axis=1, keepdims=True) <= value + 1e-4 * np.abs(value)
    return value[is_largest].astype(np.float32)
