"""Transposed convolutions as ordinary ones: geometry and weights of the two exact forms."""

from dataclasses import dataclass
from itertools import product
from math import gcd, prod

import numpy as np
import numpy.typing as npt
from xdsl.builder import Builder
from xdsl.ir import SSAValue

from ..dialects import nn
from ..dialects.nn import shape_of
from ..dialects.support.window import Window
from .core_counts import Cost, counting_target, linear_cost
from .nn_building import reshaped, transposed

Weights = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Form:
    """
    A convolution, what its input becomes before it, and where the result lies in what it gives.

    The input gets zeros behind each element of an axis, so that it is `spread` times as long.
    Channel `(output * phases_1 + phase_1) * phases_2 + ..` at place `q` is element
    `q * phases + phase` of an output, of which the result begins at `starts`.
    """

    window: Window
    weight: Weights
    """Outputs times phases x inputs a group x kernel."""
    spread: nn.Shape
    phases: nn.Shape
    starts: nn.Shape

    def cost(self, op: nn.ConvTransposeOp) -> Cost:
        """What the convolution takes on the target of `op`."""
        groups = op.groups.value.data
        outputs, inputs = self.weight.shape[:2]
        spatial = [n * s for n, s in zip(shape_of(op.input)[1:], self.spread, strict=True)]
        positions = prod(self.window.output(spatial))
        fan_in = inputs * self.window.size
        sliding = self.window, spatial
        target = counting_target(op)
        return linear_cost(target, groups, fan_in, outputs // groups, positions, sliding)

    def spread_out(self, builder: Builder, value: SSAValue) -> SSAValue:
        """The input with the zeros between its elements."""
        if prod(self.spread) == 1:
            return value
        channels, *spatial = shape_of(value)
        split = [part for extent in spatial for part in (extent, 1)]
        zeros = [part for factor in self.spread for part in (0, factor - 1)]
        value = reshaped(builder, value, (channels, *split))
        value = builder.insert(nn.PadOp(value, [0] * (1 + len(split)), [0, *zeros])).result
        longer = [extent * factor for extent, factor in zip(spatial, self.spread, strict=True)]
        return reshaped(builder, value, (channels, *longer))

    def dealt_out(self, builder: Builder, value: SSAValue, shape: nn.Shape) -> SSAValue:
        """The result, of this shape, from what the convolution gives."""
        outputs, (_, *places), rank = shape[0], shape_of(value), len(self.phases)
        if prod(self.phases) > 1:
            value = reshaped(builder, value, (outputs, *self.phases, *places))
            order = [part for axis in range(1, rank + 1) for part in (axis + rank, axis)]
            value = transposed(builder, value, [0, *order])
            places = [n * phases for n, phases in zip(places, self.phases, strict=True)]
            value = reshaped(builder, value, (outputs, *places))
        if shape_of(value) == shape:
            return value
        return builder.insert(nn.SliceOp(value, [0, *self.starts], shape)).result


def by_phases(op: nn.ConvTransposeOp, weight: Weights) -> Form:
    """
    All results that lie between two places of the input at once, as channels: sub-pixels.

    Tap `k` of a kernel adds input `i` to element `i * stride + k * dilation` of the whole result,
    so the element `q * stride + phase` gets input `q - a` through the taps with
    `k * dilation = a * stride + phase`. Source: Shi et al., "Is the deconvolution layer the same
    as a convolutional layer?", arXiv:1609.07009.
    """
    window = op.window
    axes = [_Axis.of(op, axis) for axis in range(window.rank)]
    kernel = [axis.reach // axis.grid + 1 for axis in axes]
    groups, inputs, outputs = _groups_of(op)
    by_group = weight.reshape(groups, inputs, outputs, *window.kernel)
    result = np.zeros((groups, outputs, *window.strides, inputs, *kernel), weight.dtype)
    for met in product(*(enumerate(axis.taps) for axis in axes)):
        tap = [number for number, _ in met]
        phase = [phase for _, (_, phase) in met]
        place = [
            (axis.reach - back) // axis.grid for axis, (_, (back, _)) in zip(axes, met, strict=True)
        ]
        result[:, :, *phase, :, *place] = by_group[:, :, :, *tap].swapaxes(1, 2)
    pads = [axis.reach - axis.first for axis in axes]
    pads += [axis.last - (axis.extent - 1) for axis in axes]
    return Form(
        Window.of(kernel, None, pads, [axis.grid for axis in axes]),
        result.reshape(-1, inputs, *kernel),
        (1,) * window.rank,
        window.strides,
        tuple(axis.begin - axis.first * axis.stride for axis in axes),
    )


def over_spread_input(op: nn.ConvTransposeOp, weight: Weights) -> Form:
    """The mirrored kernel over the input with `stride - 1` zeros behind each element of an axis."""
    window = op.window
    axes = [_Axis.of(op, axis) for axis in range(window.rank)]
    spans = [d * (k - 1) for d, k in zip(window.dilations, window.kernel, strict=True)]
    pads = [max(span - axis.begin, 0) for axis, span in zip(axes, spans, strict=True)]
    pads += [max(axis.end - axis.extent * axis.stride, 0) for axis in axes]
    groups, inputs, outputs = _groups_of(op)
    swapped = weight.reshape(groups, inputs, outputs, *window.kernel).swapaxes(1, 2)
    mirrored = swapped[..., *[slice(None, None, -1)] * window.rank]
    return Form(
        Window.of(window.kernel, None, pads, window.dilations),
        mirrored.reshape(-1, inputs, *window.kernel),
        window.strides,
        (1,) * window.rank,
        tuple(max(axis.begin - span, 0) for axis, span in zip(axes, spans, strict=True)),
    )


@dataclass(frozen=True)
class _Axis:
    """An axis of a transposed convolution; the result is `begin` to `end` of the whole one."""

    extent: int
    """Of the input."""
    stride: int
    begin: int
    end: int
    taps: list[tuple[int, int]]
    """Of each element of the kernel: how many inputs it reaches back, and the phase it serves."""

    @classmethod
    def of(cls, op: nn.ConvTransposeOp, axis: int) -> "_Axis":
        window = op.window
        stride, dilation, begin = (
            values[axis] for values in (window.strides, window.dilations, window.pads)
        )
        taps = [divmod(tap * dilation, stride) for tap in range(window.kernel[axis])]
        end = begin + shape_of(op.result)[1 + axis]
        return cls(shape_of(op.input)[1 + axis], stride, begin, end, taps)

    @property
    def reach(self) -> int:
        """How many inputs the kernel reaches back."""
        return max(back for back, _ in self.taps)

    @property
    def grid(self) -> int:
        """The step in which it does."""
        return gcd(*(back for back, _ in self.taps)) or 1

    @property
    def first(self) -> int:
        """The first place that is computed: the result's first, unless that needs no padding."""
        return min(self.begin // self.stride, self.reach)

    @property
    def last(self) -> int:
        """The last place that is computed: the result's last, and not before the input's."""
        return max((self.end - 1) // self.stride, self.extent - 1)


def _groups_of(op: nn.ConvTransposeOp) -> tuple[int, int, int]:
    """Groups, and inputs and outputs of each."""
    groups = op.groups.value.data
    inputs, outputs = shape_of(op.weight)[:2]
    return groups, inputs // groups, outputs
