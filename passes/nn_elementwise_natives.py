"""The native functions of the rules of `nn-decompose-elementwise`."""

import numpy as np
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation, SSAValue

from ..dialects import nn
from ..dialects.support.errors import CorelowerError
from ..dialects.support.tensor_data import TensorData
from ..dialects.trained import DataAttr, TensorOp, constant_of
from .nn_natives import NN_NATIVES, Float64Array, Linear, rounded
from .wiring import is_nonnegative

NN_ELEMENTWISE_NATIVES = NN_NATIVES.copy()

LARGEST_MODERATE = 2.0**16
"""Beyond it `c - (c - x)` keeps too little of an `x` near 1: float32 has 24 bits."""

UNBOUNDED = float(np.finfo(np.float32).max)
"""A bound that bounds nothing."""


@NN_ELEMENTWISE_NATIVES.native_constraint("trained.is_one")
def is_one(data: DataAttr) -> bool:
    """Whether all elements are one; not where the data is not at hand."""
    return data.data.is_resolved and bool((data.data.array == 1).all())


@NN_ELEMENTWISE_NATIVES.native_constraint("trained.is_positive")
def is_positive(data: DataAttr) -> bool:
    """Whether all elements are above zero; not where the data is not at hand."""
    return data.data.is_resolved and bool((_double(data) > 0).all())


@NN_ELEMENTWISE_NATIVES.native_constraint("trained.is_moderate")
def is_moderate(data: DataAttr) -> bool:
    """Whether float32 keeps small numbers that such constants are added to and taken from."""
    return bool((np.abs(_double(data)) <= LARGEST_MODERATE).all())


@NN_ELEMENTWISE_NATIVES.native_constraint("trained.is_large")
def is_large(data: DataAttr) -> bool:
    """The opposite of `trained.is_moderate`."""
    return not is_moderate(data)


@NN_ELEMENTWISE_NATIVES.native_constraint("trained.has_reciprocal")
def has_reciprocal(data: DataAttr) -> bool:
    """Whether the reciprocals of all elements are normal float32 numbers."""
    limits = np.finfo(np.float32)
    size = np.abs(_double(data))
    return bool(((size >= 1 / float(limits.max)) & (size <= 1 / float(limits.tiny))).all())


@NN_ELEMENTWISE_NATIVES.native_rewrite("trained.negate")
def negate(data: DataAttr) -> DataAttr:
    """The negative of each element, which is exact."""
    return DataAttr(TensorData(np.negative(data.data.array)))


@NN_ELEMENTWISE_NATIVES.native_rewrite("trained.reciprocal")
def reciprocal(data: DataAttr) -> DataAttr:
    """One divided by each element, rounded to float32."""
    return DataAttr(rounded(1 / _double(data)))


@NN_ELEMENTWISE_NATIVES.native_rewrite("trained.multiply_rounded")
def multiply_rounded(left: DataAttr, right: DataAttr) -> DataAttr:
    """The product in float64, rounded to float32."""
    return DataAttr(rounded(_double(left) * _double(right)))


@NN_ELEMENTWISE_NATIVES.native_rewrite("nn.sum")
def sum_with_constant(value: SSAValue, data: DataAttr) -> Operation:
    """The `nn.add` of a value and a constant."""
    return nn.AddOp(value, TensorOp(data).result)


@NN_ELEMENTWISE_NATIVES.native_rewrite("nn.product")
def product_with_constant(value: SSAValue, data: DataAttr) -> Operation:
    """The `nn.binary mul` of a value and a constant."""
    return nn.BinaryOp(nn.BinaryFunction.MUL, value, TensorOp(data).result)


