"""Operators that move elements, or do nothing at all."""

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np
from onnx import TensorProto
from xdsl.dialects.builtin import i64

from ...dialects import nn
from .conversion import Conversion
from .node_scope import NodeScope, element_type
from .problems import NodeError
from .values import SYMBOLIC_EXTENTS, Batch, Constant, Features, Value


def convert_flatten(scope: NodeScope) -> Features:
    """Two axes of what was before and after `axis`."""
    features = scope.features(0)
    axis = scope.node.integer("axis", 1)
    if not -features.rank <= axis <= features.rank:
        raise NodeError(f"axis {axis} of an input with {features.rank} axes")
    shape = features.model_shape(scope.batch)
    axis += features.rank if axis < 0 else 0
    return reshape(scope, features, (prod(shape[:axis]), prod(shape[axis:])))


def convert_reshape(scope: NodeScope) -> Features:
    """Another shape: 0 keeps an extent, -1 takes what is left."""
    features = scope.features(0, batch_anywhere=True)
    target = scope.integers(1, "shape")
    if any(extent < -1 for extent in target) or target.count(-1) > 1:
        raise NodeError(f"shape {list(target)} is not one of ONNX's")
    if 0 in target and scope.node.integer("allowzero", 0):
        raise NodeError("an empty tensor (a zero in its shape, with allowzero) is not supported")
    resolved = _resolve(target, features.model_shape(scope.batch))
    if scope.batch.is_symbolic and features.batched and not _keeps_batch(features, resolved, scope):
        # A model exported with one sample may say 1 where it means the batch.
        alone = _resolve(target, (1, *features.shape))
        if alone[:1] == (1,) and prod(alone) == prod(features.shape):
            resolved = (scope.batch.extent, *alone[1:])
    return reshape(scope, features, resolved)


def convert_squeeze(scope: NodeScope) -> Features:
    """Without some axes of extent one, or all."""
    features = scope.features(0, batch_anywhere=True)
    shape = features.model_shape(scope.batch)
    axes = _axes(scope, features.rank)
    if axes is None:
        axes = tuple(axis for axis, extent in enumerate(shape) if extent == 1)
    if any(shape[axis] != 1 for axis in axes):
        raise NodeError(f"axes {list(axes)} of shape {list(shape)} are not all of extent 1")
    kept = [extent for axis, extent in enumerate(shape) if axis not in axes]
    return reshape(scope, features, kept)


def convert_unsqueeze(scope: NodeScope) -> Features:
    """With new axes of extent one."""
    features = scope.features(0, batch_anywhere=True)
    count = len(scope.integers(1, "axes") if scope.has(1) else scope.node.integers("axes") or ())
    axes = _axes(scope, features.rank + count)
    if not axes or len(set(axes)) != len(axes):
        raise NodeError("its axes are missing, or one is named twice")
    shape = list(features.model_shape(scope.batch))
    for axis in sorted(axes):
        shape.insert(axis, 1)
    return reshape(scope, features, shape)


def convert_transpose(scope: NodeScope) -> Features:
    """Axes in another order; where the batch goes, only its place is noted."""
    features = scope.features(0, batch_anywhere=True)
    order = scope.node.integers("perm") or tuple(reversed(range(features.rank)))
    if sorted(order) != list(range(features.rank)):
        raise NodeError(f"perm {list(order)} of an input with {features.rank} axes")
    batch_axis = 0
    if features.batched:
        batch_axis = order.index(features.batch_axis)
        order = tuple(
            axis - (axis > features.batch_axis) for axis in order if axis != features.batch_axis
        )
    value = features.value
    if order != tuple(sorted(order)):
        value = scope.emit(nn.TransposeOp(value, order)).result
    return Features(value, features.batched, batch_axis)


def convert_identity(scope: NodeScope) -> Features:
    """Nothing."""
    return scope.features(0, batch_anywhere=True, indices=True)


def convert_dropout(scope: NodeScope) -> Features:
    """Nothing, in inference."""
    if scope.has(2) and bool(np.any(scope.constant(2, "training_mode").array)):
        raise NodeError("training_mode is set; export the model for inference")
    return scope.features(0, batch_anywhere=True)


def convert_cast(scope: NodeScope) -> Features:
    """Nothing, between floating-point types: all is computed in 32 bits. Indices become real."""
    features = scope.features(0, batch_anywhere=True, indices=True)
    target = scope.node.integer("to", TensorProto.UNDEFINED)
    floats = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    if element_type(features.value) == i64:
        if target in (TensorProto.INT32, TensorProto.INT64):
            return features
        if target in floats:
            return features.with_value(scope.emit(nn.ToRealOp(features.value)).result)
    if target not in floats:
        known = target in TensorProto.DataType.values()
        name = TensorProto.DataType.Name(target) if known else str(target)
        raise NodeError(f"a cast of computed values to {name} is not supported")
    if target in (TensorProto.FLOAT16, TensorProto.BFLOAT16):
        scope.remark("computed in 32 bits instead of 16")
    return features


