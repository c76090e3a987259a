"""`nn-fuse-linear`: products of linear operations, and when one is taken."""

from collections.abc import Sequence
from dataclasses import replace
from math import gcd

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nn_networks import Network, assert_same, context, names, results
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from corelower.dialects import nn
from corelower.dialects.core_op import set_target
from corelower.dialects.support.provenance import golden_name, set_golden
from corelower.passes.core_counts import ANY_CORE, linear_cost
from corelower.passes.linear_maps import (
    Convolution,
    ConvolutionShape,
    border_factors,
    compose_dense,
    values_of,
)
from corelower.passes.nn_fuse_linear import NnFuseLinearPass

Draw = st.DataObject

SHORT = settings(max_examples=15, deadline=None, derandomize=True)


def small(draw: Draw, count: int, least: int, most: int) -> list[int]:
    return draw.draw(st.lists(st.integers(least, most), min_size=count, max_size=count))


def drawn_pool(
    draw: Draw, net: Network, features: SSAValue, padded: bool
) -> nn.AveragePoolOp | None:
    rank = len(nn.shape_of(features)) - 1
    kernel = small(draw, rank, 1, 3)
    pads = [draw.draw(st.integers(0, k - 1)) for k in (*kernel, *kernel)] if padded else None
    if not fits(nn.shape_of(features)[1:], kernel):
        return None
    return nn.AveragePoolOp(
        features,
        kernel,
        strides=small(draw, rank, 1, 3),
        pads=pads,
        count_pad=draw.draw(st.booleans()),
    )


