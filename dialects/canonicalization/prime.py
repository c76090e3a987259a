"""Canonicalization patterns of the `prime` dialect."""

from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .. import core_op, prime
from ..nn import shape_of
from ..trained import TensorOp, constant_of


class DropEmptyBiasRows(RewritePattern):
    """Bias rows without a single level above 0 add nothing."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: prime.MvmOp, rewriter: PatternRewriter) -> None:
        positive, negative = constant_of(op.positive), constant_of(op.negative)
        if op.drive is None or positive is None or negative is None:
            return
        if not (positive.is_resolved and negative.is_resolved):
            return
        fan_in = op.rows - op.bias_rows
        if positive.array[:, fan_in:].any() or negative.array[:, fan_in:].any():
            return
        levels = [TensorOp(data.array[:, :fan_in].copy()) for data in (positive, negative)]
        code = core_op.code_of(op.result)
        assert code is not None
        smaller = prime.MvmOp(
            op.input, levels[0].result, levels[1].result, None, op.gain, code, op.placement
        )
        smaller.attributes.update(op.attributes)
        rewriter.replace(op, [*levels, smaller])


class MaxOfOneIsReshape(RewritePattern):
    """The largest of one code is that code."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: prime.MaxOp, rewriter: PatternRewriter) -> None:
        if op.inputs != 1:
            return
        reshape = core_op.ReshapeOp(op.input, shape_of(op.result))
        reshape.attributes.update(op.attributes)
        rewriter.replace(op, reshape)
