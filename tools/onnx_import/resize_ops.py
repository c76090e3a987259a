"""
Resampling of images, axis by axis.

A nearest neighbour chooses elements, everything else is a fixed linear map of an axis: both are
operations that `nn` has. Source of the formulas: ONNX's operator Resize.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from ...dialects import nn
from .conversion import Conversion
from .node_scope import Float32Array, NodeScope
from .problems import NodeError
from .values import Features


@dataclass(frozen=True)
class Sampling:
    """How positions of the result lie on the input, and what is taken around them."""

    mode: str
    transformation: str
    nearest: str
    cubic: float
    exclude_outside: bool
    antialias: bool
    extrapolation: float

    def position(self, index: int, axis: "Axis") -> float:
        """Where element `index` of the result lies on the input."""
        scale, extent, size = axis.scale, axis.extent, axis.scale * axis.extent
        match self.transformation:
            case "half_pixel":
                return (index + 0.5) / scale - 0.5
            case "half_pixel_symmetric":
                return extent / 2 * (1 - axis.size / size) + (index + 0.5) / scale - 0.5
            case "pytorch_half_pixel":
                return (index + 0.5) / scale - 0.5 if size != 1 else -0.5
            case "align_corners":
                return index * (extent - 1) / (size - 1) if size != 1 else 0.0
            case "asymmetric":
                return index / scale
            case "tf_crop_and_resize":
                start, end = axis.crop
                if size == 1:
                    return (start + end) * (extent - 1) / 2
                return start * (extent - 1) + index * (end - start) * (extent - 1) / (size - 1)
            case other:
                raise NodeError(f"coordinate_transformation_mode '{other}' is not supported")

    def neighbour(self, position: float) -> int:
        """The nearest element, which may lie outside."""
        match self.nearest:
            case "round_prefer_floor":
                return ceil(position - 0.5)
            case "round_prefer_ceil":
                return floor(position + 0.5)
            case "floor":
                return floor(position)
            case "ceil":
                return ceil(position)
            case other:
                raise NodeError(f"nearest_mode '{other}' is not one of ONNX's")

    def kernel(self, distance: float) -> float:
        """The weight of an element at a distance."""
        distance = abs(distance)
        if self.mode == "linear":
            return max(1 - distance, 0.0)
        a = self.cubic
        if distance <= 1:
            return (a + 2) * distance**3 - (a + 3) * distance**2 + 1
        if distance < 2:
            return a * (distance**3 - 5 * distance**2 + 8 * distance - 4)
        return 0.0


@dataclass(frozen=True)
class Axis:
    """An axis of the input that is resampled; `crop` is its part of the region of interest."""

    extent: int
    size: int
    scale: float
    crop: tuple[float, float]


def convert_resize(scope: NodeScope) -> Features:
    """To other extents."""
    node, features = scope.node, scope.features(0)
    sampling = Sampling(
        node.text("mode", "nearest"),
        node.text("coordinate_transformation_mode", "half_pixel")
        if node.version >= 11
        else "asymmetric",
        node.text("nearest_mode", "round_prefer_floor") if node.version >= 11 else "floor",
        node.real("cubic_coeff_a", -0.75),
        bool(node.integer("exclude_outside", 0)),
        bool(node.integer("antialias", 0)),
        node.real("extrapolation_value", 0.0),
    )
    if sampling.mode not in ("nearest", "linear", "cubic"):
        raise NodeError(f"mode '{sampling.mode}' is not one of ONNX's")
    for axis, description in _axes(scope, features).items():
        inner = scope.sample_axis(axis, features)
        features = _resample(scope, features, inner, description, sampling)
    return features


def convert_upsample(scope: NodeScope) -> Features:
    """The older operator: by factors, to the nearest element before, or linear."""
    node, features = scope.node, scope.features(0)
    mode = node.text("mode", "nearest")
    if mode not in ("nearest", "linear"):
        raise NodeError(f"mode '{mode}' is not one of ONNX's")
    sampling = Sampling(mode, "asymmetric", "floor", 0.0, False, False, 0.0)
    scales = _scales(scope, 1) if scope.has(1) else node.reals("scales")
    if len(scales) != features.rank:
        raise NodeError(f"scales {list(scales)} of an input with {features.rank} axes")
    shape = features.model_shape(scope.batch)
    for axis, (extent, factor) in enumerate(zip(shape, scales, strict=True)):
        if factor != 1:
            inner = scope.sample_axis(axis, features)
            description = Axis(extent, floor(extent * factor), factor, (0.0, 1.0))
            features = _resample(scope, features, inner, description, sampling)
    return features


def _axes(scope: NodeScope, features: Features) -> dict[int, Axis]:
    """The axes of the model's tensor that change."""
    node, shape = scope.node, features.model_shape(scope.batch)
    axes = node.integers("axes") or tuple(range(features.rank))
    if any(not -features.rank <= axis < features.rank for axis in axes):
        raise NodeError(f"axes {list(axes)} of an input with {features.rank} axes")
    axes = tuple(axis % features.rank for axis in axes)
    old = node.version < 11
    if scope.has(3):
        sizes = scope.integers(3, "sizes")
        scales, sizes = _scales_of_sizes(
            node.text("keep_aspect_ratio_policy", "stretch"), [shape[axis] for axis in axes], sizes
        )
    else:
        scales = _scales(scope, 1 if old else 2)
        sizes = [floor(shape[axis] * s) for axis, s in zip(axes, scales, strict=False)]
    if len(scales) != len(axes):
        raise NodeError(f"{len(scales)} scales or sizes for {len(axes)} axes")
    crops = _crops(scope, len(axes))
    return {
        axis: Axis(shape[axis], size, scale, crop)
        for axis, size, scale, crop in zip(axes, sizes, scales, crops, strict=True)
        if size != shape[axis] or scale != 1 or crop != (0.0, 1.0)
    }


