"""What passes share that put other dot products in the place of one: padding, cutting, naming."""

import numpy as np
from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter

from ..dialects import core_op, trained
from ..dialects.nn import shape_of
from ..dialects.support.errors import OperationError
from ..dialects.support.provenance import provenance_of
from .layer_modes import copy_mode
from .wiring import AUXILIARY, PARTIAL, reshape

FloatArray = np.typing.NDArray[np.float32]


def real_parameters(op: core_op.VmmOp) -> tuple[FloatArray, FloatArray | None]:
    if op.is_quantized:
        raise OperationError(op, "the weights are quantised already; run core-op-expand before")
    weight = trained.constant_of(op.weight)
    bias = trained.constant_of(op.bias) if op.bias is not None else None
    if weight is None or (op.bias is not None and bias is None):
        raise OperationError(op, "the weights are computed; a core's weights are constants")
    real_weight = np.asarray(weight.array, np.float32)
    return real_weight, np.asarray(bias.array, np.float32) if bias is not None else None


def copy_auxiliary(op: core_op.VmmOp, copy: core_op.VmmOp) -> None:
    for mark in (AUXILIARY, PARTIAL):
        if mark in op.attributes:
            copy.attributes[mark] = UnitAttr()
    copy_mode(op, copy)


def pad_axis(rewriter: PatternRewriter, value: SSAValue, axis: int, size: int) -> SSAValue:
    shape = shape_of(value)
    high = [0] * len(shape)
    high[axis] = size - shape[axis]
    if not high[axis]:
        return value
    return rewriter.insert(core_op.PadOp(value, [0] * len(shape), high)).result


def cut_axis(rewriter: PatternRewriter, value: SSAValue, axis: int, size: int) -> SSAValue:
    sizes = list(shape_of(value))
    if sizes[axis] == size:
        return value
    sizes[axis] = size
    return rewriter.insert(core_op.SliceOp(value, [0] * len(sizes), sizes)).result


def replace_product(op: core_op.VmmOp, value: SSAValue, rewriter: PatternRewriter) -> None:
    """Let `value`, under the shape of the result of `op`, take its place and its golden value."""
    value = reshape(rewriter, value, shape_of(op.result))
    source = value.owner
    assert isinstance(source, core_op.CoreOperation)
    source.attributes.update(provenance_of(op))
    rewriter.replace(op, [], [value])