def drawn_conv(draw: Draw, net: Network, features: SSAValue, padded: bool) -> nn.ConvOp | None:
    channels, *extents = nn.shape_of(features)
    rank = len(extents)
    groups = draw.draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
    outputs = groups * draw.draw(st.integers(1, 2))
    kernel, dilations = small(draw, rank, 1, 3), small(draw, rank, 1, 2)
    if not fits(extents, [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]):
        return None
    return nn.ConvOp(
        features,
        net.constant(outputs, channels // groups, *kernel),
        net.constant(outputs) if draw.draw(st.booleans()) else None,
        strides=small(draw, rank, 1, 3),
        pads=small(draw, 2 * rank, 0, 2) if padded else None,
        dilations=dilations,
        groups=groups,
    )


def fits(extents: Sequence[int], reaches: Sequence[int]) -> bool:
    return all(r <= e for e, r in zip(extents, reaches, strict=True))


def drawn(draw: Draw, net: Network, features: SSAValue, padded: bool) -> SSAValue:
    """The result of a drawn convolution or average pool."""
    make = draw.draw(st.sampled_from([drawn_pool, drawn_conv]))
    op = make(draw, net, features, padded)
    assume(op is not None)
    assert op is not None
    return net.op(op)


def drawn_image(draw: Draw) -> Network:
    rank = draw.draw(st.sampled_from([1, 2, 2, 3]))
    channels = draw.draw(st.sampled_from([1, 2, 4]))
    return Network((channels, *small(draw, rank, 3, 7)), draw.draw(st.integers(0, 99)))


def linear_owner(value: SSAValue) -> nn.ConvOp | nn.AveragePoolOp:
    assert isinstance(value.owner, nn.ConvOp | nn.AveragePoolOp)
    return value.owner


@SHORT
@given(st.data())
def test_the_product_of_two_convolutions_computes_the_same(draw: Draw) -> None:
    net = drawn_image(draw)
    first = linear_owner(drawn(draw, net, net.input, padded=True))
    assume(not isinstance(first, nn.AveragePoolOp) or border_factors(first) is None)
    second = linear_owner(drawn(draw, net, first.result, padded=False))
    composed = Convolution.of(first).then(Convolution.of(second))
    window = composed.shape.window
    product = nn.ConvOp(
        net.input,
        net.tensor(composed.weight),
        None if composed.bias is None else net.tensor(composed.bias),
        strides=window.strides,
        pads=window.pads,
        dilations=window.dilations,
        groups=composed.shape.groups,
    )
    assert composed.shape == ConvolutionShape.of(product)
    module = net.returning(second.result, net.op(product))
    expected, actual = results(module, net.samples())
    assert_same([expected], [actual])


@pytest.mark.parametrize("first_groups", [1, 2, 4])
@pytest.mark.parametrize("second_groups", [1, 2, 4, 8])
def test_groups_of_a_product_are_those_that_both_keep_apart(
    first_groups: int, second_groups: int
) -> None:
    net = Network((4, 3))
    first = nn.ConvOp(
        net.input, net.constant(8, 4 // first_groups, 2), net.constant(8), groups=first_groups
    )
    second = nn.ConvOp(net.op(first), net.constant(8, 8 // second_groups, 2), groups=second_groups)
    module = net.returning(net.op(second))
    samples = net.samples()
    before = results(module, samples)
    NnFuseLinearPass().apply(context(), module)
    (composed,) = (op for op in module.walk() if isinstance(op, nn.ConvOp))
    assert composed.groups.value.data == gcd(first_groups, second_groups)
    assert_same(before, results(module, samples))


@SHORT
@given(st.data())
def test_a_dense_layer_takes_in_a_convolution_before_it(draw: Draw) -> None:
    net = drawn_image(draw)
    first = linear_owner(drawn(draw, net, net.input, padded=True))
    size = int(np.prod(nn.shape_of(first.result)))
    weight = net.constant(size, 3)
    flat = net.op(nn.ReshapeOp(first.result, [size]))
    expected = net.op(nn.DenseOp(flat, weight))
    factors = border_factors(first) if isinstance(first, nn.AveragePoolOp) else None
    matrix, bias = Convolution.of(first).before_dense(net.shape[1:], values_of(weight), factors)
    source = net.op(nn.ReshapeOp(net.input, [len(matrix)]))
    actual = net.op(
        nn.DenseOp(source, net.tensor(matrix), None if bias is None else net.tensor(bias))
    )
    one, other = results(net.returning(expected, actual), net.samples())
    assert_same([one], [other])


@SHORT
@given(st.data())
def test_the_product_of_two_dense_layers_computes_the_same(draw: Draw) -> None:
    repeats, pieces = draw.draw(st.sampled_from([(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)]))
    inputs, middle, outputs = small(draw, 3, 1, 4)
    has_bias = draw.draw(st.tuples(st.booleans(), st.booleans()))
    net = Network((repeats * 2, inputs), draw.draw(st.integers(0, 99)))
    first = nn.DenseOp(
        net.input,
        net.constant(inputs, pieces * middle),
        net.constant(pieces * middle) if has_bias[0] else None,
    )
    regrouped = net.op(nn.ReshapeOp(net.op(first), (2, pieces, repeats * middle)))
    second = nn.DenseOp(
        regrouped,
        net.constant(repeats * middle, outputs),
        net.constant(outputs) if has_bias[1] else None,
    )
    expected = net.op(nn.ReshapeOp(net.op(second), (2, pieces * outputs)))
    matrix, bias = compose_dense(first, second, repeats, pieces)
    source = net.op(nn.ReshapeOp(net.input, (2, repeats * inputs)))
    actual = net.op(
        nn.DenseOp(source, net.tensor(matrix), None if bias is None else net.tensor(bias))
    )
    one, other = results(net.returning(expected, actual), net.samples())
    assert_same([one], [other])


def layers(net: Network, value: SSAValue, draw: Draw) -> SSAValue:
    """A drawn chain of linear operations and rectifiers."""
    for _ in range(draw.draw(st.integers(1, 4))):
        kind = draw.draw(st.sampled_from(["image", "image", "relu", "dense", "add", "reshape"]))
        shape = nn.shape_of(value)
        if kind == "relu":
            value = net.op(nn.ReluOp(value))
        elif kind == "add":
            value = net.op(nn.AddOp(value, net.constant(*shape[-1:])))
        elif kind == "reshape":
            value = net.op(nn.ReshapeOp(value, [int(np.prod(shape))]))
        elif kind == "dense":
            value = net.op(nn.DenseOp(value, net.constant(shape[-1], 4), net.constant(4)))
        elif len(shape) > 1:
            value = drawn(draw, net, value, draw.draw(st.booleans()))
    return value


@SHORT
@given(st.data())
def test_the_pass_keeps_the_meaning_of_a_network(draw: Draw) -> None:
    net = drawn_image(draw)
    module = net.returning(layers(net, net.input, draw))
    samples = net.samples()
    # Small cores make both choices frequent.
    side = draw.draw(st.sampled_from([2, 8, 256]))
    set_target(module, replace(ANY_CORE, fan_in=side, fan_out=side))
    before = results(module, samples)
    NnFuseLinearPass().apply(context(), module)
    module.verify()
    assert_same(before, results(module, samples))


def two_layers(middle: int) -> ModuleOp:
    net = Network((300,))
    first = net.op(nn.DenseOp(net.input, net.constant(300, middle)))
    set_golden(net.block.last_op or pytest.fail(), "middle")
    second = net.op(nn.DenseOp(first, net.constant(middle, 300)))
    set_golden(net.block.last_op or pytest.fail(), "logits")
    return net.returning(second)


@pytest.mark.parametrize(
    ("middle", "layers_left"),
    [
        pytest.param(300, 1, id="fewer cores"),
        pytest.param(200, 1, id="as many cores, fewer multiplications"),
        pytest.param(100, 2, id="as many cores, more multiplications"),
    ],
)
def test_layers_are_composed_where_that_is_cheaper(middle: int, layers_left: int) -> None:
    module = two_layers(middle)
    NnFuseLinearPass().apply(context(), module)
    assert names(module) == ["nn.dense"] * layers_left


def test_a_bottleneck_is_kept_where_its_product_takes_more_cores() -> None:
    module = two_layers(2)
    set_target(module, replace(ANY_CORE, fan_in=64, fan_out=64))
    ctx = context()
    NnFuseLinearPass().apply(ctx, module)
    assert names(module) == ["nn.dense", "nn.dense"]
    assert ctx.remarks == [
        "remark: nn.dense kept apart from the nn.dense before it; composed: "
        "25 instead of 10 cores of 64 inputs and 64 outputs, "
        "90000 instead of 1200 multiplications"
    ]


def test_the_product_keeps_the_golden_name_of_the_second() -> None:
    module = two_layers(300)
    NnFuseLinearPass().apply(context(), module)
    golden = [name for op in module.walk() if (name := golden_name(op)) is not None]
    assert golden == ["logits"]


def test_a_value_with_another_user_is_kept() -> None:
    net = Network((4,))
    first = net.op(nn.DenseOp(net.input, net.constant(4, 4)))
    second = net.op(nn.DenseOp(first, net.constant(4, 4)))
    module = net.returning(net.op(nn.AddOp(first, second)))
    NnFuseLinearPass().apply(context(), module)
    assert names(module) == ["nn.dense", "nn.dense", "nn.add"]


def test_cores_are_counted_in_tiles_groups_and_positions() -> None:
    target = replace(ANY_CORE, fan_in=101, fan_out=10, bias_rows=1)
    assert linear_cost(target, groups=3, fan_in=201, outputs=11, positions=7) == (18, 46431)
    # Of 18 tiles at 7 positions none shares a core; 231 sums of 3 are merged, 10 in a core.
    apart = replace(target, shares_positions=False)
    assert linear_cost(apart, groups=3, fan_in=201, outputs=11, positions=7).cores == 126 + 24
