"""The maximum of several numbers from dot products and rectifiers."""

import numpy as np
from xdsl.builder import Builder
from xdsl.ir import SSAValue

from ..dialects import core_op
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.target import Target
from .wiring import fixed_product, reshape

Matrix = np.typing.NDArray[np.float64]


def widest_tree(target: Target, nonnegative: bool) -> int:
    """The most numbers whose maximum a tree finds without exceeding a core on any level."""
    # Two units a pair, or three where its second number may be negative.
    units = 2 if nonnegative else 3
    return max(2, min(target.inputs, target.fan_out) // units * 2)


def maximum(builder: Builder, rows: SSAValue, nonnegative: bool) -> core_op.VmmOp:
    """
    The maximum of each row of `rows` (P.. x 1 x M), as a chain of fixed products; the last one.

    With `nonnegative`, no element is below zero.
    """
    value = rows
    *matrices, last = max_tree(shape_of(rows)[-1], nonnegative)
    for matrix in matrices:
        product = fixed_product(builder, value, matrix, Activation.RELU, same_code=nonnegative)
        value = product.result
    activation = Activation.RELU if nonnegative else Activation.LINEAR
    return fixed_product(builder, value, last, activation, same_code=nonnegative)


def grouped(builder: Builder, value: SSAValue, most: int) -> SSAValue:
    """
    The last axis of `value` in groups of at most `most`, which is less than its extent.

    Groups may overlap: a maximum permits it.
    """
    *leading, count = shape_of(value)
    groups = -(-count // most)
    width = -(-count // groups)
    starts = [round(group * (count - width) / (groups - 1)) for group in range(groups)]
    zeros = [0] * len(leading)
    parts = [
        builder.insert(core_op.SliceOp(value, [*zeros, start], [*leading, width])).result
        for start in starts
    ]
    joined = builder.insert(core_op.ConcatOp(parts, len(leading))).result
    return reshape(builder, joined, (*leading, groups, width))


def max_tree(count: int, nonnegative: bool) -> list[Matrix]:
    """
    Matrices `M_1 .. M_k` with `max(x) = relu(.. relu(x M_1) ..) M_k` for x of `count` numbers.

    With `nonnegative`, x has none below zero, and the last product may pass through ReLU too.
    Source: max(a, b) = relu(a - b) + relu(b) - relu(-b).
    """
    # `values` reads the numbers still in the race from the units of the level before.
    values: Matrix = np.eye(count)
    matrices: list[Matrix] = []
    while (left := values.shape[1]) > 1:
        columns: list[Matrix] = []
        readers: list[list[tuple[int, float]]] = []
        for first in range(0, left, 2):
            reader: list[tuple[int, float]] = []
            kept = values[:, first]
            if first + 1 < left:
                kept = values[:, first + 1]
                reader.append((len(columns), 1.0))
                columns.append(values[:, first] - kept)
            reader.append((len(columns), 1.0))
            columns.append(kept)
            if not nonnegative:
                reader.append((len(columns), -1.0))
                columns.append(0.0 - kept)
            readers.append(reader)
        matrices.append(np.stack(columns, axis=1))
        values = np.zeros((len(columns), len(readers)))
        for number, reader in enumerate(readers):
            for unit, factor in reader:
                values[unit, number] = factor
    return [*matrices, values]
