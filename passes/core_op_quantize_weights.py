"""The pass `core-op-quantize-weights`: from real weights to the target's integers and gains."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, trained
from ..dialects.support.errors import OperationError
from ..dialects.support.neurons import leak_and_potential, thresholds_of
from ..dialects.support.target import Target
from ..dialects.support.tensor_data import TensorData
from .layer_modes import target_of_product
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .real_parameters import keep_real_parameters
from .remarks import remark
from .weight_quantization import QuantizedWeights, Taken, quantize
from .weight_steps import half_step
from .weight_units import ROW_UNITS
from .wiring import AUXILIARY, FIXED, constant

EXACT = 1e-6
"""Of the largest weight: a difference that is float32's."""

EXACT_BIAS = 1e-3
"""In steps of the sum: a difference of the bias that changes no code."""


@dataclass(frozen=True)
class CoreOpQuantizeWeights(CorelowerPass):
    """
    Gives every coded dot product integer weights, an integer bias and a gain; needs codes.

    Weights that are integers times one real number, as of a network trained with few bits, stay
    exactly that and are not tuned. Otherwise the step of the weights is that of the least squared
    error. It belongs to a core or a neuron, as the target's gains do. Where a core holds a limited
    set of weights, they are the set of the least squared error, zero among them. Zero points become
    part of the bias, which is one that the target can represent.
    """

    name = "core-op-quantize-weights"

    keep_real: bool = field(
        default=False,
        metadata={"help": "keep weights before rounding, for core-op-tune and core-op-report"},
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        for function in lowered_functions(op):
            run_patterns(function, [QuantizeWeights(ctx, target, self.keep_real)], ctx)


@dataclass(frozen=True)
class QuantizeWeights(RewritePattern):
    """Real weights between codes become integers."""

    ctx: Context
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
        if quantized.is_limited:
            error = _relative_error(np.asarray(weight.array, np.float32), quantized)
            remark(
                self.ctx,
                op,
                f"its weights share {target.weight_values} values a core, which are off by "
                f"{error:.2%} of the weights, RMS",
            )
        replace_parameters(op, quantized, target, rewriter)


def _relative_error(real: npt.NDArray[np.float32], quantized: QuantizedWeights) -> float:
    """The RMS error of the weights as a part of their RMS."""
    difference = (quantized.weight * quantized.step).astype(np.float32) - real
    return float(np.linalg.norm(difference) / np.linalg.norm(real))


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
    wanted = wanted - Taken.of(op, incoming).zero * quantized.weight.sum(axis=1, dtype=np.int64)
    apart = np.abs(quantized.bias - wanted).max(initial=0)
    return bool(difference <= EXACT * np.abs(real).max(initial=0) and apart <= EXACT_BIAS)


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
