"""The pass `core-op-quantize-weights`: from real weights to the target's integers and gains."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, trained
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.neurons import leak_and_potential, thresholds_of
from ..dialects.support.target import Target
from ..dialects.support.tensor_data import TensorData
from ..targets.unit_offsets import unit_offsets
from .layer_modes import target_of_product
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .real_parameters import keep_real_parameters
from .target_checks import weight_bits
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
from .weight_units import ROW_UNITS, SpreadWeights, spread_weights
from .wiring import AUXILIARY, FIXED, constant

EXACT = 1e-6
"""Of the largest weight: a difference that is float32's."""

EXACT_BIAS = 1e-3
"""In steps of the sum: a difference of the bias that changes no code."""

FloatArray = npt.NDArray[np.float64]
WeightArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class CoreOpQuantizeWeights(CorelowerPass):
    """
    Gives every coded dot product integer weights, an integer bias and a gain; needs codes.

    Weights that are integers times one real number, as of a network trained with few bits, stay
    exactly that and are not tuned. Otherwise the step of the weights is that of the least squared
    error. It belongs to a core or a neuron, as the target's gains do. Zero points become part of
    the bias, which is one that the target can represent.
    """

    name = "core-op-quantize-weights"

    keep_real: bool = field(
        default=False,
        metadata={"help": "keep weights before rounding, for core-op-tune and core-op-report"},
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = core_op.target_of(op)
        if target is None:
            raise CorelowerError(f"{self.name}: the module has no target; run set-target before")
        for function in lowered_functions(op):
            run_patterns(function, [QuantizeWeights(target, self.keep_real)], ctx)


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


class _Taken(NamedTuple):
    """A number of an input as a neuron takes it in a window: once, or several times."""

    scale: float
    zero: int
    largest: int

    @classmethod
    def of(cls, op: core_op.VmmOp, code: core_op.CodeType) -> "_Taken":
        times = op.times_taken
        return cls(code.scale.data / times, code.zero.data * times, code.largest * times)


@dataclass(frozen=True)
class QuantizeWeights(RewritePattern):
    """Real weights between codes become integers."""

    target: Target
    keep_real: bool

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        if op.is_quantized:
            return
        incoming, outgoing = core_op.code_of(op.input), core_op.code_of(op.result)
        if incoming is None or outgoing is None:
            raise OperationError(op, "its signals are real numbers; run core-op-reencode before")
        weight = trained.constant_of(op.weight)
        bias = trained.constant_of(op.bias) if op.bias is not None else None
        if weight is None or (op.bias is not None and bias is None):
            raise OperationError(op, "the weights are computed; a core's weights are constants")
        target = target_of_product(op, self.target)
        quantized = quantize(
            np.asarray(weight.array),
            np.asarray(bias.array) if bias is not None else None,
            incoming,
            outgoing,
            target,
            op,
        )
        if AUXILIARY not in op.attributes and quantized.is_grid:
            op.attributes[FIXED] = UnitAttr()
        is_trained = not {AUXILIARY, FIXED} & set(op.attributes)
        if self.keep_real and (is_trained or not _is_exact(weight, bias, quantized, target, op)):
            keep_real_parameters(op, weight, bias)
        if (quantized.units > 1).any():
            units = quantized.units.astype(np.int32)
            op.attributes[ROW_UNITS] = trained.DataAttr(TensorData(units))
        replace_parameters(op, quantized, target, rewriter)


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
    taken = _Taken.of(op, incoming)
    real = np.asarray(weight, np.float32)
    units = outgoing.units.data
    ratio = taken.scale / (outgoing.scale.data * units)
    rows_a_value = incoming.units.data
    chip, rows = target, _rows_for(target, op)

    def layout() -> tuple[SpreadWeights, Target, FloatArray]:
        found = _steps_and_units(real, chip, rows, ratio, outgoing.largest)
        limits = chip.for_inputs(found.rows * rows_a_value)
        return found, limits, np.where(grids, found.step, gain_step(found.step, ratio, limits))

    grids = np.isfinite(_grid_step(real, target, ratio, outgoing.largest))
    spread, target, step = layout()
    groups, _, outputs = real.shape
    offset = np.zeros((groups, outputs)) if bias is None else bias.astype(np.float64)
    needed = 0
    for _ in range(12):
        integers, sums, step = integers_of(real, step, target, spread.units)
        unit = taken.scale * np.broadcast_to(step, (groups, 1, outputs))[:, 0]
        gain = gains_of(np.broadcast_to(step, (groups, 1, outputs))[:, 0], ratio, target)
        exact = offset / unit - taken.zero * sums
        exact += outgoing.unit.zero.data / gain.astype(np.float64)
        exact += half_step(gain.astype(np.float64), units, target)
        times = refinement(integers, exact, gain.astype(np.float64), target, units, spread.units)
        if (times > 1).any():
            integers = integers * times.astype(integers.dtype)
            exact = exact * times[:, 0]
            gain = (gain / times[:, 0]).astype(np.float32)
            step = step / times
        rounded = np.rint(exact).astype(np.int64)
        reach = np.abs(rounded)
        if units > 1:
            # Every unit has the bias and an offset of its own.
            offsets = unit_offsets(gain, units, target.rounding)
            reach = np.abs(rounded[..., None] + offsets).max(axis=-1)
        needed = int(reach.max(initial=0))
        if needed and not target.largest_bias:
            break
        excess = reach / max(target.largest_bias, 1)
        worst = excess.max(axis=1, keepdims=True) if target.gain == "core" else excess
        if not (worst > 1).any():
            if _has_lost_weights(real, integers, incoming, outgoing, target):
                break
            if spread.rows > real.shape[1] and _exceeds_sums(integers, rounded, taken, target):
                rows = real.shape[1]
                spread, target, step = layout()
                continue
            representable = representable_bias(rounded, target)
            gains = gain[:, 0] if target.gain == "core" else gain
            is_grid = bool(grids.all())
            return QuantizedWeights(integers, representable, gains, step, spread.units, is_grid)
        held = target.largest_code * target.largest_weight * rows_a_value
        fewer = rows - max(1, -(-needed // max(held, 1)))
        if spread.rows > real.shape[1] and chip.spare_bias_rows and fewer >= real.shape[1]:
            # The bias needs rows that the weights have taken.
            rows = fewer
            spread, target, step = layout()
            continue
        # A larger step makes sums, and with them the bias, smaller numbers.
        step = step * np.maximum(worst * 1.02, 1.0)[:, None, :]
        step, grids = gain_step(step, ratio, target), np.zeros_like(grids)
    raise OperationError(
        op,
        f"its bias is too large beside its weights: it needs {needed} steps of the sum, the "
        f"target's bias holds {target.largest_bias}; give the target more bias rows",
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
        column_bits = op.unit_columns * weight_bits(target)
        rows = min(rows, target.synapse_bits // column_bits - (target.fan_in - target.inputs))
    return rows // core_op.units_of(op.input)


def _exceeds_sums(
    integers: npt.NDArray[np.integer],
    bias: npt.NDArray[np.integer],
    taken: "_Taken",
    target: Target,
) -> bool:
    """Whether a sum may be larger than what is exact, on the way as at the end."""
    reach = np.abs(integers).sum(axis=1, dtype=np.int64) * taken.largest + np.abs(bias)
    return int(reach.max(initial=0)) > target.largest_sum


def _is_exact(
    weight: TensorData,
    bias: TensorData | None,
    quantized: QuantizedWeights,
    target: Target,
    op: core_op.VmmOp,
) -> bool:
    """Whether the integers stand for exactly the real numbers, to float32."""
    incoming, outgoing = core_op.code_of(op.input), core_op.code_of(op.result)
    assert incoming is not None and outgoing is not None
    real = np.asarray(weight.array, np.float64)
    difference = np.abs(quantized.weight * quantized.step - real).max(initial=0)
    # Of a unit of the result: units of a number have its gain and its zero point in parts.
    units = outgoing.units.data
    gain = quantized.gain.astype(np.float64).reshape(len(real), -1)
    offset = 0.0 if bias is None else np.asarray(bias.array, np.float64)
    wanted = (offset / (outgoing.scale.data * units) + outgoing.unit.zero.data) / gain
    wanted = wanted + half_step(gain, units, target)
    wanted = wanted - _Taken.of(op, incoming).zero * quantized.weight.sum(axis=1, dtype=np.int64)
    apart = np.abs(quantized.bias - wanted).max(initial=0)
    return bool(difference <= EXACT * np.abs(real).max(initial=0) and apart <= EXACT_BIAS)


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


def replace_parameters(
    op: core_op.VmmOp, quantized: QuantizedWeights, target: Target, rewriter: PatternRewriter
) -> None:
    """Let `op` compute with integer weights, bias and gain."""
    weight = constant(rewriter, quantized.weight)
    bias, potential = quantized.bias.astype(np.int32), None
    if core_op.ticks_of(op.result) > 1:
        threshold = thresholds_of(quantized.gain).reshape(len(bias), -1)
        bias, potential = leak_and_potential(bias, threshold, target, core_op.units_of(op.result))
    is_tuned = potential is not None and target.firing == "tick"
    coded = core_op.VmmOp(
        op.activation.data,
        op.input,
        weight,
        constant(rewriter, bias) if bias.any() or is_tuned else None,
        constant(rewriter, quantized.gain),
        potential=constant(rewriter, potential) if potential is not None else None,
        element=core_op.element_of(op.result),
        same_code=op.same_code is not None,
    )
    coded.attributes.update(op.attributes)
    rewriter.replace(op, coded)
