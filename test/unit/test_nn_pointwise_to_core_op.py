"""Element-wise networks become few dot products that compute the same."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import FloatArray, Network, assert_same, context
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.ir import SSAValue

from corelower.dialects import core_op, nn
from corelower.dialects.nn import BinaryFunction, UnaryFunction
from corelower.dialects.support.target import Target
from corelower.passes.canonicalize import CanonicalizePass
from corelower.passes.convert_nn_to_core_op import ConvertNnToCoreOp
from corelower.passes.nn_decompose_elementwise import NnDecomposeElementwise
from corelower.targets.jax.evaluator import Evaluator, find_function

CORE = Target("core", fan_in=256, fan_out=256, signal_bits=8, weights=(-127, 127))


class Elements(Network):
    """A network on one or two inputs of one shape."""

    def __init__(self, shape: tuple[int, ...], seed: int = 0, inputs: int = 2):
        super().__init__(shape, seed)
        for index in range(1, inputs):
            self.block.insert_arg(TensorType(f32, shape), index)
        self.values: list[SSAValue] = list(self.block.args)

    def unary(self, function: UnaryFunction, value: SSAValue, *parameters: float) -> SSAValue:
        return self.op(nn.UnaryOp(function, value, *parameters))

    def binary(self, function: BinaryFunction, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        return self.op(nn.BinaryOp(function, lhs, rhs))


def outputs(module: ModuleOp, inputs: list[FloatArray]) -> list[FloatArray]:
    results = Evaluator(find_function(module)).run(*inputs)
    return [np.asarray(result, np.float32) for result in results]


def lowered(net: Elements, *values: SSAValue, target: Target | None = None) -> list[core_op.VmmOp]:
    """The dot products that compute the values, after a comparison of what they give."""
    module = net.returning(*values)
    inputs = [net.samples() for _ in net.block.args]
    if target is not None:
        core_op.set_target(module, target)
    before = outputs(module, inputs)
    for one in (NnDecomposeElementwise(), ConvertNnToCoreOp(), CanonicalizePass()):
        one.apply(context(), module)
        module.verify()
    assert not [op for op in module.walk() if isinstance(op, nn.NnOperation)]
    assert_same(before, outputs(module, inputs))
    return [op for op in module.walk() if isinstance(op, core_op.VmmOp)]


# --- single functions ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """What is computed of a network's two inputs, and by how many dot products."""

    name: str
    products: int
    compute: Callable[[Elements, SSAValue, SSAValue], SSAValue]

    def __str__(self) -> str:
        return self.name


def relu(net: Elements, value: SSAValue) -> SSAValue:
    return net.op(nn.ReluOp(value))


