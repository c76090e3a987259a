"""The few weights that a core's synapses share: which ones, and which groups may share a core."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..dialects import core_op
from ..dialects.support.target import Target
from ..dialects.support.weight_values import values_in
from .packing import copies_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST_BINS = 512
"""Integers that are told apart in the search; more are taken together first."""


def groups_share_values(op: core_op.VmmOp, target: Target) -> bool:
    """Whether groups of `op` may be put into one core later, so that they need the same weights."""
    return not target.shares_positions and copies_of(op, target, op.groups) > 1


def with_few_values(
    integers: npt.NDArray[np.integer],
    real: npt.NDArray[np.float32],
    step: FloatArray,
    target: Target,
    *,
    together: bool,
) -> npt.NDArray[np.integer]:
    """
    Integer weights G x M x N that have no more different ones in a group than the target's cores.

    They are those of the least squared error towards `real`, whose `step` (G x 1 x 1 or G x 1 x N)
    is that of the integers; zero is always one of them, and what is zero stays so. `together`
    counts all groups as one. The same array where there are few enough already.
    """
    limit = target.weight_values
    parts = [slice(None)] if together else [slice(group, group + 1) for group in range(len(real))]
    result = integers
    for part in parts:
        here = integers[part]
        if not limit or len(values_in(here)) <= limit:
            continue
        if result is integers:
            result = integers.copy()
        scaled = real[part] / step[part]
        importance = np.broadcast_to(np.square(step[part]), here.shape)
        result[part] = _clustered(here, scaled, importance, limit)
    return result


def _clustered(
    integers: npt.NDArray[np.integer], scaled: FloatArray, importance: FloatArray, limit: int
) -> npt.NDArray[np.integer]:
    """Each integer replaced by one of `limit` ones: weighted k-means on a line, exactly."""
    values, bins = np.unique(np.append(integers.reshape(-1), 0), return_inverse=True)
    bins = bins[:-1]
    if len(values) > MOST_BINS:
        merged = _merged_bins(values)
        values, bins = values[np.unique(merged, return_index=True)[1]], merged[bins]
    weight = importance.reshape(-1) / importance.max()
    # What lies beyond the largest weight is lost already.
    x = np.clip(scaled, integers - 0.5, integers + 0.5).reshape(-1)
    moments = np.zeros((3, len(values)))
    for power in range(3):
        moments[power] = np.bincount(bins, weight * x**power, minlength=len(values))
    chosen = best_values(values, moments, limit)[bins]
    return chosen.reshape(integers.shape).astype(integers.dtype)


def _merged_bins(values: IntArray) -> IntArray:
    """For each of many values one of `MOST_BINS` bins or fewer; zero has one of its own."""
    zero = int(np.searchsorted(values, 0))
    width = -(-len(values) // (MOST_BINS - 2))
    place = np.arange(len(values))
    below, above = place // width, (place - zero - 1) // width
    first = -(-zero // width)
    return np.where(place < zero, below, np.where(place == zero, first, first + 1 + above))


def best_values(values: IntArray, moments: FloatArray, limit: int) -> IntArray:
    """
    For each of ascending integer `values`, zero among them, the one of `limit` that stands for it.

    `moments` (3 x values) are the sums of the weights of what has a value, of its exact numbers
    times these, and of their squares. The squared error is the least that there is: clusters on a
    line are ranges, so that the best of `k` ranges follow from the best of `k - 1`.
    """
    count = len(values)
    total = np.concatenate([np.zeros((3, 1)), np.cumsum(moments, axis=1)], axis=1)
    # [i, j] is the range of the values i to j - 1.
    mass, first, second = total[:, None, :] - total[:, :, None]
    low, high = values[:, None], values[None, :]
    centre = np.zeros((count + 1, count + 1))
    mean = first[:-1, 1:] / np.where(mass[:-1, 1:] > 0, mass[:-1, 1:], 1)
    is_range = np.arange(count)[:, None] <= np.arange(count)
    centre[:-1, 1:] = np.where(
        is_range & ((low > 0) | (high < 0)), np.clip(np.rint(mean), low, np.maximum(low, high)), 0
    )
    cost = second - 2 * centre * first + np.square(centre) * mass
    cost[np.tril_indices(count + 1)] = np.inf
    best = np.where(np.arange(count + 1) == 0, 0.0, np.inf)
    starts: list[IntArray] = []
    for _ in range(min(limit, count)):
        reached = best[:, None] + cost
        starts.append(np.argmin(reached, axis=0))
        best = np.min(reached, axis=0)
    result = np.zeros(count, np.int64)
    end = count
    for start in reversed(starts):
        begin = int(start[end])
        result[begin:end] = round(centre[begin, end])
        end = begin
    return result


def value_table(
    op: core_op.VmmOp, weight: npt.NDArray[np.generic], target: Target
) -> npt.NDArray[np.float32] | None:
    """
    The weights that each group of `op` may have while it is tuned, G x values, ascending.

    They are those that it has, and where that are fewer than a core's table holds, others between
    them. `None` where cores have no tables.
    """
    if not target.weight_values:
        return None
    is_one_table = len(values_in(weight)) <= target.weight_values
    together = is_one_table and groups_share_values(op, target)
    groups = [weight.reshape(-1)] if together else list(weight)
    tables = [_filled(values_in(matrix), target) for matrix in groups]
    width = max(map(len, tables), default=0)
    rows = [np.pad(table, (0, width - len(table)), mode="edge") for table in tables]
    return np.broadcast_to(np.array(rows, np.float32), (op.groups, width))


def _filled(values: IntArray, target: Target) -> IntArray:
    """More values, each in the middle of the widest gap, as long as there is room for them."""
    least, most = target.weights
    found = np.unique(np.clip(values, least, most))
    while len(found) < target.weight_values:
        edges = np.concatenate([[least - 1], found, [most + 1]])
        gaps = np.diff(edges)
        widest = int(gaps.argmax())
        if gaps[widest] < 2:
            break
        found = np.insert(found, widest, edges[widest] + gaps[widest] // 2)
    return found


def value_classes(weight: npt.NDArray[np.generic], limit: int) -> Sequence[int]:
    """For each group a number: groups of the same one may share a core whose table has `limit`."""
    if not limit:
        return [0] * len(weight)
    classes: list[set[int]] = []
    chosen: list[int] = []
    for matrix in weight:
        values = set[int](values_in(matrix).tolist())
        fits = (n for n, known in enumerate(classes) if len(known | values) <= limit)
        number = next(fits, len(classes))
        if number == len(classes):
            classes.append(set())
        classes[number] |= values
        chosen.append(number)
    return chosen
