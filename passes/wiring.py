"""Small pieces of `core_op` that several passes build: layouts, and dot products of constants."""

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects.builtin import UnitAttr, f32
from xdsl.ir import Attribute, SSAValue

from ..dialects import core_op, nn, trained
from ..dialects.nn import Shape, shape_of

AUXILIARY = "core_op.auxiliary"
"""Attribute of a `core_op.vmm` whose weights were not trained: merges, pooling, additions."""


def channels_last(builder: Builder, value: SSAValue) -> SSAValue:
    """C x S.. to S.. x C."""
    rank = len(shape_of(value))
    return builder.insert(core_op.PermuteOp(value, [*range(1, rank), 0])).result


def channels_first(builder: Builder, value: SSAValue) -> SSAValue:
    """S.. x C to C x S.."""
    rank = len(shape_of(value))
    return builder.insert(core_op.PermuteOp(value, [rank - 1, *range(rank - 1)])).result


def channels_last_order(rank: int) -> tuple[int, ...]:
    """The order in which a golden value's axes run when its channels are last."""
    return (*range(1, rank), 0)


def reshape(builder: Builder, value: SSAValue, shape: tuple[int, ...]) -> SSAValue:
    """`value` under another shape; itself where it has that already."""
    if shape_of(value) == shape:
        return value
    return builder.insert(core_op.ReshapeOp(value, shape)).result


def broadcast_to(builder: Builder, value: SSAValue, shape: Shape) -> SSAValue:
    """`value` in the shape to which NumPy would broadcast it; itself where it has that already."""
    source = shape_of(value)
    value = reshape(builder, value, (1,) * (len(shape) - len(source)) + source)
    for axis, (extent, wanted) in enumerate(zip(shape_of(value), shape, strict=True)):
        if extent != wanted:
            value = builder.insert(core_op.RepeatOp(value, axis, wanted)).result
    return value


def constant(builder: Builder, array: np.typing.NDArray[np.generic]) -> SSAValue:
    """A trained tensor; real numbers as float32. The array is shared: do not write to it later."""
    if array.dtype.kind == "f":
        array = array.astype(np.float32, copy=False)
    return builder.insert(trained.TensorOp(array)).result


def fixed_product(
    builder: Builder,
    rows: SSAValue,
    matrix: np.typing.NDArray[np.floating],
    activation: core_op.Activation,
    *,
    element: Attribute = f32,
    same_code: bool = False,
    bias: np.typing.NDArray[np.floating] | None = None,
) -> core_op.VmmOp:
    """
    `rows` (positions.. x 1 x M) times a fixed M x N matrix, the same at every position, plus a
    bias of N.

    Marked as auxiliary: its weights are part of the construction, not of the training.
    """
    weight = constant(builder, matrix[None])
    added = constant(builder, bias[None]) if bias is not None else None
    op = core_op.VmmOp(activation, rows, weight, added, element=element, same_code=same_code)
    op.attributes[AUXILIARY] = UnitAttr()
    return builder.insert(op)


def is_nonnegative(value: SSAValue) -> bool:
    """Whether it is certain from the IR alone that no element is below zero."""
    op = value.owner
    match op:
        case nn.ReluOp():
            return True
        case core_op.VmmOp():
            return op.activation.data is core_op.Activation.RELU
        case core_op.EncodeOp() | core_op.DecodeOp():
            return False
        case (
            nn.MaxPoolOp()
            | nn.AveragePoolOp()
            | nn.ReshapeOp()
            | nn.TransposeOp()
            | nn.SliceOp()
            | nn.ConcatOp()
            | nn.TileOp()
            | nn.GatherOp()
            | core_op.MaxOp()
            | core_op.WiringOperation()
        ):
            return all(is_nonnegative(operand) for operand in op.operands)
        case nn.PadOp():
            return op.value.value.data >= 0 and is_nonnegative(op.input)
        case nn.AddOp():
            return all(is_nonnegative(operand) for operand in op.operands)
        case trained.TensorOp():
            return op.data.is_resolved and not bool((op.data.array < 0).any())  # pyright: ignore
        case _:
            return False