def convert_shape(scope: NodeScope) -> Value:
    """The shape, a constant; of an open batch only what follows from it is."""
    features = scope.features(0, batch_anywhere=True, indices=True)
    start, end = scope.node.integer("start", 0), scope.node.integer("end", features.rank)
    array = np.array(features.model_shape(scope.batch)[start:end], np.int64)
    if not scope.batch.is_symbolic:
        return Constant(array, scope.node.outputs[0])
    other = Batch(SYMBOLIC_EXTENTS[1], is_symbolic=True)
    alternative = np.array(features.model_shape(other)[start:end], np.int64)
    return Constant(array, scope.node.outputs[0], alternative)


def convert_size(scope: NodeScope) -> Value:
    """The number of elements, a constant; of an open batch only what follows from it is."""
    features = scope.features(0, batch_anywhere=True, indices=True)
    array = np.array(prod(features.model_shape(scope.batch)), np.int64)
    if not scope.batch.is_symbolic:
        return Constant(array, scope.node.outputs[0])
    other = Batch(SYMBOLIC_EXTENTS[1], is_symbolic=True)
    alternative = np.array(prod(features.model_shape(other)), np.int64)
    return Constant(array, scope.node.outputs[0], alternative)


def reshape(scope: NodeScope, features: Features, target: Sequence[int]) -> Features:
    """
    The value under the model's shape `target`, the batch counted.

    Raises `NodeError` where the batch does not stay an axis of its own, unless the model takes one
    sample: then its axis may go and come back.
    """
    target = tuple(target)
    if prod(target) != prod(shape := features.model_shape(scope.batch)):
        raise NodeError(f"{list(shape)} does not fit into {list(target)}")
    batch_axis = _batch_axis(features, target, scope)
    if batch_axis is None and features.batched and not scope.batch.is_single:
        names = [_shape_text(scope, part) for part in (shape, target)]
        raise NodeError(f"from {names[0]} to {names[1]} the batch axis mixes with others")
    if batch_axis is None:
        sample, batched = target, False
    else:
        sample, batched = (*target[:batch_axis], *target[batch_axis + 1 :]), True
    if sample == features.shape:
        return Features(features.value, batched, batch_axis or 0)
    result = scope.emit(nn.ReshapeOp(features.value, sample)).result
    return Features(result, batched, batch_axis or 0)


def _batch_axis(features: Features, target: Sequence[int], scope: NodeScope) -> int | None:
    """The axis of `target` that is the batch: as many elements lie before it as before."""
    if not features.batched:
        return 0 if scope.batch.is_single and target[:1] == (1,) else None
    before = prod(features.shape[: features.batch_axis])
    for axis, extent in enumerate(target):
        if extent == scope.batch.extent and prod(target[:axis]) == before:
            return axis
    return None


def _keeps_batch(features: Features, target: Sequence[int], scope: NodeScope) -> bool:
    return _batch_axis(features, target, scope) is not None


def _resolve(target: Sequence[int], shape: Sequence[int]) -> tuple[int, ...]:
    """A shape with its 0 and -1 replaced; a -1 that has no solution becomes 0."""
    kept = [
        shape[axis] if extent == 0 and axis < len(shape) else extent
        for axis, extent in enumerate(target)
    ]
    rest = prod(extent for extent in kept if extent != -1)
    left = prod(shape) // rest if rest and prod(shape) % rest == 0 else 0
    return tuple(left if extent == -1 else extent for extent in kept)


def _axes(scope: NodeScope, rank: int) -> tuple[int, ...] | None:
    """The axes of an input, or before operator set 13 of an attribute; all counted from 0."""
    axes = scope.integers(1, "axes") if scope.has(1) else scope.node.integers("axes")
    if axes is None:
        return None
    if any(not -rank <= axis < rank for axis in axes):
        raise NodeError(f"axes {list(axes)} among {rank}")
    return tuple(axis % rank for axis in axes)


def _shape_text(scope: NodeScope, shape: Sequence[int]) -> str:
    return f"[{', '.join(_extent_text(scope.batch, extent) for extent in shape)}]"


def _extent_text(batch: Batch, extent: int) -> str:
    if not batch.is_symbolic or extent == 0 or extent % batch.extent:
        return str(extent)
    return "N" if extent == batch.extent else f"{extent // batch.extent}N"


SHAPE_OPS: Mapping[str, Conversion] = {
    "Cast": convert_cast,
    "Dropout": convert_dropout,
    "Flatten": convert_flatten,
    "Identity": convert_identity,
    "Reshape": convert_reshape,
    "Shape": convert_shape,
    "Size": convert_size,
    "Squeeze": convert_squeeze,
    "Transpose": convert_transpose,
    "Unsqueeze": convert_unsqueeze,
}
