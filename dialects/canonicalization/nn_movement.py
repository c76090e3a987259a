"""Canonicalization patterns of the `nn` dialect around what moves elements; all are exact."""

import numpy as np
from xdsl.dialects.builtin import DenseArrayBase, i64
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .. import nn, trained
from ..nn_base import resolved
from ..support.provenance import provenance_of


class MergeSlices(RewritePattern):
    """A slice of a slice is one slice."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.SliceOp, rewriter: PatternRewriter) -> None:
        if not isinstance(first := op.input.owner, nn.SliceOp):
            return
        ranges = [
            range(extent)[inner][outer]
            for extent, inner, outer in zip(
                nn.shape_of(first.input), first.slices, op.slices, strict=True
            )
        ]
        starts, steps = [part.start for part in ranges], [part.step for part in ranges]
        in_steps = steps if any(step != 1 for step in steps) else None
        merged = nn.SliceOp(first.input, starts, op.sizes.get_values(), in_steps)
        merged.attributes.update(provenance_of(op))
        rewriter.replace(op, merged)


class MergePads(RewritePattern):
    """A pad of a pad is one pad, where both put the same number or the outermost element around."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.PadOp, rewriter: PatternRewriter) -> None:
        first = op.input.owner
        if not isinstance(first, nn.PadOp) or (first.mode, first.value) != (op.mode, op.value):
            return
        if op.mode.data not in (nn.PadMode.CONSTANT, nn.PadMode.EDGE):
            return
        widths = zip(first.widths, op.widths, strict=True)
        low, high = zip(*((a + c, b + d) for (a, b), (c, d) in widths), strict=True)
        merged = nn.PadOp(first.input, low, high, mode=op.mode.data, value=op.value.value.data)
        merged.attributes.update(provenance_of(op))
        rewriter.replace(op, merged)


class PadInConvolution(RewritePattern):
    """A convolution pads with zeros itself."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ConvOp, rewriter: PatternRewriter) -> None:
        pad = op.input.owner
        if not isinstance(pad, nn.PadOp) or pad.mode.data is not nn.PadMode.CONSTANT:
            return
        channels, *spatial = pad.widths
        if channels != (0, 0) or pad.value.value.data != 0:
            return
        around = [
            (low + before, high + behind)
            for (low, high), (before, behind) in zip(op.window.pad_pairs(), spatial, strict=True)
        ]
        pads = [low for low, _ in around] + [high for _, high in around]
        merged = nn.ConvOp.create(
            operands=[pad.input, *op.operands[1:]],
            result_types=[op.result.type],
            properties={**op.properties, "pads": DenseArrayBase.from_list(i64, pads)},
        )
        merged.attributes.update(provenance_of(op))
        rewriter.replace(op, merged)


class HoistFunctionOverMovement(RewritePattern):
    """
    A function of each element, of a reshaped or transposed value, is a reshape or transpose of it.

    So a rectifier finds its layer, and transposes meet.
    """

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, nn.ReluOp | nn.UnaryOp):
            return
        movement = op.input.owner
        if not isinstance(movement, nn.ReshapeOp | nn.TransposeOp):
            return
        if not op.input.has_one_use() or trained.constant_of(movement.input) is not None:
            return
        function = type(op).create(
            operands=[movement.input],
            result_types=[movement.input.type],
            properties=op.properties,
        )
        moved = type(movement).create(
            operands=[function.result],
            result_types=[op.result.type],
            properties=movement.properties,
        )
        moved.attributes.update(provenance_of(op))
        rewriter.replace(op, [function, moved])


class HoistReluOverConcat(RewritePattern):
    """A rectifier behind layers that are put together becomes a rectifier of each of them."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReluOp, rewriter: PatternRewriter) -> None:
        concat = op.input.owner
        if not isinstance(concat, nn.ConcatOp) or not concat.result.has_one_use():
            return
        if not all(_is_layer_for_one(value) for value in concat.inputs):
            return
        rectified = [nn.ReluOp(value) for value in concat.inputs]
        moved = nn.ConcatOp([relu.result for relu in rectified], concat.axis.value.data)
        moved.attributes.update(provenance_of(op))
        rewriter.replace(op, [*rectified, moved])


class SinkTransposeBelowAdd(RewritePattern):
    """A sum of values that are transposed alike, or of one and a constant, is transposed itself."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.AddOp, rewriter: PatternRewriter) -> None:
        orders = {
            transpose.permutation.get_values()
            for value in op.operands
            if (transpose := _transpose_for_one(value)) is not None
        }
        if len(orders) != 1:
            return
        (order,) = orders
        lhs, rhs = (_before_transpose(value, order) for value in op.operands)
        if lhs is None or rhs is None:
            return
        new = [value.owner for value in (lhs, rhs) if isinstance(value.owner, trained.TensorOp)]
        total = nn.AddOp(lhs, rhs)
        moved = nn.TransposeOp(total.result, order)
        moved.attributes.update(provenance_of(op))
        rewriter.replace(op, [*new, total, moved])


def _is_layer_for_one(value: SSAValue) -> bool:
    layers = nn.ConvOp | nn.DenseOp | nn.BatchNormOp | nn.AddOp
    return isinstance(value.owner, layers) and value.has_one_use()


def _transpose_for_one(value: SSAValue) -> nn.TransposeOp | None:
    """The transpose that computes `value` for one user alone, if any."""
    op = value.owner
    return op if isinstance(op, nn.TransposeOp) and value.has_one_use() else None


def _before_transpose(value: SSAValue, order: tuple[int, ...]) -> SSAValue | None:
    """What, transposed by `order`, is `value`: a transpose's input, or a new constant."""
    if (transpose := _transpose_for_one(value)) is not None:
        return transpose.input
    array = resolved(value)
    if array is None or array.ndim > len(order):
        return None
    widened = array.reshape((1,) * (len(order) - array.ndim) + array.shape)
    return trained.TensorOp(widened.transpose(np.argsort(order))).result
