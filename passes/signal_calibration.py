"""The ranges and units of one function's signals, as `core-op-calibrate` chooses them."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from xdsl.context import Context
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue

from ..dialects import core_op
from ..dialects.support.target import Target
from .approximated_functions import approximated_functions
from .core_op_reencode import code_for
from .layer_modes import target_of_signal
from .merge_trees import MOST_STAGES, stages_beneath
from .pass_base import remark
from .range_fits import DECISIONS_LOST, choose, fit_of_decisions, fit_of_numbers, levels_of
from .signal_classes import SignalClass
from .signal_ranges import limits_of, set_range
from .unit_choice import (
    MOST_UNITS,
    Fit,
    Fitted,
    fewest_units,
    free_columns,
    free_rows,
    is_input,
    is_partial,
    merges_hold,
    needs_one_unit,
    partial_error,
    place_of,
    room_for_units,
)

if TYPE_CHECKING:
    from ..targets.jax.ranges import Observed
    from .core_op_calibrate import CoreOpCalibrate

SATURATION_REMARK = (
    "the outputs count as decisions: codes span {low:.3g} to {high:.3g}, others saturate; "
    "output=values keeps them all"
)

MOST_SPIKE_UNITS = 4
"""What `spike-units=auto` gives a signal at most: more are tuned for long, and gain little."""

MOST_PARTIAL_UNITS = 32
"""What `auto` gives partial sums at most: rounding adds up over all that are merged."""

MOST_INPUT_UNITS = 32
"""What `auto` gives the network's input at most where cores are spent: one layer reads it."""

BORDER_ERROR = 1 / 8
"""Of the error wanted: that of what the host encodes or decodes, where units are free, or spent."""


