"""
The native functions of the `nn` passes' rules: arithmetic on trained tensors.

What is computed on the way is float64; a weight or a bias is rounded to float32 once, at its end.
"""

import numpy as np
import numpy.typing as npt
from xdsl.ir import Operation, SSAValue

from ..dialects import nn
from ..dialects.support.errors import CorelowerError
from ..dialects.support.location import fused_location
from ..dialects.support.tensor_data import TensorData
from ..dialects.trained import DataAttr, TensorOp, constant_of
from .approximated_functions import FUNCTION_PART
from .natives import NATIVES, with_operands

NN_NATIVES = NATIVES.copy()

Linear = nn.ConvOp | nn.DenseOp

Float64Array = npt.NDArray[np.float64]


@NN_NATIVES.native_constraint("trained.is_constant")
def is_constant(*values: SSAValue) -> bool:
    """Whether every value is a trained tensor."""
    return all(constant_of(value) is not None for value in values)


@NN_NATIVES.native_constraint("trained.is_computed")
def is_computed(value: SSAValue) -> bool:
    """Whether the value is no trained tensor."""
    return constant_of(value) is None


@NN_NATIVES.native_constraint("trained.is_zero")
def is_zero(data: DataAttr) -> bool:
    """Whether all elements are zero; not where the data is not at hand."""
    return data.data.is_resolved and not data.data.array.any()


@NN_NATIVES.native_rewrite("fused")
def fused(op: Operation, other: Operation, *operands: SSAValue) -> Operation:
    """The first operation on other operands, in place of both: it has both locations."""
    copy = with_operands(op, *operands)
    copy.location = fused_location(*sorted_by_position(op, other))
    return copy


@NN_NATIVES.native_rewrite("trained.to_float32")
def to_float32(data: DataAttr) -> DataAttr:
    """The same numbers, each rounded to the nearest float32."""
    return DataAttr(rounded(data.data.array.astype(np.float64)))


@NN_NATIVES.native_rewrite("trained.add_rounded")
def add_rounded(left: DataAttr, right: DataAttr) -> DataAttr:
    """The sum in float64, rounded to float32."""
    return DataAttr(rounded(_double(left) + _double(right)))


@NN_NATIVES.native_rewrite("trained.scale_first_axis")
def scale_first_axis(data: DataAttr, gain: DataAttr) -> DataAttr:
    """`data[i, ...] * gain[i]`, rounded to float32."""
    return DataAttr(rounded(_double(data) * _along_first_axis(gain, data.data.array.ndim)))


@NN_NATIVES.native_rewrite("trained.scale_last_axis")
def scale_last_axis(data: DataAttr, gain: DataAttr) -> DataAttr:
    """`data[..., i] * gain[i]`, rounded to float32."""
    return DataAttr(rounded(_double(data) * _double(gain)))


@NN_NATIVES.native_rewrite("trained.scale_and_shift")
def scale_and_shift(data: DataAttr, gain: DataAttr, offset: DataAttr) -> DataAttr:
    """`data * gain + offset`, rounded to float32."""
    return DataAttr(rounded(_double(data) * _double(gain) + _double(offset)))


@NN_NATIVES.native_constraint("nn.is_vector")
def is_vector(value: SSAValue) -> bool:
    """Whether the value has one axis."""
    return len(nn.shape_of(value)) == 1


@NN_NATIVES.native_constraint("nn.has_no_padding")
def has_no_padding(conv: nn.ConvOp) -> bool:
    """Whether no window of the convolution reaches over the border."""
    return not conv.window.has_padding


@NN_NATIVES.native_rewrite("nn.batch_norm_gain")
def batch_norm_gain(op: nn.BatchNormOp) -> DataAttr:
    """`scale / sqrt(variance + epsilon)` a channel, in float64."""
    return DataAttr(TensorData(_gain(op)))


@NN_NATIVES.native_rewrite("nn.batch_norm_offset")
def batch_norm_offset(op: nn.BatchNormOp) -> DataAttr:
    """`bias - mean * scale / sqrt(variance + epsilon)` a channel, in float64."""
    return DataAttr(TensorData(_parameter(op.bias) - _parameter(op.mean) * _gain(op)))


