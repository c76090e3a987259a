"""What moves codes between buffers, and what the host does, on batches of NumPy arrays."""

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from . import steps

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint8]


def encode(real: Floats, step: steps.Encode) -> Codes:
    """Real numbers to codes, in float32: `clamp(rint(real * float32(1 / scale)) + zero, ..)`."""
    units = step.units
    numbers = np.rint(real * np.float32(1.0 / step.scale)) + np.float32(units * step.zero)
    numbers = np.clip(numbers, 0, units * ((1 << step.bits) - 1))
    if units == 1:
        return numbers.astype(np.uint8)
    return ((numbers.astype(np.int32)[..., None] + np.arange(units)) // units).astype(np.uint8)


def move(step: steps.Step, x: Array, result: steps.Value) -> Array:
    """A step of one operand that only moves, or ends a network on the host, on a batch."""
    count = len(x)
    match step:
        case steps.Window():
            return _window(step, x).reshape(count, *result.shape)
        case steps.Pad():
            widths = [(0, 0), *zip(step.low, step.high, strict=True)]
            return np.pad(x, widths, constant_values=step.fill)
        case steps.Slice():
            parts = zip(step.offsets, step.sizes, strict=True)
            return x[(slice(None), *(slice(start, start + size) for start, size in parts))]
        case steps.Permute():
            return x.transpose(0, *(axis + 1 for axis in step.order))
        case steps.Reshape():
            return x.reshape(count, *step.to)
        case steps.Repeat():
            return x.repeat(step.times, axis=step.axis + 1)
        case steps.Gather():
            return x.take(np.array(step.indices, np.int64), axis=step.axis + 1)
        case steps.LogSoftmax():
            shifted = x - x.max(axis=step.axis + 1, keepdims=True)
            return shifted - np.log(np.exp(shifted).sum(axis=step.axis + 1, keepdims=True))
        case steps.Softmax():
            shifted = np.exp(x - x.max(axis=step.axis + 1, keepdims=True))
            return shifted / shifted.sum(axis=step.axis + 1, keepdims=True)
        case steps.ArgMax():
            axis = step.axis + 1
            if not step.last:
                return x.argmax(axis=axis, keepdims=step.keep)
            behind = np.flip(x, axis).argmax(axis=axis, keepdims=step.keep)
            return x.shape[axis] - 1 - behind
        case _:
            raise AssertionError(step)


def _window(step: steps.Window, x: Array) -> Array:
    """Batch x positions.. x groups x kernel.. x C, as a view where nothing is padded."""
    rank = len(step.kernel)
    if any(step.pads):
        x = np.pad(x, [(0, 0), *step.pad_pairs, (0, 0), (0, 0)], constant_values=step.fill)
    reach = [d * (k - 1) + 1 for d, k in zip(step.dilations, step.kernel, strict=True)]
    views = sliding_window_view(x, reach, axis=tuple(range(1, rank + 1)))
    # The axes are batch, positions, groups, channels, kernel.
    strided = (slice(None), *(slice(None, None, stride) for stride in step.strides))
    dilated = (slice(None), slice(None), *(slice(None, None, d) for d in step.dilations))
    chosen = views[strided + dilated]
    channels = rank + 2
    order = [*range(channels), *range(channels + 1, chosen.ndim), channels]
    return chosen.transpose(order)
