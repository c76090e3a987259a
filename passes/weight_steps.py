"""Steps of integer weights: the numbers that a weight of 1 stands for."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..dialects.support.target import Target
from ..targets.unit_offsets import unit_shares
from .weight_grids import grid_steps

FloatArray = npt.NDArray[np.float64]
WeightArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

CLIPPING = np.linspace(1.0, 0.7, 13)
"""Candidates of the largest weight kept, as a part of the largest there is."""

FEW_LEVELS = 31
"""The largest weight up to which more has to be cut off: the fewer levels, the more."""

CLIPPING_OF_FEW = np.concatenate([CLIPPING, np.geomspace(0.66, 0.1, 20)])
"""The same candidates and smaller ones, for weights of few levels."""

LARGEST_BIAS_LOSS = 1 / 64
"""Of a result's code: what rounding a bias may cost where the weights leave room for less."""

CHUNK = 1 << 16
"""Weights that are worked on at once: what a processor's cache holds."""


def weight_step(weight: WeightArray, target: Target) -> FloatArray:
    """The step of the least squared error, a core (G x 1 x 1) or a neuron (G x 1 x N)."""
    largest = target.largest_weight
    steps: list[FloatArray] = []
    for part in _chunks(weight):
        peak = (
            np.abs(part).max(axis=shared_axes(target), keepdims=True, initial=0).astype(np.float64)
        )
        # Steps are normal numbers, so that they have a reciprocal.
        tiny = float(np.finfo(np.float32).tiny)
        peak = np.where(peak > 0, np.maximum(peak, tiny * largest), largest)
        # More values than 9 bits tell apart leave nothing to win by clipping.
        steps.append(peak / largest if largest > 255 else _least_error_step(part, peak, target))
    return np.concatenate(steps) if steps else np.ones((0, 1, 1))


def _least_error_step(part: WeightArray, peak: FloatArray, target: Target) -> FloatArray:
    best = peak / target.largest_weight
    least = np.full_like(best, np.inf)
    nearest, scaled = np.empty_like(part), np.empty_like(part)
    for kept in CLIPPING_OF_FEW if target.largest_weight <= FEW_LEVELS else CLIPPING:
        step = peak * (kept / target.largest_weight)
        np.multiply(part, (1 / step).astype(np.float32), out=scaled)
        np.rint(scaled, out=nearest)
        np.clip(nearest, target.weights[0], target.weights[1], out=nearest)
        nearest -= scaled
        if target.gain == "core":
            error = np.einsum("gmn,gmn->g", nearest, nearest)[:, None, None]
        else:
            error = np.einsum("gmn,gmn->gn", nearest, nearest)[:, None]
        error = error * np.square(step)
        better = error < least
        best, least = np.where(better, step, best), np.where(better, error, least)
    return best


def grid_step(real: WeightArray, target: Target) -> FloatArray:
    """The step of weights that are integers already, a core or a neuron; NaN where they are not."""
    groups, fan_in, outputs = real.shape
    if target.gain == "core":
        steps = grid_steps(real.reshape(groups, -1), target.largest_weight)
        return steps.reshape(groups, 1, 1)
    columns = real.transpose(0, 2, 1).reshape(-1, fan_in)
    return grid_steps(columns, target.largest_weight).reshape(groups, 1, outputs)