@NN_NATIVES.native_rewrite("nn.scale_outputs")
def scale_outputs(op: nn.ConvTransposeOp, weight: DataAttr, gain: DataAttr) -> DataAttr:
    """The weight that gives `y * gain` where `weight` gives `y`, a gain an output channel."""
    groups = op.groups.value.data
    channels, outputs, *kernel = weight.data.shape
    # The weight's first axis is the inputs, so that each group of them has its own outputs.
    by_group = _double(weight).reshape(groups, channels // groups, outputs, -1)
    scaled = by_group * _double(gain).reshape(groups, 1, outputs, 1)
    return DataAttr(rounded(scaled.reshape(channels, outputs, *kernel)))


@NN_NATIVES.native_rewrite("nn.scale_inputs")
def scale_inputs(op: Linear, weight: DataAttr, gain: DataAttr) -> DataAttr:
    """The weight that gives for `x` what `weight` gives for `x * gain`, a gain an input channel."""
    return DataAttr(rounded(_double(weight) * _of_inputs(op, _double(gain))))


@NN_NATIVES.native_rewrite("nn.response")
def response(op: Linear, weight: DataAttr, offset: DataAttr) -> DataAttr:
    """What each output gets from inputs that are `offset` a channel everywhere, in float64."""
    terms = _double(weight) * _of_inputs(op, _double(offset))
    axes = (0,) if isinstance(op, nn.DenseOp) else tuple(range(1, terms.ndim))
    return DataAttr(TensorData(np.sum(terms, axis=axes)))


@NN_NATIVES.native_rewrite("nn.depthwise_conv")
def depthwise_conv(features: SSAValue, gain: DataAttr, offset: DataAttr) -> Operation:
    """`features * gain + offset` a channel, as a convolution whose kernel is one element."""
    shape = nn.shape_of(features)
    weight = TensorOp(rounded(_double(gain).reshape(-1, *[1] * max(len(shape), 2))))
    bias = TensorOp(to_float32(offset))
    if len(shape) > 1:
        return nn.ConvOp(features, weight.result, bias.result, groups=shape[0])
    # A vector of channels is an image of one element each.
    image = nn.ReshapeOp(features, (*shape, 1))
    conv = nn.ConvOp(image.result, weight.result, bias.result, groups=gain.data.size)
    return nn.ReshapeOp(conv.result, shape)


@NN_NATIVES.native_constraint("nn.is_an_output")
def is_an_output(op: Linear, data: DataAttr) -> bool:
    """
    Whether adding `data` to the result adds one number an output, the same everywhere.

    Not to a layer that is part of an approximated function: its bias has a meaning there.
    """
    return FUNCTION_PART not in op.attributes and _is_an_output(op, data.data.shape)


@NN_NATIVES.native_rewrite("nn.an_output")
def an_output(op: Linear, data: DataAttr) -> DataAttr:
    """The number that `data` adds to each output, as a bias."""
    if not _is_an_output(op, data.data.shape):
        raise CorelowerError(f"a tensor of shape {list(data.data.shape)} is no bias here")
    outputs = nn.shape_of(op.weight)[0 if isinstance(op, nn.ConvOp) else 1]
    return DataAttr(TensorData(np.broadcast_to(data.data.array.reshape(-1), (outputs,))))


@NN_NATIVES.native_rewrite("nn.before_reshape")
def before_reshape(op: nn.ReshapeOp, data: DataAttr) -> DataAttr:
    """What to add to the reshape's input where `data` is added to its result."""
    whole = np.broadcast_to(data.data.array, nn.shape_of(op.result))
    return DataAttr(TensorData(whole.reshape(nn.shape_of(op.input))))


def rounded(array: Float64Array) -> TensorData:
    """The float32 nearest to each number. Raises `CorelowerError` where there is none."""
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    if not np.isfinite(single).all():
        raise CorelowerError("the result is not a finite float32; look for odd values in the model")
    return TensorData(single)


def sorted_by_position(*ops: Operation) -> list[Operation]:
    """Operations of one block in the order in which they stand there."""
    return sorted(ops, key=lambda op: op.parent.get_operation_index(op) if op.parent else -1)


def _gain(op: nn.BatchNormOp) -> Float64Array:
    spread = _parameter(op.variance) + op.epsilon.value.data
    if not (spread > 0).all():
        channel = int(np.argmin(spread > 0))
        raise CorelowerError(
            f"variance + epsilon of channel {channel} is {spread[channel]:g}, but must be positive"
        )
    return _parameter(op.scale) / np.sqrt(spread)


def _parameter(value: SSAValue) -> Float64Array:
    data = constant_of(value)
    if data is None:
        raise CorelowerError("a parameter is not constant")
    return data.array.astype(np.float64)


def _double(data: DataAttr) -> Float64Array:
    return data.data.array.astype(np.float64)


def _along_first_axis(vector: DataAttr, rank: int) -> Float64Array:
    return _double(vector).reshape(-1, *[1] * (rank - 1))


def _of_inputs(op: Linear, channels: Float64Array) -> Float64Array:
    """A number a channel, in a shape that broadcasts against the weight."""
    shape = nn.shape_of(op.weight)
    if isinstance(op, nn.DenseOp):
        # After a flattening, a channel is a run of neighbouring inputs.
        return np.repeat(channels, shape[0] // len(channels)).reshape(-1, 1)
    groups = op.groups.value.data
    a_group = channels.reshape(groups, shape[1])
    an_output_row = np.repeat(a_group, shape[0] // groups, axis=0)
    return an_output_row.reshape(*shape[:2], *[1] * (len(shape) - 2))


def _is_an_output(op: Linear, shape: tuple[int, ...]) -> bool:
    result = nn.shape_of(op.result)
    if len(shape) > len(result):
        return False
    aligned = (1,) * (len(result) - len(shape)) + shape
    axis = 0 if isinstance(op, nn.ConvOp) else len(result) - 1
    return all(
        extent == 1 or (place == axis and extent == result[axis])
        for place, extent in enumerate(aligned)
    )