@NN_ELEMENTWISE_NATIVES.native_rewrite("nn.parameter")
def parameter(op: nn.UnaryOp, index: IntegerAttr) -> DataAttr:
    """A parameter of the function, as a scalar."""
    return _scalar(op.numbers[index.value.data])


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.has_moderate_bounds")
def has_moderate_bounds(op: nn.UnaryOp) -> bool:
    """Whether a clip has two bounds, both moderate as in `trained.is_moderate`."""
    return max(map(abs, op.numbers)) <= LARGEST_MODERATE


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.has_large_bounds")
def has_large_bounds(op: nn.UnaryOp) -> bool:
    """Whether a clip has two bounds of which one is not moderate."""
    has_bounds = _has_lower(op) and _has_upper(op)
    return has_bounds and not has_moderate_bounds(op)


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.has_only_a_lower_bound")
def has_only_a_lower_bound(op: nn.UnaryOp) -> bool:
    """Whether a clip has no upper bound: it is the largest float32."""
    return _has_lower(op) and not _has_upper(op)


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.has_only_an_upper_bound")
def has_only_an_upper_bound(op: nn.UnaryOp) -> bool:
    """Whether a clip has no lower bound: it is the least float32."""
    return _has_upper(op) and not _has_lower(op)


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.has_no_bounds")
def has_no_bounds(op: nn.UnaryOp) -> bool:
    """Whether a clip leaves all as it is."""
    return not _has_lower(op) and not _has_upper(op)


@NN_ELEMENTWISE_NATIVES.native_rewrite("nn.lower_bound")
def lower_bound(op: nn.UnaryOp) -> DataAttr:
    """The least result of a clip; where its bounds cross that is the upper one."""
    return _scalar(min(op.numbers))


@NN_ELEMENTWISE_NATIVES.native_rewrite("nn.upper_bound")
def upper_bound(op: nn.UnaryOp) -> DataAttr:
    """The greatest result of a clip."""
    return _scalar(op.numbers[1])


@NN_ELEMENTWISE_NATIVES.native_rewrite("nn.bound_span")
def bound_span(op: nn.UnaryOp) -> DataAttr:
    """The upper bound of a clip less the lower one."""
    return _scalar(op.numbers[1] - min(op.numbers))


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.is_commutative")
def is_commutative(op: nn.BinaryOp) -> bool:
    """Whether the two operands may change places."""
    function = nn.BinaryFunction
    return op.function.data in (function.MUL, function.MAX, function.MIN)


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.is_better_used_twice")
def is_better_used_twice(first: SSAValue, second: SSAValue) -> bool:
    """
    Whether the first of two values costs less to use twice than the second.

    A value that is never negative is one unit, any other one two. A layer that only feeds one sum
    is part of its dot product.
    """
    return _use_twice_rank(first) > _use_twice_rank(second)


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.takes_factor")
def takes_factor(data: DataAttr, *values: SSAValue) -> bool:
    """Whether a layer with no other user computes one of the values, and can multiply by `data`."""
    return any(
        _feeds_one(value) and _is_an_output(value.owner, data)
        for value in values
        if isinstance(value.owner, Linear)
    )


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.is_an_input")
def is_an_input(op: Linear, data: DataAttr) -> bool:
    """Whether `data` combined with the input is one number an input channel, alike everywhere."""
    return _channels(op, data) is not None


@NN_ELEMENTWISE_NATIVES.native_rewrite("nn.an_input")
def an_input(op: Linear, data: DataAttr) -> DataAttr:
    """The number of `data` for each input channel."""
    channels = _channels(op, data)
    if channels is None:
        raise CorelowerError(f"a tensor of shape {list(data.data.shape)} is not one an input")
    return DataAttr(TensorData(channels))


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.feeds_only_layers")
def feeds_only_layers(value: SSAValue) -> bool:
    """Whether all users are convolutions and dense layers with constant weights."""
    users = [use.operation for use in value.uses]
    return all(isinstance(user, Linear) and _has_constant_weights(user) for user in users)


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.feeds_only_unpadded_layers")
def feeds_only_unpadded_layers(value: SSAValue) -> bool:
    """As `nn.feeds_only_layers`, and no window reaches over the border."""
    users = [use.operation for use in value.uses]
    padded = any(isinstance(user, nn.ConvOp) and user.window.has_padding for user in users)
    return feeds_only_layers(value) and not padded


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.is_input_of_dense")
def is_input_of_dense(op: nn.ReshapeOp) -> bool:
    """Whether a reshape gives a vector, of which a dense layer is the only user."""
    user = op.result.get_user_of_unique_use()
    is_vector = len(nn.shape_of(op.result)) == 1
    return is_vector and isinstance(user, nn.DenseOp) and _has_constant_weights(user)


