"""
Biases as the chip holds them: in a register a neuron, or as weights on rows with a constant input.

With one bias row a core has one constant `d` for all its outputs, and a bias is `d * w`. With more,
the first rows are driven with the largest code and the last with 1, so that every integer up to
`Target.largest_bias` is exact; see `Target.fine_drives` for weights of fewer bits than signals.
"""

import numpy as np
import numpy.typing as npt

from .target import Target

Integers = npt.NDArray[np.integer]


def representable_bias(bias: Integers, target: Target) -> npt.NDArray[np.int32]:
    """
    The biases nearest to `bias` [groups, outputs] that the target's cores can hold.

    Units are those of the sum. What is beyond `Target.largest_bias` is cut off. Applying this to
    its own result changes nothing.
    """
    wide = bias.astype(np.int64)
    limit = target.largest_bias
    if target.spikes:
        return np.clip(wide, -limit, limit).astype(np.int32)
    if target.bias_bits:
        return np.clip(wide, -limit - 1, limit).astype(np.int32)
    if not limit:
        return np.zeros(wide.shape, np.int32)
    if target.bias_rows == 1:
        drive = _only_drive(wide, target)[:, None]
        return (drive * _nearest(wide, drive, target.largest_weight)).astype(np.int32)
    coarse, fine = _coarse_and_fine(wide, target)
    return _held((coarse, fine), target).astype(np.int32)


def split_bias(
    bias: Integers, target: Target
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """
    Weights [groups, rows, outputs] and drives [groups, rows] of the bias rows of every core.

    `sum over rows of drive * weight` is `representable_bias(bias, target)`, with as many rows as
    that takes. A target whose biases are in registers, or that has none, has no rows: both arrays
    are empty.
    """
    groups, outputs = bias.shape
    rows = 0 if target.bias_bits else target.bias_rows
    weights = np.zeros((groups, rows, outputs), np.int32)
    drives = np.ones((groups, rows), np.int32)
    if not rows or not target.largest_bias:
        return weights, drives
    wide = bias.astype(np.int64)
    largest = target.largest_weight
    if rows == 1:
        drives[:, 0] = _only_drive(wide, target)
        weights[:, 0] = _nearest(wide, drives, largest)
        return weights, drives
    left, fine = _coarse_and_fine(wide, target)
    digits = len(target.fine_drives)
    coarse = int(-(-np.abs(left).max(initial=0) // largest))
    weights, drives = weights[:, : coarse + digits], drives[:, : coarse + digits]
    drives[:, :coarse], drives[:, coarse:] = target.largest_code, target.fine_drives
    for row, drive in enumerate(target.fine_drives, start=coarse):
        weights[:, row] = _nearest(fine, drive, largest)
        fine = fine - drive * weights[:, row]
    for row in range(coarse):
        weights[:, row] = np.clip(left, -largest, largest)
        left = left - weights[:, row]
    return weights, drives


def _only_drive(bias: npt.NDArray[np.int64], target: Target) -> npt.NDArray[np.int64]:
    """For each core the smallest constant that reaches its biases, best one that divides all."""
    reach = -(-np.abs(bias).max(axis=1, initial=0) // target.largest_weight)
    candidates = np.arange(1, target.largest_code + 1)
    common = np.gcd.reduce(bias, axis=1)[:, None]
    exact = (common % candidates == 0) & (candidates >= reach[:, None])
    smallest = np.clip(reach, 1, target.largest_code)
    return np.where(exact.any(axis=1), candidates[exact.argmax(axis=1)], smallest)


def _coarse_and_fine(
    bias: npt.NDArray[np.int64], target: Target
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """
    How often the largest code is in each bias, and what the fine rows hold of the rest.

    Beside the nearest multiple of the largest code its neighbours are tried: where weights are
    small, the fine rows reach further than half a code, and what is held must be held again.
    """
    most = (target.bias_rows - len(target.fine_drives)) * target.largest_weight
    nearest = _nearest(bias, target.largest_code, most)
    best = nearest, _fine(bias - nearest * target.largest_code, target)
    error = np.abs(_held(best, target) - bias)
    for step in (-1, 1):
        coarse = np.clip(nearest + step, -most, most)
        other = coarse, _fine(bias - coarse * target.largest_code, target)
        better = np.abs(_held(other, target) - bias) < error
        best = np.where(better, other[0], best[0]), np.where(better, other[1], best[1])
        error = np.abs(_held(best, target) - bias)
    return best


def _fine(rest: npt.NDArray[np.int64], target: Target) -> npt.NDArray[np.int64]:
    """What is nearest to `rest` and a sum of the fine drives times weights."""
    held = np.zeros_like(rest)
    for drive in target.fine_drives:
        held += drive * _nearest(rest - held, drive, target.largest_weight)
    return held


def _held(
    parts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], target: Target
) -> npt.NDArray[np.int64]:
    return parts[0] * target.largest_code + parts[1]


def _nearest(
    value: npt.NDArray[np.int64], unit: npt.NDArray[np.integer] | int, limit: int
) -> npt.NDArray[np.int64]:
    """The multiple of `unit` nearest to `value`, as a count of at most `limit` either way."""
    return np.clip((2 * value + unit) // (2 * unit), -limit, limit)
