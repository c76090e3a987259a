"""
The operations of `nn` that move elements, as wiring of `core_op`; part of `convert-nn-to-core-op`.

All of it is exact. Where a constant is among what is moved, a core computes it from its bias.
"""

from collections.abc import Sequence
from math import isfinite

import numpy as np
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, nn, trained
from ..dialects.core_op import Activation
from ..dialects.nn import PadMode, shape_of
from ..dialects.support.provenance import golden_name, provenance_of
from .wiring import broadcast_to, fixed_product, reshape

FloatArray = np.typing.NDArray[np.float32]


class BroadcastOperands(RewritePattern):
    """
    What is added, or multiplied by a constant, has the result's shape: a smaller value is repeated.

    Constants stay as they are. Run it before sums and products are converted.
    """

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        is_product = isinstance(op, nn.BinaryOp) and op.function.data is nn.BinaryFunction.MUL
        if not is_product and not isinstance(op, nn.AddOp):
            return
        shape = shape_of(op.results[0])
        for index, operand in enumerate(op.operands):
            if shape_of(operand) == shape or _is_constant(operand):
                continue
            op.operands[index] = broadcast_to(rewriter, operand, shape)
            rewriter.notify_op_modified(op)


class ConvertReshape(RewritePattern):
    """A reshape is wiring."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReshapeOp, rewriter: PatternRewriter) -> None:
        rewriter.replace(op, core_op.ReshapeOp(op.input, op.shape.get_values()))


class ConvertTranspose(RewritePattern):
    """A transpose is wiring."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.TransposeOp, rewriter: PatternRewriter) -> None:
        rewriter.replace(op, core_op.PermuteOp(op.input, op.permutation.get_values()))


class ConvertSlice(RewritePattern):
    """A slice is one, and a gather along each axis that it walks in steps."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.SliceOp, rewriter: PatternRewriter) -> None:
        if _is_constant(op.input):
            return
        shape, parts = shape_of(op.input), op.slices
        whole = [slice(0, extent, 1) for extent in shape]
        runs = [part if part.step == 1 else full for part, full in zip(parts, whole, strict=True)]
        offsets = [run.start for run in runs]
        value = op.input
        if runs != whole:
            sizes = [run.stop - run.start for run in runs]
            value = rewriter.insert(core_op.SliceOp(value, offsets, sizes)).result
        for axis, (part, extent) in enumerate(zip(parts, shape, strict=True)):
            if part.step != 1:
                value = _gather(rewriter, value, axis, range(extent)[part])
        _stand_for(rewriter, op, value)


class ConvertPad(RewritePattern):
    """
    A pad with zeros is one. Copies of elements are gathered along each axis, other numbers behind
    a slice of them.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.PadOp, rewriter: PatternRewriter) -> None:
        number, value = op.value.value.data, op.input
        if _is_constant(value) or (op.mode.data is PadMode.CONSTANT and not isfinite(number)):
            return
        if op.mode.data is PadMode.CONSTANT and number == 0:
            pad = core_op.PadOp(value, op.low.get_values(), op.high.get_values())
            _stand_for(rewriter, op, rewriter.insert(pad).result)
            return
        fill: SSAValue | None = None
        for axis, widths in enumerate(op.widths):
            if widths == (0, 0):
                continue
            shape = shape_of(value)
            indices = np.arange(shape[axis])
            if op.mode.data is PadMode.CONSTANT:
                if fill is None:
                    fill = computed_constant(rewriter, np.full((1,) * len(shape), number), value)
                border = broadcast_to(rewriter, fill, (*shape[:axis], 1, *shape[axis + 1 :]))
                value = rewriter.insert(core_op.ConcatOp([value, border], axis)).result
                indices = np.pad(indices, widths, constant_values=shape[axis])
            else:
                indices = np.pad(indices, widths, mode=op.mode.data.value)
            value = _gather(rewriter, value, axis, indices.tolist())
        _stand_for(rewriter, op, value)


