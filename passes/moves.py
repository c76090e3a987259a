"""What wiring does to any numbers, on NumPy arrays of one sample: analyses move indices by it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from ..dialects import core_op
from ..dialects.nn import shape_of

Integers = npt.NDArray[np.int64]


def move(op: core_op.WiringOperation, values: Sequence[Integers]) -> Integers:
    """The result of `op` on `values`, its operands; what it adds is 0."""
    x = values[0]
    match op:
        case core_op.WindowOp():
            return _windows(op, x)
        case core_op.PadOp():
            return np.pad(x, list(zip(op.low.get_values(), op.high.get_values(), strict=True)))
        case core_op.SliceOp():
            parts = zip(op.offsets.get_values(), op.sizes.get_values(), strict=True)
            return x[tuple(slice(start, start + size) for start, size in parts)]
        case core_op.ConcatOp():
            return np.concatenate(values, axis=op.axis.value.data)
        case core_op.PermuteOp():
            return x.transpose(op.permutation.get_values())
        case core_op.ReshapeOp():
            return x.reshape(shape_of(op.result))
        case core_op.RepeatOp():
            return x.repeat(op.times.value.data, axis=op.axis.value.data)
        case core_op.GatherOp():
            return x.take(np.array(op.indices.get_values()), axis=op.axis.value.data)
        case _:
            raise AssertionError(op.name)


def _windows(op: core_op.WindowOp, x: Integers) -> Integers:
    window, rank = op.window, op.window.rank
    x = np.pad(x, [*window.pad_pairs(), (0, 0), (0, 0)])
    reach = [d * (k - 1) + 1 for d, k in zip(window.dilations, window.kernel, strict=True)]
    views = sliding_window_view(x, reach, axis=tuple(range(rank)))
    strided = tuple(slice(None, None, stride) for stride in window.strides)
    dilated = (slice(None), slice(None), *(slice(None, None, d) for d in window.dilations))
    # The axes are positions, groups, channels, kernel.
    chosen = views[strided + dilated]
    order = [*range(rank + 1), *range(rank + 2, chosen.ndim), rank + 1]
    return chosen.transpose(order).reshape(shape_of(op.result))
