"""Canonicalization patterns of the `nn` dialect; all are exact."""

from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .. import nn
from ..support.provenance import golden_name, provenance_of


class DropRepeatedRelu(RewritePattern):
    """`relu(relu(x))` is `relu(x)`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReluOp, rewriter: PatternRewriter) -> None:
        if not isinstance(first := op.input.owner, nn.ReluOp):
            return
        # The two values are equal, so the first can stand for the second's golden one.
        if golden_name(first) is None:
            first.attributes.update(provenance_of(op))
        rewriter.replace(op, [], [op.input])


class HoistReluOverMaxPool(RewritePattern):
    """
    `relu(max_pool(x))` is `max_pool(relu(x))`: both are monotone.

    A rectifier beside its dot product costs nothing, and a maximum of values that are never
    negative needs half the cores.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReluOp, rewriter: PatternRewriter) -> None:
        pool = op.input.owner
        if not isinstance(pool, nn.MaxPoolOp) or not pool.result.has_one_use():
            return
        relu = nn.ReluOp(pool.input)
        moved = nn.MaxPoolOp.create(
            operands=[relu.result], result_types=[op.result.type], properties=pool.properties
        )
        moved.attributes.update(provenance_of(op))
        rewriter.replace(op, [relu, moved])


class MergeReshapes(RewritePattern):
    """A reshape of a reshape is one reshape."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReshapeOp, rewriter: PatternRewriter) -> None:
        if not isinstance(first := op.input.owner, nn.ReshapeOp):
            return
        merged = nn.ReshapeOp(first.input, op.shape.get_values())
        merged.attributes.update(provenance_of(op))
        rewriter.replace(op, merged)


class MergeTransposes(RewritePattern):
    """A transpose of a transpose is one transpose."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.TransposeOp, rewriter: PatternRewriter) -> None:
        if not isinstance(first := op.input.owner, nn.TransposeOp):
            return
        inner = first.permutation.get_values()
        order = [inner[axis] for axis in op.permutation.get_values()]
        merged = nn.TransposeOp(first.input, order)
        merged.attributes.update(provenance_of(op))
        rewriter.replace(op, merged)


class TransposeOfVectorIsReshape(RewritePattern):
    """Moving axes of extent one moves no element."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.TransposeOp, rewriter: PatternRewriter) -> None:
        shape = nn.shape_of(op.input)
        moving = [axis for axis in op.permutation.get_values() if shape[axis] != 1]
        if moving != sorted(moving):
            return
        reshape = nn.ReshapeOp(op.input, nn.shape_of(op.result))
        reshape.attributes.update(provenance_of(op))
        rewriter.replace(op, reshape)
