"""
What sets the units of a number apart: the offsets that stagger them, once for NumPy and for JAX.

`k` units of a number see the same sum `S`. Unit `u` computes `round((S + t_u) * gain)`, and with
`t_u * gain = (2u - k + 1) / 2k` the units change one after the other, at steps of `1/k`:
`sum_u floor(x + u/k) = floor(kx)` (Hermite's identity). Where sums are floored it is `u/k`.
"""

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import jax

    Reals = TypeVar("Reals", npt.NDArray[np.float32], jax.Array)
else:
    Reals = TypeVar("Reals")

LARGEST_OFFSET = 1 << 21
"""In steps of the sum; up to there float32 tells halves apart with room to spare."""


def unit_share_step(units: int) -> np.float32:
    """Twice what shares are multiples of, rounded: products with it are the same everywhere."""
    return np.float32(1 / units)


def unit_shares(units: int, rounding: str) -> npt.NDArray[np.float32]:
    """Where each unit's offset is to lie, as a part of a unit's step."""
    centre = 0 if rounding == "floor" else units - 1
    steps = 2 * np.arange(units, dtype=np.float32) - np.float32(centre)
    return steps * unit_share_step(units) * np.float32(0.5)


def unit_offsets(gain: Reals, units: int, rounding: str) -> Reals:
    """
    Offsets `t_u` of a sum, integers held as float32, for float32 gains: `gain.shape x units`.

    Never falling with `u`, and the last one less than a unit's step above the first. So the units
    of a number `q` are always `floor((q + u) / k)`, whatever the gain: a maximum of units is that
    of the numbers. NumPy and every device give the same bits: a quotient is only a guess here,
    products and comparisons decide.
    """
    # The nearest integer to `x` is half of the one at or below `2x + 1`, rounded down.
    nearest = _half_down(_quotient(2 * unit_shares(units, rounding), gain[..., None]) + 1)
    reach = offset_reach(gain, units, rounding)[..., None]
    return nearest.clip(reach * -(rounding != "floor"), reach)


def offset_reach(gain: Reals, units: int, rounding: str) -> Reals:
    """The largest offset that there may be, shaped as the gain; the least is 0 or its negative."""
    room = _quotient(np.float32(1 - 1 / (2 * units)), gain)
    # Offsets are halves of quotients, which end at the largest.
    return room.clip(0, LARGEST_OFFSET // 2 + 1) if rounding == "floor" else _half_down(room)


def _half_down(integers: Reals) -> Reals:
    """`floor(integers / 2)`."""
    return (integers * 0.5 - 0.25).round()


def _quotient(dividend: npt.NDArray[np.float32] | np.float32, divisor: Reals) -> Reals:
    """The largest integer whose float32 product with `divisor` is at most `dividend`."""
    guess = ((1.0 / divisor) * dividend).round().clip(-LARGEST_OFFSET, LARGEST_OFFSET)
    above = (guess + 1) * divisor <= dividend
    below = guess * divisor > dividend
    return guess + above - below
