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
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .real_parameters import keep_real_parameters
from .weight_steps import (
    grid_step,
    integers_of,
    power_of_two_step,
    refinement,
    shared_axes,
    weight_step,
)
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
        on_grid = np.isfinite(grid_step(np.asarray(weight.array, np.float32), self.target)).all()
        if AUXILIARY not in op.attributes and on_grid:
            op.attributes[FIXED] = UnitAttr()
        is_trained = not {AUXILIARY, FIXED} & set(op.attributes)
        if self.keep_real and (is_trained or not _is_exact(weight, bias, quantized, op)):
            keep_real_parameters(op, weight, bias)
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
    `gain = s_x s_w / s_y` and `b = bias / (s_x s_w) - z_x sum(W) + z_y / gain`. Raises
    `OperationError` at `op` where no step lets the target represent the bias.
    """
    real = np.asarray(weight, np.float32)
    target = target.for_inputs(real.shape[1])
    exact_step = grid_step(real, target)
    on_grid = np.isfinite(exact_step)
    step = np.where(on_grid, exact_step, 1.0) if on_grid.all() else weight_step(real, target)
    step = np.where(on_grid, exact_step, step)
    step = power_of_two_step(step, incoming, outgoing, target)
    groups, _, outputs = real.shape
    offset = np.zeros((groups, outputs)) if bias is None else bias.astype(np.float64)
    needed = 0
    for _ in range(8):
        integers, sums, step = integers_of(real, step, target)
        unit = incoming.scale.data * np.broadcast_to(step, (groups, 1, outputs))[:, 0]
        gain = (unit / outgoing.scale.data).astype(np.float32)
        exact = offset / unit - incoming.zero.data * sums
        exact += outgoing.zero.data / gain.astype(np.float64)
        times = refinement(integers, exact, gain.astype(np.float64), target)
        if (times > 1).any():
            integers = integers * times.astype(integers.dtype)
            exact = exact * times[:, 0]
            gain = (gain / times[:, 0]).astype(np.float32)
            step = step / times
        rounded = np.rint(exact).astype(np.int64)
        needed = int(np.abs(rounded).max(initial=0))
        if needed and not target.largest_bias:
            break
        excess = np.abs(rounded) / max(target.largest_bias, 1)
        worst = excess.max(axis=1, keepdims=True) if target.gain == "core" else excess
        if not (worst > 1).any():
            if _has_lost_weights(real, integers, incoming, outgoing, target):
                break
            representable = representable_bias(rounded, target)
            gains = gain[:, 0] if target.gain == "core" else gain
            return QuantizedWeights(integers, representable, gains, step)
        # A larger step makes sums, and with them the bias, smaller numbers.
        step = step * np.maximum(worst * 1.02, 1.0)[:, None, :]
        step = power_of_two_step(step, incoming, outgoing, target)
    raise OperationError(
        op,
        f"its bias is too large beside its weights: it needs {needed} steps of the sum, the "
        f"target's bias holds {target.largest_bias}; give the target more bias rows",
    )


def _is_exact(
    weight: TensorData, bias: TensorData | None, quantized: QuantizedWeights, op: core_op.VmmOp
) -> bool:
    """Whether the integers stand for exactly the real numbers, to float32."""
    incoming, outgoing = core_op.code_of(op.input), core_op.code_of(op.result)
    assert incoming is not None and outgoing is not None
    real = np.asarray(weight.array, np.float64)
    difference = np.abs(quantized.weight * quantized.step - real).max(initial=0)
    gain = quantized.gain.astype(np.float64).reshape(len(real), -1)
    offset = 0.0 if bias is None else np.asarray(bias.array, np.float64)
    wanted = (offset / outgoing.scale.data + outgoing.zero.data) / gain
    wanted = wanted - incoming.zero.data * quantized.weight.sum(axis=1, dtype=np.int64)
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
    return bool(reach * incoming.scale.data * incoming.largest > outgoing.scale.data)


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
