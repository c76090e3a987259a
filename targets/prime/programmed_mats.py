"""Mats as the simulator multiplies with them: whole weights, or cells, with faults or without."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from .image_format import Mats

Floats = npt.NDArray[np.float32]

Mode = Literal["exact", "composed"]

INPUT_PASS_BITS = 3
"""Bits of an input that one pass drives the rows with."""

CELL_BITS = 4
LARGEST_LEVEL = 15


class Faults:
    """Levels as a real array of cells has them."""

    def __init__(self, variation: float, stuck: float, seed: int):
        self.variation = variation
        self.stuck = stuck
        self.random = np.random.default_rng(seed)

    def apply(self, levels: Floats) -> Floats:
        real = levels
        if self.variation:
            noise = self.random.standard_normal(levels.shape, np.float32)
            real = np.maximum(real * (1 + np.float32(self.variation) * noise), 0)
        if self.stuck:
            draw = self.random.random(levels.shape, np.float32)
            real = np.where(draw < self.stuck / 2, np.float32(0), real)
            real = np.where(draw >= 1 - self.stuck / 2, np.float32(LARGEST_LEVEL), real)
        return real.astype(np.float32)


class ProgrammedMats:
    """Mats with their weights as float32, ready to multiply; the bias is an offset of the sums."""

    def __init__(self, mats: Mats, mode: Mode, faults: Faults | None):
        self.columns = mats.positive.shape[2]
        self.gain = mats.gain if mats.gain.ndim == 2 else mats.gain[:, None]
        fan_in = mats.fan_in
        drive = mats.drive.astype(np.float32)
        if mode == "exact" and faults is None:
            weight = mats.positive.astype(np.float32)
            weight -= mats.negative
            self.weight, self.offset = weight[:, :fan_in], _offset(drive, weight[:, fan_in:])
            return
        high, low = (_slices(mats, shift, faults) for shift in (CELL_BITS, 0))
        if mode == "exact":
            weight = np.float32(1 << CELL_BITS) * high + low
            self.weight, self.offset = weight[:, :fan_in], _offset(drive, weight[:, fan_in:])
            return
        drive_high = (mats.drive >> INPUT_PASS_BITS).astype(np.float32)
        drive_low = (mats.drive & ((1 << INPUT_PASS_BITS) - 1)).astype(np.float32)
        self.high, self.low = high[:, :fan_in], low[:, :fan_in]
        self.offset_high_high = _offset(drive_high, high[:, fan_in:])
        self.offset_low_high = _offset(drive_low, high[:, fan_in:])
        self.offset_high_low = _offset(drive_high, low[:, fan_in:])


def _slices(mats: Mats, shift: int, faults: Faults | None) -> Floats:
    """Positive minus negative levels of the high (`shift` 4) or the low cells (0)."""
    levels = [
        ((array >> shift) & LARGEST_LEVEL).astype(np.float32)
        for array in (mats.positive, mats.negative)
    ]
    if faults is not None:
        levels = [faults.apply(array) for array in levels]
    return levels[0] - levels[1]


def _offset(drive: Floats, weight: Floats) -> Floats:
    """What rows with constant inputs add to every sum, [groups, columns]."""
    return np.matmul(drive[:, None, :], weight)[:, 0]
