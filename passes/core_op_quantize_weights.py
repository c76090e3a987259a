"""The pass `core-op-quantize-weights`: from real weights to the target's integers and gains."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, trained
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.target import Target
from ..dialects.support.tensor_data import TensorData
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .wiring import AUXILIARY, constant

FloatArray = npt.NDArray[np.float64]
WeightArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

REAL_WEIGHT = "core_op.real_weight"
"""Attribute of a dot product: its weights before rounding, in steps of the integer weight."""

CLIPPING = np.linspace(1.0, 0.7, 13)
"""Candidates of the largest weight kept, as a part of the largest there is."""

CHUNK = 1 << 16
"""Weights that are worked on at once: what a processor's cache holds."""


@dataclass(frozen=True)
class CoreOpQuantizeWeights(CorelowerPass):
    """
    Gives every coded dot product integer weights, an integer bias and a gain; needs codes.

    The step of the weights is that of the least squared error, a core or a neuron as the target's
    gains go. Zero points become part of the bias, which is one that the target can represent.
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
        if self.keep_real and AUXILIARY not in op.attributes:
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
    `gain = s_x s_w / s_y` and `b = bias / (s_x s_w) - z_x sum(W) + z_y / gain`. Raises
    `OperationError` at `op` where no step lets the target represent the bias.
    """
    real = np.asarray(weight, np.float32)
    step = _power_of_two_step(weight_step(real, target), incoming, outgoing, target)
    groups, _, outputs = real.shape
    offset = np.zeros((groups, outputs)) if bias is None else bias.astype(np.float64)
    needed = 0
    for _ in range(8):
        integers, sums, step = _integers(real, step, target)
        unit = incoming.scale.data * np.broadcast_to(step, (groups, 1, outputs))[:, 0]
        gain = (unit / outgoing.scale.data).astype(np.float32)
        exact = offset / unit - incoming.zero.data * sums
        exact += outgoing.zero.data / gain.astype(np.float64)
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
        step = _power_of_two_step(step, incoming, outgoing, target)
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
    used = np.any(integers, axis=_axes(target), keepdims=True)[:, 0]
    if np.all(used):
        return False
    reach = np.where(used, 0, np.abs(real).sum(axis=1)).max(initial=0)
    return bool(reach * incoming.scale.data * incoming.largest > outgoing.scale.data)


def weight_step(weight: WeightArray, target: Target) -> FloatArray:
    """The step of the least squared error, a core (G x 1 x 1) or a neuron (G x 1 x N)."""
    largest = target.largest_weight
    steps: list[FloatArray] = []
    for part in _chunks(weight):
        peak = np.abs(part).max(axis=_axes(target), keepdims=True, initial=0).astype(np.float64)
        # Steps are normal numbers, so that they have a reciprocal.
        tiny = float(np.finfo(np.float32).tiny)
        peak = np.where(peak > 0, np.maximum(peak, tiny * largest), largest)
        # More values than 9 bits tell apart leave nothing to win by clipping.
        steps.append(peak / largest if largest > 255 else _least_error_step(part, peak, target))
    return np.concatenate(steps) if steps else np.ones((0, 1, 1))


def _least_error_step(part: WeightArray, peak: FloatArray, target: Target) -> FloatArray:
    best = peak / target.largest_weight
    least = np.full_like(best, np.inf)
    nearest, scaled = np.empty_like(part), np.empty_like(part)
    for kept in CLIPPING:
        step = peak * (kept / target.largest_weight)
        np.multiply(part, (1 / step).astype(np.float32), out=scaled)
        np.rint(scaled, out=nearest)
        np.clip(nearest, target.weights[0], target.weights[1], out=nearest)
        nearest -= scaled
        if target.gain == "core":
            error = np.einsum("gmn,gmn->g", nearest, nearest)[:, None, None]
        else:
            error = np.einsum("gmn,gmn->gn", nearest, nearest)[:, None]
        error = error * np.square(step)
        better = error < least
        best, least = np.where(better, step, best), np.where(better, error, least)
    return best


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


def _integers(
    weight: WeightArray, step: FloatArray, target: Target
) -> tuple[npt.NDArray[np.integer], IntArray, FloatArray]:
    """
    The weights in steps, their sums over each column (G x N), and the steps.

    A common divisor of a core's weights goes to its step: a merge stage, all of whose weights are
    equal, then has weights of 1 and a small bias.
    """
    groups, _, outputs = weight.shape
    integers = np.empty(weight.shape, np.int16 if max(map(abs, target.weights)) > 127 else np.int8)
    sums = np.zeros((groups, outputs), np.int64)
    steps = step.copy()
    single = step.astype(np.float32)
    first = 0
    for part in _chunks(weight):
        here = slice(first, first + len(part))
        first += len(part)
        nearest = part / single[here]
        np.rint(nearest, out=nearest)
        np.clip(nearest, target.weights[0], target.weights[1], out=nearest)
        integers[here] = nearest
        if target.gain_values != "power_of_two":
            divisor = _common_divisors(integers[here], target)
            if (divisor > 1).any():
                integers[here] //= divisor
                steps[here] *= divisor
        integers[here].sum(axis=1, dtype=np.int64, out=sums[here])
    if integers.dtype == np.int16 and max(-integers.min(initial=0), integers.max(initial=0)) <= 127:
        integers = integers.astype(np.int8)
    return integers, sums, steps


def _common_divisors(integers: npt.NDArray[np.integer], target: Target) -> IntArray:
    """The largest divisor, a core (G x 1 x 1) or a neuron (G x 1 x N); 1 where all is zero."""
    groups, fan_in, outputs = integers.shape
    rows = integers
    if target.gain == "core":
        rows = integers.reshape(groups, fan_in * outputs, 1)
    divisor = np.zeros((groups, rows.shape[2]), integers.dtype)
    first, count = 0, 16
    # Nearly always a few weights show that there is none.
    while first < rows.shape[1] and (divisor != 1).any():
        some = np.gcd.reduce(rows[:, first : first + count], axis=1)
        divisor = np.gcd(divisor, some)
        first, count = first + count, 2 * count
    return np.maximum(divisor, 1)[:, None]


def _axes(target: Target) -> tuple[int, ...]:
    """The axes of G x M x N over which weights share a gain."""
    return (1, 2) if target.gain == "core" else (1,)


def _chunks(weight: WeightArray) -> Iterator[WeightArray]:
    """The groups in order, as many at once as have `CHUNK` weights, and one at least."""
    count = max(1, CHUNK // max(1, weight[:1].size))
    for first in range(0, len(weight), count):
        yield weight[first : first + count]


def _power_of_two_step(
    step: FloatArray, incoming: core_op.CodeType, outgoing: core_op.CodeType, target: Target
) -> FloatArray:
    """The next larger step that makes the gain a power of two, where the target has only those."""
    if target.gain_values == "free":
        return step
    ratio = incoming.scale.data / outgoing.scale.data
    return np.exp2(np.ceil(np.log2(step * ratio) - 1e-9)) / ratio
