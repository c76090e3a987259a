"""From operations to an image's steps that need no core: moves, and what the host ends with."""

from xdsl.ir import Operation, SSAValue

from ...dialects import core_op, nn
from ...dialects.nn import shape_of
from ...dialects.support.provenance import golden_name
from . import steps


def step_of(op: Operation, fill: int = 0) -> steps.Step | None:
    """
    The step of what moves values, or ends the program on the host; `None` where there is none.

    `fill` is what stands beyond the border of a window, or is padded.
    """
    match op:
        case core_op.WindowOp():
            w = op.window
            return steps.Window(w.kernel, w.strides, w.pads, w.dilations, fill)
        case core_op.PadOp():
            return steps.Pad(_tuple(op.low), _tuple(op.high), fill)
        case core_op.SliceOp():
            return steps.Slice(_tuple(op.offsets), _tuple(op.sizes))
        case core_op.ConcatOp():
            return steps.Concat(op.axis.value.data)
        case core_op.PermuteOp():
            return steps.Permute(_tuple(op.permutation))
        case core_op.ReshapeOp():
            return steps.Reshape(shape_of(op.result))
        case core_op.RepeatOp():
            return steps.Repeat(op.axis.value.data, op.times.value.data)
        case core_op.GatherOp():
            return steps.Gather(op.axis.value.data, _tuple(op.indices))
        case nn.SoftmaxOp():
            return steps.Softmax(op.axis.value.data % len(shape_of(op.input)))
        case nn.LogSoftmaxOp():
            return steps.LogSoftmax(op.axis.value.data % len(shape_of(op.input)))
        case nn.ArgMaxOp():
            axis = op.axis.value.data % len(shape_of(op.input))
            return steps.ArgMax(axis, bool(op.keep.value.data), bool(op.last.value.data))
        case _:
            return None


def _tuple(values: nn.IntegerArray) -> tuple[int, ...]:
    return tuple(values.get_values())


def output_name(value: SSAValue, index: int) -> str:
    """What the image calls an output: the golden value that it stands for, or its number."""
    op = value.owner
    return (golden_name(op) if isinstance(op, Operation) else None) or f"output{index}"