class Calibration:
    """One function's: what its signals were on the samples, and the codes that follow."""

    def __init__(self, options: "CoreOpCalibrate", ctx: Context, function: FuncOp, target: Target):
        self.options = options
        self.ctx = ctx
        self.function = function
        self.target = target
        self.outputs = _outputs(function)
        self.approximated = approximated_functions(function)
        self.steps: dict[SSAValue, float] = {}
        """Of the codes of what was calibrated."""
        self.spans: dict[SSAValue, float] = {}
        """Of all numbers of these codes."""

    def run(self, signals: list[SignalClass]) -> None:
        """Note range and units of every signal; merged sums before their partial sums."""
        from ..targets.jax.ranges import observe

        samples = self.options.load(self.ctx, self.function)
        roots = [root for signal in signals for root in signal.roots]
        observed = dict(zip(roots, observe(self.function, roots, samples), strict=True))
        whole = [signal for signal in signals if not is_partial(signal)]
        partial = [signal for signal in signals if is_partial(signal)]
        for signal in [*whole, *reversed(partial)]:
            merged = observed[signal.roots[0]]
            for root in signal.roots[1:]:
                merged = merged.merge(observed[root])
            self._calibrate(signal, merged)

    def _calibrate(self, signal: SignalClass, observed: "Observed") -> None:
        decides = observed.rows is not None and observed.rows.shape[1] > 1
        decides = decides and self.options.output == "decisions" and not signal.is_rectified
        decides = decides and self.options.method == "error" and bool(signal.values & self.outputs)
        if is_partial(signal):
            fitted = self._fit_partial(signal, observed)
        else:
            fitted = self._fit_whole(signal, observed, decides)
        if decides:
            remark(
                self.ctx,
                self.function,
                SATURATION_REMARK.format(low=fitted.low, high=fitted.high),
            )
        least, most = limits_of(signal.roots)
        low, high = max(fitted.low, least), min(fitted.high, most)
        largest = fitted.units * self._target(signal).largest_number
        span = max(high, 0.0) - min(low, 0.0)
        self.steps.update(dict.fromkeys(signal.values, span / largest))
        self.spans.update(dict.fromkeys(signal.values, span))
        for root in signal.roots:
            set_range(root, low, high, self.function, fitted.units)

    def _fit_whole(self, signal: SignalClass, observed: "Observed", decides: bool) -> Fitted:
        """A signal's interval and units; what they are for is a decision, or its numbers."""
        fit = self._fit(signal, observed, decides=decides)
        most = self._most_units(signal)
        if (reason := needs_one_unit(signal, self.approximated)) is not None:
            if self.options.units != 1:
                self._remark(signal, f"1 unit: {reason}")
            return fit(1)
        units, most_free = self._asked(signal)
        what, part = ("decisions lost", DECISIONS_LOST) if decides else ("error", 1.0)
        fitted, why = choose(fit, units, part * self.options.error, most)
        if most_free:
            # What is lost there no layer brings back: what is free is well spent on it.
            wanted, free = self._free(signal)
            better, reached = choose(fit, "auto", part * wanted, min(free, most_free))
            if better.units > fitted.units:
                fitted, why = better, reached
        self._remark_units(signal, fitted, fit(1), what, why)
        return fitted

    def _asked(self, signal: SignalClass) -> tuple[int | Literal["auto"], int]:
        """The units asked for, and the most that it may have if they are free; 0 for no others."""
        units, most = self.options.units, MOST_UNITS
        if self._is_at_the_border(signal):
            given = self.options.border_units
            most = MOST_INPUT_UNITS if self._spends_on(signal) else MOST_UNITS
        elif self._target(signal).spikes and units == 1:
            given, most = self.options.spike_units, MOST_SPIKE_UNITS
        else:
            return units, 0
        return (units, most) if given == "auto" else (given, 0)

    def _is_at_the_border(self, signal: SignalClass) -> bool:
        """Whether a signal is what the host gives, or what it takes."""
        return is_input(signal) or bool(signal.values & self.outputs)

    def _free(self, signal: SignalClass) -> tuple[float, int]:
        """The error wanted where units are free, and the most that need no core more."""
        wanted, target = self.options.error, self._target(signal)
        if target.spikes:
            free = room_for_units(signal, target, free_columns=True)
            return wanted, min(free, self._most_units(signal))
        if self._spends_on(signal):
            return wanted * BORDER_ERROR, min(target.inputs // 2, self._largest_units(target))
        free = free_rows(signal, target) if is_input(signal) else free_columns(signal, target)
        return wanted * BORDER_ERROR, min(free, self._most_units(signal))

    def _spends_on(self, signal: SignalClass) -> bool:
        """Whether cores are spent on what enters the chip, as they are on all other signals."""
        shares = self._target(signal).shares_positions
        return self.options.units == "auto" and is_input(signal) and shares

    def _most_units(self, signal: SignalClass) -> int:
        """What `auto` gives a signal at most."""
        target = self._target(signal)
        most = min(MOST_UNITS, target.inputs, target.fan_out)
        return max(1, min(most, self._largest_units(target)))

    def _largest_units(self, target: Target) -> int:
        """What a code may have."""
        return min(core_op.LARGEST_UNITS, core_op.LARGEST_NUMBER // target.largest_number)

    def _target(self, signal: SignalClass) -> Target:
        """What the cores that compute a signal allow."""
        return target_of_signal(signal, self.function, self.target)

    def _fit_partial(self, signal: SignalClass, observed: "Observed") -> Fitted:
        """Partial sums' interval, and units enough that their errors vanish beside the merge's."""
        fit = self._fit(signal, observed)
        wanted = partial_error(signal, self.steps)
        rms = float(np.sqrt(np.mean(np.square(observed.values, dtype=np.float64))))
        units, target = self.options.partial_units, self._target(signal)
        if wanted is None or not rms or not target.units_possible or units == 1:
            return fit(1)
        most = self._most_merged(signal, fit, units)
        fitted = fewest_units(fit, wanted / rms, most) if units == "auto" else fit(min(units, most))
        why = f"{wanted / rms:.2g} keeps below what the merge loses"
        self._remark_units(signal, fitted, fit(1), "error of partial sums", why)
        return fitted

    def _most_merged(self, signal: SignalClass, fit: Fit, asked: int | Literal["auto"]) -> int:
        """
        The most units of partial sums for which the cores that merge them have rows.

        Further cores are spent, on their columns and on merging in several stages, only where they
        are on other signals.
        """
        target = self._target(signal)
        bits, ticks = levels_of(target)
        most, stages = room_for_units(signal, target, free_columns=True), 1
        if self.options.units != 1 or asked != "auto":
            stages = MOST_STAGES - max(map(stages_beneath, signal.roots))
            most = max(1, min(target.inputs // 2, target.fan_out, self._largest_units(target)))
        most = min(most, MOST_PARTIAL_UNITS) if asked == "auto" else most
        while most > 1:
            fitted = fit(most)
            code = code_for(
                fitted.low,
                fitted.high,
                bits,
                rectified=signal.is_rectified,
                units=most,
                ticks=ticks,
            )
            if merges_hold(signal, code, self.spans, target, stages):
                break
            most -= 1
        return most

    def _fit(self, signal: SignalClass, observed: "Observed", *, decides: bool = False) -> Fit:
        """The interval of so many units that loses the least, of decisions or of numbers."""
        levels = levels_of(self._target(signal))
        if decides:
            assert observed.rows is not None
            return fit_of_decisions(observed.rows, levels)
        is_narrowed = self.options.method == "error"
        return fit_of_numbers(signal, observed, levels, self.approximated, is_narrowed=is_narrowed)

    def _remark_units(
        self, signal: SignalClass, fitted: Fitted, single: Fitted, what: str, why: str
    ) -> None:
        if fitted.units > 1:
            errors = f"{what} {fitted.error:.2g}, with one unit {single.error:.2g}"
            self._remark(signal, f"{fitted.units} units a number: {errors}; {why}")

    def _remark(self, signal: SignalClass, text: str) -> None:
        remark(self.ctx, place_of(signal) or self.function, text)


def _outputs(function: FuncOp) -> frozenset[SSAValue]:
    """What leaves the chip: returned, or an operand of what the host computes."""
    return frozenset(
        operand
        for op in function.body.block.ops
        if isinstance(op, ReturnOp) or not isinstance(op, core_op.CoreOperation)
        for operand in op.operands
    )
