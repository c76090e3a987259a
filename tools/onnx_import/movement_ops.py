"""Operators that take tensors apart, and put them together."""

from collections.abc import Mapping, Sequence

import numpy as np
from xdsl.ir import SSAValue

from ...dialects import nn
from ...dialects.nn import PadMode, Shape
from .conversion import Conversion
from .node_scope import NodeScope
from .problems import NodeError
from .values import Constant, Features


def convert_concat(scope: NodeScope) -> Features:
    """Values one behind the other, some of which may be constant."""
    indices = range(len(scope.inputs))
    computed = [index for index in indices if not scope.is_constant(index)]
    first = scope.features(computed[0], batch_anywhere=True)
    axis = scope.sample_axis(scope.node.integer("axis", 1), first)
    values = [
        _constant_part(scope, first, index)
        if scope.is_constant(index)
        else _same_batch(scope, first, index)
        for index in indices
    ]
    op = nn.ConcatOp([features.value for features in values], axis)
    return first.with_value(scope.emit(op).result)


def _same_batch(scope: NodeScope, first: Features, index: int) -> Features:
    features = scope.features(index, batch_anywhere=True)
    if (features.batched, features.batch_axis) != (first.batched, first.batch_axis):
        name = scope.node.inputs[index]
        raise NodeError(f"its operand '{name}' has not the batch where the others have it")
    return features


def _constant_part(scope: NodeScope, first: Features, index: int) -> Features:
    array = scope.weights(index, "operand")
    if array.ndim != first.rank:
        raise NodeError(f"a constant of {array.ndim} axes beside a value of {first.rank}")
    if first.batched and array.shape[first.batch_axis] != scope.batch.extent:
        raise NodeError("a constant part has another batch than the others")
    return first.with_value(scope.trained(scope.for_each_sample(array, first), index))


