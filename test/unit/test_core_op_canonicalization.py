"""Canonicalization of drawn wiring keeps every value and name, and leaves no more permutes."""

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import context, names
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Region, SSAValue

from corelower.dialects import core_op, trained
from corelower.dialects.canonicalization.core_op_layout import order_before_reshape
from corelower.dialects.nn import Shape, shape_of
from corelower.dialects.support.provenance import set_golden
from corelower.passes.canonicalize import CanonicalizePass
from corelower.passes.nn_keep_golden import NnKeepGoldenPass
from corelower.targets.jax.compare import compare_functions
from corelower.targets.jax.evaluator import Evaluator, find_function

SIGNED = core_op.CodeType(6, 0.5, 8)
LARGEST = 400
KINDS = (
    *("permute", "permute", "reshape", "widen", "pad", "slice"),
    *("concat", "repeat", "gather", "max", "vmm"),
)


class Wiring:
    """A function of one value, wired operation by operation."""

    def __init__(self, shape: Shape, element: Attribute = f32):
        self.block = Block(arg_types=[TensorType(element, shape)])
        self.values: list[SSAValue] = [self.block.args[0]]

    def add(self, op: core_op.CoreOperation) -> SSAValue:
        self.block.add_op(op)
        self.values.append(op.result)
        return op.result

    def constant(self, array: np.typing.NDArray[np.float32]) -> SSAValue:
        op = trained.TensorOp(array)
        self.block.add_op(op)
        return op.result

    def returning(self, *values: SSAValue) -> ModuleOp:
        self.block.add_op(ReturnOp(*values))
        types = [value.type for value in values]
        function = FuncOp("main", (list(self.block.arg_types), types), Region(self.block))
        module = ModuleOp([function])
        module.verify()
        return module


def permutes(module: ModuleOp) -> int:
    return names(module).count("core_op.permute")


@st.composite
def factors(draw: st.DrawFn, size: int) -> Shape:
    """A shape of so many elements, axes of extent one among them."""
    shape: list[int] = []
    while size > 1:
        shape.append(draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0])))
        size //= shape[-1]
    return tuple(shape + [1] * draw(st.integers(0, 1))) or (1,)


def add_drawn(draw: st.DrawFn, wiring: Wiring) -> None:
    value = draw(st.sampled_from(wiring.values[-3:]))
    shape = shape_of(value)
    axis = draw(st.integers(0, len(shape) - 1))
    extent = shape[axis]
    count = draw(st.integers(1, 3))
    kind = draw(st.sampled_from(KINDS))
    match kind:
        case "permute":
            op = core_op.PermuteOp(value, draw(st.permutations(range(len(shape)))))
        case "reshape":
            op = core_op.ReshapeOp(value, draw(factors(prod(shape))))
        case "widen":
            op = core_op.ReshapeOp(value, (*shape[:axis], 1, *shape[axis:], *[1] * (count - 1)))
        case "pad":
            low, high = ([draw(st.integers(0, 1)) for _ in shape] for _ in range(2))
            op = core_op.PadOp(value, low, high)
        case "slice":
            offsets = [draw(st.integers(0, n - 1)) for n in shape]
            sizes = [draw(st.integers(1, n - o)) for n, o in zip(shape, offsets, strict=True)]
            op = core_op.SliceOp(value, offsets, sizes)
        case "concat":
            others = [other for other in wiring.values if shape_of(other) == shape]
            parts = draw(st.lists(st.sampled_from(others), min_size=1, max_size=3))
            op = core_op.ConcatOp(parts, axis)
        case "repeat":
            op = core_op.RepeatOp(value, axis, count)
        case "gather":
            places = st.integers(0, extent - 1)
            drawn = draw(st.lists(places, min_size=1, max_size=4))
            run = list(range(extent))
            copies = [i for i in run for _ in range(count)]
            op = core_op.GatherOp(value, axis, draw(st.sampled_from([drawn, run, copies])))
        case "max":
            op = core_op.MaxOp(value)
        case _:
            if len(shape) < 2 or core_op.code_of(value) is not None:
                return
            random = np.random.default_rng(len(wiring.values))
            # Small integers: sums are exact in any order.
            weight = random.integers(-2, 3, (*shape[-2:], count)).astype(np.float32)
            activation = draw(st.sampled_from(core_op.Activation))
            op = core_op.VmmOp(activation, value, wiring.constant(weight))
    if 0 < prod(shape_of(op.result)) <= LARGEST and 0 < len(shape_of(op.result)) <= 6:
        wiring.add(op)
        if draw(st.integers(0, 3)) == 0:
            set_golden(op, f"value{len(wiring.values)}")
    else:
        op.erase()


