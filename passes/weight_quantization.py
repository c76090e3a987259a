"""Integers and gains for real weights between two codes, within what a target can represent."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..dialects import core_op
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.errors import OperationError
from ..dialects.support.target import Target
from ..targets.unit_offsets import unit_offsets
from .target_checks import synapse_width
from .weight_steps import (
    finer_grid,
    gain_step,
    gains_of,
    grid_step,
    half_step,
    integers_of,
    refinement,
    shared_axes,
    weight_step,
)
from .weight_units import SpreadWeights, spread_weights
from .weight_values import groups_share_values, with_few_values

ATTEMPTS = 12
"""How often steps and rows may change until the target can represent the bias."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WeightArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class QuantizedWeights:
    """
    `weight` G x M x N (int8 or int16) and `bias` G x N in the target's integers; `gain` G or G x N.

    `step` (G x 1 x 1 or G x 1 x N) is the real number that a weight of 1 stands for; `units` (G x
    M) are the rows of each input, see `spread_weights`. The bias of a neuron that spikes is what it
    adds in a whole window.
    """

    weight: npt.NDArray[np.integer]
    bias: npt.NDArray[np.integer]
    gain: npt.NDArray[np.float32]
    step: FloatArray
    units: npt.NDArray[np.int64]
    is_grid: bool
    """Whether every weight is exactly the real one, to float32."""
    is_limited: bool = False
    """Whether there are few different ones because a core's table holds no more."""


class Taken(NamedTuple):
    """A number of an input as a neuron takes it in a window: once, or several times."""

    scale: float
    zero: int
    largest: int

    @classmethod
    def of(cls, op: core_op.VmmOp, code: core_op.CodeType) -> "Taken":
        """What `op` takes of its input, whose `code` that is."""
        times = op.times_taken
        return cls(code.scale.data / times, code.zero.data * times, code.largest * times)


def quantize(
    weight: npt.NDArray[np.generic],
    bias: npt.NDArray[np.generic] | None,
    incoming: core_op.CodeType,
    outgoing: core_op.CodeType,
    target: Target,
    op: core_op.VmmOp,
) -> QuantizedWeights:
    """
    Integers and gains for real `weight` (G x M x N) and `bias` (G x N) between two codes.

    With steps `s`: `q_y = round((W q_x + b) * gain)`, where `W = round(w / s_w)`,
    `gain = s_x s_w / s_y` and `b = bias / (s_x s_w) - z_x sum(W) + z_y / gain`. A result of `k`
    units has those of one unit, whose step is `k s_y` and whose zero point `z_y / k`. Where a
    neuron takes a number several times it is so many times as large, in steps so much smaller.
    Raises `OperationError` at `op` where no step lets the target represent the bias.
    """
    real = np.asarray(weight, np.float32)
    groups, _, outputs = real.shape
    offset = np.zeros((groups, outputs)) if bias is None else bias.astype(np.float64)
    return _WeightQuantization(real, offset, incoming, outgoing, target, op).quantized()


@dataclass(frozen=True)
class _Integers:
    """Weights G x M x N, a bias G x N that may be too large, gains G x N and the weights' step."""

    weight: npt.NDArray[np.integer]
    bias: IntArray
    gain: npt.NDArray[np.float32]
    step: FloatArray
    is_limited: bool

    def reach(self, units: int, rounding: str) -> IntArray:
        """The largest magnitude of each bias; every unit has it and an offset of its own."""
        if units == 1:
            return np.abs(self.bias)
        offsets = unit_offsets(self.gain, units, rounding)
        return np.abs(self.bias[..., None] + offsets).max(axis=-1)


