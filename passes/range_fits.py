"""How well a signal's code fits, by the units that carry its numbers."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from ..dialects.support.target import Target
from .approximated_functions import ApproximatedFunction, functions_behind
from .signal_classes import SignalClass
from .unit_choice import Fit, Fitted, fewest_units

if TYPE_CHECKING:
    from ..targets.jax.ranges import Observed

DECISIONS_LOST = 0.1
"""The part of all decisions that an output's code may lose, for each unit of the error wanted."""


def fit_of_numbers(
    signal: SignalClass,
    observed: "Observed",
    levels: tuple[int, int],
    functions: Sequence[ApproximatedFunction],
    *,
    is_narrowed: bool,
) -> Fit:
    """
    The code of the least error, and that error as a part of the signal.

    The error is that behind `functions` where the signal feeds these alone. Where the interval is
    not narrowed it is that of the extremes.
    """
    from ..targets.jax.ranges import least_error_range, relative_error

    behind = [table.at for table in functions_behind(signal, functions)]

    @cache
    def fit(units: int) -> Fitted:
        low, high = observed.low, observed.high
        if is_narrowed:
            low, high = least_error_range(
                observed, levels, rectified=signal.is_rectified, functions=behind, units=units
            )
        lowest = 0.0 if signal.is_rectified else min(low, 0.0)
        error = relative_error(observed, lowest, max(high, 0.0), levels, units)
        return Fitted(low, high, units, error)

    return fit


def fit_of_decisions(rows: npt.NDArray[np.float32], levels: tuple[int, int]) -> Fit:
    """The code that keeps the most decisions of vectors; the part that it loses is its error."""
    from ..targets.jax.decisions import Decisions

    decisions = Decisions.of(rows)

    @cache
    def fit(units: int) -> Fitted:
        low, high = decisions.range(levels, units)
        return Fitted(low, high, units, decisions.loss(low, high, levels, units))

    return fit


def levels_of(target: Target) -> tuple[int, int]:
    """Bits and ticks of a signal."""
    return target.signal_bits, target.window


def choose(fit: Fit, units: int | Literal["auto"], wanted: float, most: int) -> tuple[Fitted, str]:
    """The fit of so many units, or of the fewest that reach the error wanted; and why these."""
    if units != "auto":
        return fit(units), "as asked for"
    fitted = fewest_units(fit, wanted, most)
    reached = fitted.error <= wanted
    return fitted, f"{wanted:g} wanted" if reached else f"{wanted:g} is out of reach"