@st.composite
def modules(draw: st.DrawFn, element: Attribute = f32) -> ModuleOp:
    wiring = Wiring(draw(st.sampled_from([(2, 3, 4), (1, 4, 3), (3, 2, 1, 2), (6, 4)])), element)
    for _ in range(draw(st.integers(1, 9))):
        add_drawn(draw, wiring)
    others = draw(st.lists(st.sampled_from(wiring.values), max_size=1))
    return wiring.returning(wiring.values[-1], *others)


def samples(module: ModuleOp) -> np.typing.NDArray[np.float32]:
    shape = shape_of(find_function(module).body.block.args[0])
    return np.random.default_rng(0).integers(0, 9, (2, *shape)).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(modules())
def test_real_values_and_their_names_are_kept(module: ModuleOp) -> None:
    ctx = context()
    NnKeepGoldenPass().apply(ctx, module)
    before = permutes(module)
    CanonicalizePass().apply(ctx, module)
    module.verify()
    assert permutes(module) <= before
    function, golden = find_function(module), find_function(module, "main_golden")
    comparison = compare_functions(function, golden, samples(module))
    assert not comparison.skipped
    for difference in (*comparison.values, *comparison.outputs):
        assert difference.maximum == 0, difference


def codes_of_results(module: ModuleOp) -> list[np.typing.NDArray[np.generic]]:
    evaluator = Evaluator(find_function(module))
    return list(evaluator.values(evaluator.returned, samples(module), codes=True))


@settings(max_examples=15, deadline=None)
@given(modules(SIGNED))
def test_codes_are_kept(module: ModuleOp) -> None:
    before = codes_of_results(module)
    CanonicalizePass().apply(context(), module)
    module.verify()
    after = codes_of_results(module)
    for expected, actual in zip(before, after, strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(
    ("source", "target", "order", "before"),
    [
        ((4, 5, 3), (4, 5, 1, 3), (3, 0, 1, 2), (2, 0, 1)),
        ((4, 5, 3), (4, 5, 3, 1, 1), (2, 0, 1, 3, 4), (2, 0, 1)),
        ((4, 5, 1, 3), (4, 5, 3), (2, 0, 1), (3, 0, 2, 1)),
        ((2, 3, 5), (6, 5), (1, 0), (2, 0, 1)),
        ((6, 5), (2, 3, 5), (2, 0, 1), (1, 0)),
        ((6, 5), (2, 3, 5), (1, 0, 2), None),
        ((6, 5), (2, 3, 5), (0, 2, 1), None),
        ((4, 6), (8, 3), (1, 0), None),
        ((0, 6), (6, 0), (1, 0), None),
    ],
)
def test_the_order_before_a_reshape(
    source: Shape, target: Shape, order: tuple[int, ...], before: tuple[int, ...] | None
) -> None:
    assert order_before_reshape(source, target, order) == before
    if before is None:
        return
    x = np.arange(prod(source)).reshape(source)
    wanted = x.reshape(target).transpose(order)
    np.testing.assert_array_equal(x.transpose(before).reshape(wanted.shape), wanted)
