"""Sums, and products with a constant."""

from collections.abc import Mapping

import numpy as np

from ...dialects import nn
from .conversion import Conversion
from .node_scope import Float32Array, NodeScope
from .problems import NodeError
from .values import Features


def convert_add(scope: NodeScope) -> Features:
    """The sum of two values, one of which may be constant."""
    for constant, computed in ((1, 0), (0, 1)):
        if scope.is_constant(constant):
            offset = scope.weights(constant, "summand")
            return add_constant(scope, scope.features(computed), offset, constant)
    return add(scope, scope.features(0), scope.features(1))


def convert_sum(scope: NodeScope) -> Features:
    """The sum of any number of values."""
    total: Features | None = None
    indices = range(len(scope.inputs))
    for index in sorted(indices, key=scope.is_constant):
        if scope.is_constant(index):
            assert total is not None, "a sum of constants is folded"
            total = add_constant(scope, total, scope.weights(index, "summand"), index)
        else:
            summand = scope.features(index)
            total = summand if total is None else add(scope, total, summand)
    if total is None:
        raise NodeError("it has no inputs")
    return total


def convert_sub(scope: NodeScope) -> Features:
    """A difference: the sum with what is negated."""
    if scope.is_constant(1):
        return add_constant(scope, scope.features(0), -scope.weights(1, "subtrahend"), 1)
    negated = scale(scope, scope.features(1), np.array(-1, np.float32), 1)
    if scope.is_constant(0):
        return add_constant(scope, negated, scope.weights(0, "minuend"), 0)
    return add(scope, scope.features(0), negated)


def convert_mul(scope: NodeScope) -> Features:
    """A product with a constant: for each channel, or the same everywhere."""
    for constant, computed in ((1, 0), (0, 1)):
        if scope.is_constant(constant):
            factor = scope.weights(constant, "factor")
            return scale(scope, scope.features(computed), factor, constant)
    raise NodeError("a product of two computed values is not supported")


def convert_div(scope: NodeScope) -> Features:
    """A quotient by a constant: the product with its reciprocal."""
    divisor = scope.weights(1, "divisor")
    if not divisor.all():
        raise NodeError(f"its divisor '{scope.node.inputs[1]}' has a zero")
    with np.errstate(over="ignore"):
        return scale(scope, scope.features(0), np.float32(1) / divisor, 1)


def convert_relu(scope: NodeScope) -> Features:
    """The rectifier."""
    features = scope.features(0)
    return Features(scope.emit(nn.ReluOp(features.value)).result, features.batched)


def add(scope: NodeScope, lhs: Features, rhs: Features) -> Features:
    """The sum of two computed values."""
    if lhs.batched and rhs.batched and lhs.rank != rhs.rank and not scope.batch.is_single:
        raise NodeError(f"operands of {lhs.rank} and {rhs.rank} axes: the batch meets another axis")
    lhs, rhs = _beside(scope, lhs, rhs), _beside(scope, rhs, lhs)
    result = scope.emit(nn.AddOp(lhs.value, rhs.value)).result
    return Features(result, lhs.batched or rhs.batched)


def add_constant(
    scope: NodeScope, features: Features, offset: Float32Array, index: int
) -> Features:
    """The sum with a constant made from input `index`."""
    constant = scope.trained(scope.for_each_sample(offset, features), index)
    return Features(scope.emit(nn.AddOp(features.value, constant)).result, features.batched)


def scale(scope: NodeScope, features: Features, factor: Float32Array, index: int) -> Features:
    """
    The product with a constant made from input `index`, as a batch normalisation.

    Mean 0, variance 1 and epsilon 0 leave exactly the factor.
    """
    factors = _for_each_channel(scope.for_each_sample(factor, features), features.shape)
    zeros, ones = np.zeros_like(factors), np.ones_like(factors)
    names = [scope.node.inputs[index], *(f"{part} of {scope.node.name}" for part in _NEUTRAL)]
    operands = [
        scope.trained_from(array, name)
        for array, name in zip((factors, zeros, zeros, ones), names, strict=True)
    ]
    op = scope.emit(nn.BatchNormOp(features.value, *operands, epsilon=0.0))
    return Features(op.result, features.batched)


_NEUTRAL = ("bias", "mean", "variance")


def _for_each_channel(factor: Float32Array, shape: tuple[int, ...]) -> Float32Array:
    """A factor that broadcasts with a sample, as one number a channel, the sample's axis 0."""
    if not shape:
        raise NodeError("a product with a single number a sample is not supported")
    if factor.ndim > len(shape):
        raise NodeError(f"a factor of {factor.ndim} axes meets a sample of {len(shape)}")
    padded = factor.reshape((1,) * (len(shape) - factor.ndim) + factor.shape)
    first = padded.reshape(padded.shape[0], -1)[:, :1]
    if padded.size == 0 or not (padded.reshape(padded.shape[0], -1) == first).all():
        raise NodeError("its factors differ along other axes than the channels")
    if any(mine not in (1, extent) for mine, extent in zip(padded.shape, shape, strict=True)):
        raise NodeError(f"a factor of shape {list(factor.shape)} meets a sample of {list(shape)}")
    return np.broadcast_to(first[:, 0], (shape[0],)).copy()


def _beside(scope: NodeScope, features: Features, other: Features) -> Features:
    """An operand without batch as it meets one that has it."""
    if features.batched or not other.batched or len(features.shape) <= len(other.shape):
        return features
    if features.rank > other.rank or features.shape[0] != 1:
        raise NodeError(
            f"operands of shapes {list(features.shape)} and {list(other.shape)} a sample: "
            "the batch meets another axis"
        )
    dropped = scope.emit(nn.ReshapeOp(features.value, features.shape[1:]))
    return Features(dropped.result, batched=False)


ARITHMETIC_OPS: Mapping[str, Conversion] = {
    "Add": convert_add,
    "Div": convert_div,
    "Mul": convert_mul,
    "Relu": convert_relu,
    "Sub": convert_sub,
    "Sum": convert_sum,
}
