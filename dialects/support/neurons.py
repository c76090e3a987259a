"""
How a neuron that spikes holds what it adds to its sum: as a leak and as what it starts with.

In a window of `T` ticks a neuron's input adds up to `sum + T * leak + potential`, all integers.
"""

import numpy as np
import numpy.typing as npt

from .target import Target, is_ramp

Integers = npt.NDArray[np.integer]


def leak_and_potential(
    total: Integers, threshold: Integers, target: Target, units: int = 1
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """
    The leak a tick and the potential at the start of a window that add up to `total`, G x N.

    Where a neuron fires when its window is over, all is in the potential. Where it fires at any
    tick, what it adds comes evenly, and it starts half a threshold ahead: that rounds its count to
    the nearest. Of `units` that carry a number, it is half of what sets them apart. `threshold`
    broadcasts to `total`.
    """
    wide = total.astype(np.int64)
    if target.firing == "window":
        return np.zeros(wide.shape, np.int32), wide.astype(np.int32)
    limit = target.largest_leak
    leak = np.rint((wide - threshold // (2 * units)) / target.window)
    leak = np.clip(leak, -limit, limit).astype(np.int64)
    return leak.astype(np.int32), (wide - target.window * leak).astype(np.int32)


def leak_ticks(window: int, reset: str, firing: str) -> int:
    """
    How often a neuron's leak counts in a number of spikes.

    Once for each tick of the window in which it integrates. Where it fires behind that one and
    returns to zero, it ramps in both, see `Target.ramps`.
    """
    return 2 * window if is_ramp(reset, firing) else window


def thresholds_of(gain: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """The thresholds of which a neuron's gains are the reciprocals."""
    return np.rint(1.0 / gain.astype(np.float64)).astype(np.int64)


def is_reciprocal(gain: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Where a gain is the float32 nearest to one over an integer."""
    integers = np.maximum(thresholds_of(gain), 1)
    return (1.0 / integers).astype(np.float32) == gain.astype(np.float32)


def evenly_spaced(numbers: npt.NDArray[np.integer], ticks: int) -> npt.NDArray[np.uint8]:
    """
    Numbers of spikes, 0 to `ticks`, as trains on a new first axis: as even as they can be.

    Tick `t` has a spike of `c` where `floor((t + 1) c / T)` exceeds `floor(t c / T)`.
    """
    at = np.arange(ticks + 1).reshape(-1, *[1] * numbers.ndim)
    return np.diff(at * numbers.astype(np.int64) // ticks, axis=0).astype(np.uint8)
