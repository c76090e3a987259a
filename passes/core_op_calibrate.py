"""The pass `core-op-calibrate`: the range of every signal, from data."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from ..dialects import core_op
from ..dialects.support.errors import CorelowerError
from .calibration_base import OUTPUT_HELP, CalibrationPass, OutputMeaning
from .pass_base import lowered_functions
from .signal_calibration import Calibration
from .signal_classes import signal_classes

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class CoreOpCalibrate(CalibrationPass):
    """
    Notes the range that the code of every real signal is to span, found by running samples.

    A signal that has a code keeps it. With `method=error` the range is that of the least squared
    error at the target's bits; what lies beyond saturates. Where a signal only feeds approximated
    functions the error is that behind them: a sigmoid's argument needs no numbers where the sigmoid
    is flat. With `output=decisions` the network's outputs get the range that loses the fewest
    decisions, those of the samples and, by estimate, those that are closer than the samples'.
    `method=extremes` takes the least and the largest number.

    Where the target's bits are few, several units may carry each number, see `!core_op.code`. With
    `units=auto` a signal gets the fewest, of at most 16, that reach `error`; where outputs count as
    decisions, that lose no more than a tenth of `error` of these. Partial sums get so many that
    together they lose no more than half as much as the merged sum's own rounding; if these are too
    many for one core to merge, several stages do, which `core-op-expand` makes: run it, this pass
    and `core-op-reencode` once more then. What the host encodes gets units too as long as the rows
    of the cores that read it are free, with `units=auto` up to 32; what it decodes as long as the
    columns of the cores that compute it are; where neurons spike, all other signals do as well, as
    long as both are. Maxima built from rectifiers and approximated functions keep one unit. Remarks
    say what was chosen.
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
            "help": "the same of what enters the chip and of what leaves it; auto spends only rows "
            "and columns that are free, and with units=auto cores on what enters"
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
                Calibration(self, ctx, function, target).run(signals)
