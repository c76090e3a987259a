"""Dot products."""

from collections.abc import Mapping

import numpy as np
from xdsl.ir import SSAValue

from ...dialects import nn
from ...dialects.nn import Shape, shape_of
from .arithmetic_ops import add, add_constant, scale
from .conversion import Conversion
from .node_scope import Float32Array, NodeScope
from .problems import NodeError
from .values import Features


def convert_gemm(scope: NodeScope) -> Features:
    """`alpha * A @ B + beta * C`: the factors and transpositions go into the weights."""
    node = scope.node
    if not scope.is_constant(1):
        return _gemm_of_computed(scope)
    features = _rows(scope, scope.features(0))
    weights = scope.weights(1, "weight")
    if weights.ndim != 2:
        raise NodeError(f"its weight has {weights.ndim} axes; it needs 2")
    if node.integer("transB", 0):
        weights = weights.T
    weight = scope.trained(_scaled(weights, node.real("alpha", 1.0)), 1)
    beta = node.real("beta", 1.0)
    if not scope.has(2) or beta == 0:
        return Features(scope.emit(nn.DenseOp(features.value, weight)).result, features.batched)
    if not scope.is_constant(2):
        summand = scope.features(2)
        if beta != 1:
            summand = scale(scope, summand, np.array(beta, np.float32), 2)
        dense = scope.emit(nn.DenseOp(features.value, weight))
        return add(scope, Features(dense.result, features.batched), summand)
    offset = _scaled(scope.for_each_sample(scope.weights(2, "bias"), features), beta)
    if offset.ndim == 2 and offset.shape[0] != 1:
        dense = scope.emit(nn.DenseOp(features.value, weight))
        return add_constant(scope, Features(dense.result, features.batched), offset, 2)
    bias = scope.trained(_vector(offset, weights.shape[1]), 2)
    dense = scope.emit(nn.DenseOp(features.value, weight, bias))
    return Features(dense.result, features.batched)


def _gemm_of_computed(scope: NodeScope) -> Features:
    """A product of matrices of which the second, too, is computed."""
    node, rhs = scope.node, scope.features(1)
    if scope.is_constant(0):
        array = scope.weights(0, "left factor")
        turned = array.T if node.integer("transA", 0) else array
        lhs = Features(scope.trained(np.ascontiguousarray(turned), 0), batched=False)
    else:
        lhs = _rows(scope, scope.features(0))
    if rhs.batched or rhs.rank != 2 or lhs.rank != 2:
        raise NodeError("its second factor has the batch, or not two axes")
    if node.integer("transB", 0):
        rhs = rhs.with_value(scope.emit(nn.TransposeOp(rhs.value, [1, 0])).result)
    product = multiply(scope, lhs, rhs)
    alpha, beta = node.real("alpha", 1.0), node.real("beta", 1.0)
    if alpha != 1:
        product = scale(scope, product, np.array(alpha, np.float32), 0)
    if not scope.has(2) or beta == 0:
        return product
    if scope.is_constant(2):
        return add_constant(scope, product, _scaled(scope.weights(2, "bias"), beta), 2)
    summand = scope.features(2)
    if beta != 1:
        summand = scale(scope, summand, np.array(beta, np.float32), 2)
    return add(scope, product, summand)


def _rows(scope: NodeScope, features: Features) -> Features:
    """The first operand of Gemm, transposed if it has to be."""
    if features.rank != 2:
        raise NodeError(f"its input has {features.rank} axes; it needs 2")
    if not scope.node.integer("transA", 0):
        return features
    if features.batched:
        raise NodeError("transA moves the batch axis")
    return Features(scope.emit(nn.TransposeOp(features.value, [1, 0])).result, batched=False)


def convert_matmul(scope: NodeScope) -> Features:
    """A product with a constant matrix at either side, or of two computed values."""
    if scope.is_constant(1):
        features = scope.features(0, batch_anywhere=True)
        matrix = scope.weights(1, "right factor")
        while matrix.ndim > 2 and matrix.shape[0] == 1 and matrix.ndim <= features.rank:
            matrix = matrix[0]
        if matrix.ndim <= 2:
            return _features_times_matrix(scope, features, matrix)
        array = scope.for_each_sample(matrix, features)
        return multiply(scope, scope.features(0), Features(scope.trained(array, 1), False))
    if not scope.is_constant(0):
        return multiply(scope, scope.features(0), scope.features(1))
    features, matrix = scope.features(1), scope.weights(0, "left factor")
    if matrix.ndim == 2:
        return _matrix_times_features(scope, features, matrix)
    array = scope.for_each_sample(matrix, features)
    return multiply(scope, Features(scope.trained(array, 0), False), features)


