"""Ranges for codes: what values occur, and which interval loses least at a number of bits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from ...dialects.nn import shape_of
from ...dialects.support.samples import Samples
from .evaluator import Evaluator

FloatArray = npt.NDArray[np.float32]
Function = Callable[[npt.NDArray[np.floating]], npt.NDArray[np.floating]]

KEPT_VALUES = 1 << 17
"""Numbers kept of each signal; the search looks at these, the extremes at all."""

LARGEST_DECISION = 65536
"""Elements a sample up to which a signal that leaves the chip counts as a decision."""

PARTS = np.concatenate([np.linspace(0.05, 0.4, 8), np.linspace(0.42, 1.0, 59)])
"""Candidates of a range's end, as a part of the extreme."""

FINE_PARTS = np.linspace(0.02, 1.0, 99)
"""The same of a step that keeps both extremes, of which one may be far from the code's end."""

NEARLY = 1.1
"""Of the least squared error: what a code with a smaller zero point may have in its place."""

FEW_NUMBERS = 7
"""Up to so many numbers of a unit each is tried as the zero point: what is rounded is much."""


Bits = int | tuple[int, int]
"""Bits of a code; or those and the ticks in which it is counted."""


@dataclass(frozen=True)
class Levels:
    """The numbers of a code of `bits` in so many units: from 0 to `largest`."""

    bits: Bits
    units: int = 1

    @property
    def largest(self) -> int:
        """The largest number."""
        bits, ticks = self.bits if isinstance(self.bits, tuple) else (self.bits, 1)
        return self.units * ticks * ((1 << bits) - 1)

    def scale_and_zero(self, low: float, high: float) -> tuple[np.float32, np.float32]:
        """Scale and zero point of the code over `low .. high`, as `core-op-reencode` has them."""
        scale = np.float32(max((high - low) / self.largest, np.finfo(np.float32).tiny))
        zero = self.units * round(-low / (float(scale) * self.units))
        return scale, np.float32(np.clip(zero, 0, self.largest))


@dataclass(frozen=True)
class Observed:
    """
    What a signal's values were: extremes over all, a part of the values, and, where a sample's
    value is a vector (a decision), the vectors themselves.
    """

    low: float
    high: float
    values: FloatArray
    rows: FloatArray | None

    def merge(self, other: "Observed") -> "Observed":
        """Both together."""
        return Observed(
            min(self.low, other.low),
            max(self.high, other.high),
            np.concatenate([self.values, other.values]),
            self.rows if other.rows is None else None,
        )


