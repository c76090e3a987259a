"""Several rectified forms of a layer's result, computed by a layer with as many more outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import SSAValue

from ..dialects import nn
from ..dialects.nn import shape_of
from ..dialects.support.target import Target
from ..dialects.trained import TensorOp
from .core_counts import linear_cost
from .linear_maps import ConvolutionShape, Float64Array, values_of
from .nn_fuse_linear import convolution_cost, cost_of, has_constant_weights
from .nn_natives import rounded
from .pointwise_products import PointwiseMatrices, Stack
from .wiring import channels_last, channels_last_order, reshape


@dataclass(frozen=True)
class RectifiedLayer:
    """
    A layer, and what is rectified of its result: `matrices` have the result as only input.

    `relu(f * (W x + b) + c) = relu((f * W) x + (f * b + c))`, for as many `f` and `c` an output.
    """

    op: nn.ConvOp | nn.DenseOp
    matrices: PointwiseMatrices

    @classmethod
    def of(cls, unit: SSAValue, matrices: PointwiseMatrices) -> "RectifiedLayer | None":
        """`None` where no layer computes the unit, or numbers differ within a channel."""
        op = unit.owner
        if not isinstance(op, nn.ConvOp | nn.DenseOp) or not has_constant_weights(op):
            return None
        layer = cls(op, matrices)
        return layer if set(matrices.group_axes()) <= {layer.channel_axis} else None

    @property
    def channel_axis(self) -> int:
        """The axis of the result along which outputs run."""
        return 0 if isinstance(self.op, nn.ConvOp) else len(self.matrices.shape) - 1

    def cores(self, target: Target) -> tuple[int, int]:
        """How many cores it takes with all rectified forms at once, and with these behind it."""
        op, count = self.op, self.matrices.outputs
        if isinstance(op, nn.ConvOp):
            shape = ConvolutionShape.of(op)
            together = convolution_cost(op, replace(shape, outputs=shape.outputs * count))
        else:
            inputs, outputs = shape_of(op.weight)
            positions = prod(shape_of(op.result)[:-1])
            together = linear_cost(target, 1, inputs, outputs * count, positions)
        return together.cores, cost_of(op).cores + self.matrices.cost(target).cores

    def insert(self, builder: Builder) -> Stack:
        """The layer with all rectified forms as outputs, those of one output side by side."""
        op, weight = self.op, values_of(self.op.weight)
        factors = self._for_each_output(self.matrices.factors[0])
        offsets = self._for_each_output(self.matrices.offsets)
        if op.bias is not None:
            offsets = offsets + values_of(op.bias)[:, np.newaxis] * factors
        if isinstance(op, nn.DenseOp):
            weight = (weight[..., np.newaxis] * factors).reshape(len(weight), -1)
        else:
            rows = weight.reshape(len(weight), 1, -1) * factors[..., np.newaxis]
            weight = rows.reshape(-1, *weight.shape[1:])
        operands = [op.input, builder.insert(TensorOp(rounded(weight))).result]
        if offsets.any():
            operands.append(builder.insert(TensorOp(rounded(offsets.reshape(-1)))).result)
        shape = list(shape_of(op.result))
        shape[self.channel_axis] *= self.matrices.outputs
        layer = type(op).create(
            operands=operands, result_types=[TensorType(f32, shape)], properties=op.properties
        )
        layer.location = op.location
        value = builder.insert(nn.ReluOp(builder.insert(layer).result)).result
        return self._stacked(value, builder)

    def _stacked(self, value: SSAValue, builder: Builder) -> Stack:
        shape = self.matrices.shape
        order = tuple(range(len(shape)))
        if isinstance(self.op, nn.ConvOp):
            value, order = channels_last(builder, value), channels_last_order(len(shape))
        extents = tuple(shape[axis] for axis in order)
        return Stack(reshape(builder, value, (*extents, 1, self.matrices.outputs)), order)

    def _for_each_output(self, arrays: Sequence[Float64Array]) -> Float64Array:
        """The layer's outputs x `arrays`."""
        axis, rank = self.channel_axis, len(self.matrices.shape)
        order = (*(other for other in range(rank) if other != axis), axis)
        return np.stack(
            [self.matrices.for_each_group(array, order, 1) for array in arrays], axis=-1
        )
