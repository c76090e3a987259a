"""Canonicalization patterns of the `core_op` dialect: wiring after wiring is one wiring."""

from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .. import core_op
from ..nn import shape_of
from ..support.provenance import golden_name


class MergePermutes(RewritePattern):
    """A permutation of a permutation is one permutation."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.PermuteOp, rewriter: PatternRewriter) -> None:
        first = op.input.owner
        # A value that is to be compared with its golden one stays.
        if not isinstance(first, core_op.PermuteOp) or golden_name(first):
            return
        inner = first.permutation.get_values()
        order = [inner[axis] for axis in op.permutation.get_values()]
        merged = core_op.PermuteOp(first.input, order)
        merged.attributes.update(op.attributes)
        rewriter.replace(op, merged)


class PermuteOfVectorIsReshape(RewritePattern):
    """Moving axes of extent one moves no element."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.PermuteOp, rewriter: PatternRewriter) -> None:
        shape = shape_of(op.input)
        moving = [axis for axis in op.permutation.get_values() if shape[axis] != 1]
        if moving != sorted(moving):
            return
        reshape = core_op.ReshapeOp(op.input, shape_of(op.result))
        reshape.attributes.update(op.attributes)
        rewriter.replace(op, reshape)


class MergeReshapes(RewritePattern):
    """A reshape of a reshape is one reshape."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.ReshapeOp, rewriter: PatternRewriter) -> None:
        first = op.input.owner
        if not isinstance(first, core_op.ReshapeOp) or golden_name(first):
            return
        merged = core_op.ReshapeOp(first.input, shape_of(op.result))
        merged.attributes.update(op.attributes)
        rewriter.replace(op, merged)