def observe(function: FuncOp, values: Sequence[SSAValue], samples: Samples) -> list[Observed]:
    """Run `samples` through `function` and say what each of `values` was."""
    evaluator = Evaluator(function)
    random = np.random.default_rng(0)
    parts: list[list[FloatArray]] = [[] for _ in values]
    rows: list[list[FloatArray]] = [[] for _ in values]
    low, high = np.full(len(values), np.inf), np.full(len(values), -np.inf)
    is_vector = [max(shape_of(v), default=1) == prod(shape_of(v)) for v in values]
    for count, batch in evaluator.batches(values, samples):
        share = max(1, KEPT_VALUES * count // len(samples))
        for index, value in enumerate(batch):
            array = np.asarray(value, np.float32)
            low[index] = min(low[index], array.min())
            high[index] = max(high[index], array.max())
            flat = array.reshape(-1)
            if len(flat) > share:
                flat = flat[random.integers(0, len(flat), share)]
            parts[index].append(flat)
            if is_vector[index] and array[0].size <= LARGEST_DECISION:
                rows[index].append(array.reshape(len(array), -1))
    return [
        Observed(
            float(low[index]),
            float(high[index]),
            np.concatenate(parts[index]),
            np.concatenate(rows[index]) if rows[index] else None,
        )
        for index in range(len(values))
    ]


@dataclass(frozen=True)
class Magnitudes:
    """
    How large a product's results are: the width of the range that a code of them would have, and
    the root mean square of each output, groups x outputs.
    """

    width: float
    channels: npt.NDArray[np.float64]


def magnitudes(
    function: FuncOp, values: Sequence[SSAValue], samples: Samples, bits: int
) -> list[Magnitudes]:
    """The magnitudes of each of `values`, positions.. x G x N, over samples and positions."""
    sums = [np.zeros(shape_of(value)[-2:]) for value in values]
    for count, batch in Evaluator(function).batches(values, samples):
        for total, value in zip(sums, batch, strict=True):
            square = np.square(value.astype(np.float32)).mean(axis=tuple(range(value.ndim - 2)))
            total += square * (count / len(samples))
    observed = observe(function, values, samples)
    ranges = [least_error_range(one, bits, rectified=one.low >= 0) for one in observed]
    return [
        Magnitudes(high - low, np.sqrt(total))
        for (low, high), total in zip(ranges, sums, strict=True)
    ]


def least_error_range(
    observed: Observed,
    bits: Bits,
    *,
    rectified: bool,
    functions: Sequence[Function] = (),
    units: int = 1,
) -> tuple[float, float]:
    """
    The interval whose uniform code of `bits`, in `units`, has the least squared error on values.

    With `functions` it is the error behind them, relative to the span of each. Searched one end
    after the other, among parts of the extremes; zero is inside. Where a unit has few numbers, for
    each of them as zero point: an end may lie beyond the extreme then.
    """
    levels = Levels(bits, units)
    error_of = _error_behind(observed.values, levels, functions)
    low, high = (0.0 if rectified else min(observed.low, 0.0)), max(observed.high, 0.0)
    if low == high:
        return low, high
    if low == 0:
        return 0.0, min((high * PARTS).tolist(), key=lambda end: error_of(0.0, end))
    if high == 0:
        return min((low * PARTS).tolist(), key=lambda end: error_of(end, 0.0)), 0.0
    if levels.largest <= FEW_NUMBERS * units:
        tried = [
            (below, error_of(*interval), interval)
            for below, interval in _around_zero(low, high, levels.largest // units)
        ]
        allowed = NEARLY * min(error for _, error, _ in tried)
        return min(one for one in tried if one[1] <= allowed)[2]
    part = min(PARTS.tolist(), key=lambda p: error_of(low * p, high * p))
    best_low, best_high = low * part, high * part
    for _ in range(2):
        ends = (high * PARTS).tolist()
        best_high = min(ends, key=lambda end: error_of(best_low, end))
        ends = (low * PARTS).tolist()
        best_low = min(ends, key=lambda end: error_of(end, best_high))
    return best_low, best_high


def _around_zero(low: float, high: float, largest: int) -> list[tuple[int, tuple[float, float]]]:
    """Intervals of `largest` steps, and how many of these are below zero, which is between two."""
    found: list[tuple[int, tuple[float, float]]] = []
    for below in range(largest + 1):
        above = largest - below
        # With the widest step neither extreme is cut off, if there are steps on its side.
        widest = max(-low / below if below else 0.0, high / above if above else 0.0)
        steps = (widest * FINE_PARTS).tolist()
        found += [(below, (-below * step, above * step)) for step in steps]
    return found


def relative_error(
    observed: Observed, low: float, high: float, bits: Bits, units: int = 1
) -> float:
    """The root of the mean squared error of a code over `low .. high`, as a part of the values'."""
    values = observed.values
    difference = quantize_values(values, low, high, Levels(bits, units)) - values
    power = float(np.vdot(values, values))
    return float(np.sqrt(np.vdot(difference, difference) / power)) if power > 0 else 0.0


def _error_behind(
    values: FloatArray, levels: Levels, functions: Sequence[Function]
) -> Callable[[float, float], float]:
    """The squared error of the values in the code over an interval, or of functions of them."""

    def error(low: float, high: float) -> float:
        difference = quantize_values(values, low, high, levels) - values
        return float(np.vdot(difference, difference))

    if not functions:
        return error
    exact = [function(values) for function in functions]
    spans = [max(float(np.ptp(wanted)), np.finfo(np.float32).tiny) for wanted in exact]

    def error_behind(low: float, high: float) -> float:
        scale, zero = levels.scale_and_zero(low, high)
        codes = _codes(values, scale, zero, levels).astype(np.intp)
        numbers = (np.arange(levels.largest + 1) - zero) * scale
        total = 0.0
        for function, wanted, span in zip(functions, exact, spans, strict=True):
            difference = (function(numbers)[codes] - wanted) / span
            total += float(np.vdot(difference, difference))
        return total

    return error_behind


def quantize_values(values: FloatArray, low: float, high: float, levels: Levels) -> FloatArray:
    """Values to the nearest number of the code over `low .. high`, zero being one of them."""
    scale, zero = levels.scale_and_zero(low, high)
    codes = _codes(values, scale, zero, levels)
    codes -= zero
    codes *= scale
    return codes


def _codes(values: FloatArray, scale: np.float32, zero: np.float32, levels: Levels) -> FloatArray:
    codes = np.rint(values / scale)
    codes += zero
    np.clip(codes, 0, levels.largest, out=codes)
    return codes
