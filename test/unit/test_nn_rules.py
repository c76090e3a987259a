"""Each rewrite rule of the nn passes keeps the meaning of networks on which it fires."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, assert_same, context, results
from xdsl.ir import SSAValue

from corelower.dialects import nn
from corelower.passes.nn_natives import NN_NATIVES
from corelower.passes.rules import apply_rules
from corelower.passes.rules_loader import load_project_rules

FILES = ("nn_fold_batch_norm", "nn_batch_norm_to_conv", "nn_constant_summands", "nn_fuse_linear")
RULES = {rule.name: rule for f in FILES for rule in load_project_rules(context(), f, NN_NATIVES)}

Draw = st.DataObject
Build = Callable[[Draw], tuple[Network, SSAValue]]


def image(draw: Draw) -> Network:
    """A network on an image of a drawn size, over one to three axes."""
    rank = draw.draw(st.integers(1, 3))
    channels = draw.draw(st.sampled_from([4, 2]))
    extents = draw.draw(st.lists(st.integers(3, 5), min_size=rank, max_size=rank))
    return Network((channels, *extents), draw.draw(st.integers(0, 99)))


def vector(draw: Draw) -> Network:
    """A network on a vector."""
    return Network((draw.draw(st.integers(1, 6)),), draw.draw(st.integers(0, 99)))


def conv(draw: Draw, net: Network, features: SSAValue, bias: bool, padded: bool = True) -> SSAValue:
    """A drawn convolution."""
    channels, *extents = nn.shape_of(features)
    rank = len(extents)
    # What is drawn first is the most telling: groups with several outputs.
    groups = draw.draw(st.sampled_from([g for g in (2, 1, 4) if channels % g == 0]))
    outputs = groups * draw.draw(st.sampled_from([2, 1, 3]))
    kernel = draw.draw(st.lists(st.integers(1, 2), min_size=rank, max_size=rank))
    pads = [draw.draw(st.integers(0, 1)) for _ in range(2 * rank)] if padded else None
    weight = net.constant(outputs, channels // groups, *kernel)
    return net.op(
        nn.ConvOp(
            features,
            weight,
            net.constant(outputs) if bias else None,
            strides=draw.draw(st.lists(st.integers(1, 2), min_size=rank, max_size=rank)),
            pads=pads,
            dilations=draw.draw(st.lists(st.integers(1, 2), min_size=rank, max_size=rank)),
            groups=groups,
        )
    )


def conv_transpose(draw: Draw, net: Network, features: SSAValue, bias: bool) -> SSAValue:
    """A drawn transposed convolution."""
    channels, *extents = nn.shape_of(features)
    groups = draw.draw(st.sampled_from([g for g in (2, 1, 4) if channels % g == 0]))
    outputs = draw.draw(st.sampled_from([2, 1, 3]))
    weight = net.constant(channels, outputs, *[2] * len(extents))
    shift = net.constant(groups * outputs) if bias else None
    strides = [draw.draw(st.integers(1, 2)) for _ in extents]
    return net.op(nn.ConvTransposeOp(features, weight, shift, strides=strides, groups=groups))


def dense(draw: Draw, net: Network, features: SSAValue, bias: bool) -> SSAValue:
    """A drawn dense layer."""
    outputs = draw.draw(st.integers(1, 5))
    weight = net.constant(nn.shape_of(features)[-1], outputs)
    return net.op(nn.DenseOp(features, weight, net.constant(outputs) if bias else None))


def norm(net: Network, features: SSAValue) -> SSAValue:
    """A batch norm with random parameters."""
    channels = nn.shape_of(features)[0]
    scale, bias, mean = (net.constant(channels) for _ in range(3))
    variance = net.constant(channels, positive=True)
    return net.op(nn.BatchNormOp(features, scale, bias, mean, variance, epsilon=1e-3))


def flattened(net: Network, features: SSAValue) -> SSAValue:
    """The features as one vector."""
    size = 1
    for extent in nn.shape_of(features):
        size *= extent
    return net.op(nn.ReshapeOp(features, [size]))


def linear_then_norm(kind: str, bias: bool) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = vector(draw) if kind == "dense" else image(draw)
        layers = {"conv": conv, "conv_transpose": conv_transpose, "dense": dense}
        return net, norm(net, layers[kind](draw, net, net.input, bias))

    return build


def norm_then_linear(kind: str, bias: bool) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = vector(draw) if kind == "dense" else image(draw)
        normal = norm(net, net.input)
        if kind == "conv":
            return net, conv(draw, net, normal, bias, padded=False)
        vectors = normal if kind == "dense" else flattened(net, normal)
        return net, dense(draw, net, vectors, bias)

    return build


def norm_alone(draw: Draw) -> tuple[Network, SSAValue]:
    net = draw.draw(st.sampled_from([image, vector]))(draw)
    return net, norm(net, net.input)


def constant_first(draw: Draw) -> tuple[Network, SSAValue]:
    net = image(draw)
    return net, net.op(nn.AddOp(net.constant(*net.shape[-1:]), net.input))


def zero_added(draw: Draw) -> tuple[Network, SSAValue]:
    net = image(draw)
    return net, net.op(nn.AddOp(net.input, net.tensor([0.0])))


def two_constants(draw: Draw) -> tuple[Network, SSAValue]:
    net = image(draw)
    shapes = st.sampled_from([(), (1,), net.shape, net.shape[-1:], (3, *[1] * len(net.shape))])
    first = net.op(nn.AddOp(net.input, net.constant(*draw.draw(shapes))))
    return net, net.op(nn.AddOp(first, net.constant(*draw.draw(shapes))))


def linear_plus_constant(kind: str, bias: bool) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = image(draw)
        layer = conv if kind == "conv" else dense
        y = layer(draw, net, net.input, bias)
        shape = nn.shape_of(y)
        whole = (shape[0], *[1] * (len(shape) - 1)) if kind == "conv" else shape[-1:]
        return net, net.op(nn.AddOp(y, net.constant(*draw.draw(st.sampled_from([whole, (1,)])))))

    return build


def reshaped_dense_plus_constant(bias: bool) -> Build:
    def build(draw: Draw) -> tuple[Network, SSAValue]:
        net = vector(draw)
        weight = net.constant(*net.shape, 6)
        y = net.op(nn.DenseOp(net.input, weight, net.constant(6) if bias else None))
        shaped = net.op(nn.ReshapeOp(y, (2, 3)))
        constant = net.constant(*draw.draw(st.sampled_from([(2, 3), (2, 1), (3,), (1, 3)])))
        return net, net.op(nn.AddOp(shaped, constant))

    return build


def reshaped_relu(draw: Draw) -> tuple[Network, SSAValue]:
    net = image(draw)
    return net, net.op(nn.ReluOp(flattened(net, net.input)))


def transposed_relu(draw: Draw) -> tuple[Network, SSAValue]:
    net = image(draw)
    order = draw.draw(st.permutations(range(len(net.shape))))
    return net, net.op(nn.ReluOp(net.op(nn.TransposeOp(net.input, order))))


LEFT_SIDES: dict[str, Build] = {
    "conv_then_batch_norm": linear_then_norm("conv", bias=False),
    "conv_with_bias_then_batch_norm": linear_then_norm("conv", bias=True),
    "conv_transpose_then_batch_norm": linear_then_norm("conv_transpose", bias=False),
    "conv_transpose_with_bias_then_batch_norm": linear_then_norm("conv_transpose", bias=True),
    "dense_then_batch_norm": linear_then_norm("dense", bias=False),
    "dense_with_bias_then_batch_norm": linear_then_norm("dense", bias=True),
    "batch_norm_then_conv": norm_then_linear("conv", bias=False),
    "batch_norm_then_conv_with_bias": norm_then_linear("conv", bias=True),
    "batch_norm_then_dense": norm_then_linear("dense", bias=False),
    "batch_norm_then_dense_with_bias": norm_then_linear("dense", bias=True),
    "flattened_batch_norm_then_dense": norm_then_linear("flat", bias=False),
    "flattened_batch_norm_then_dense_with_bias": norm_then_linear("flat", bias=True),
    "batch_norm_to_depthwise_conv": norm_alone,
    "constant_to_the_right": constant_first,
    "add_zero": zero_added,
    "add_two_constants": two_constants,
    "conv_plus_constant": linear_plus_constant("conv", bias=False),
    "conv_with_bias_plus_constant": linear_plus_constant("conv", bias=True),
    "dense_plus_constant": linear_plus_constant("dense", bias=False),
    "dense_with_bias_plus_constant": linear_plus_constant("dense", bias=True),
    "reshaped_dense_plus_constant": reshaped_dense_plus_constant(bias=False),
    "reshaped_dense_with_bias_plus_constant": reshaped_dense_plus_constant(bias=True),
    "relu_before_reshape": reshaped_relu,
    "relu_before_transpose": transposed_relu,
}


def test_every_rule_has_a_network_on_which_it_fires() -> None:
    assert LEFT_SIDES.keys() == RULES.keys()


@pytest.mark.parametrize("name", LEFT_SIDES)
def test_a_rule_keeps_the_meaning(name: str) -> None:
    @settings(max_examples=6, deadline=None, derandomize=True)
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