def convert_split(scope: NodeScope) -> list[Features]:
    """Parts along an axis: of stated extents, or as even as they can be."""
    features = scope.features(0, batch_anywhere=True)
    axis = scope.sample_axis(scope.node.integer("axis", 0), features)
    extent, count = features.shape[axis], len(scope.node.outputs)
    sizes = scope.integers(1, "split") if scope.has(1) else scope.node.integers("split")
    if sizes is None:
        size = -(-extent // count)
        sizes = (*[size] * (count - 1), extent - size * (count - 1))
    if len(sizes) != count or sum(sizes) != extent or min(sizes) < 1:
        raise NodeError(f"parts {list(sizes)} of {extent} elements for {count} outputs")
    ends = np.cumsum(sizes).tolist()
    return [
        _part(scope, features, axis, end - size, size)
        for size, end in zip(sizes, ends, strict=True)
    ]


def _part(scope: NodeScope, features: Features, axis: int, start: int, size: int) -> Features:
    starts, sizes = [0] * len(features.shape), list(features.shape)
    starts[axis], sizes[axis] = start, size
    return features.with_value(scope.emit(nn.SliceOp(features.value, starts, sizes)).result)


def convert_slice(scope: NodeScope) -> Features:
    """A part of some axes; the batch stays whole."""
    features = scope.features(0, batch_anywhere=True)
    starts, ends, axes, steps = _slice_arguments(scope, features)
    shape = features.model_shape(scope.batch)
    ranges = [range(extent) for extent in shape]
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        if not 0 <= axis < len(shape) or step == 0:
            raise NodeError(f"axis {axis}, step {step} of an input with {len(shape)} axes")
        ranges[axis] = range(*slice(start, end, step).indices(shape[axis]))
    if any(not part for part in ranges):
        raise NodeError("the part that it takes is empty")
    if features.batched and ranges.pop(features.batch_axis) != range(scope.batch.extent):
        raise NodeError("it works along the batch axis")
    if all(part == range(extent) for part, extent in zip(ranges, features.shape, strict=True)):
        return features
    steps = [part.step if len(part) > 1 else 1 for part in ranges]
    op = nn.SliceOp(
        features.value,
        [part.start for part in ranges],
        [len(part) for part in ranges],
        steps if any(step != 1 for step in steps) else None,
    )
    return features.with_value(scope.emit(op).result)


def _slice_arguments(
    scope: NodeScope, features: Features
) -> tuple[Sequence[int], Sequence[int], Sequence[int], Sequence[int]]:
    if scope.node.version < 10:
        starts, ends = (scope.node.integers(name) or () for name in ("starts", "ends"))
        axes, steps = scope.node.integers("axes"), None
    else:
        starts, ends = scope.integers(1, "starts"), scope.integers(2, "ends")
        axes = scope.integers(3, "axes") if scope.has(3) else None
        steps = scope.integers(4, "steps") if scope.has(4) else None
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise NodeError("its starts, ends, axes and steps are not equally many")
    counted = [axis + features.rank if axis < 0 else axis for axis in axes]
    return starts, ends, counted, steps


def convert_pad(scope: NodeScope) -> Features:
    """More elements around; a negative number takes some away."""
    features, node = scope.features(0, batch_anywhere=True), scope.node
    if node.version < 11:
        pads, value = node.integers("pads") or (), node.real("value", 0.0)
    else:
        pads = scope.integers(1, "pads")
        value = scope.number(2, "value") if scope.has(2) else 0.0
    axes = scope.integers(3, "axes") if scope.has(3) else range(features.rank)
    if len(pads) != 2 * len(axes):
        raise NodeError(f"{len(pads)} pads for {len(axes)} axes")
    low, high = [0] * len(features.shape), [0] * len(features.shape)
    for axis, before, behind in zip(axes, pads, pads[len(axes) :], strict=False):
        if before or behind:
            inner = scope.sample_axis(axis, features)
            low[inner], high[inner] = before, behind
    try:
        mode = PadMode(node.text("mode", "constant"))
    except ValueError:
        raise NodeError(f"mode '{node.text('mode', '')}' is not one of ONNX's") from None
    features = _cut(scope, features, low, high)
    low, high = [max(n, 0) for n in low], [max(n, 0) for n in high]
    if not any((*low, *high)):
        return features
    op = nn.PadOp(features.value, low, high, mode=mode, value=value)
    return features.with_value(scope.emit(op).result)


def _cut(scope: NodeScope, features: Features, low: Sequence[int], high: Sequence[int]) -> Features:
    if min((*low, *high), default=0) >= 0:
        return features
    starts = [max(-n, 0) for n in low]
    sizes = [
        extent - start - max(-behind, 0)
        for extent, start, behind in zip(features.shape, starts, high, strict=True)
    ]
    return features.with_value(scope.emit(nn.SliceOp(features.value, starts, sizes)).result)


def convert_expand(scope: NodeScope) -> Features:
    """Repeated along axes of extent one, and along new ones in front."""
    features = scope.features(0, batch_anywhere=True)
    target = scope.integers(1, "shape")
    shape = features.model_shape(scope.batch)
    new_axes = max(len(target) - len(shape), 0)
    try:
        result = np.broadcast_shapes(shape, target)
    except ValueError:
        raise NodeError(f"{list(shape)} does not broadcast with {list(target)}") from None
    sample, start = list(result), (1,) * new_axes + features.shape
    batch_axis = features.batch_axis + new_axes if features.batched else 0
    if features.batched and sample.pop(batch_axis) != scope.batch.extent:
        raise NodeError("it works along the batch axis")
    features = Features(_reshaped(scope, features, start), features.batched, batch_axis)
    return _tile(scope, features, [b // a for a, b in zip(start, sample, strict=True)])


def convert_tile(scope: NodeScope) -> Features:
    """Repeated along axes."""
    features = scope.features(0, batch_anywhere=True)
    repeats = list(scope.integers(1, "repeats"))
    if len(repeats) != features.rank:
        raise NodeError(f"repeats {repeats} of an input with {features.rank} axes")
    if features.batched and repeats.pop(features.batch_axis) != 1:
        raise NodeError("it works along the batch axis")
    return _tile(scope, features, repeats)


def _tile(scope: NodeScope, features: Features, repeats: Sequence[int]) -> Features:
    if all(count == 1 for count in repeats):
        return features
    return features.with_value(scope.emit(nn.TileOp(features.value, repeats)).result)


def convert_gather(scope: NodeScope) -> Features:
    """Chosen elements of an axis, which the axes of the indices take the place of."""
    if scope.is_constant(0):
        raise NodeError("its indices are computed; a table look-up is not supported")
    features = scope.features(0, batch_anywhere=True)
    indices = scope.constant(1, "indices")
    return _gather(scope, features, indices)


def _gather(scope: NodeScope, features: Features, constant: Constant) -> Features:
    model_axis = scope.node.integer("axis", 0)
    axis = scope.sample_axis(model_axis, features)
    extent, shape = features.shape[axis], constant.array.shape
    if constant.array.dtype.kind not in "iu" or constant.alternative is not None:
        raise NodeError("its indices are not fixed integers")
    indices = [int(index) for index in constant.array.reshape(-1)]
    if not indices or any(not -extent <= index < extent for index in indices):
        raise NodeError(f"indices {indices[:8]} of an axis with {extent} elements")
    indices = [index % extent for index in indices]
    if indices == list(range(indices[0], indices[0] + len(indices))):
        taken = _part(scope, features, axis, indices[0], len(indices))
    else:
        op = nn.GatherOp(features.value, axis, indices)
        taken = features.with_value(scope.emit(op).result)
    wanted = (*features.shape[:axis], *shape, *features.shape[axis + 1 :])
    batch_axis = features.batch_axis
    if features.batched and model_axis % features.rank < batch_axis:
        batch_axis += len(shape) - 1
    return Features(_reshaped(scope, taken, wanted), features.batched, batch_axis)


def convert_depth_to_space(scope: NodeScope) -> Features:
    """Channels become blocks of the image."""
    features = scope.images(0)
    block, mode = scope.node.integer("blocksize", 1), scope.node.text("mode", "DCR")
    channels, *spatial = features.shape
    if len(spatial) != 2 or block < 1 or channels % block**2 or mode not in ("DCR", "CRD"):
        raise NodeError(f"blocks of {block} in mode {mode} of {list(features.shape)}")
    height, width = spatial
    outputs = channels // block**2
    if mode == "DCR":
        split, order = (block, block, outputs, height, width), (2, 3, 0, 4, 1)
    else:
        split, order = (outputs, block, block, height, width), (0, 3, 1, 4, 2)
    parts = scope.emit(nn.ReshapeOp(features.value, split))
    turned = scope.emit(nn.TransposeOp(parts.result, order))
    image = (outputs, height * block, width * block)
    return features.with_value(scope.emit(nn.ReshapeOp(turned.result, image)).result)


def _reshaped(scope: NodeScope, features: Features, shape: Shape) -> SSAValue:
    if shape == features.shape:
        return features.value
    return scope.emit(nn.ReshapeOp(features.value, shape)).result


MOVEMENT_OPS: Mapping[str, Conversion] = {
    "Concat": convert_concat,
    "DepthToSpace": convert_depth_to_space,
    "Expand": convert_expand,
    "Gather": convert_gather,
    "Pad": convert_pad,
    "Slice": convert_slice,
    "Split": convert_split,
    "Tile": convert_tile,
}
