"""
Continuous piecewise-linear functions of the least maximum error.

All functions within `error` of a given one form a tube; the one of fewest segments is a path of
fewest links through it, found greedily in one pass over the samples: each link goes as far as a
line can, and the next one may begin anywhere on the extreme line of it. (H. Imai and M. Iri, "An
optimal algorithm for approximating a piecewise linear function", J. Inf. Process. 9 (1986); S. L.
Hakimi and E. F. Schmeichel, "Fitting polygonal functions to a set of points in the plane", CVGIP 53
(1991).) Knots are free in place and value, so nothing with as many segments has a smaller error.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]

PRECISION = 1e-3
"""To which part of itself the least error is found."""

NEGLIGIBLE = 1e-8
"""A part of a function's span below which 32-bit arithmetic cannot show an error."""


@dataclass(frozen=True)
class PiecewiseLinear:
    """Straight between `knots`, where it has `values`; within `error` of what it was fitted to."""

    knots: Float64Array
    values: Float64Array
    error: float

    @property
    def segments(self) -> int:
        """Pieces that are straight."""
        return len(self.knots) - 1


def fit_within(x: Float64Array, y: Float64Array, error: float, most: int) -> PiecewiseLinear | None:
    """
    The fewest segments within `error` of `y` at the rising `x`, placed for the least error.

    `None` where more than `most` are needed.
    """
    found = _fewest_segments(x, y, error, most)
    return None if found is None else _least_error(x, y, found)


def fit_segments(x: Float64Array, y: Float64Array, segments: int) -> PiecewiseLinear:
    """The least error of at most so many segments (1 or more) at the rising `x` (2 or more)."""
    half = max(float(np.ptp(y)) / 2, float(np.finfo(np.float32).tiny))
    found = _fewest_segments(x, y, half, segments)
    assert found is not None, "half of the span is within reach of a constant"
    return _least_error(x, y, found, segments)


class _Line(NamedTuple):
    x: float
    y: float
    slope: float

    def at(self, x: float) -> float:
        return self.y + self.slope * (x - self.x)


class _Link(NamedTuple):
    """A line, and the places between which the next one crosses it."""

    line: _Line
    first: float
    last: float


class _Steepest:
    """
    The steepest line that passes above all floor points and below all ceiling points.

    Points come from left to right. The line turns about a corner of the floor points' convex hull,
    which only moves to the right, so that all points together take linear time.
    """

    def __init__(self) -> None:
        self.line: _Line | None = None
        self.following = 0
        """The first sample behind the last place where the line touches a ceiling point."""
        self._x: list[float] = []
        self._y: list[float] = []
        self._pivot = 0

    def at(self, x: float) -> float:
        """Its value; infinite as long as nothing holds it down."""
        return np.inf if self.line is None else self.line.at(x)

    def pass_below(self, following: int, x: float, y: float) -> None:
        """Add a ceiling point, which lies before the sample `following`."""
        if not self._x or y >= self.at(x):
            return
        pivot = self._pivot
        slope = (y - self._y[pivot]) / (x - self._x[pivot])
        for corner in range(pivot + 1, len(self._x)):
            turned = (y - self._y[corner]) / (x - self._x[corner])
            if turned > slope:
                break
            slope, pivot = turned, corner
        self._pivot = pivot
        self.line = _Line(x, y, slope)
        self.following = following

    def pass_above(self, x: float, y: float) -> None:
        """Add a floor point."""
        xs, ys = self._x, self._y
        while len(xs) > self._pivot + 1:
            before = (ys[-1] - ys[-2]) * (x - xs[-1])
            if (y - ys[-1]) * (xs[-1] - xs[-2]) < before:
                break
            xs.pop()
            ys.pop()
        xs.append(x)
        ys.append(y)


def _fewest_segments(
    x: Float64Array, y: Float64Array, error: float, most: int
) -> PiecewiseLinear | None:
    places: list[float] = x.tolist()
    low: list[float] = (y - error).tolist()
    high: list[float] = (y + error).tolist()
    links: list[_Link] = []
    # The steepest falling line is the steepest rising one of the mirrored tube.
    rising, falling = _Steepest(), _Steepest()
    for index, place in enumerate(places):
        is_low = rising.at(place) < low[index]
        if is_low or -falling.at(place) > high[index]:
            if len(links) + 1 == most:
                return None
            extreme = rising if is_low else falling
            assert extreme.line is not None
            line = extreme.line
            last = index - 1
            ahead, behind = _Steepest(), _Steepest()
            # The next link leaves the extreme line behind the last place where that touches...
            behind.pass_above(line.x, -line.y)
            for passed in range(extreme.following, index):
                behind.pass_above(places[passed], -high[passed] if is_low else low[passed])
            # ... and before the place where it comes out of the tube.
            floors = (low[last], low[index]) if is_low else (-high[last], -high[index])
            out = _meeting(line, (places[last], place), floors)
            if line.x < out < place:
                behind.pass_below(index, out, -line.at(out))
                ahead.pass_above(out, line.at(out))
            links.append(_Link(line if is_low else _mirrored(line), line.x, out))
            rising, falling = (ahead, behind) if is_low else (behind, ahead)
        rising.pass_below(index + 1, place, high[index])
        rising.pass_above(place, low[index])
        falling.pass_below(index + 1, place, -low[index])
        falling.pass_above(place, -high[index])
    links.append(_Link(_between(rising.line, falling.line), places[-1], places[-1]))
    knots = [places[0]]
    values = [links[0].line.at(places[0])]
    for link, following in pairwise(links):
        knots.append(_crossing(link, following.line))
        values.append(link.line.at(knots[-1]))
    knots.append(places[-1])
    values.append(links[-1].line.at(places[-1]))
    return PiecewiseLinear(np.array(knots), np.array(values), error)


def _least_error(
    x: Float64Array, y: Float64Array, found: PiecewiseLinear, most: int | None = None
) -> PiecewiseLinear:
    """The least error with as few segments, or with `most`, by bisection."""
    most = most or found.segments
    least = 0.0
    negligible = float(np.ptp(y)) * NEGLIGIBLE
    while found.error - least > max(PRECISION * found.error, negligible):
        middle = (least + found.error) / 2
        better = _fewest_segments(x, y, middle, most)
        if better is None:
            least = middle
        else:
            found = better
    return found


def _between(rising: _Line | None, falling: _Line | None) -> _Line:
    """The line half-way between the extreme ones, of which there is one at least."""
    if rising is None or falling is None:
        line = rising or (falling and _mirrored(falling))
        assert line is not None
        return line
    other = _mirrored(falling)
    middle = (rising.y + other.at(rising.x)) / 2
    return _Line(rising.x, middle, (rising.slope + other.slope) / 2)


def _mirrored(line: _Line) -> _Line:
    return _Line(line.x, -line.y, -line.slope)


def _meeting(line: _Line, places: tuple[float, float], floors: tuple[float, float]) -> float:
    """Where the line meets the floor, which is straight between two places and rises above it."""
    above = line.at(places[0]) - floors[0]
    below = floors[1] - line.at(places[1])
    return places[0] + (places[1] - places[0]) * max(above, 0.0) / (max(above, 0.0) + below)


def _crossing(link: _Link, line: _Line) -> float:
    turn = line.slope - link.line.slope
    if turn == 0:
        return link.last
    place = link.last + (link.line.at(link.last) - line.at(link.last)) / turn
    return min(max(place, link.first), link.last)
