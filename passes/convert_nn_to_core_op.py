"""The pass `convert-nn-to-core-op`: linear layers and their rectifiers to dot products."""

from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, nn, trained
from ..dialects.nn import shape_of
from .nn_layers import (
    Layer,
    conv_layer,
    dense_layer,
    has_constant_weights,
    insert_layer,
    rectifier_of,
    replace_layer,
)
from .nn_movement_to_core_op import MOVEMENT_PATTERNS, BroadcastOperands
from .nn_pointwise_to_core_op import convert_pointwise
from .nn_quantize_to_core_op import convert_quantizers
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .reform_limits import ReformError, obstacles_in
from .wiring import (
    AUXILIARY,
    channels_first,
    channels_last,
    channels_last_order,
    reshape,
)


@dataclass(frozen=True)
class ConvertNnToCoreOp(CorelowerPass):
    """
    Turns every layer into dot products and wiring, exactly; needs folded batch norms and pools.

    A rectifier behind a dot product becomes its activation, a sum of layers one dot product over
    their inputs side by side. Softmax and argmax at the end stay: the host computes them.
    """

    name = "convert-nn-to-core-op"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in lowered_functions(op):
            # Sums first: they take the layers that they add with them.
            run_patterns(function, [BroadcastOperands(), ConvertSum()], ctx)
            convert_pointwise(function, ctx)
            run_patterns(function, [ConvertConv(), ConvertDense(), *MOVEMENT_PATTERNS], ctx)
            convert_quantizers(ctx, function)
            if obstacles := tuple(obstacles_in(function)):
                raise ReformError(obstacles)


class ConvertConv(RewritePattern):
    """A convolution, with a rectifier behind it, is a dot product over sliding windows."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ConvOp, rewriter: PatternRewriter) -> None:
        if not has_constant_weights(op):
            return
        layer = conv_layer(op, rewriter)
        last = rectifier_of(op) or op
        spatial = shape_of(op.result)[1:]
        order = channels_last_order(len(spatial) + 1)
        value = insert_layer(rewriter, layer, (op, last), order)
        value = reshape(rewriter, value, (*spatial, shape_of(op.result)[0]))
        replace_layer(rewriter, op, last, channels_first(rewriter, value))


class ConvertDense(RewritePattern):
    """A dense layer, with a rectifier behind it, is a dot product."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.DenseOp, rewriter: PatternRewriter) -> None:
        if not has_constant_weights(op):
            return
        layer = dense_layer(op, rewriter)
        last = rectifier_of(op) or op
        value = insert_layer(rewriter, layer, (op, last), None)
        replace_layer(rewriter, op, last, reshape(rewriter, value, shape_of(op.result)))


class ConvertSum(RewritePattern):
    """
    A sum with a layer that only feeds it is one dot product over both inputs, side by side.

    The layer brings its own weights along, so that its result, which may be negative, is never a
    signal; the other value comes in through an identity, if it is no such layer itself.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.AddOp, rewriter: PatternRewriter) -> None:
        if not any(_is_summed_layer(operand) for operand in op.operands):
            return
        if any(trained.constant_of(operand) is not None for operand in op.operands):
            return
        shape = shape_of(op.result)
        layers = [_summand(operand, rewriter) for operand in op.operands]
        rows = core_op.ConcatOp([layer.rows for layer in layers], len(shape_of(layers[0].rows)) - 1)
        rewriter.insert(rows)
        biases = [layer.bias for layer in layers if layer.bias is not None]
        total = Layer(
            rows.result,
            np.concatenate([layer.matrix for layer in layers], axis=1),
            np.sum(biases, axis=0) if biases else None,
        )
        last = rectifier_of(op) or op
        channels, *spatial = shape
        order = channels_last_order(len(shape)) if spatial else None
        summed = [operand.owner for operand in op.operands if _is_summed_layer(operand)]
        parts = [part for part in summed if isinstance(part, nn.NnOperation)]
        value = insert_layer(rewriter, total, (*parts, op, last), order)
        value = reshape(rewriter, value, (*spatial, channels))
        if spatial:
            value = channels_first(rewriter, value)
        replace_layer(rewriter, op, last, value)


def _is_summed_layer(value: SSAValue) -> bool:
    """Whether a layer of one group computes the value for the sum alone."""
    if not value.has_one_use():
        return False
    op = value.owner
    if not isinstance(op, nn.ConvOp | nn.DenseOp) or not has_constant_weights(op):
        return False
    if AUXILIARY in op.attributes:
        return False
    return op.groups.value.data == 1 if isinstance(op, nn.ConvOp) else len(shape_of(value)) == 1


def _summand(value: SSAValue, rewriter: PatternRewriter) -> Layer:
    op = value.owner
    if _is_summed_layer(value):
        if isinstance(op, nn.ConvOp):
            return conv_layer(op, rewriter)
        assert isinstance(op, nn.DenseOp)
        return dense_layer(op, rewriter)
    channels, *spatial = shape_of(value)
    rows = channels_last(rewriter, value) if spatial else value
    rows = reshape(rewriter, rows, (*spatial, 1, channels))
    return Layer(rows, np.eye(channels, dtype=np.float32)[None], None)
