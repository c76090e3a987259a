"""
Canonicalization patterns of the `core_op` dialect: wiring after wiring is one wiring.

A value that is to be compared with its golden one stays: no pattern looks behind it.
"""

from collections.abc import Sequence

from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .. import core_op
from ..nn import shape_of
from ..support.provenance import golden_name

Taking = core_op.GatherOp | core_op.SliceOp | core_op.RepeatOp


class MergePermutes(RewritePattern):
    """A permutation of a permutation is one permutation."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.PermuteOp, rewriter: PatternRewriter) -> None:
        first = op.input.owner
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


class MergePads(RewritePattern):
    """A pad of a pad is one pad."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.PadOp, rewriter: PatternRewriter) -> None:
        first = op.input.owner
        if not isinstance(first, core_op.PadOp) or golden_name(first):
            return
        low = _sums(first.low.get_values(), op.low.get_values())
        high = _sums(first.high.get_values(), op.high.get_values())
        _replace(rewriter, op, core_op.PadOp(first.input, low, high))


class MergeSlices(RewritePattern):
    """A part of a part is a part."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.SliceOp, rewriter: PatternRewriter) -> None:
        first = op.input.owner
        if not isinstance(first, core_op.SliceOp) or golden_name(first):
            return
        offsets = _sums(first.offsets.get_values(), op.offsets.get_values())
        _replace(rewriter, op, core_op.SliceOp(first.input, offsets, op.sizes.get_values()))


class SliceOfConcat(RewritePattern):
    """A part that lies within one of the tensors put together is a part of that one."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.SliceOp, rewriter: PatternRewriter) -> None:
        whole = op.input.owner
        if not isinstance(whole, core_op.ConcatOp) or golden_name(whole):
            return
        axis, offsets = whole.axis.value.data, list(op.offsets.get_values())
        sizes = op.sizes.get_values()
        for part in whole.inputs:
            extent = shape_of(part)[axis]
            if offsets[axis] < extent:
                if offsets[axis] + sizes[axis] <= extent:
                    _replace(rewriter, op, core_op.SliceOp(part, offsets, sizes))
                return
            offsets[axis] -= extent


class MergeConcats(RewritePattern):
    """What is put together only to be put together with more, along the same axis, is put once."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.ConcatOp, rewriter: PatternRewriter) -> None:
        inputs: list[SSAValue] = []
        for value in op.inputs:
            inner = _concat_for(op, value)
            inputs += inner.inputs if inner is not None else [value]
        if len(inputs) != len(op.inputs):
            _replace(rewriter, op, core_op.ConcatOp(inputs, op.axis.value.data))


class MergeRepeats(RewritePattern):
    """A repeat of a repeat along the same axis is one repeat."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.RepeatOp, rewriter: PatternRewriter) -> None:
        first = op.input.owner
        if not isinstance(first, core_op.RepeatOp) or golden_name(first) or first.axis != op.axis:
            return
        times = first.times.value.data * op.times.value.data
        _replace(rewriter, op, core_op.RepeatOp(first.input, op.axis.value.data, times))


class MergeGathers(RewritePattern):
    """
    A gather of a gather, slice or repeat along the same axis is one gather; so is a slice of one.

    The indices never grow in number.
    """

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        if not isinstance(op, core_op.GatherOp | core_op.SliceOp):
            return
        first = op.input.owner
        if not isinstance(first, Taking) or golden_name(first):
            return
        if not isinstance(op, core_op.GatherOp) and not isinstance(first, core_op.GatherOp):
            return
        taken, before = _taken(op), _taken(first)
        if taken is None or before is None or taken[0] != before[0]:
            return
        axis, indices = before
        merged = core_op.GatherOp(first.input, axis, [indices[index] for index in taken[1]])
        _replace(rewriter, op, merged)


class GatherOfRunIsSlice(RewritePattern):
    """Slices that follow one another are a part."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.GatherOp, rewriter: PatternRewriter) -> None:
        axis, indices = op.axis.value.data, op.indices.get_values()
        if not indices or indices != tuple(range(indices[0], indices[0] + len(indices))):
            return
        offsets = [0] * len(shape_of(op.input))
        offsets[axis] = indices[0]
        _replace(rewriter, op, core_op.SliceOp(op.input, offsets, shape_of(op.result)))


class GatherOfCopiesIsRepeat(RewritePattern):
    """All slices in order, each equally often, are a repeat."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.GatherOp, rewriter: PatternRewriter) -> None:
        axis, indices = op.axis.value.data, op.indices.get_values()
        extent = shape_of(op.input)[axis]
        times, rest = divmod(len(indices), extent) if extent else (0, 0)
        if times < 2 or rest or any(index != i // times for i, index in enumerate(indices)):
            return
        _replace(rewriter, op, core_op.RepeatOp(op.input, axis, times))


def _replace(
    rewriter: PatternRewriter, op: core_op.WiringOperation, new: core_op.WiringOperation
) -> None:
    new.attributes.update(op.attributes)
    rewriter.replace(op, new)


def _sums(first: Sequence[int], second: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip(first, second, strict=True)]


def _concat_for(op: core_op.ConcatOp, value: SSAValue) -> core_op.ConcatOp | None:
    """The concatenation along the same axis that computes `value` for `op` alone, if any."""
    first = value.owner
    if not isinstance(first, core_op.ConcatOp) or golden_name(first) or first.axis != op.axis:
        return None
    return first if value.has_one_use() else None


def _taken(op: Taking) -> tuple[int, Sequence[int]] | None:
    """The axis along which wiring takes slices, and which; `None` where there are several."""
    match op:
        case core_op.GatherOp():
            return op.axis.value.data, op.indices.get_values()
        case core_op.RepeatOp():
            axis, times = op.axis.value.data, op.times.value.data
            extent = shape_of(op.input)[axis]
            return axis, [index for index in range(extent) for _ in range(times)]
        case core_op.SliceOp():
            shape, offsets, sizes = (
                shape_of(op.input),
                op.offsets.get_values(),
                op.sizes.get_values(),
            )
            cut = [axis for axis, size in enumerate(sizes) if size != shape[axis]]
            if len(cut) != 1:
                return None
            (axis,) = cut
            return axis, range(offsets[axis], offsets[axis] + sizes[axis])
