"""Operators along axes: reductions, softmax, argmax."""

from collections.abc import Callable, Mapping, Sequence
from math import prod

from ...dialects import nn
from ...dialects.nn import Reduction
from .conversion import Conversion
from .node_scope import NodeScope
from .problems import NodeError
from .values import Features


def convert_softmax(scope: NodeScope) -> Features:
    """A softmax along one axis."""
    return _along_axis(scope, nn.SoftmaxOp)


def convert_log_softmax(scope: NodeScope) -> Features:
    """The logarithm of a softmax."""
    return _along_axis(scope, nn.LogSoftmaxOp)


def _along_axis(
    scope: NodeScope, operation: type[nn.SoftmaxOp] | type[nn.LogSoftmaxOp]
) -> Features:
    """Before operator set 13 it went along all axes from `axis` on, which a reshape makes one."""
    whole_rest = scope.node.version < 13
    features = scope.features(0, batch_anywhere=not whole_rest)
    axis = scope.sample_axis(scope.node.integer("axis", 1 if whole_rest else -1), features)
    shape = features.shape
    if not whole_rest or axis == len(shape) - 1:
        return features.with_value(scope.emit(operation(features.value, axis)).result)
    flat = scope.emit(nn.ReshapeOp(features.value, (*shape[:axis], prod(shape[axis:]))))
    soft = scope.emit(operation(flat.result, axis))
    return features.with_value(scope.emit(nn.ReshapeOp(soft.result, shape)).result)


def convert_arg_max(scope: NodeScope) -> Features:
    """The index of the largest value."""
    features = scope.features(0)
    op = nn.ArgMaxOp(
        features.value,
        scope.sample_axis(scope.node.integer("axis", 0), features),
        keep=bool(scope.node.integer("keepdims", 1)),
        last=bool(scope.node.integer("select_last_index", 0)),
    )
    return features.with_value(scope.emit(op).result)


def _reduction(function: Reduction) -> Callable[[NodeScope], Features]:
    def convert(scope: NodeScope) -> Features:
        features = scope.features(0)
        axes = scope.integers(1, "axes") if scope.has(1) else scope.node.integers("axes")
        if not axes and scope.node.integer("noop_with_empty_axes", 0):
            return features
        keep = bool(scope.node.integer("keepdims", 1))
        return reduce(scope, function, features, axes or range(features.rank), keep)

    return convert


def reduce(
    scope: NodeScope, function: Reduction, features: Features, axes: Sequence[int], keep: bool
) -> Features:
    """
    A reduction along axes of the model's tensor, which go or stay with extent one.

    A model that takes one sample may reduce along the batch. The mean of each channel is a pool.
    """
    if any(not -features.rank <= axis < features.rank for axis in axes):
        raise NodeError(f"axes {list(axes)} of an input with {features.rank} axes")
    counted = {axis % features.rank for axis in axes}
    over_batch = features.batched and features.batch_axis in counted
    if over_batch and not scope.batch.is_single:
        raise NodeError("it works along the batch axis")
    counted -= {features.batch_axis} if over_batch else set[int]()
    inner = sorted(scope.sample_axis(axis, features) for axis in counted)
    shape = features.shape
    kept = tuple(1 if axis in inner else extent for axis, extent in enumerate(shape))
    left = tuple(extent for axis, extent in enumerate(shape) if axis not in inner)
    is_pool = function is Reduction.MEAN and inner == list(range(1, len(shape)))
    if is_pool and 2 <= len(shape) <= 4:
        value = scope.emit(nn.AveragePoolOp(features.value, shape[1:])).result
    else:
        value = scope.emit(nn.ReduceOp(function, features.value, inner)).result
    wanted = kept if keep else left
    if over_batch:
        wanted = (1, *wanted) if keep else wanted
    if nn.shape_of(value) != wanted:
        value = scope.emit(nn.ReshapeOp(value, wanted)).result
    return Features(value, batched=False) if over_batch else features.with_value(value)


REDUCTION_OPS: Mapping[str, Conversion] = {
    "ArgMax": convert_arg_max,
    "LogSoftmax": convert_log_softmax,
    "ReduceL2": _reduction(Reduction.L2),
    "ReduceMax": _reduction(Reduction.MAX),
    "ReduceMean": _reduction(Reduction.MEAN),
    "ReduceMin": _reduction(Reduction.MIN),
    "ReduceSum": _reduction(Reduction.SUM),
    "Softmax": convert_softmax,
}
