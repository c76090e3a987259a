"""Functions of two values, or of any number, element by element."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from xdsl.ir import SSAValue

from ...dialects import nn
from ...dialects.nn import BinaryFunction, UnaryFunction
from .conversion import Conversion
from .node_scope import Float32Array, NodeScope
from .problems import NodeError
from .values import Features


def convert_add(scope: NodeScope) -> Features:
    """The sum of two values, one of which may be constant."""
    for constant, computed in ((1, 0), (0, 1)):
        if scope.is_constant(constant):
            offset = scope.weights(constant, "summand")
            return add_constant(scope, _features(scope, computed), offset, constant)
    return add(scope, _features(scope, 0), _features(scope, 1))


def convert_sum(scope: NodeScope) -> Features:
    """The sum of any number of values."""
    total: Features | None = None
    indices = range(len(scope.inputs))
    for index in sorted(indices, key=scope.is_constant):
        if scope.is_constant(index):
            assert total is not None, "a sum of constants is folded"
            total = add_constant(scope, total, scope.weights(index, "summand"), index)
        else:
            summand = _features(scope, index)
            total = summand if total is None else add(scope, total, summand)
    if total is None:
        raise NodeError("it has no inputs")
    return total


def convert_mean(scope: NodeScope) -> Features:
    """The mean of any number of values."""
    total, count = convert_sum(scope), len(scope.inputs)
    return total if count == 1 else scale(scope, total, np.array(1 / count, np.float32), 0)


def convert_sub(scope: NodeScope) -> Features:
    """A difference: the sum with what is negated."""
    if scope.is_constant(1):
        return add_constant(scope, _features(scope, 0), -scope.weights(1, "subtrahend"), 1)
    subtrahend = _features(scope, 1)
    if not subtrahend.shape:
        return _binary(scope, BinaryFunction.SUB)
    negated = scale(scope, subtrahend, np.array(-1, np.float32), 1)
    if scope.is_constant(0):
        return add_constant(scope, negated, scope.weights(0, "minuend"), 0)
    return add(scope, _features(scope, 0), negated)


def convert_mul(scope: NodeScope) -> Features:
    """A product; with a constant for each channel, or the same everywhere, a scaling."""
    for constant, computed in ((1, 0), (0, 1)):
        if scope.is_constant(constant):
            factor = scope.weights(constant, "factor")
            return scale(scope, _features(scope, computed), factor, constant)
    return _binary(scope, BinaryFunction.MUL)


def convert_div(scope: NodeScope) -> Features:
    """A quotient; by a constant for each channel the product with its reciprocal."""
    if not scope.is_constant(1):
        return _binary(scope, BinaryFunction.DIV)
    features, divisor = _features(scope, 0), scope.weights(1, "divisor")
    if not divisor.all():
        raise NodeError(f"its divisor '{scope.node.inputs[1]}' has a zero")
    with np.errstate(over="ignore"):
        factors = _for_each_channel(scope, np.float32(1) / divisor, features)
    if factors is None:
        return _binary(scope, BinaryFunction.DIV)
    return _scaling(scope, features, factors, 1)


def convert_max(scope: NodeScope) -> Features:
    """The largest of any number of values; with zeros alone it is the rectifier."""
    return _extreme(scope, BinaryFunction.MAX)


def convert_min(scope: NodeScope) -> Features:
    """The smallest of any number of values."""
    return _extreme(scope, BinaryFunction.MIN)


def convert_pow(scope: NodeScope) -> Features:
    """A power."""
    return _binary(scope, BinaryFunction.POW)


def convert_prelu(scope: NodeScope) -> Features:
    """A leaky rectifier; with slopes that differ a function of two values."""
    features = _features(scope, 0)
    if scope.is_constant(1):
        slopes = scope.weights(1, "slope")
        if slopes.size and bool((slopes == slopes.flat[0]).all()):
            slope = float(slopes.flat[0])
            op = nn.UnaryOp(UnaryFunction.LEAKY_RELU, features.value, slope)
            return features.with_value(scope.emit(op).result)
    return _binary(scope, BinaryFunction.PRELU)


def add(scope: NodeScope, lhs: Features, rhs: Features) -> Features:
    """The sum of two computed values."""
    lhs, rhs = _side_by_side(scope, lhs, rhs)
    return _like(lhs, rhs, scope.emit(nn.AddOp(lhs.value, rhs.value)).result)


def add_constant(
    scope: NodeScope, features: Features, offset: Float32Array, index: int
) -> Features:
    """The sum with a constant made from input `index`."""
    constant = scope.trained(scope.for_each_sample(offset, features), index)
    return features.with_value(scope.emit(nn.AddOp(features.value, constant)).result)


def combine(scope: NodeScope, function: BinaryFunction, features: Features, index: int) -> Features:
    """A function of a computed value and input `index`, which may be constant."""
    if scope.is_constant(index):
        array = scope.for_each_sample(scope.numbers(index, "operand"), features)
        op = nn.BinaryOp(function, features.value, scope.trained(array, index))
        return features.with_value(scope.emit(op).result)
    lhs, rhs = _side_by_side(scope, features, _features(scope, index))
    op = nn.BinaryOp(function, lhs.value, rhs.value)
    return _like(lhs, rhs, scope.emit(op).result)


def scale(scope: NodeScope, features: Features, factor: Float32Array, index: int) -> Features:
    """
    The product with a constant made from input `index`.

    With one factor a channel it is a batch normalisation: mean 0, variance 1 and epsilon 0 leave
    exactly the factor.
    """
    factors = _for_each_channel(scope, factor, features)
    if factors is not None:
        return _scaling(scope, features, factors, index)
    constant = scope.trained(scope.for_each_sample(factor, features), index)
    op = nn.BinaryOp(BinaryFunction.MUL, features.value, constant)
    return features.with_value(scope.emit(op).result)


def scaling_operands(
    scope: NodeScope, factors: Float32Array, offsets: Float32Array, names: tuple[str, str]
) -> list[SSAValue]:
    """Scale, bias, mean and variance of a batch normalisation that scales and shifts only."""
    zeros, ones = np.zeros_like(factors), np.ones_like(factors)
    parts = [(factors, names[0]), (offsets, names[1])]
    parts += [(zeros, f"mean of {scope.node.name}"), (ones, f"variance of {scope.node.name}")]
    return [scope.trained_from(array, name) for array, name in parts]


def _scaling(scope: NodeScope, features: Features, factors: Float32Array, index: int) -> Features:
    names = (scope.node.inputs[index], f"bias of {scope.node.name}")
    operands = scaling_operands(scope, factors, np.zeros_like(factors), names)
    op = scope.emit(nn.BatchNormOp(features.value, *operands, epsilon=0.0))
    return features.with_value(op.result)


def _for_each_channel(
    scope: NodeScope, factor: Float32Array, features: Features
) -> Float32Array | None:
    """A factor as one number a channel, the sample's axis 0; `None` where it is none."""
    factor, shape = scope.for_each_sample(factor, features), features.shape
    if not shape or factor.ndim > len(shape) or factor.size == 0:
        return None
    padded = factor.reshape((1,) * (len(shape) - factor.ndim) + factor.shape)
    if any(mine not in (1, extent) for mine, extent in zip(padded.shape, shape, strict=True)):
        return None
    rows = padded.reshape(padded.shape[0], -1)
    if not (rows == rows[:, :1]).all():
        return None
    return np.broadcast_to(rows[:, 0], (shape[0],)).copy()


