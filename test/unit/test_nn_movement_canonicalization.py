"""Canonicalization of drawn `nn` networks that move elements keeps what they compute."""

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, assert_same, context, names, results
from test_movement_to_core_op import add_movement
from xdsl.dialects.builtin import ModuleOp

from corelower.dialects import nn
from corelower.dialects.nn import shape_of
from corelower.passes.canonicalize import CanonicalizePass


def add_layer(draw: st.DrawFn, net: Network) -> None:
    value, shape = net.input, shape_of(net.input)
    match draw(st.sampled_from(["relu", "unary", "bias", "sum", "concat", "conv"])):
        case "relu":
            net.input = net.op(nn.ReluOp(value))
        case "unary":
            net.input = net.op(nn.UnaryOp(nn.UnaryFunction.TANH, value))
        case "bias":
            net.input = net.op(nn.AddOp(value, net.constant(shape[-1])))
        case "sum":
            order = draw(st.permutations(range(len(shape))))
            back = [int(axis) for axis in np.argsort(order)]
            moved = net.op(nn.TransposeOp(net.op(nn.ReluOp(value)), order))
            net.input = net.op(nn.AddOp(value, net.op(nn.TransposeOp(moved, back))))
        case "concat" if len(shape) == 1:
            parts = [net.op(nn.DenseOp(value, net.constant(shape[0], n))) for n in (2, 3)]
            net.input = net.op(nn.ReluOp(net.op(nn.ConcatOp(parts, 0))))
        case "conv" if len(shape) > 1:
            kernel = net.constant(2, shape[0], *[1] * (len(shape) - 1))
            net.input = net.op(nn.ConvOp(value, kernel))
        case _:
            return


@st.composite
def networks(draw: st.DrawFn) -> tuple[ModuleOp, npt.NDArray[np.float32]]:
    net = Network(draw(st.sampled_from([(2, 3, 4), (3, 2, 2), (5,), (1, 6)])))
    for _ in range(draw(st.integers(2, 8))):
        if draw(st.booleans()):
            add_movement(draw, net, constants=True)
        else:
            add_layer(draw, net)
    return net.returning(net.input), net.samples()


@settings(max_examples=15, deadline=None)
@given(networks())
def test_networks_are_kept(drawn: tuple[ModuleOp, npt.NDArray[np.float32]]) -> None:
    module, samples = drawn
    expected = results(module, samples)
    CanonicalizePass().apply(context(), module)
    module.verify()
    assert_same(expected, results(module, samples))


def test_channels_last_is_left_at_the_border_alone() -> None:
    net = Network((4, 4, 2))
    value = net.input
    for _ in range(3):
        value = net.op(nn.TransposeOp(value, [2, 0, 1]))
        value = net.op(nn.ConvOp(value, net.constant(2, 2, 1, 1)))
        value = net.op(nn.TransposeOp(value, [1, 2, 0]))
        value = net.op(nn.ReluOp(net.op(nn.AddOp(value, net.constant(2)))))
    module = net.returning(value)
    samples = net.samples()
    expected = results(module, samples)
    CanonicalizePass().apply(context(), module)
    layer = ["nn.conv", "nn.add", "nn.relu"]
    assert names(module) == ["nn.transpose", *layer * 3, "nn.transpose"]
    assert_same(expected, results(module, samples))