class ConvertConcat(RewritePattern):
    """Values put together are wiring; a constant among them is computed."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ConcatOp, rewriter: PatternRewriter) -> None:
        computed = [value for value in op.inputs if not _is_constant(value)]
        if not computed:
            return
        values = [
            computed_constant(rewriter, data.array, computed[0])
            if (data := trained.constant_of(value)) is not None
            else value
            for value in op.inputs
        ]
        concat = rewriter.insert(core_op.ConcatOp(values, op.axis.value.data))
        _stand_for(rewriter, op, concat.result)


class ConvertTile(RewritePattern):
    """A tile repeats an axis of extent one, and gathers along any other several times."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.TileOp, rewriter: PatternRewriter) -> None:
        if _is_constant(op.input):
            return
        value = op.input
        for axis, times in enumerate(op.repeats.get_values()):
            extent = shape_of(value)[axis]
            if times != 1 and extent == 1:
                value = rewriter.insert(core_op.RepeatOp(value, axis, times)).result
            elif times != 1:
                value = _gather(rewriter, value, axis, [*range(extent)] * times)
        _stand_for(rewriter, op, value)


class ConvertGather(RewritePattern):
    """A gather is wiring."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.GatherOp, rewriter: PatternRewriter) -> None:
        if not _is_constant(op.input):
            axis = op.axis.value.data
            value = _gather(rewriter, op.input, axis, op.indices.get_values())
            _stand_for(rewriter, op, value)


MOVEMENT_PATTERNS: tuple[RewritePattern, ...] = (
    ConvertReshape(),
    ConvertTranspose(),
    ConvertSlice(),
    ConvertPad(),
    ConvertConcat(),
    ConvertTile(),
    ConvertGather(),
)
"""Every movement of computed values; those of constants are folded by `canonicalize`."""


def computed_constant(
    rewriter: PatternRewriter, array: np.typing.NDArray[np.generic], anything: SSAValue
) -> SSAValue:
    """
    A constant as a signal of the chip: the bias of a dot product with weights of zero.

    An element of `anything` goes in. Equal slices are computed once.
    """
    array = np.asarray(array, np.float32)
    distinct = array
    for axis in range(array.ndim):
        first = distinct.take([0], axis)
        distinct = first if bool((distinct == first).all()) else distinct
    row = _any_element(rewriter, anything)
    relu = bool((array >= 0).all())
    product = fixed_product(
        rewriter,
        row,
        np.zeros((1, distinct.size)),
        Activation.RELU if relu else Activation.LINEAR,
        bias=distinct.reshape(-1),
    )
    value = reshape(rewriter, product.result, distinct.shape)
    return broadcast_to(rewriter, value, array.shape)


def _any_element(rewriter: PatternRewriter, value: SSAValue) -> SSAValue:
    """One element of a value, as a row of one input."""
    # Any will do, so that no layout needs to be kept for it.
    while isinstance(op := value.owner, core_op.ReshapeOp | core_op.PermuteOp):
        value = op.input
    shape = shape_of(value)
    first = core_op.SliceOp(value, [0] * len(shape), [1] * len(shape))
    return reshape(rewriter, rewriter.insert(first).result, (1, 1))


def _gather(
    rewriter: PatternRewriter, value: SSAValue, axis: int, indices: Sequence[int]
) -> SSAValue:
    return rewriter.insert(core_op.GatherOp(value, axis, indices)).result


def _is_constant(value: SSAValue) -> bool:
    return trained.constant_of(value) is not None


def _stand_for(rewriter: PatternRewriter, op: nn.NnOperation, value: SSAValue) -> None:
    """Let `value` take the place of the result of `op`, with its golden name."""
    if value is op.operands[0] and golden_name(op) is not None:
        # What moves nothing still names a value.
        value = rewriter.insert(core_op.ReshapeOp(value, shape_of(op.result))).result
    if isinstance(value.owner, Operation):
        value.owner.attributes.update(provenance_of(op))
    rewriter.replace(op, [], [value])
