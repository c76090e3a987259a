"""Products of two linear operations, in float64: what `nn-fuse-linear` puts in their place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import gcd

import numpy as np
import numpy.typing as npt
from xdsl.ir import SSAValue

from ..dialects import nn
from ..dialects.support.errors import CorelowerError
from ..dialects.support.window import Window
from ..dialects.trained import constant_of

Float64Array = npt.NDArray[np.float64]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class ConvolutionShape:
    """The geometry of a convolution, or of an average pool, which has a group a channel."""

    window: Window
    groups: int
    inputs: int
    """Channels a group."""
    outputs: int
    """Channels a group."""

    @classmethod
    def of(cls, op: nn.ConvOp | nn.AveragePoolOp) -> "ConvolutionShape":
        """The geometry of an operation."""
        if isinstance(op, nn.AveragePoolOp):
            return cls(op.window, nn.shape_of(op.input)[0], 1, 1)
        outputs, inputs = nn.shape_of(op.weight)[:2]
        groups = op.groups.value.data
        return cls(op.window, groups, inputs, outputs // groups)

    @property
    def fan_in(self) -> int:
        """Inputs of an output."""
        return self.inputs * self.window.size

    def then(self, second: "ConvolutionShape") -> "ConvolutionShape":
        """
        The geometry of the product, `second` being without padding.

        Tap `i` of the first kernel and tap `j` of the second meet the input at
        `i * dilation_1 + j * dilation_2 * stride_1`; a common divisor of these is its dilation.
        """
        groups = gcd(self.groups, second.groups)
        first, after = self.window, second.window
        kernel: list[int] = []
        dilations: list[int] = []
        for axis in range(first.rank):
            reach = max(_taps(first, after, axis).values())
            dilation = gcd(*_taps(first, after, axis).values()) or 1
            kernel.append(reach // dilation + 1)
            dilations.append(dilation)
        strides = [a * b for a, b in zip(first.strides, after.strides, strict=True)]
        return ConvolutionShape(
            Window.of(kernel, strides, first.pads, dilations),
            groups,
            self.inputs * self.groups // groups,
            second.outputs * second.groups // groups,
        )


@dataclass(frozen=True)
class Convolution:
    """A convolution's numbers: `weight` is outputs x inputs a group x kernel, `bias` outputs."""

    shape: ConvolutionShape
    weight: Float64Array
    bias: Float64Array | None

    @classmethod
    def of(cls, op: nn.ConvOp | nn.AveragePoolOp) -> "Convolution":
        """
        The numbers of an operation with constant weights.

        An average pool's are those of a window that sees no border, see `border_factors`.
        """
        shape = ConvolutionShape.of(op)
        if isinstance(op, nn.AveragePoolOp):
            size = (shape.groups, 1, *shape.window.kernel)
            return cls(shape, np.full(size, 1 / shape.window.size), None)
        return cls(shape, values_of(op.weight), None if op.bias is None else values_of(op.bias))

    def then(self, second: "Convolution") -> "Convolution":
        """The product with a `second` convolution that has no padding."""
        shape = self.shape.then(second.shape)
        outputs = shape.outputs * shape.groups
        kernel = np.zeros((shape.groups, shape.outputs, shape.inputs, *shape.window.kernel))
        for tap in np.ndindex(self.shape.window.kernel):
            first_matrix = self._blocks(tap, shape.groups)
            for later_tap in np.ndindex(second.shape.window.kernel):
                place = tuple(
                    _taps(self.shape.window, second.shape.window, axis)[i, j]
                    // shape.window.dilations[axis]
                    for axis, (i, j) in enumerate(zip(tap, later_tap, strict=True))
                )
                kernel[:, :, :, *place] += second._blocks(later_tap, shape.groups) @ first_matrix
        bias = second.bias
        if self.bias is not None:
            passed_on = second._response(self.bias)
            bias = passed_on if bias is None else bias + passed_on
        return Convolution(shape, kernel.reshape(outputs, shape.inputs, *shape.window.kernel), bias)

    def before_dense(
        self, spatial: Shape, matrix: Float64Array, factors: Float64Array | None
    ) -> tuple[Float64Array, Float64Array | None]:
        """
        The matrix and bias on the flattened input that replace this and then `matrix`.

        `spatial` is the input's extent, `matrix` is (outputs x positions) x N, and `factors`
        scales each position of this convolution's result.
        """
        window, groups = self.shape.window, self.shape.groups
        positions = window.output(spatial)
        count = matrix.shape[1]
        rows = matrix.reshape(groups, self.shape.outputs, *positions, count)
        bias = None
        if self.bias is not None:
            an_output = rows.sum(axis=tuple(range(2, rows.ndim - 1))).reshape(-1, count)
            bias = self.bias @ an_output
        if factors is not None:
            rows = rows * factors[..., np.newaxis]
        columns = rows.reshape(groups, self.shape.outputs, -1)
        pads = window.pad_pairs()
        padded = [extent + sum(pad) for extent, pad in zip(spatial, pads, strict=True)]
        result = np.zeros((groups, self.shape.inputs, *padded, count))
        for tap in np.ndindex(window.kernel):
            seen = _seen_by(window, tap, positions)
            part = self._blocks(tap, groups).swapaxes(1, 2) @ columns
            result[:, :, *seen, :] += part.reshape(groups, self.shape.inputs, *positions, count)
        inside = [slice(b, b + n) for (b, _), n in zip(pads, spatial, strict=True)]
        return result[:, :, *inside, :].reshape(-1, count), bias

    def _blocks(self, tap: Shape, groups: int) -> Float64Array:
        """The matrix at a tap, groups x outputs x inputs, for fewer and therefore larger groups."""
        own = self.shape.groups
        matrices = self.weight[:, :, *tap].reshape(own, self.shape.outputs, self.shape.inputs)
        merged = own // groups
        if merged == 1:
            return matrices
        blocks = np.zeros(
            (groups, merged, self.shape.outputs, merged, self.shape.inputs), np.float64
        )
        for place in range(merged):
            blocks[:, place, :, place, :] = matrices[place::merged]
        return blocks.reshape(groups, merged * self.shape.outputs, merged * self.shape.inputs)

    def _response(self, channels: Float64Array) -> Float64Array:
        """The outputs for inputs that are the same number all over a channel."""
        own = self.shape.groups
        taps = self.weight.reshape(own, self.shape.outputs, self.shape.inputs, -1).sum(axis=-1)
        return np.matmul(taps, channels.reshape(own, -1, 1)).reshape(-1)


