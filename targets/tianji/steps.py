"""
The steps of a TianJi image's program: what the host does before and behind the chip.

NumPy and the standard library are all that is needed here, as in everything that reads an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ..images import steps
from ..images.steps import ENDS, WIRING, Decode, Step, StepError, Value, check_size, need_host

__all__ = ["STEPS", "Decode", "Encode", "Read", "Step", "StepError", "Value", "check_size"]

LARGEST_NUMBER = 255
"""The largest number of a code, or of spikes in a window, that an image holds."""

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Encode(steps.Encode):
    """
    Host numbers to signals of the chip, in the order in which the encoding steps stand.

    As that of any chip; a number of `ticks` is sent as so many spikes, as even as they can be.
    """

    ticks: int = 1

    @property
    def largest(self) -> int:
        """The largest number of one unit."""
        return self.ticks * ((1 << self.bits) - 1)

    def infer(self, values: Sequence[Value]) -> Value:
        need_host(values[0])
        if not (1 <= self.bits <= 8 and self.ticks >= 1 and self.largest <= LARGEST_NUMBER):
            raise StepError(f"numbers of {self.bits} bits in {self.ticks} ticks")
        if self.ticks > 1 and self.bits != 1:
            raise StepError("what comes in ticks is spikes of one bit")
        if not (isfinite(self.scale) and 1e-38 < self.scale < 3e38):
            raise StepError(f"a scale of {self.scale}")
        if not 0 <= self.zero <= self.largest:
            raise StepError(f"a zero point of {self.zero} in numbers up to {self.largest}")
        if not 1 <= self.units <= steps.LARGEST_UNITS:
            raise StepError(f"{self.units} units")
        units = (self.units,) if self.units > 1 else ()
        return Value((*values[0].shape, *units), self.largest.bit_length())

    def numbers(self, real: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """The numbers of a batch."""
        units = self.units
        steps_of_scale = np.rint(real * np.float32(1.0 / self.scale))
        numbers = np.clip(steps_of_scale + np.float32(units * self.zero), 0, units * self.largest)
        if units == 1:
            return numbers.astype(np.uint8)
        return ((numbers.astype(np.int32)[..., None] + np.arange(units)) // units).astype(np.uint8)


@dataclass(frozen=True)
class Read(Step):
    """
    Signals that the host takes from the chip: of graded ones the codes, of spiking ones how many.

    `index` is the number of a section with the signals' numbers, -1 where it is `fill`, in `shape`.
    """

    name: ClassVar[str] = "read"
    operands: ClassVar[int | None] = 0
    index: int
    shape: tuple[int, ...]
    bits: int
    fill: int

    def infer(self, values: Sequence[Value]) -> Value:
        if not 1 <= self.bits <= 8 or self.fill >= 1 << self.bits:
            raise StepError(f"numbers of {self.bits} bits, {self.fill} among them")
        return Value(self.shape, self.bits)


STEPS: dict[str, type[Step]] = {step.name: step for step in (Encode, Read, Decode, *WIRING, *ENDS)}
"""Every step by its name in the file."""
