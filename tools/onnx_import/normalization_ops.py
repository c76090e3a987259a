"""Normalizations: by trained statistics, and by those of the sample itself."""

from collections.abc import Mapping

import numpy as np
from xdsl.ir import SSAValue

from ...dialects import nn
from ...dialects.nn import BinaryFunction, Reduction, UnaryFunction
from .arithmetic_ops import add, combine, scaling_operands
from .conversion import Conversion
from .node_scope import NodeScope
from .problems import NodeError
from .reduction_ops import reduce
from .values import Features, Unknown, Value


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


def convert_instance_normalization(scope: NodeScope) -> Features:
    """Each channel by its own mean and variance, then scaled and shifted."""
    features = scope.images(0)
    axes = range(1, len(features.shape))
    epsilon = scope.node.real("epsilon", 1e-5)
    normal = scope.emit(nn.NormalizeOp(features.value, axes, epsilon=epsilon))
    scale, bias = scope.weights(1, "scale"), scope.weights(2, "bias")
    operands = scaling_operands(scope, scale, bias, (scope.node.inputs[1], scope.node.inputs[2]))
    op = scope.emit(nn.BatchNormOp(normal.result, *operands, epsilon=0.0))
    return Features(op.result, batched=True)


def convert_layer_normalization(scope: NodeScope) -> list[Value]:
    """The last axes by their mean and variance, then scaled and shifted element by element."""
    features = scope.features(0, batch_anywhere=True)
    first = scope.node.integer("axis", -1)
    if not -features.rank <= first < features.rank:
        raise NodeError(f"axis {first} of an input with {features.rank} axes")
    model_axes = range(first % features.rank, features.rank)
    axes = [scope.sample_axis(axis, features) for axis in model_axes]
    epsilon = scope.node.real("epsilon", 1e-5)
    normal = scope.emit(nn.NormalizeOp(features.value, axes, epsilon=epsilon))
    result = combine(scope, BinaryFunction.MUL, features.with_value(normal.result), 1)
    if scope.is_constant(2):
        offset = scope.for_each_sample(scope.weights(2, "bias"), result)
        total = scope.emit(nn.AddOp(result.value, scope.trained(offset, 2))).result
        result = result.with_value(total)
    elif scope.has(2):
        result = add(scope, result, scope.features(2, batch_anywhere=True))
    if not (scope.wants(1) or scope.wants(2)):
        return [result]
    mean = reduce(scope, Reduction.MEAN, features, model_axes, keep=True)
    return [result, mean, _inverse_deviation(scope, features, mean, model_axes, epsilon)]


def _inverse_deviation(
    scope: NodeScope, features: Features, mean: Features, axes: range, epsilon: float
) -> Value:
    if not scope.wants(2):
        return Unknown()
    centred = scope.emit(nn.BinaryOp(BinaryFunction.SUB, features.value, mean.value)).result
    square = scope.emit(nn.BinaryOp(BinaryFunction.MUL, centred, centred)).result
    variance = reduce(scope, Reduction.MEAN, features.with_value(square), axes, keep=True)
    offset = scope.trained_from(np.array(epsilon, np.float32), f"epsilon of {scope.node.name}")
    raised = scope.emit(nn.AddOp(variance.value, offset)).result
    deviation = scope.emit(nn.UnaryOp(UnaryFunction.SQRT, raised)).result
    inverse = scope.emit(nn.UnaryOp(UnaryFunction.RECIPROCAL, deviation)).result
    return variance.with_value(inverse)


def convert_lrn(scope: NodeScope) -> Features:
    """Local response normalization over neighbouring channels."""
    features, node = scope.images(0), scope.node
    op = nn.LrnOp(
        features.value,
        node.integer("size", 0),
        node.real("alpha", 1e-4),
        node.real("beta", 0.75),
        node.real("bias", 1.0),
    )
    return features.with_value(scope.emit(op).result)


NORMALIZATION_OPS: Mapping[str, Conversion] = {
    "BatchNormalization": convert_batch_normalization,
    "InstanceNormalization": convert_instance_normalization,
    "LRN": convert_lrn,
    "LayerNormalization": convert_layer_normalization,
}