def border_factors(op: nn.AveragePoolOp) -> Float64Array | None:
    """
    What a mean over all of a window becomes, for each position, where only what lies inside counts.

    `None` where all windows count in full: then an average pool is a convolution.
    """
    window = op.window
    if op.count_pad.value.data or not window.has_padding:
        return None
    factors = np.ones(())
    for axis, extent in enumerate(nn.shape_of(op.input)[1:]):
        places = nn.shape_of(op.result)[axis + 1]
        starts = np.arange(places) * window.strides[axis] - window.pads[axis]
        taps = np.arange(window.kernel[axis]) * window.dilations[axis]
        seen = starts[:, np.newaxis] + taps
        inside = ((seen >= 0) & (seen < extent)).sum(axis=1)
        factors = np.multiply.outer(factors, window.kernel[axis] / inside)
    return factors


def compose_dense(
    first: nn.DenseOp, second: nn.DenseOp, repeats: int, pieces: int
) -> tuple[Float64Array, Float64Array | None]:
    """
    The matrix and bias of two dense layers with a reshape between them.

    `second` sees `repeats` results of `first` as one vector, or each result as `pieces` vectors;
    one of the two is 1.
    """
    matrix, after = values_of(first.weight), values_of(second.weight)
    inputs, outputs = matrix.shape[0], after.shape[1]
    middle = after.shape[0] // repeats
    # Axes: repeat, piece, and what a dot product runs over.
    weight = np.einsum(
        "kpm,rmn->rkpn", matrix.reshape(inputs, pieces, middle), after.reshape(repeats, middle, -1)
    ).reshape(repeats * inputs, pieces * outputs)
    bias = None
    if second.bias is not None:
        bias = np.tile(values_of(second.bias), pieces)
    if first.bias is not None:
        vectors = values_of(first.bias).reshape(pieces, middle)
        passed_on = (vectors @ after.reshape(repeats, middle, -1).sum(axis=0)).reshape(-1)
        bias = passed_on if bias is None else bias + passed_on
    return weight, bias


def values_of(value: SSAValue) -> Float64Array:
    """The numbers of a trained tensor. Raises `CorelowerError` where they are not at hand."""
    data = constant_of(value)
    if data is None:
        raise CorelowerError("a weight is not constant")
    return data.array.astype(np.float64)


def _taps(first: Window, second: Window, axis: int) -> dict[tuple[int, int], int]:
    """Where, along an axis, each pair of taps meets the input."""
    step = second.dilations[axis] * first.strides[axis]
    pairs = product(range(first.kernel[axis]), range(second.kernel[axis]))
    return {(i, j): i * first.dilations[axis] + j * step for i, j in pairs}


def _seen_by(window: Window, tap: Shape, positions: Sequence[int]) -> Iterator[slice]:
    """The elements of the padded input that all positions see through one tap."""
    for axis, place in enumerate(tap):
        start = place * window.dilations[axis]
        stride = window.strides[axis]
        yield slice(start, start + stride * (positions[axis] - 1) + 1, stride)
