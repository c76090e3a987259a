"""Functions of one variable as small networks of rectifiers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xdsl.ir import Operation, SSAValue

from ..dialects import nn
from ..dialects.trained import TensorOp
from .piecewise_linear import PiecewiseLinear

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ReluNetwork:
    """
    Layers from one number to one, as (weight K x N, bias N), with a rectifier between any two.

    Applied to every element of a tensor.
    """

    layers: tuple[tuple[FloatArray, FloatArray], ...]

    @property
    def hinges(self) -> int:
        """Rectifiers."""
        return sum(len(bias) for _, bias in self.layers[:-1])


def hinge_network(fit: PiecewiseLinear) -> ReluNetwork:
    """
    `start + sum_k slope_k * relu(x - place_k)`, the first hinge at the low end.

    Below that the function is constant, above the high end it goes on straight. What rounding a
    slope to float32 loses, the next one makes up for, so that nothing adds up.
    """
    knots = np.unique(fit.knots.astype(np.float32))
    values = np.interp(knots.astype(np.float64), fit.knots, fit.values)
    start = np.float32(values[0])
    places: list[np.float32] = []
    slopes: list[np.float32] = []
    value, slope = float(start), 0.0
    for left, right, wanted in zip(knots[:-1], knots[1:], values[1:], strict=True):
        width = float(right) - float(left)
        change = np.float32((float(wanted) - value) / width - slope)
        if change:
            places.append(left)
            slopes.append(change)
        slope += float(change)
        value += slope * width
    if not places:
        # A constant: one hinge that does nothing.
        places, slopes = [knots[0]], [np.float32(0)]
    ones = np.ones((1, len(places)), np.float32)
    weight = np.array(slopes, np.float32).reshape(-1, 1)
    return ReluNetwork(((ones, -np.array(places)), (weight, np.array([start]))))


def network_operations(network: ReluNetwork, value: SSAValue, shape: nn.Shape) -> list[Operation]:
    """The network on every element of `value`, in order; the last one's result has `shape`."""
    created: list[Operation] = [column := nn.ReshapeOp(value, (*nn.shape_of(value), 1))]
    result = column.result
    for index, (weight, bias) in enumerate(network.layers):
        if index:
            created.append(relu := nn.ReluOp(result))
            result = relu.result
        created += [weight_op := TensorOp(weight), bias_op := TensorOp(bias)]
        created.append(dense := nn.DenseOp(result, weight_op.result, bias_op.result))
        result = dense.result
    return [*created, nn.ReshapeOp(result, shape)]
