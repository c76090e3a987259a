"""How several units carry a number: what each of them computes of it, and what that stands for."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..dialects.support.target import Target

CodingName = Literal["auto", "thermometer", "coarse-fine", "trained"]
"""How units share out a number: one way where that is possible, or what takes the fewest cores."""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Chip:
    """What a code is made with: the `largest` code of a unit, and the `half` below an integer."""

    largest: int
    half: float
    """Added before a sum is rounded down: 1/2 where the chip rounds to nearest, 0 where it does
    not."""

    @staticmethod
    def of(target: Target) -> "Chip":
        """What codes of `target` are made with."""
        return Chip(target.largest_code, 0.0 if target.rounding == "floor" else 0.5)

    def codes(self, arguments: FloatArray) -> FloatArray:
        """The codes of sums that are given in steps of a code."""
        return np.clip(np.floor(arguments + self.half), 0, self.largest)


@dataclass(frozen=True)
class ParallelUnits:
    """
    Units side by side: unit `j` has the code of `slopes[j] * y + offsets[j]`, in steps of a code.

    `sum_j decoder[j] * code_j - shift` is what they say of the number. Encoder and decoder are
    linear, so they melt into the weights before and behind. A thermometer is the case in which all
    are alike but for their offsets.
    """

    slopes: tuple[float, ...]
    offsets: tuple[float, ...]
    decoder: tuple[float, ...]
    shift: float = 0.0
    """What the number that is coded has more than the signal, so that it is never negative."""

    @property
    def units(self) -> int:
        """Codes that carry a number."""
        return len(self.slopes)

    def codes(self, values: FloatArray, chip: Chip) -> FloatArray:
        """The codes of values: `values.shape x units`."""
        numbers = np.maximum(values + self.shift, 0)[..., None]
        return chip.codes(numbers * np.array(self.slopes) + np.array(self.offsets))

    def decoded(self, values: FloatArray, chip: Chip) -> FloatArray:
        """What the units say of values."""
        return self.codes(values, chip) @ np.array(self.decoder) - self.shift


@dataclass(frozen=True)
class Digits:
    """
    Coarse units, and fine ones for what these leave: a number of two digits.

    The coarse units count whole steps of `step`, rounded down; the fine ones see the number less
    that, and divide the step. Within each digit units are a thermometer. So `p` and `q` units of
    `L` levels each tell `(p (L - 1) + 1) (q (L - 1) + 1)` numbers apart, with one stage more.
    """

    coarse: int
    fine: int
    step: float
    """Of the coarse digit."""
    shift: float = 0.0
    """As in `ParallelUnits`."""

    @property
    def units(self) -> int:
        """Codes that carry a number."""
        return self.coarse + self.fine

    def parts(self, chip: Chip) -> int:
        """Into how many the fine digit divides a step."""
        return self.fine * chip.largest + 1

    def levels(self, chip: Chip) -> int:
        """Numbers that are told apart."""
        return (self.coarse * chip.largest + 1) * self.parts(chip)

    def coarse_units(self, chip: Chip) -> ParallelUnits:
        """
        What the coarse units compute of the number.

        The number is rounded to the nearest part of a step, and that is rounded down to a step:
        unit `u` of `p` has `floor((z + u) / p)` of the wanted `floor(z)`.
        """
        p = self.coarse
        slopes = (1 / (self.step * p),) * p
        early = 0.5 / self.parts(chip)
        offsets = tuple((early + u) / p - chip.half for u in range(p))
        return ParallelUnits(slopes, offsets, (self.step,) * p, self.shift)

    def fine_units(self, chip: Chip) -> ParallelUnits:
        """What the fine units compute of the number less what the coarse ones say."""
        q, part = self.fine, self.step / self.parts(chip)
        offsets = tuple((0.5 + u) / q - chip.half for u in range(q))
        return ParallelUnits((1 / (part * q),) * q, offsets, (part,) * q)

    def decoder(self, chip: Chip) -> tuple[float, ...]:
        """What a step of each unit's code stands for, coarse units first."""
        return self.coarse_units(chip).decoder + self.fine_units(chip).decoder

    def codes(self, values: FloatArray, chip: Chip) -> FloatArray:
        """The codes of values: `values.shape x units`, coarse units first."""
        numbers = np.maximum(values + self.shift, 0)
        coarse = self.coarse_units(chip)
        first = coarse.codes(values, chip)
        rest = numbers - first @ np.array(coarse.decoder)
        return np.concatenate([first, self.fine_units(chip).codes(rest, chip)], axis=-1)

    def decoded(self, values: FloatArray, chip: Chip) -> FloatArray:
        """What the units say of values."""
        return self.codes(values, chip) @ np.array(self.decoder(chip)) - self.shift


Coding = ParallelUnits | Digits


def thermometer(units: int, scale: float, chip: Chip, shift: float = 0.0) -> ParallelUnits:
    """The units of `!core_op.code<.., scale, 0, units>`, each as a value of its own."""
    slope = 1 / (scale * units)
    # To nearest, `core-op-split-units` has them at `(2u - k + 1) / 2k`; `floor` at `u / k`.
    centre = chip.half * (units - 1) / units
    offsets = tuple(u / units - centre for u in range(units))
    return ParallelUnits((slope,) * units, offsets, (scale,) * units, shift)
