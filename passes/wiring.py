"""Small pieces of `core_op` that several passes build: layouts, and dot products of constants."""

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects.builtin import UnitAttr, f32
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, SSAValue

from ..dialects import core_op, nn, nn_base, trained
from ..dialects.nn import Shape, shape_of
from .affine_forms import form_of, is_form_nonnegative

AUXILIARY = "core_op.auxiliary"
"""Attribute of a `core_op.vmm` whose weights were not trained: merges, pooling, additions."""

PARTIAL = "core_op.partial"
"""Attribute of a `core_op.vmm` whose results are partial sums: a merge stage adds them."""

FIXED = "core_op.fixed"
"""Attribute of a `core_op.vmm` whose integer weights are exactly the real ones: not to be tuned."""


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


_NONNEGATIVE_FUNCTIONS = frozenset(
    {
        nn.UnaryFunction.ABS,
        nn.UnaryFunction.EXP,
        nn.UnaryFunction.HARD_SIGMOID,
        nn.UnaryFunction.SIGMOID,
        nn.UnaryFunction.SOFTPLUS,
        nn.UnaryFunction.SQRT,
    }
)


def is_nonnegative(value: SSAValue) -> bool:
    """Whether it is certain from the IR alone that no element is below zero."""
    op = value.owner
    code = core_op.code_of(value) if isinstance(op, core_op.CoreOperation) else None
    if code is not None:
        return code.zero.data == 0
    match op:
        case nn.ReluOp():
            return True
        case nn.QuantizeOp():
            zero = nn_base.resolved(op.zero)
            least, _ = op.code_range
            return is_nonnegative(op.input) or (
                zero is not None and bool((np.asarray(zero, np.float64) <= least).all())
            )
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
            return _is_sum_nonnegative(op)
        case nn.UnaryOp():
            if op.function.data is nn.UnaryFunction.CLIP:
                return min(op.numbers) >= 0
            return op.function.data in _NONNEGATIVE_FUNCTIONS
        case nn.BinaryOp():
            return _is_binary_nonnegative(op)
        case nn.ConvOp() | nn.DenseOp():
            # The input comes first: where it may be negative, the weights are not looked at.
            return all(is_nonnegative(operand) for operand in op.operands)
        case trained.TensorOp():
            return op.data.is_resolved and not bool((op.data.array < 0).any())  # pyright: ignore
        case _:
            return False


def decode_for_host(function: FuncOp) -> None:
    """Decode the codes that reach what is not on the chip: the host's operations, and the end."""
    for op in list(function.body.block.ops):
        if isinstance(op, core_op.CoreOperation):
            continue
        for index, operand in enumerate(op.operands):
            if core_op.code_of(operand) is None:
                continue
            decode = core_op.DecodeOp(operand)
            decode.location = op.location
            function.body.block.insert_op_before(decode, op)
            op.operands[index] = decode.result


def _is_sum_nonnegative(op: nn.AddOp | nn.BinaryOp) -> bool:
    """Of a sum, or a product with a constant; of others whether no operand is negative."""
    form = form_of(op.result)
    if op.result in form.factors:
        return all(is_nonnegative(operand) for operand in op.operands)
    return is_form_nonnegative(form, is_nonnegative)


def _is_binary_nonnegative(op: nn.BinaryOp) -> bool:
    match op.function.data:
        case nn.BinaryFunction.MUL:
            return _is_sum_nonnegative(op)
        case nn.BinaryFunction.MAX:
            return any(is_nonnegative(operand) for operand in op.operands)
        case nn.BinaryFunction.MIN | nn.BinaryFunction.DIV:
            return all(is_nonnegative(operand) for operand in op.operands)
        case nn.BinaryFunction.PRELU:
            return is_nonnegative(op.lhs)
        case _:
            return False
