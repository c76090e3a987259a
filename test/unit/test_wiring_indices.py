"""Wiring as indices says of every element which computed number it is."""

import numpy as np
from xdsl.dialects.builtin import TensorType, f32
from xdsl.ir import Block, Operation, SSAValue

from corelower.dialects import core_op
from corelower.dialects.support.window import Window
from corelower.passes.wiring_indices import ZERO, WiringIndices


class Wiring:
    """A block of two arguments, 2 x 3 and 4, and what is done to them."""

    def __init__(self) -> None:
        self.block = Block(arg_types=[TensorType(f32, [2, 3]), TensorType(f32, [4])])
        self.matrix: SSAValue = self.block.args[0]
        self.vector: SSAValue = self.block.args[1]

    def add(self, op: Operation) -> SSAValue:
        """The result of an operation in the block."""
        self.block.add_op(op)
        return op.results[0]


def test_what_every_kind_of_wiring_moves_is_followed_to_its_source() -> None:
    wiring = Wiring()
    turned = wiring.add(core_op.PermuteOp(wiring.matrix, [1, 0]))
    flat = wiring.add(core_op.ReshapeOp(turned, [6]))
    joined = wiring.add(core_op.ConcatOp([flat, wiring.vector], 0))
    cut = wiring.add(core_op.SliceOp(joined, [4], [4]))
    padded = wiring.add(core_op.PadOp(cut, [1], [0]))
    twice = wiring.add(core_op.RepeatOp(padded, 0, 2))
    chosen = wiring.add(core_op.GatherOp(twice, 0, [9, 0, 2, 2]))
    indices = WiringIndices()
    # Turned, the matrix's elements are 0 3 1 4 2 5; the vector's are numbered as it is met.
    first = {source: indices.first(source) for source in indices.sources}
    assert first == {}
    found = indices.of(padded)
    numbers = {source: indices.first(source) for source in indices.sources}
    matrix, vector = numbers[wiring.matrix], numbers[wiring.vector]
    np.testing.assert_array_equal(found, [ZERO, matrix + 2, matrix + 5, vector, vector + 1])
    np.testing.assert_array_equal(indices.of(chosen), [vector + 1, ZERO, matrix + 2, matrix + 2])
    assert indices.size == 10


def test_windows_read_zero_beyond_the_border() -> None:
    wiring = Wiring()
    line = wiring.add(core_op.ReshapeOp(wiring.vector, [4, 1, 1]))
    windows = wiring.add(core_op.WindowOp(line, Window.of([3], pads=[1, 1])))
    np.testing.assert_array_equal(
        WiringIndices().of(windows)[:, 0], [[ZERO, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, ZERO]]
    )


def test_numbers_are_located_in_their_sources() -> None:
    wiring = Wiring()
    flat = wiring.add(core_op.ReshapeOp(wiring.matrix, [6]))
    joined = wiring.add(core_op.ConcatOp([flat, wiring.vector], 0))
    padded = wiring.add(core_op.PadOp(joined, [1], [1]))
    indices = WiringIndices()
    sources, elements = indices.locate(indices.of(padded))
    numbers: list[int] = sources[1:-1].tolist()
    met = [indices.sources[number] for number in numbers]
    assert met == [wiring.matrix] * 6 + [wiring.vector] * 4
    np.testing.assert_array_equal(elements, [ZERO, *range(6), *range(4), ZERO])
    np.testing.assert_array_equal(sources[[0, -1]], ZERO)


def test_looking_back_ends_where_it_is_told_to() -> None:
    wiring = Wiring()
    turned = wiring.add(core_op.PermuteOp(wiring.matrix, [1, 0]))
    flat = wiring.add(core_op.ReshapeOp(turned, [6]))
    stops = {wiring.matrix, turned}
    indices = WiringIndices(lambda value: value in stops)
    np.testing.assert_array_equal(indices.of(flat), range(6))
    assert indices.sources == (turned,)


def test_deep_wiring_is_followed() -> None:
    wiring = Wiring()
    value = wiring.vector
    for _ in range(2000):
        value = wiring.add(core_op.GatherOp(value, 0, [1, 2, 3, 0]))
    np.testing.assert_array_equal(WiringIndices().of(value), range(4))