CASES = [
    Case("abs", 2, lambda net, x, y: net.unary(UnaryFunction.ABS, x)),
    Case("neg", 1, lambda net, x, y: net.unary(UnaryFunction.NEG, x)),
    Case("leaky_relu", 2, lambda net, x, y: net.unary(UnaryFunction.LEAKY_RELU, x, 0.1)),
    Case("relu6", 2, lambda net, x, y: net.unary(UnaryFunction.CLIP, x, 0.0, 6.0)),
    Case("hardtanh", 3, lambda net, x, y: net.unary(UnaryFunction.CLIP, x, -1.0, 1.0)),
    Case("hard_sigmoid", 2, lambda net, x, y: net.unary(UnaryFunction.HARD_SIGMOID, x, 0.2, 0.5)),
    Case("max", 2, lambda net, x, y: net.binary(BinaryFunction.MAX, x, y)),
    Case("min", 2, lambda net, x, y: net.binary(BinaryFunction.MIN, x, y)),
    Case("sub", 1, lambda net, x, y: net.binary(BinaryFunction.SUB, x, y)),
    Case("add", 1, lambda net, x, y: net.op(nn.AddOp(x, y))),
    Case("relu", 1, lambda net, x, y: relu(net, x)),
    Case("prelu", 2, lambda net, x, y: net.binary(BinaryFunction.PRELU, x, net.constant(3, 1))),
    Case(
        "max with constant", 2, lambda net, x, y: net.binary(BinaryFunction.MAX, x, net.constant(4))
    ),
    Case(
        "leaky_relu and a sum",
        2,
        lambda net, x, y: net.op(nn.AddOp(net.unary(UnaryFunction.LEAKY_RELU, x, 0.1), y)),
    ),
    Case("relu of a sum", 1, lambda net, x, y: relu(net, net.op(nn.AddOp(x, y)))),
    Case(
        "of the same units",
        2,
        lambda net, x, y: net.op(
            nn.AddOp(net.binary(BinaryFunction.MAX, x, y), net.binary(BinaryFunction.MIN, x, y))
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_function_takes_few_dot_products(case: Case) -> None:
    net = Elements((3, 4))
    assert len(lowered(net, case.compute(net, *net.values))) == case.products


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (UnaryFunction.ABS, ()),
        (UnaryFunction.CLIP, (0.0, 6.0)),
        (UnaryFunction.CLIP, (0.5, 6.0)),
        (UnaryFunction.HARD_SIGMOID, (0.2, 0.5)),
    ],
)
def test_what_is_never_negative_has_its_zero_at_code_0(
    function: UnaryFunction, parameters: tuple[float, ...]
) -> None:
    net = Elements((3,), inputs=1)
    last = lowered(net, net.unary(function, net.input, *parameters))[-1]
    assert last.activation.data is core_op.Activation.RELU


@pytest.mark.parametrize("function", [BinaryFunction.MAX, BinaryFunction.MIN])
def test_extremes_of_what_is_never_negative_are_not_either(function: BinaryFunction) -> None:
    net = Elements((3,))
    products = lowered(net, net.binary(function, *[relu(net, value) for value in net.values]))
    assert all(op.activation.data is core_op.Activation.RELU for op in products)


# --- beside layers -------------------------------------------------------------------------------


def leaky_conv(net: Elements, channels: int) -> SSAValue:
    weight = net.constant(channels, net.shape[0], 3, 3)
    y = net.op(nn.ConvOp(net.input, weight, net.constant(channels), pads=[1] * 4))
    return net.unary(UnaryFunction.LEAKY_RELU, y, 0.1)


def test_a_small_layer_computes_both_rectified_forms_at_once() -> None:
    net = Elements((2, 5, 4), inputs=1)
    layer, merge = lowered(net, leaky_conv(net, 3), target=CORE)
    assert (layer.fan_in, layer.outputs) == (18, 6)
    assert (merge.fan_in, merge.outputs) == (2, 1)


def test_a_layer_that_would_take_more_cores_does_not() -> None:
    net = Elements((2, 5, 4), inputs=1)
    layer, rectified, merge = lowered(
        net, leaky_conv(net, 240), target=CORE.with_fields({"fan_in": 9})
    )
    assert (layer.outputs, rectified.outputs, merge.fan_in) == (240, 2, 2)


def test_a_dense_layer_and_slopes_of_its_outputs() -> None:
    net = Elements((5,), inputs=1)
    y = net.op(nn.DenseOp(net.input, net.constant(5, 4)))
    layer, merge = lowered(net, net.binary(BinaryFunction.PRELU, y, net.constant(4)))
    assert (layer.outputs, merge.groups) == (8, 4)


def test_a_clip_behind_a_layer_is_one_more_dot_product() -> None:
    net = Elements((5,), inputs=1)
    y = net.op(nn.DenseOp(net.input, net.constant(5, 4), net.constant(4)))
    assert len(lowered(net, net.unary(UnaryFunction.CLIP, y, 0.0, 6.0))) == 2


def test_a_layer_that_others_use_stays() -> None:
    net = Elements((5,), inputs=1)
    y = net.op(nn.DenseOp(net.input, net.constant(5, 4)))
    products = lowered(net, net.unary(UnaryFunction.ABS, y), y)
    assert [op.outputs for op in products] == [4, 2, 1]


def test_a_chain_of_sums_does_not_grow_with_its_length() -> None:
    net = Elements((4,), inputs=1)
    total = net.input
    for _ in range(12):
        branch = net.op(nn.DenseOp(relu(net, total), net.constant(4, 4)))
        # Used twice, the layer is no part of the sum.
        total = net.op(nn.AddOp(net.op(nn.AddOp(total, branch)), branch))
    assert max(op.fan_in for op in lowered(net, total)) <= 8


# --- drawn networks ------------------------------------------------------------------------------

UNARY: dict[UnaryFunction, tuple[float, ...]] = {
    UnaryFunction.ABS: (),
    UnaryFunction.NEG: (),
    UnaryFunction.LEAKY_RELU: (0.1,),
    UnaryFunction.HARD_SIGMOID: (0.2, 0.5),
    UnaryFunction.CLIP: (-0.5, 0.75),
}

CONSTANTS = (
    BinaryFunction.SUB,
    BinaryFunction.MUL,
    BinaryFunction.DIV,
    BinaryFunction.MAX,
    BinaryFunction.MIN,
    BinaryFunction.PRELU,
)

PAIRS = (BinaryFunction.SUB, BinaryFunction.MAX, BinaryFunction.MIN)


@st.composite
def networks(draw: st.DrawFn) -> tuple[Elements, list[SSAValue]]:
    shape = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    net = Elements(shape, draw(st.integers(0, 99)), draw(st.integers(1, 2)))

    def drawn() -> SSAValue:
        return net.values[draw(st.integers(0, len(net.values) - 1))]

    def constant(positive: bool) -> SSAValue:
        a_channel = (shape[0], *[1] * (len(shape) - 1))
        return net.constant(*draw(st.sampled_from([(), a_channel, shape])), positive=positive)

    for _ in range(draw(st.integers(1, 6))):
        match draw(st.sampled_from(["unary", "pair", "sum", "constant", "relu", "shift"])):
            case "unary":
                function = draw(st.sampled_from(list(UNARY)))
                value = net.unary(function, drawn(), *UNARY[function])
            case "pair":
                value = net.binary(draw(st.sampled_from(PAIRS)), drawn(), drawn())
            case "sum":
                value = net.op(nn.AddOp(drawn(), drawn()))
            case "constant":
                function = draw(st.sampled_from(CONSTANTS))
                operands = [drawn(), constant(function is BinaryFunction.DIV)]
                if function in (BinaryFunction.SUB, BinaryFunction.MAX) and draw(st.booleans()):
                    operands.reverse()
                value = net.binary(function, *operands)
            case "relu":
                value = net.op(nn.ReluOp(drawn()))
            case _:
                value = net.op(nn.AddOp(drawn(), constant(positive=False)))
        net.values.append(value)
    others = draw(st.lists(st.sampled_from(net.values[:-1]), max_size=1))
    return net, [net.values[-1], *others]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(networks())
def test_drawn_networks_keep_their_meaning(drawn: tuple[Elements, list[SSAValue]]) -> None:
    net, values = drawn
    operations = len(net.values)
    assert len(lowered(net, *values)) <= 3 * operations