@NN_ELEMENTWISE_NATIVES.native_rewrite("nn.as_reshaped")
def as_reshaped(op: nn.ReshapeOp, data: DataAttr) -> DataAttr:
    """What to combine with a reshape's result where `data` is combined with its input."""
    whole = np.broadcast_to(data.data.array, nn.shape_of(op.input))
    return DataAttr(TensorData(whole.reshape(nn.shape_of(op.result))))


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.is_scaling")
def is_scaling(op: nn.ConvOp) -> bool:
    """Whether a convolution multiplies each channel by one number."""
    outputs, inputs = nn.shape_of(op.weight)[:2]
    window = op.window
    is_one_element = window.size == 1 and not window.has_padding and set(window.strides) == {1}
    return is_one_element and inputs == 1 and outputs == op.groups.value.data


@NN_ELEMENTWISE_NATIVES.native_constraint("nn.has_no_average_pool_beside")
def has_no_average_pool_beside(value: SSAValue, op: Operation) -> bool:
    """Whether neither `value`, on which `op` is computed, nor a user of `op` is an average pool."""
    beside = [value.owner, *(use.operation for use in op.results[0].uses)]
    return not any(isinstance(neighbour, nn.AveragePoolOp) for neighbour in beside)


@NN_ELEMENTWISE_NATIVES.native_rewrite("nn.for_each_channel")
def for_each_channel(features: SSAValue, data: DataAttr) -> DataAttr:
    """One number a channel, in a shape that broadcasts against `features`."""
    rank = len(nn.shape_of(features))
    return DataAttr(TensorData(data.data.array.reshape(-1, *[1] * (rank - 1))))


def _use_twice_rank(value: SSAValue) -> tuple[bool, bool]:
    is_layer = isinstance(value.owner, Linear) and value.has_one_use()
    return is_nonnegative(value), not is_layer


def _feeds_one(value: SSAValue) -> bool:
    return value.has_one_use() and isinstance(value.owner, Linear)


def _has_constant_weights(op: Linear) -> bool:
    return all(constant_of(value) is not None for value in op.operands[1:])


def _is_an_output(op: object, data: DataAttr) -> bool:
    assert isinstance(op, Linear)
    is_an_output = NN_NATIVES.constraints["nn.is_an_output"].call
    return _has_constant_weights(op) and is_an_output(op, data)


def _channels(op: Linear, data: DataAttr) -> Float64Array | None:
    """The number of `data` for each input channel; `None` where it is not one for each."""
    shape = nn.shape_of(op.input)
    if len(data.data.shape) > len(shape):
        return None
    aligned = (1,) * (len(shape) - len(data.data.shape)) + data.data.shape
    axis = 0 if isinstance(op, nn.ConvOp) else len(shape) - 1
    for place, extent in enumerate(aligned):
        if extent != 1 and (place != axis or extent != shape[axis]):
            return None
    return np.broadcast_to(_double(data).reshape(-1), (shape[axis],))


def _has_lower(op: nn.UnaryOp) -> bool:
    return op.numbers[0] > -UNBOUNDED


def _has_upper(op: nn.UnaryOp) -> bool:
    return op.numbers[1] < UNBOUNDED


def _scalar(number: float) -> DataAttr:
    return DataAttr(rounded(np.asarray(number, np.float64)))


def _double(data: DataAttr) -> Float64Array:
    return data.data.array.astype(np.float64)