def _scales(scope: NodeScope, index: int) -> Sequence[float]:
    scales = [float(value) for value in scope.weights(index, "scales").reshape(-1)]
    if any(scale <= 0 for scale in scales):
        raise NodeError(f"scales {scales} are not all above 0")
    return scales


def _scales_of_sizes(
    policy: str, extents: Sequence[int], sizes: Sequence[int]
) -> tuple[Sequence[float], Sequence[int]]:
    if len(sizes) != len(extents) or min(sizes) < 1:
        raise NodeError(f"sizes {list(sizes)} for {len(extents)} axes")
    scales = [size / extent for size, extent in zip(sizes, extents, strict=True)]
    if policy == "stretch":
        return scales, sizes
    if policy not in ("not_larger", "not_smaller"):
        raise NodeError(f"keep_aspect_ratio_policy '{policy}' is not one of ONNX's")
    common = min(scales) if policy == "not_larger" else max(scales)
    return [common] * len(scales), [floor(common * extent + 0.5) for extent in extents]


def _crops(scope: NodeScope, count: int) -> Sequence[tuple[float, float]]:
    cropping = scope.node.text("coordinate_transformation_mode", "") == "tf_crop_and_resize"
    if not cropping or not scope.has(1):
        return [(0.0, 1.0)] * count
    region = [float(value) for value in scope.weights(1, "roi").reshape(-1)]
    if len(region) != 2 * count:
        raise NodeError(f"a roi of {len(region)} numbers for {count} axes")
    return list(zip(region[:count], region[count:], strict=True))


def _resample(
    scope: NodeScope, features: Features, axis: int, description: Axis, sampling: Sampling
) -> Features:
    """One axis: elements are chosen, or it is multiplied with a matrix."""
    positions = [sampling.position(index, description) for index in range(description.size)]
    if not positions:
        raise NodeError("an axis of the result has no elements")
    last = description.extent - 1
    outside = [
        sampling.transformation == "tf_crop_and_resize" and not 0 <= position <= last
        for position in positions
    ]
    if sampling.mode == "nearest" and not any(outside):
        indices = [min(max(sampling.neighbour(position), 0), last) for position in positions]
        op = nn.GatherOp(features.value, axis, indices)
        return features.with_value(scope.emit(op).result)
    rows = [_row(position, description, sampling) for position in positions]
    offsets = np.zeros(description.size, np.float32)
    for index, is_outside in enumerate(outside):
        if is_outside:
            rows[index] = np.zeros_like(rows[index])
            offsets[index] = sampling.extrapolation
    rank = len(features.shape)
    order = [*range(axis), *range(axis + 1, rank), axis]
    back = [order.index(i) for i in range(rank)]
    value = features.value
    if axis != rank - 1:
        value = scope.emit(nn.TransposeOp(value, order)).result
    matrix = scope.trained_from(np.stack(rows).T.copy(), f"resampling of {scope.node.name}")
    bias = None
    if offsets.any():
        bias = scope.trained_from(offsets, f"extrapolation of {scope.node.name}")
    value = scope.emit(nn.DenseOp(value, matrix, bias)).result
    if axis != rank - 1:
        value = scope.emit(nn.TransposeOp(value, back)).result
    return features.with_value(value)


def _row(position: float, axis: Axis, sampling: Sampling) -> Float32Array:
    """The weights of the input's elements in one of the result."""
    row = np.zeros(axis.extent)
    last = axis.extent - 1
    if sampling.mode == "nearest":
        row[min(max(sampling.neighbour(position), 0), last)] = 1
        return row.astype(np.float32)
    # To shrink without artefacts, the kernel is as wide as an element of the result.
    squeeze = min(axis.scale, 1.0) if sampling.antialias else 1.0
    reach = (1 if sampling.mode == "linear" else 2) / squeeze
    taps = range(floor(position - reach), ceil(position + reach) + 1)
    weights = [sampling.kernel((tap - position) * squeeze) for tap in taps]
    if sampling.exclude_outside:
        weights = [w if 0 <= tap <= last else 0.0 for tap, w in zip(taps, weights, strict=True)]
    total = sum(weights) if sampling.antialias or sampling.exclude_outside else 1.0
    for tap, weight in zip(taps, weights, strict=True):
        row[min(max(tap, 0), last)] += weight / total
    return row.astype(np.float32)


RESIZE_OPS: Mapping[str, Conversion] = {"Resize": convert_resize, "Upsample": convert_upsample}
