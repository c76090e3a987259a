"""The pass `core-op-quantize-weights`: from real weights to the target's integers and gains."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import Operation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, trained
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.target import Target
from ..dialects.support.tensor_data import TensorData
from ..targets.unit_offsets import unit_offsets
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .weight_steps import (
    grid_step,
    integers_of,
    power_of_two_step,
    refinement,
    shared_axes,
    weight_step,
)
from .wiring import AUXILIARY, FIXED, constant

FloatArray = npt.NDArray[np.float64]
WeightArray = npt.NDArray[np.float32]

REAL_WEIGHT = "core_op.real_weight"
"""Attribute of a dot product: its weights before rounding, in steps of the integer weight."""


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
        metadata={"help": "keep the weights before rounding, in steps, for core-op-tune"},
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

    `step` (G x 1 x 1 or G x 1 x N) is the real number that a weight of 1 stands for.
    """

    weight: npt.NDArray[np.integer]
    bias: npt.NDArray[np.integer]
    gain: npt.NDArray[np.float32]
    step: FloatArray


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
        quantized = quantize(
            np.asarray(weight.array),
            np.asarray(bias.array) if bias is not None else None,
            incoming,
            outgoing,
            self.target,
            op,
        )
        if AUXILIARY in op.attributes:
            pass
        elif np.isfinite(grid_step(np.asarray(weight.array, np.float32), self.target)).all():
            op.attributes[FIXED] = UnitAttr()
        elif self.keep_real:
            steps = np.empty(weight.shape, np.float32)
            np.divide(weight.array, quantized.step, out=steps, casting="same_kind")
            op.attributes[REAL_WEIGHT] = trained.DataAttr(TensorData(steps))
        replace_parameters(op, quantized, rewriter)


def quantize(
    weight: npt.NDArray[np.generic],
    bias: npt.NDArray[np.generic] | None,
    incoming: core_op.CodeType,
    outgoing: core_op.CodeType,
    target: Target,
    op: Operation,
) -> QuantizedWeights:
    """
    Integers and gains for real `weight` (G x M x N) and `bias` (G x N) between two codes.

    With steps `s`: `q_y = round((W q_x + b) * gain)`, where `W = round(w / s_w)`,
    `gain = s_x s_w / s_y` and `b = bias / (s_x s_w) - z_x sum(W) + z_y / gain`. A result of `k`
    units has those of one unit, whose step is `k s_y` and whose zero point `z_y / k`. Raises
    `OperationError` at `op` where no step lets the target represent the bias.
    """
    real = np.asarray(weight, np.float32)
    units = outgoing.units.data
    target = target.for_inputs(real.shape[1] * incoming.units.data)
    ratio = incoming.scale.data / (outgoing.scale.data * units)
    exact_step = grid_step(real, target)
    on_grid = np.isfinite(exact_step)
    step = np.where(on_grid, exact_step, 1.0) if on_grid.all() else weight_step(real, target)
    step = np.where(on_grid, exact_step, step)
    step = power_of_two_step(step, ratio, target)
    groups, _, outputs = real.shape
    offset = np.zeros((groups, outputs)) if bias is None else bias.astype(np.float64)
    needed = 0
    for _ in range(8):
        integers, sums, step = integers_of(real, step, target)
        unit = incoming.scale.data * np.broadcast_to(step, (groups, 1, outputs))[:, 0]
        gain = (unit / (outgoing.scale.data * units)).astype(np.float32)
        exact = offset / unit - incoming.zero.data * sums
        exact += outgoing.unit.zero.data / gain.astype(np.float64)
        times = refinement(integers, exact, gain.astype(np.float64), target, units)
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
            representable = representable_bias(rounded, target)
            gains = gain[:, 0] if target.gain == "core" else gain
            return QuantizedWeights(integers, representable, gains, step)
        # A larger step makes sums, and with them the bias, smaller numbers.
        step = step * np.maximum(worst * 1.02, 1.0)[:, None, :]
        step = power_of_two_step(step, ratio, target)
    raise OperationError(
        op,
        f"its bias is too large beside its weights: it needs {needed} steps of the sum, the "
        f"target's bias holds {target.largest_bias}; give the target more bias rows",
    )


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
    op: core_op.VmmOp, quantized: QuantizedWeights, rewriter: PatternRewriter
) -> None:
    """Let `op` compute with integer weights, bias and gain."""
    weight = constant(rewriter, quantized.weight)
    bias = None
    if quantized.bias.any():
        bias = constant(rewriter, quantized.bias.astype(np.int32))
    coded = core_op.VmmOp(
        op.activation.data,
        op.input,
        weight,
        bias,
        constant(rewriter, quantized.gain),
        element=core_op.element_of(op.result),
        same_code=op.same_code is not None,
    )
    coded.attributes.update(op.attributes)
    rewriter.replace(op, coded)
