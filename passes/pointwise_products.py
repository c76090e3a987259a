"""Dot products of a few inputs at every element: what element-wise values are computed by."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import SSAValue

from ..dialects import core_op
from ..dialects.core_op import Activation
from ..dialects.nn import Shape, shape_of
from ..dialects.support.target import Target
from .affine_forms import Float64Array
from .core_counts import Cost, linear_cost
from .wiring import AUXILIARY, constant, reshape

Order = tuple[int, ...]


@dataclass(frozen=True)
class Stack:
    """Values of one shape side by side: their axes in `order`, then 1, then which of them."""

    value: SSAValue
    order: Order

    @classmethod
    def of(cls, value: SSAValue, order: Order, builder: Builder) -> "Stack":
        """A stack of one value, its axes brought into `order`."""
        if list(order) != sorted(order):
            value = builder.insert(core_op.PermuteOp(value, order)).result
        return cls(reshape(builder, value, (*shape_of(value), 1, 1)), order)

    def in_order(self, order: Order, builder: Builder) -> SSAValue:
        """The stack with the axes of its values in another order."""
        if order == self.order:
            return self.value
        axes = [self.order.index(axis) for axis in order]
        permute = core_op.PermuteOp(self.value, [*axes, len(order), len(order) + 1])
        return builder.insert(permute).result

    def member(self, index: int, builder: Builder) -> "Stack":
        """One of the values, as a stack of one."""
        *leading, count = shape_of(self.value)
        if count == 1:
            return self
        part = core_op.SliceOp(self.value, [*[0] * len(leading), index], [*leading, 1])
        return Stack(builder.insert(part).result, self.order)

    def only_value(self, builder: Builder) -> SSAValue:
        """The value of a stack of one, with its axes where they belong."""
        value = reshape(builder, self.value, shape_of(self.value)[:-2])
        if list(self.order) == sorted(self.order):
            return value
        axes = [self.order.index(axis) for axis in range(len(self.order))]
        return builder.insert(core_op.PermuteOp(value, axes)).result


@dataclass(frozen=True)
class PointwiseMatrices:
    """
    A matrix for each element: `factors[u][k]` from input `u` to output `k`, and `offsets[k]`.

    The arrays broadcast to `shape`. Elements whose numbers differ are groups, all others positions.
    """

    shape: Shape
    factors: Sequence[Sequence[Float64Array]]
    offsets: Sequence[Float64Array]

    @property
    def inputs(self) -> int:
        """Inputs an element."""
        return len(self.factors)

    @property
    def outputs(self) -> int:
        """Outputs an element."""
        return len(self.offsets)

    def group_axes(self) -> Order:
        """The axes along which the numbers differ."""
        arrays = [*self.offsets, *(array for row in self.factors for array in row)]
        rank = len(self.shape)
        return tuple(
            axis for axis in range(rank) if any(_differs(array, axis - rank) for array in arrays)
        )

    def cost(self, target: Target) -> Cost:
        """What the dot products take, as many elements to a core as `core-op-expand` packs."""
        groups = prod(self.shape[axis] for axis in self.group_axes())
        positions = prod(self.shape) // groups
        fit = max(1, min(target.inputs // self.inputs, target.fan_out // self.outputs))
        if groups > 1:
            copies = min(fit, groups)
            groups = -(-groups // copies)
        else:
            copies = min(fit, positions)
            positions = -(-positions // copies)
        inputs, outputs = copies * self.inputs, copies * self.outputs
        return linear_cost(target, groups, inputs, outputs, positions)

    def for_each_group(self, array: Float64Array, order: Order, groups: int) -> Float64Array:
        """An array's numbers for each element of the last `groups` axes in `order`."""
        rank = len(self.shape)
        aligned = array.reshape((1,) * (rank - array.ndim) + array.shape).transpose(order)
        extents = [self.shape[axis] for axis in order[rank - groups :]]
        return np.broadcast_to(aligned[(0,) * (rank - groups)], extents).reshape(-1)

    def weights(self, order: Order, groups: int) -> tuple[Float64Array, Float64Array]:
        """G x inputs x outputs, and G x outputs; G are the last `groups` axes in `order`."""
        weight = [
            [self.for_each_group(array, order, groups) for array in row] for row in self.factors
        ]
        bias = [self.for_each_group(offset, order, groups) for offset in self.offsets]
        # Adding zero makes a zero of each negative one.
        return np.moveaxis(np.array(weight), -1, 0) + 0.0, np.stack(bias, axis=-1) + 0.0


def insert_product(
    stack: SSAValue,
    order: Order,
    matrices: PointwiseMatrices,
    activation: Activation,
    builder: Builder,
) -> core_op.VmmOp:
    """The dot products of stacked inputs, whose axes are in `order`, those of groups last."""
    groups, rank = len(matrices.group_axes()), len(order)
    weight, bias = matrices.weights(order, groups)
    positions = [matrices.shape[axis] for axis in order[: rank - groups]]
    rows = reshape(builder, stack, (*positions, len(weight), matrices.inputs))
    weight_value = constant(builder, weight)
    bias_value = constant(builder, bias) if bias.any() else None
    product = core_op.VmmOp(activation, rows, weight_value, bias_value)
    if not groups:
        product.attributes[AUXILIARY] = UnitAttr()
    return builder.insert(product)


def _differs(array: Float64Array, axis: int) -> bool:
    """Whether an array, whose axes are counted from its end, has different numbers along one."""
    if -axis > array.ndim or array.shape[axis] == 1:
        return False
    return not bool((array == array.take([0], axis=axis)).all())
