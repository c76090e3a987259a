"""`nn-decompose-elementwise`: each of its rules keeps the meaning of networks on which it fires."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, assert_same, context, names, results
from test_nn_rules import Draw, conv, dense, flattened, image, vector
from xdsl.ir import SSAValue

from corelower.dialects import nn
from corelower.dialects.nn import BinaryFunction, UnaryFunction
from corelower.passes.nn_decompose_elementwise import RULE_FILES, NnDecomposeElementwise
from corelower.passes.nn_elementwise_natives import NN_ELEMENTWISE_NATIVES
from corelower.passes.rules import apply_rules
from corelower.passes.rules_loader import load_project_rules

Build = Callable[[Draw], tuple[Network, SSAValue]]

RULES = {
    rule.name: rule
    for file in RULE_FILES
    for rule in load_project_rules(context(), file, NN_ELEMENTWISE_NATIVES)
}

TESTED_WITH_NN_FUSE_LINEAR = {"constant_to_the_right", "add_zero", "add_two_constants"}

LARGEST = 3.4028234663852886e38


def binary(net: Network, function: BinaryFunction, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
    return net.op(nn.BinaryOp(function, lhs, rhs))


def product(net: Network, value: SSAValue, constant: SSAValue) -> SSAValue:
    return binary(net, BinaryFunction.MUL, value, constant)


def a_channel(net: Network, value: SSAValue, positive: bool = False) -> SSAValue:
    """A constant for each channel, or for each element of a vector."""
    shape = nn.shape_of(value)
    return net.constant(shape[0], *[1] * (len(shape) - 1), positive=positive)


def broadcast(draw: Draw, net: Network, positive: bool = False) -> SSAValue:
    """A constant that broadcasts to the input."""
    shape = net.shape
    a_channel = (shape[0], *[1] * (len(shape) - 1))
    drawn = draw.draw(st.sampled_from([(), a_channel, shape, shape[-1:]]))
    return net.constant(*drawn, positive=positive)


def unary(function: UnaryFunction, *parameters: float) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = image(draw)
        return net, net.op(nn.UnaryOp(function, net.input, *parameters))

    return build


def clip_of_two(least: tuple[float, ...], greatest: tuple[float, ...]) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        bounds = draw.draw(st.sampled_from(least)), draw.draw(st.sampled_from(greatest))
        return unary(UnaryFunction.CLIP, *bounds)(draw)

    return build


def with_constant(
    function: BinaryFunction, *, first: bool = False, positive: bool = False
) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = image(draw)
        constant = broadcast(draw, net, positive)
        operands = (constant, net.input) if first else (net.input, constant)
        return net, binary(net, function, *operands)

    return build


def with_number(function: BinaryFunction, number: float) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = image(draw)
        return net, binary(net, function, net.input, net.tensor(number))

    return build


def of_two(function: BinaryFunction, *, swapped: bool = False) -> Build:
    """Of a rectified value and another one that broadcasts to it or from it."""

    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = image(draw)
        other = net.input
        if draw.draw(st.booleans()):
            other = net.op(nn.ReduceOp(nn.Reduction.MEAN, other, [0]))
        rectified = net.op(nn.ReluOp(net.input))
        operands = (rectified, other) if swapped else (other, rectified)
        return net, binary(net, function, *operands)

    return build


def two_factors(draw: Draw) -> tuple[Network, SSAValue]:
    net = image(draw)
    return net, product(net, product(net, net.input, broadcast(draw, net)), broadcast(draw, net))


def factor_of_shifted(draw: Draw) -> tuple[Network, SSAValue]:
    net = image(draw)
    shifted = net.op(nn.AddOp(net.input, broadcast(draw, net)))
    return net, product(net, shifted, broadcast(draw, net))


def factor_of_sum_with_layer(draw: Draw) -> tuple[Network, SSAValue]:
    net = vector(draw)
    layer = dense(draw, net, net.input, bias=draw.draw(st.booleans()))
    other = net.op(nn.ReluOp(dense_like(net, layer)))
    terms = (layer, other) if draw.draw(st.booleans()) else (other, layer)
    return net, product(net, net.op(nn.AddOp(*terms)), a_channel(net, layer))


def dense_like(net: Network, layer: SSAValue) -> SSAValue:
    weight = net.constant(net.shape[-1], nn.shape_of(layer)[-1])
    return net.op(nn.DenseOp(net.input, weight))


def factor_of_rectified(draw: Draw) -> tuple[Network, SSAValue]:
    net = image(draw)
    y = conv(draw, net, net.input, bias=True)
    return net, product(net, net.op(nn.ReluOp(y)), a_channel(net, y, positive=True))


def layer_times_constant(kind: str, bias: bool) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = image(draw)
        layer = conv if kind == "conv" else dense
        y = layer(draw, net, net.input, bias)
        shape = nn.shape_of(y)
        whole = (shape[0], *[1] * (len(shape) - 1)) if kind == "conv" else shape[-1:]
        return net, product(net, y, net.constant(*draw.draw(st.sampled_from([whole, (1,)]))))

    return build


def layer_of(word: str, kind: str, bias: bool) -> Build:
    """A layer behind a product or a sum with a constant."""

    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = image(draw)
        shape = net.shape
        whole = (shape[0], *[1] * (len(shape) - 1)) if kind == "conv" else shape[-1:]
        constant = net.constant(*draw.draw(st.sampled_from([whole, (1,), ()])))
        if word == "product":
            changed = product(net, net.input, constant)
        else:
            changed = net.op(nn.AddOp(net.input, constant))
        if kind == "conv":
            return net, conv(draw, net, changed, bias, padded=word == "product")
        return net, dense(draw, net, changed, bias)

    return build


def flattened_before_dense(word: str) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = image(draw)
        constant = broadcast(draw, net)
        if word == "product":
            changed = product(net, net.input, constant)
        else:
            changed = net.op(nn.AddOp(net.input, constant))
        return net, dense(draw, net, flattened(net, changed), bias=False)

    return build


def depthwise(bias: bool, of_vector: bool) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = vector(draw) if of_vector else image(draw)
        channels, value = net.shape[0], net.input
        if of_vector:
            value = net.op(nn.ReshapeOp(value, (channels, 1)))
        weight = net.constant(channels, *[1] * len(nn.shape_of(value)))
        added = net.constant(channels) if bias else None
        value = net.op(nn.ConvOp(value, weight, added, groups=channels))
        return net, net.op(nn.ReshapeOp(value, net.shape)) if of_vector else value

    return build


LEFT_SIDES: dict[str, Build] = {
    "neg": unary(UnaryFunction.NEG),
    "abs": unary(UnaryFunction.ABS),
    "leaky_relu": unary(UnaryFunction.LEAKY_RELU, 0.125),
    "prelu": with_constant(BinaryFunction.PRELU),
    "hard_sigmoid": unary(UnaryFunction.HARD_SIGMOID, 0.3, 0.4),
    # The last lower bound lies above the upper ones.
    "clip": clip_of_two((-0.5, 0.0, 2.0), (0.25, 1.5)),
    "clip_between_large_bounds": clip_of_two((-1e30, -0.5), (1e30, 2e9)),
    "clip_from_below": clip_of_two((-0.5, 1e10), (LARGEST,)),
    "clip_from_above": clip_of_two((-LARGEST,), (-1e10, 0.5)),
    "clip_without_bounds": clip_of_two((-LARGEST,), (LARGEST,)),
    "repeated_operand_of_max_second": of_two(BinaryFunction.MAX, swapped=True),
    "repeated_operand_of_min_second": of_two(BinaryFunction.MIN, swapped=True),
    "max": of_two(BinaryFunction.MAX),
    "min": of_two(BinaryFunction.MIN),
    "max_of_constant": with_constant(BinaryFunction.MAX),
    "max_of_large_constant": with_number(BinaryFunction.MAX, -1e30),
    "min_of_constant": with_constant(BinaryFunction.MIN),
    "min_of_large_constant": with_number(BinaryFunction.MIN, 1e30),
    "sub": of_two(BinaryFunction.SUB),
    "sub_constant": with_constant(BinaryFunction.SUB),
    "sub_from_constant": with_constant(BinaryFunction.SUB, first=True),
    "div_by_constant": with_constant(BinaryFunction.DIV, positive=True),
    "constant_operand_to_the_right": with_constant(BinaryFunction.MIN, first=True),
    "mul_by_one": with_number(BinaryFunction.MUL, 1.0),
    "mul_by_two_constants": two_factors,
    "mul_of_sum_with_constant": factor_of_shifted,
    "mul_of_sum_with_layer": factor_of_sum_with_layer,
    "mul_of_relu": factor_of_rectified,
    "conv_times_constant": layer_times_constant("conv", bias=False),
    "conv_with_bias_times_constant": layer_times_constant("conv", bias=True),
    "dense_times_constant": layer_times_constant("dense", bias=False),
    "dense_with_bias_times_constant": layer_times_constant("dense", bias=True),
    "conv_of_product": layer_of("product", "conv", bias=False),
    "conv_with_bias_of_product": layer_of("product", "conv", bias=True),
    "dense_of_product": layer_of("product", "dense", bias=False),
    "dense_with_bias_of_product": layer_of("product", "dense", bias=True),
    "conv_of_sum": layer_of("sum", "conv", bias=False),
    "conv_with_bias_of_sum": layer_of("sum", "conv", bias=True),
    "dense_of_sum": layer_of("sum", "dense", bias=False),
    "dense_with_bias_of_sum": layer_of("sum", "dense", bias=True),
    "flattened_product": flattened_before_dense("product"),
    "flattened_sum": flattened_before_dense("sum"),
    "depthwise_conv": depthwise(bias=False, of_vector=False),
    "depthwise_conv_with_bias": depthwise(bias=True, of_vector=False),
    "vector_depthwise_conv": depthwise(bias=False, of_vector=True),
    "vector_depthwise_conv_with_bias": depthwise(bias=True, of_vector=True),
}


def test_every_rule_has_a_network_on_which_it_fires() -> None:
    assert LEFT_SIDES.keys() | TESTED_WITH_NN_FUSE_LINEAR == RULES.keys()


@pytest.mark.parametrize("name", LEFT_SIDES)
def test_a_rule_keeps_the_meaning(name: str) -> None:
    @settings(max_examples=4, deadline=None, derandomize=True)
    @given(st.data())
    def check(draw: Draw) -> None:
        network, value = LEFT_SIDES[name](draw)
        samples = network.samples()
        module = network.returning(value)
        before = results(module, samples)
        assert apply_rules(context(), module, [RULES[name]])[name] == 1
        module.verify()
        assert_same(before, results(module, samples))

    check()


@pytest.mark.parametrize(
    "build",
    [
        with_number(BinaryFunction.DIV, 0.0),
        with_constant(BinaryFunction.DIV, first=True, positive=True),
        with_constant(BinaryFunction.POW, positive=True),
        of_two(BinaryFunction.MUL),
        unary(UnaryFunction.SIGMOID),
        unary(UnaryFunction.ROUND),
    ],
)
def test_what_is_not_piecewise_linear_stays(build: Build) -> None:
    @settings(max_examples=1, deadline=None, derandomize=True)
    @given(st.data())
    def check(draw: Draw) -> None:
        network, value = build(draw)
        module = network.returning(value)
        before = names(module)
        NnDecomposeElementwise().apply(context(), module)
        assert names(module) == before

    check()
