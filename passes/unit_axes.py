"""Wiring of numbers as wiring of their units, which lie on a trailing axis."""

from collections.abc import Sequence

from xdsl.builder import Builder
from xdsl.ir import SSAValue

from ..dialects import core_op
from ..dialects.nn import shape_of
from .wiring import reshape


def move_units(
    op: core_op.WiringOperation | core_op.MaxOp, operands: Sequence[SSAValue], builder: Builder
) -> tuple[core_op.CoreOperation, SSAValue]:
    """
    What does to units what `op` does to numbers, and its result: the shape of that of `op` x units.

    Units of a number rise and fall together, so that the largest units are those of the largest
    number. A window takes units as channels: what follows it sees a window still.
    """
    value, shape = operands[0], shape_of(op.result)
    units = shape_of(value)[-1]
    match op:
        case core_op.WindowOp():
            *space, channels = shape_of(op.input)
            value = reshape(builder, value, (*space, channels * units))
            moved = builder.insert(core_op.WindowOp(value, op.window))
            return moved, reshape(builder, moved.result, (*shape, units))
        case core_op.MaxOp():
            rank = len(shape)
            order = [*range(rank), rank + 1, rank]
            value = builder.insert(core_op.PermuteOp(value, order)).result
            moved = core_op.MaxOp(value)
        case core_op.ReshapeOp():
            moved = core_op.ReshapeOp(value, (*shape, units))
        case core_op.PermuteOp():
            moved = core_op.PermuteOp(value, (*op.permutation.get_values(), len(shape)))
        case core_op.PadOp():
            low, high = op.low.get_values(), op.high.get_values()
            moved = core_op.PadOp(value, (*low, 0), (*high, 0))
        case core_op.SliceOp():
            offsets, sizes = op.offsets.get_values(), op.sizes.get_values()
            moved = core_op.SliceOp(value, (*offsets, 0), (*sizes, units))
        case core_op.ConcatOp():
            moved = core_op.ConcatOp(operands, op.axis.value.data)
        case core_op.RepeatOp():
            moved = core_op.RepeatOp(value, op.axis.value.data, op.times.value.data)
        case core_op.GatherOp():
            moved = core_op.GatherOp(value, op.axis.value.data, op.indices.get_values())
        case _:
            raise AssertionError(op)
    builder.insert(moved)
    return moved, moved.result