@dataclass
class _WeightQuantization:
    """The search for steps and rows that leave the bias room; `step` and `spread` are the state."""

    real: WeightArray
    offset: FloatArray
    incoming: core_op.CodeType
    outgoing: core_op.CodeType
    chip: Target
    op: core_op.VmmOp
    taken: Taken = field(init=False)
    spread: SpreadWeights = field(init=False)
    limits: Target = field(init=False)
    """The chip's, for as many rows as the weights have."""
    step: FloatArray = field(init=False)
    grids: npt.NDArray[np.bool_] = field(init=False)
    """Where the weights are integers times a number, and stay that."""

    def __post_init__(self) -> None:
        self.taken = Taken.of(self.op, self.incoming)
        self.grids = np.isfinite(_grid_step(self.real, self.chip, self.ratio, self.largest))
        rows = _rows_for(self.chip, self.op)
        if self.outgoing.units.data > 1 and self.chip.spare_bias_rows:
            # Units need every integer as a bias, which takes some more rows than just any.
            beside = self.chip.fan_in - len(self.chip.digits) - 1
            rows = min(rows, max(self.fan_in, beside // self.incoming.units.data))
        self._spread_over(rows)

    @property
    def ratio(self) -> float:
        """The step of the input over that of a unit of the result."""
        return self.taken.scale / (self.outgoing.scale.data * self.outgoing.units.data)

    @property
    def largest(self) -> int:
        """The result's largest number."""
        return self.outgoing.largest

    @property
    def fan_in(self) -> int:
        """Values of the input, each of one row at least."""
        return self.real.shape[1]

    def quantized(self) -> QuantizedWeights:
        """The integers of the first step at which everything fits."""
        needed = 0
        for _ in range(ATTEMPTS):
            integers = self._integers()
            reach = integers.reach(self.outgoing.units.data, self.limits.rounding)
            largest = int(reach.max(initial=0))
            # A larger step needs less, and may cost the weights: what it cost them is told.
            needed = max(needed, largest)
            if largest and not self.limits.largest_bias:
                break
            if self.outgoing.units.data > 1 and not self.limits.holds_every_bias:
                rows = self.spread.rows * self.incoming.units.data
                raise OperationError(
                    self.op,
                    f"units of its result need every integer as a bias; beside {rows} rows of a "
                    "core there are too few for that; run core-op-expand, or core-op-calibrate "
                    "with fewer units",
                )
            worst = self._excess(reach)
            if (worst > 1).any():
                self._make_room(integers, worst)
                continue
            # Of few values it is known that they lose some.
            if not integers.is_limited and _has_lost_weights(
                self.real, integers.weight, self.incoming, self.outgoing, self.limits
            ):
                if self.chip.spikes:
                    raise OperationError(
                        self.op,
                        "weights that matter become 0 with thresholds up to "
                        f"{self.limits.largest_threshold}; give the target more "
                        f"{self.chip.threshold_limit}",
                    )
                break
            if self.spread.rows > self.fan_in and _exceeds_sums(
                integers.weight, integers.bias, self.taken, self.limits
            ):
                self._spread_over(self.fan_in)
                continue
            return self._representable(integers)
        raise OperationError(
            self.op,
            f"its bias is too large beside its weights: it needs {needed} steps of the sum, the "
            f"target's bias holds {self.limits.largest_bias}; give the target more "
            f"{self._room_for_bias()}",
        )

    def _room_for_bias(self) -> str:
        if self.chip.spikes and self.chip.firing == "window":
            return "accumulator_bits"
        return "bias_bits" if self.chip.bias_bits else "bias rows"

    def _spread_over(self, rows: int) -> None:
        """Choose steps and each input's rows anew, at most `rows` of them in a core."""
        self.spread = _steps_and_units(self.real, self.chip, rows, self.ratio, self.largest)
        self.limits = self.chip.for_inputs(self.spread.rows * self.incoming.units.data)
        possible = gain_step(self.spread.step, self.ratio, self.limits)
        self.step = np.where(self.grids, self.spread.step, possible)

    def _integers(self) -> _Integers:
        """Everything in the present steps."""
        groups, _, outputs = self.real.shape
        units, limits = self.outgoing.units.data, self.limits
        weight, sums, step = integers_of(self.real, self.step, limits, self.spread.units)
        each = np.broadcast_to(step, (groups, 1, outputs))[:, 0]
        gain = gains_of(each, self.ratio, limits)
        bias = self.offset / (self.taken.scale * each) - self.taken.zero * sums
        bias += self.outgoing.unit.zero.data / gain.astype(np.float64)
        bias += half_step(gain.astype(np.float64), units, limits)
        times = refinement(weight, bias, gain.astype(np.float64), limits, units, self.spread.units)
        if (times > 1).any():
            weight = weight * times.astype(weight.dtype)
            bias = bias * times[:, 0]
            gain = (gain / times[:, 0]).astype(np.float32)
            step = step / times
        limited = with_few_values(
            weight, self.real, step, self.chip, together=groups_share_values(self.op, self.chip)
        )
        is_limited = limited is not weight
        if is_limited:
            moved = limited.sum(axis=1, dtype=np.int64) - weight.sum(axis=1, dtype=np.int64)
            bias = bias - self.taken.zero * moved
        return _Integers(limited, np.rint(bias).astype(np.int64), gain, step, is_limited)

    def _excess(self, reach: IntArray) -> FloatArray:
        """How many times what the target's bias holds is needed, a core or a neuron."""
        excess = reach / max(self.limits.largest_bias, 1)
        return excess.max(axis=1, keepdims=True) if self.limits.gain == "core" else excess

    def _make_room(self, integers: _Integers, worst: FloatArray) -> None:
        """Leave the bias rows that the weights have taken, or else take a larger step."""
        if self.spread.rows > self.fan_in and self.chip.spare_bias_rows:
            self._give_up_rows()
            return
        # A larger step makes sums, and with them the bias, smaller numbers.
        larger = integers.step * np.maximum(worst * 1.02, 1.0)[:, None, :]
        self.step = gain_step(larger, self.ratio, self.limits)
        self.grids = np.zeros_like(self.grids)

    def _give_up_rows(self) -> None:
        """Spread the weights over as many rows as leave the bias its own; over none if none do."""
        fitting, exceeding = self.fan_in, self.spread.rows
        while exceeding - fitting > 1:
            rows = (fitting + exceeding) // 2
            self._spread_over(rows)
            reach = self._integers().reach(self.outgoing.units.data, self.limits.rounding)
            if (self._excess(reach) > 1).any():
                exceeding = rows
            else:
                fitting = rows
        self._spread_over(fitting)

    def _representable(self, integers: _Integers) -> QuantizedWeights:
        bias = representable_bias(integers.bias, self.limits)
        gain = integers.gain[:, 0] if self.limits.gain == "core" else integers.gain
        is_grid = bool(self.grids.all()) and not integers.is_limited
        return QuantizedWeights(
            integers.weight,
            bias,
            gain,
            integers.step,
            self.spread.units,
            is_grid,
            integers.is_limited,
        )


def _grid_step(real: WeightArray, target: Target, ratio: float, largest: int) -> FloatArray:
    """The step of weights that are integers already; NaN where they are not, or may not stay so."""
    return finer_grid(grid_step(real, target), real, ratio, largest, target)


def _steps_and_units(
    real: WeightArray, target: Target, rows: int, ratio: float, largest: int
) -> SpreadWeights:
    """Steps and rows; weights that are integers times a number keep that, and a row an input."""
    exact = _grid_step(real, target, ratio, largest)
    on_grid = np.isfinite(exact)
    if on_grid.all():
        return SpreadWeights(np.ones(real.shape[:2], np.int64), exact)
    found = spread_weights(real, target, rows)
    units, step = found.units, found.step
    is_exact = np.any(on_grid, axis=(1, 2))
    if is_exact.any():
        # The step of more rows would cut off what has one.
        units[is_exact], step[is_exact] = 1, weight_step(real[is_exact], target)
    return SpreadWeights(units, np.where(on_grid, exact, step))


def _rows_for(target: Target, op: core_op.VmmOp) -> int:
    """Over how many rows of values a core of `op` may spread its weights."""
    rows = target.inputs
    if target.synapse_bits:
        column_bits = op.unit_columns * synapse_width(target)
        rows = min(rows, target.synapse_bits // column_bits - (target.fan_in - target.inputs))
    return rows // core_op.units_of(op.input)


def _exceeds_sums(
    integers: npt.NDArray[np.integer],
    bias: npt.NDArray[np.integer],
    taken: Taken,
    target: Target,
) -> bool:
    """Whether a sum may be larger than what is exact, on the way as at the end."""
    reach = np.abs(integers).sum(axis=1, dtype=np.int64) * taken.largest + np.abs(bias)
    return int(reach.max(initial=0)) > target.largest_sum


def _has_lost_weights(
    real: WeightArray,
    integers: npt.NDArray[np.integer],
    incoming: core_op.CodeType,
    outgoing: core_op.CodeType,
    target: Target,
) -> bool:
    """Whether all weights that share a step are zero although the real ones could matter."""
    used = np.any(integers, axis=shared_axes(target), keepdims=True)[:, 0]
    if np.all(used):
        return False
    reach = np.where(used, 0, np.abs(real).sum(axis=1)).max(initial=0)
    unit_step = outgoing.scale.data * outgoing.units.data
    return bool(reach * incoming.scale.data * incoming.largest > unit_step)
