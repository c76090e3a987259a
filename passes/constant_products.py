"""Matrix products with a constant as layers."""

from math import prod

import numpy as np
from xdsl.builder import Builder
from xdsl.ir import SSAValue

from ..dialects import nn
from ..dialects.nn import shape_of
from ..dialects.support.window import Window
from .nn_building import convolution, reshaped, transposed
from .wiring import constant

Numbers = np.typing.NDArray[np.generic]
Axis = tuple[str, int]
"""Whose axis it is, and which."""

POINTWISE = Window.of([1])


def constant_product(
    builder: Builder, value: SSAValue, matrix: Numbers, *, matrix_first: bool
) -> SSAValue:
    """
    `value @ matrix`, or `matrix @ value`, with leading axes that broadcast as in `nn.matmul`.

    Elements of leading axes that both have are groups of a convolution over the value's other
    axes; those of the matrix alone are more outputs, those of the value alone more positions.
    Without groups, and with the matrix last, it is a dense layer.
    """
    rank = max(len(shape_of(value)), matrix.ndim)
    value = reshaped(builder, value, (1,) * (rank - len(shape_of(value))) + shape_of(value))
    matrix = matrix.reshape((1,) * (rank - matrix.ndim) + matrix.shape)
    # The value's axis that the sum goes over, and its other one. The matrix's are the other way
    # round, and the result's are like the value's, with outputs in the place of what is summed.
    inner, rows = (rank - 2, rank - 1) if matrix_first else (rank - 1, rank - 2)
    mine, theirs = shape_of(value), matrix.shape
    leading = range(rank - 2)
    shared = [axis for axis in leading if mine[axis] > 1 and theirs[axis] > 1]
    rest = [axis for axis in leading if axis not in shared]
    outputs: list[Axis] = [("matrix", axis) for axis in (*rest, inner)]
    places: list[Axis] = [("value", axis) for axis in (*rest, rows)]
    groups: list[Axis] = [("both", axis) for axis in shared]
    weight = matrix.transpose(*shared, *rest, inner, rows).reshape(-1, mine[inner])
    if matrix_first or shared:
        value = transposed(builder, value, [*shared, inner, *rest, rows])
        channels = prod(mine[axis] for axis in shared) * mine[inner]
        value = reshaped(builder, value, (channels, prod(shape_of(value)) // channels))
        kernel = constant(builder, weight[..., None])
        conv = convolution(POINTWISE, value, kernel, groups=channels // mine[inner])
        value, have = builder.insert(conv).result, [*groups, *outputs, *places]
    else:
        dense = nn.DenseOp(value, constant(builder, np.ascontiguousarray(weight.T)))
        value, have = builder.insert(dense).result, [*places, *outputs]
    extents = {"value": mine, "matrix": theirs, "both": mine}
    value = reshaped(builder, value, [extents[owner][axis] for owner, axis in have])
    wanted: list[Axis] = []
    for axis in range(rank):
        wanted += [label for label in have if label[1] == axis]
    value = transposed(builder, value, [have.index(label) for label in wanted])
    shape = [prod(extents[owner][a] for owner, a in have if a == axis) for axis in range(rank)]
    return reshaped(builder, value, shape)
