"""The pass `core-op-calibrate`: the range of every signal, from data."""

from dataclasses import dataclass, field
from typing import Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue

from ..dialects import core_op
from ..dialects.support.errors import CorelowerError
from .approximated_functions import approximated_functions, functions_behind
from .calibration_base import OUTPUT_HELP, CalibrationPass, OutputMeaning
from .pass_base import lowered_functions, remark
from .signal_classes import SignalClass, signal_classes
from .signal_ranges import limits_of, set_range

SATURATION_REMARK = (
    "the outputs count as decisions: codes span {low:.3g} to {high:.3g}, smaller ones saturate; "
    "output=values keeps them all"
)


@dataclass(frozen=True)
class CoreOpCalibrate(CalibrationPass):
    """
    Notes the range that the code of every real signal is to span, found by running samples.

    A signal that has a code keeps it. With `method=error` the range is that of the least squared
    error at the target's bits; what lies beyond saturates. Where a signal only feeds approximated
    functions the error is that behind them: a sigmoid's argument needs no numbers where the sigmoid
    is flat. With `output=decisions` the network's outputs get the range that changes the fewest
    decisions. `method=extremes` takes the least and the largest number.
    """

    name = "core-op-calibrate"

    method: Literal["error", "extremes"] = field(
        default="error", metadata={"help": "how the range is chosen"}
    )
    output: OutputMeaning = field(default="decisions", metadata={"help": OUTPUT_HELP})

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = core_op.target_of(op)
        if target is None:
            raise CorelowerError(f"{self.name}: the module has no target; run set-target before")
        for function in lowered_functions(op):
            signals = [signal for signal in signal_classes(function) if not signal.is_coded]
            if not signals:
                continue
            self._calibrate(ctx, function, signals, target.signal_bits)

    def _calibrate(
        self, ctx: Context, function: FuncOp, signals: list[SignalClass], bits: int
    ) -> None:
        from ..targets.jax.ranges import decision_range, least_error_range, observe

        samples = self.load(ctx, function)
        roots = [root for signal in signals for root in signal.roots]
        observed = dict(zip(roots, observe(function, roots, samples), strict=True))
        outputs = _outputs(function)
        approximated = approximated_functions(function)
        for signal in signals:
            merged = observed[signal.roots[0]]
            for root in signal.roots[1:]:
                merged = merged.merge(observed[root])
            low, high = merged.low, merged.high
            if self.method == "error":
                decides = merged.rows is not None and merged.rows.shape[1] > 1
                decides = decides and self.output == "decisions" and not signal.is_rectified
                if decides and signal.values & outputs:
                    low, high = decision_range(merged, bits)
                    remark(ctx, function, SATURATION_REMARK.format(low=low, high=high))
                else:
                    behind = [table.at for table in functions_behind(signal, approximated)]
                    low, high = least_error_range(
                        merged, bits, rectified=signal.is_rectified, functions=behind
                    )
            least, most = limits_of(signal.roots)
            for root in signal.roots:
                set_range(root, max(low, least), min(high, most), function)


def _outputs(function: FuncOp) -> frozenset[SSAValue]:
    """What leaves the chip: returned, or an operand of what the host computes."""
    return frozenset(
        operand
        for op in function.body.block.ops
        if isinstance(op, ReturnOp) or not isinstance(op, core_op.CoreOperation)
        for operand in op.operands
    )
