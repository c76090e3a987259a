"""The pass `core-op-calibrate`: the range of every signal, from data."""

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue

from ..dialects import core_op
from ..dialects.support.errors import CorelowerError
from ..dialects.support.target import Target
from .approximated_functions import approximated_functions, functions_behind
from .calibration_base import OUTPUT_HELP, CalibrationPass, OutputMeaning
from .core_op_reencode import code_for
from .layer_modes import target_of_signal
from .merge_trees import MOST_STAGES, stages_beneath
from .pass_base import lowered_functions, remark
from .signal_classes import SignalClass, signal_classes
from .signal_ranges import limits_of, set_range
from .unit_choice import (
    MOST_UNITS,
    Fit,
    Fitted,
    fewest_units,
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

SATURATION_REMARK = (
    "the outputs count as decisions: codes span {low:.3g} to {high:.3g}, smaller ones saturate; "
    "output=values keeps them all"
)

MOST_SPIKE_UNITS = 4
"""What `spike-units=auto` gives a signal at most: more are tuned for long, and gain little."""

MOST_PARTIAL_UNITS = 32
"""What `auto` gives partial sums at most: rounding adds up over all that are merged."""

MOST_INPUT_UNITS = 32
"""What `auto` gives the network's input at most where cores are spent: one layer reads it."""

INPUT_ERROR = 1 / 8
"""Of the error wanted: that of what the host encodes, where rows are free, or spent."""

DECISIONS_LOST = 0.1
"""The part of all decisions that an output's code may lose, for each unit of the error wanted."""


@dataclass(frozen=True)
class CoreOpCalibrate(CalibrationPass):
    """
    Notes the range that the code of every real signal is to span, found by running samples.

    A signal that has a code keeps it. With `method=error` the range is that of the least squared
    error at the target's bits; what lies beyond saturates. Where a signal only feeds approximated
    functions the error is that behind them: a sigmoid's argument needs no numbers where the sigmoid
    is flat. With `output=decisions` the network's outputs get the range that changes the fewest
    decisions. `method=extremes` takes the least and the largest number.

    Where the target's bits are few, several units may carry each number, see `!core_op.code`. With
    `units=auto` a signal gets the fewest, of at most 16, that reach `error`; where outputs count as
    decisions, that lose no more than a tenth of `error` of these too. Partial sums get so many that
    together they lose no more than half as much as the merged sum's own rounding; if these are too
    many for one core to merge, several stages do, which `core-op-expand` makes: run it, this pass
    and `core-op-reencode` once more then. What the host encodes gets units too as long as the rows
    of the cores that read it are free, with `units=auto` up to 32; where neurons spike, all other
    signals do as well, with the columns of the cores that compute them. Maxima built from
    rectifiers and approximated functions keep one unit. Remarks say what was chosen.
    """

    name = "core-op-calibrate"

    method: Literal["error", "extremes"] = field(
        default="error", metadata={"help": "how the range is chosen"}
    )
    output: OutputMeaning = field(default="decisions", metadata={"help": OUTPUT_HELP})
    units: int | Literal["auto"] = field(
        default=1, metadata={"help": "neurons that carry each number of a signal"}
    )
    error: float = field(
        default=0.05,
        metadata={
            "help": "what auto reaches where it can: RMS error as a part of the signal's RMS"
        },
    )
    partial_units: int | Literal["auto"] = field(
        default="auto",
        metadata={"help": "the same of partial sums; auto spends only free columns if units is 1"},
    )
    border_units: int | Literal["auto"] = field(
        default="auto",
        metadata={
            "help": "the same of what enters the chip, and of what leaves one that spikes; auto "
            "spends only rows and columns that are free, and with units=auto rows of further cores"
        },
    )
    spike_units: int | Literal["auto"] = field(
        default="auto",
        metadata={
            "help": "the same of what is on the way where neurons spike, if units is 1; auto takes "
            "only rows and columns that are free, and is at most 4"
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        every = {
            "units": self.units,
            "partial-units": self.partial_units,
            "border-units": self.border_units,
            "spike-units": self.spike_units,
        }
        for name, units in every.items():
            if isinstance(units, int) and not 1 <= units <= core_op.LARGEST_UNITS:
                raise ValueError(f"{name} must be 1 to {core_op.LARGEST_UNITS}, not {units}")
        if not 0 < self.error < 1:
            raise ValueError(f"error must lie between 0 and 1, not {self.error:g}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        given = self.partial_units, self.border_units, self.spike_units
        wants_units = self.units != 1 or not set(given) <= {1, "auto"}
        if wants_units and not target.units_possible:
            raise CorelowerError(
                f"{self.name}: target '{target.name}' does not hold every integer as a bias, which "
                f"sets units apart; give it bias_rows = {len(target.digits) + 1} or more, or "
                "bias_bits"
            )
        for function in lowered_functions(op):
            signals = [signal for signal in signal_classes(function) if not signal.is_coded]
            if signals:
                _Calibration(self, ctx, function, target).run(signals)


class _Calibration:
    """One function's: what its signals were on the samples, and the codes that follow."""

    def __init__(self, options: CoreOpCalibrate, ctx: Context, function: FuncOp, target: Target):
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
        fit = self._decision_fit(signal, observed) if decides else self._fit(signal, observed)
        most = self._most_units(signal)
        if (reason := needs_one_unit(signal, self.approximated)) is not None:
            if self.options.units != 1:
                self._remark(signal, f"1 unit: {reason}")
            return fit(1)
        units, most_free = self._asked(signal)
        fitted, why = _choose(fit, units, self.options.error, most)
        if most_free:
            # What is lost there no layer brings back: what is free is well spent on it.
            wanted, free = self._free(signal)
            better, reached = _choose(fit, "auto", wanted, min(free, most_free))
            if better.units > fitted.units:
                fitted, why = better, reached
        self._remark_units(signal, fitted, fit(1), "error", why)
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
            return wanted * INPUT_ERROR, min(target.inputs // 2, self._largest_units(target))
        free = free_rows(signal, target) if is_input(signal) else 1
        return wanted * INPUT_ERROR, min(free, self._most_units(signal))

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
        bits, ticks = _levels(target)
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

    def _fit(self, signal: SignalClass, observed: "Observed") -> Fit:
        """The code of the least error, and that error as a part of the signal."""
        from ..targets.jax.ranges import least_error_range, relative_error

        levels = _levels(self._target(signal))
        behind = [table.at for table in functions_behind(signal, self.approximated)]

        @cache
        def fit(units: int) -> Fitted:
            low, high = observed.low, observed.high
            if self.options.method == "error":
                low, high = least_error_range(
                    observed, levels, rectified=signal.is_rectified, functions=behind, units=units
                )
            lowest = 0.0 if signal.is_rectified else min(low, 0.0)
            error = relative_error(observed, lowest, max(high, 0.0), levels, units)
            return Fitted(low, high, units, error)

        return fit

    def _decision_fit(self, signal: SignalClass, observed: "Observed") -> Fit:
        """
        The code that keeps the most decisions. Its error is that of the values that it spans, or
        more where it loses decisions.
        """
        from ..targets.jax.ranges import decision_loss, decision_range, relative_error

        levels = _levels(self._target(signal))

        @cache
        def fit(units: int) -> Fitted:
            low, high = decision_range(observed, levels, units)
            spanned = replace(observed, values=np.clip(observed.values, low, high))
            error = relative_error(spanned, low, high, levels, units)
            lost = decision_loss(observed, low, high, levels, units)
            return Fitted(low, high, units, max(error, lost / DECISIONS_LOST))

        return fit

    def _remark_units(
        self, signal: SignalClass, fitted: Fitted, single: Fitted, what: str, why: str
    ) -> None:
        if fitted.units > 1:
            errors = f"{what} {fitted.error:.2g}, with one unit {single.error:.2g}"
            self._remark(signal, f"{fitted.units} units a number: {errors}; {why}")

    def _remark(self, signal: SignalClass, text: str) -> None:
        remark(self.ctx, place_of(signal) or self.function, text)


def _levels(target: Target) -> tuple[int, int]:
    """Bits and ticks of a signal."""
    return target.signal_bits, target.window


def _choose(fit: Fit, units: int | Literal["auto"], wanted: float, most: int) -> tuple[Fitted, str]:
    """The fit of so many units, or of the fewest that reach the error wanted; and why these."""
    if units != "auto":
        return fit(units), "as asked for"
    fitted = fewest_units(fit, wanted, most)
    reached = fitted.error <= wanted
    return fitted, f"{wanted:g} wanted" if reached else f"{wanted:g} is out of reach"


def _outputs(function: FuncOp) -> frozenset[SSAValue]:
    """What leaves the chip: returned, or an operand of what the host computes."""
    return frozenset(
        operand
        for op in function.body.block.ops
        if isinstance(op, ReturnOp) or not isinstance(op, core_op.CoreOperation)
        for operand in op.operands
    )