def _features_times_matrix(scope: NodeScope, features: Features, matrix: Float32Array) -> Features:
    if not features.shape or (features.batched and features.batch_axis == features.rank - 1):
        raise NodeError("it sums over the batch axis")
    if matrix.ndim == 1:
        dense = scope.emit(nn.DenseOp(features.value, scope.trained(matrix[:, np.newaxis], 1)))
        dropped = scope.emit(nn.ReshapeOp(dense.result, features.shape[:-1]))
        return features.with_value(dropped.result)
    dense = scope.emit(nn.DenseOp(features.value, scope.trained(matrix, 1)))
    return features.with_value(dense.result)


def _matrix_times_features(scope: NodeScope, features: Features, matrix: Float32Array) -> Features:
    """`W @ x` is `(x^T @ W^T)^T`."""
    rank = len(features.shape)
    if features.batched and rank < 2:
        raise NodeError("it sums over the batch axis")
    weight = scope.trained(matrix.T, 0)
    if rank == 1:
        return Features(scope.emit(nn.DenseOp(features.value, weight)).result, batched=False)
    order = [*range(rank - 2), rank - 1, rank - 2]
    turned = scope.emit(nn.TransposeOp(features.value, order))
    dense = scope.emit(nn.DenseOp(turned.result, weight))
    back = scope.emit(nn.TransposeOp(dense.result, order))
    return features.with_value(back.result)


def multiply(scope: NodeScope, lhs: Features, rhs: Features) -> Features:
    """The product of two values as NumPy's `matmul` has it, the batch among the leading axes."""
    batched = lhs.batched or rhs.batched
    if lhs.batched and rhs.batched and (lhs.rank != rhs.rank or lhs.rank < 3):
        raise NodeError(f"factors of {lhs.rank} and {rhs.rank} axes: the batch meets another axis")
    if rhs.batched and rhs.rank < 3:
        raise NodeError("it sums over the batch axis")
    if batched and not (lhs.batched and rhs.batched):
        other, with_batch = (rhs, lhs) if lhs.batched else (lhs, rhs)
        if other.rank >= with_batch.rank and other.rank > 2:
            raise NodeError("the batch meets another axis")
    left = lhs.value if len(lhs.shape) > 1 else _reshape(scope, lhs.value, (1, *lhs.shape))
    right = rhs.value if len(rhs.shape) > 1 else _reshape(scope, rhs.value, (*rhs.shape, 1))
    product = scope.emit(nn.MatMulOp(left, right)).result
    shape = shape_of(product)
    if len(rhs.shape) == 1:
        shape = shape[:-1]
    if len(lhs.shape) == 1:
        shape = (*shape[: len(shape) - 1 - (len(rhs.shape) > 1)], *shape[-1:][: len(rhs.shape) > 1])
    return Features(_reshape(scope, product, shape), batched)


def _reshape(scope: NodeScope, value: SSAValue, shape: Shape) -> SSAValue:
    if shape_of(value) == shape:
        return value
    return scope.emit(nn.ReshapeOp(value, shape)).result


def _scaled(array: Float32Array, factor: float) -> Float32Array:
    return array if factor == 1 else array * np.float32(factor)


def _vector(offset: Float32Array, outputs: int) -> Float32Array:
    """A bias that is the same for all rows, one number an output."""
    if offset.shape == (outputs,):
        return offset
    if offset.ndim > 2 or offset.size not in (1, outputs):
        raise NodeError(f"its bias of shape {list(offset.shape)} does not fit {outputs} outputs")
    return np.broadcast_to(offset.reshape(-1), (outputs,)).copy()


LINEAR_OPS: Mapping[str, Conversion] = {
    "Gemm": convert_gemm,
    "MatMul": convert_matmul,
}