def _features(scope: NodeScope, index: int) -> Features:
    return scope.features(index, batch_anywhere=True)


def _binary(scope: NodeScope, function: BinaryFunction) -> Features:
    """A function of two inputs, one of which may be constant."""
    if not scope.is_constant(0):
        return combine(scope, function, _features(scope, 0), 1)
    features = _features(scope, 1)
    array = scope.for_each_sample(scope.numbers(0, "operand"), features)
    op = nn.BinaryOp(function, scope.trained(array, 0), features.value)
    return features.with_value(scope.emit(op).result)


def _extreme(scope: NodeScope, function: BinaryFunction) -> Features:
    first, *others = sorted(range(len(scope.inputs)), key=scope.is_constant)
    found = _features(scope, first)
    for index in others:
        if (
            function is BinaryFunction.MAX
            and scope.is_constant(index)
            and (bound := scope.numbers(index, "operand")).size == 1
            and not bound.any()
        ):
            found = found.with_value(scope.emit(nn.ReluOp(found.value)).result)
        else:
            found = combine(scope, function, found, index)
    return found


def _like(lhs: Features, rhs: Features, value: SSAValue) -> Features:
    return (lhs if lhs.batched else rhs).with_value(value)


def _side_by_side(scope: NodeScope, lhs: Features, rhs: Features) -> tuple[Features, Features]:
    """Two computed values as they meet in one sample, or an error where the batch meets others."""
    if lhs.batched and rhs.batched:
        axes = [features.batch_axis - features.rank for features in (lhs, rhs)]
        if axes[0] != axes[1] and not scope.batch.is_single:
            raise NodeError(
                f"operands of {lhs.rank} and {rhs.rank} axes: the batch meets another axis"
            )
        return lhs, rhs
    return _beside(scope, lhs, rhs), _beside(scope, rhs, lhs)


def _beside(scope: NodeScope, features: Features, other: Features) -> Features:
    """An operand without batch as it meets one that has it."""
    if features.batched or not other.batched:
        return features
    axis = features.rank - other.rank + other.batch_axis
    if axis < 0:
        return features
    if features.rank > other.rank or features.shape[axis] != 1:
        raise NodeError(
            f"operands of shapes {list(features.shape)} and {list(other.shape)} a sample: "
            "the batch meets another axis"
        )
    kept = (*features.shape[:axis], *features.shape[axis + 1 :])
    return replace(features, value=scope.emit(nn.ReshapeOp(features.value, kept)).result)


ARITHMETIC_OPS: Mapping[str, Conversion] = {
    "Add": convert_add,
    "Div": convert_div,
    "Max": convert_max,
    "Mean": convert_mean,
    "Min": convert_min,
    "Mul": convert_mul,
    "PRelu": convert_prelu,
    "Pow": convert_pow,
    "Sub": convert_sub,
    "Sum": convert_sum,
}
