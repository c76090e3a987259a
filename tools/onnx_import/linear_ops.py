"""Dot products and batch normalisation."""

from collections.abc import Mapping

import numpy as np
from xdsl.ir import SSAValue

from ...dialects import nn
from .arithmetic_ops import add, add_constant, scale
from .conversion import Conversion
from .node_scope import Float32Array, NodeScope
from .problems import NodeError
from .values import Features


def convert_gemm(scope: NodeScope) -> Features:
    """`alpha * A @ B + beta * C`: the factors and transpositions go into the weights."""
    node = scope.node
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
    """A product with a constant matrix at either side."""
    if scope.is_constant(0):
        return _matrix_times_features(scope)
    features = scope.features(0)
    matrix = scope.weights(1, "right factor")
    if not features.shape:
        raise NodeError("it sums over the batch axis")
    while matrix.ndim > 2 and matrix.shape[0] == 1 and matrix.ndim <= features.rank:
        matrix = matrix[0]
    if matrix.ndim == 1:
        dense = scope.emit(nn.DenseOp(features.value, scope.trained(matrix[:, np.newaxis], 1)))
        dropped = scope.emit(nn.ReshapeOp(dense.result, features.shape[:-1]))
        return Features(dropped.result, features.batched)
    if matrix.ndim != 2:
        raise NodeError(f"a weight of shape {list(matrix.shape)}; it needs one or two axes")
    dense = scope.emit(nn.DenseOp(features.value, scope.trained(matrix, 1)))
    return Features(dense.result, features.batched)


def _matrix_times_features(scope: NodeScope) -> Features:
    """`W @ x` is `(x^T @ W^T)^T`."""
    features = scope.features(1)
    matrix = scope.weights(0, "left factor")
    if matrix.ndim != 2:
        raise NodeError(f"a left operand of shape {list(matrix.shape)}; it needs two axes")
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
    return Features(back.result, features.batched)


def convert_batch_normalization(scope: NodeScope) -> Features:
    """Inference: the statistics are constants."""
    node = scope.node
    features = scope.images(0)
    if node.integer("training_mode", 0):
        raise NodeError("training_mode is set; export the model for inference")
    if node.version < 9 and not node.integer("spatial", 1) and len(features.shape) > 1:
        raise NodeError("spatial=0, statistics for each position, is not supported")
    roles = enumerate(("scale", "bias", "mean", "variance"), start=1)
    operands: list[SSAValue] = [scope.trained(scope.weights(i, role), i) for i, role in roles]
    epsilon = node.real("epsilon", 1e-5)
    op = scope.emit(nn.BatchNormOp(features.value, *operands, epsilon=epsilon))
    return Features(op.result, batched=True)


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
    "BatchNormalization": convert_batch_normalization,
    "Gemm": convert_gemm,
    "MatMul": convert_matmul,
}