def refinement(
    integers: npt.NDArray[np.integer],
    bias: FloatArray,
    gain: FloatArray,
    target: Target,
    units: int = 1,
    spread: IntArray | None = None,
) -> IntArray:
    """
    By what to multiply weights and bias so that rounding the bias costs next to nothing.

    Small integers as weights leave room: twice the weights and half the gain compute the same, and
    the bias has half the step. Powers of two; 1 where the room, or the bias that the target holds,
    allows no more. `spread` (G x M) is over how many rows each input's weights are. Of a result of
    several `units` each has an offset too, and the loss counts in steps of the number.
    """
    axes = shared_axes(target)
    magnitudes = np.abs(integers)
    if spread is not None and (spread > 1).any():
        magnitudes = -(-magnitudes // spread[:, :, None])
    peak = magnitudes.max(axis=axes, keepdims=True, initial=0).astype(np.int64)
    times = np.ones(peak.shape, np.int64)
    # Weights of zero, as of a constant that a core sends, leave room for any bias.
    room = np.where(peak > 0, target.largest_weight // np.maximum(peak, 1), 1 << 52)

    def over_cores(values: FloatArray) -> FloatArray:
        wide = values[:, None]
        return wide.max(axis=2, keepdims=True, initial=0) if target.gain == "core" else wide

    # Bias and offset are rounded each for itself.
    rounded, reach = bias[None], over_cores(np.abs(bias))
    if units > 1:
        shares = unit_shares(units, target.rounding).astype(np.float64)
        offsets = shares[:, None, None] / np.broadcast_to(gain, bias.shape)
        rounded = np.concatenate([rounded, offsets])
        reach = over_cores(np.abs(bias + offsets).max(axis=0))
    while True:
        here = rounded * times[:, 0]
        lost = np.abs(here - np.rint(here)).max(axis=0) * (gain / times[:, 0])
        more = (over_cores(lost) * units > LARGEST_BIAS_LOSS) & (2 * times <= room)
        more &= 2 * times * reach <= target.largest_bias
        if target.gain_values == "reciprocal":
            more &= over_cores(2 / gain) * times <= target.largest_threshold
        if not more.any():
            return times
        times = np.where(more, 2 * times, times)


def integers_of(
    weight: WeightArray, step: FloatArray, target: Target, spread: IntArray
) -> tuple[npt.NDArray[np.integer], IntArray, FloatArray]:
    """
    The weights in steps, their sums over each column (G x N), and the steps.

    Every input's weights reach as far as its `spread` (G x M) rows together.
    A common divisor of a core's weights goes to its step: a merge stage, all of whose weights are
    equal, then has weights of 1 and a small bias.
    """
    groups, _, outputs = weight.shape
    widest = max(map(abs, target.weights)) * int(spread.max(initial=1))
    integers = np.empty(weight.shape, np.int16 if widest > 127 else np.int8)
    sums = np.zeros((groups, outputs), np.int64)
    steps = step.copy()
    single = step.astype(np.float32)
    first = 0
    for part in _chunks(weight):
        here = slice(first, first + len(part))
        first += len(part)
        nearest = part / single[here]
        np.rint(nearest, out=nearest)
        limits = spread[here, :, None] * np.array(target.weights, np.float32)[:, None, None, None]
        np.clip(nearest, *limits, out=nearest)
        integers[here] = nearest
        if target.gain_values == "free":
            divisor = _common_divisors(integers[here], target)
            if (divisor > 1).any():
                integers[here] //= divisor
                steps[here] *= divisor
        integers[here].sum(axis=1, dtype=np.int64, out=sums[here])
    if integers.dtype == np.int16 and max(-integers.min(initial=0), integers.max(initial=0)) <= 127:
        integers = integers.astype(np.int8)
    return integers, sums, steps


def _common_divisors(integers: npt.NDArray[np.integer], target: Target) -> IntArray:
    """The largest divisor, a core (G x 1 x 1) or a neuron (G x 1 x N); 1 where all is zero."""
    groups, fan_in, outputs = integers.shape
    rows = integers
    if target.gain == "core":
        rows = integers.reshape(groups, fan_in * outputs, 1)
    divisor = np.zeros((groups, rows.shape[2]), integers.dtype)
    first, count = 0, 16
    # Nearly always a few weights show that there is none.
    while first < rows.shape[1] and (divisor != 1).any():
        some = np.gcd.reduce(rows[:, first : first + count], axis=1)
        divisor = np.gcd(divisor, some)
        first, count = first + count, 2 * count
    return np.maximum(divisor, 1)[:, None]


def shared_axes(target: Target) -> tuple[int, ...]:
    """The axes of G x M x N over which weights share a gain."""
    return (1, 2) if target.gain == "core" else (1,)


def _chunks(weight: WeightArray) -> Iterator[WeightArray]:
    """The groups in order, as many at once as have `CHUNK` weights, and one at least."""
    count = max(1, CHUNK // max(1, weight[:1].size))
    for first in range(0, len(weight), count):
        yield weight[first : first + count]


def gain_step(step: FloatArray, ratio: float, target: Target) -> FloatArray:
    """
    The next larger step with which the gain is one that the target has.

    The gain is the step times `ratio`, the step of the input over that of a unit of the result.
    """
    match target.gain_values:
        case "power_of_two":
            return np.exp2(np.ceil(np.log2(step * ratio) - 1e-9)) / ratio
        case "reciprocal":
            threshold = np.floor(1 / (step * ratio) + 1e-9)
            return 1 / (np.clip(threshold, 1, target.largest_threshold) * ratio)
        case _:
            return step


def finer_grid(
    step: FloatArray, real: WeightArray, ratio: float, largest: int, target: Target
) -> FloatArray:
    """
    A part of the `step` of weights that are integers times it, with a gain that the target has.

    NaN where there is none, or where the gain that is nearest would be off by more than a quarter
    of a number of the result at `largest`, its end. A grid stays exact.
    """
    if target.gain_values == "free":
        return step
    peak = np.abs(real).max(axis=shared_axes(target), keepdims=True, initial=0)
    room = np.maximum(target.largest_weight / np.maximum(np.rint(peak / step), 1), 1)
    best, least = np.full(step.shape, np.nan), np.full(step.shape, 0.25 / largest)
    for times in range(1, int(np.nanmax(room, initial=1)) + 1):
        gain = step * ratio / times
        near = np.exp2(np.rint(np.log2(gain)))
        if target.gain_values == "reciprocal":
            near = 1 / np.clip(np.rint(1 / gain), 1, target.largest_threshold)
        error = np.abs(near / gain - 1)
        better = (error < least * (1 - 1e-6)) & (times <= room)
        best, least = np.where(better, step / times, best), np.where(better, error, least)
    return best


def gains_of(step: FloatArray, ratio: float, target: Target) -> npt.NDArray[np.float32]:
    """The target's gains that are nearest to a step times `ratio`, in the step's shape."""
    gain = step * ratio
    if target.gain_values == "power_of_two":
        gain = np.exp2(np.rint(np.log2(gain)))
    if target.gain_values == "reciprocal":
        gain = 1 / np.clip(np.rint(1 / gain), 1, target.largest_threshold)
    return gain.astype(np.float32)


def half_step(gain: FloatArray, units: int, target: Target) -> FloatArray | float:
    """What a sum needs so that dropping its lower bits rounds to the nearest number."""
    return 0.5 / (gain * units) if target.rounding == "floor" else 0.0
