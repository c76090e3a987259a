"""`nn-decompose-convolution` keeps what random layers compute, and leaves what it cannot reform."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, assert_same, context, names, results, run_passes
from xdsl.ir import SSAValue

from corelower.dialects import core_op, nn
from corelower.dialects.support.target import Target
from corelower.dialects.trained import constant_of
from corelower.passes.nn_decompose_convolution import ConvTransposeToConv
from corelower.passes.pass_base import run_patterns
from corelower.passes.transposed_convolutions import Form, by_phases, over_spread_input
from corelower.targets.jax.evaluator import find_function

PASS = "nn-decompose-convolution"

SHORT = settings(max_examples=15, deadline=None, derandomize=True)

Draw = st.DataObject


def conv_transpose(draw: Draw, net: Network) -> nn.ConvTransposeOp:
    """A drawn transposed convolution of the network's input."""
    channels, *extents = net.shape
    rank = len(extents)
    groups = draw.draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]))
    kernel = draw.draw(st.lists(st.integers(1, 5 - rank), min_size=rank, max_size=rank))
    strides = draw.draw(st.lists(st.integers(1, 4 - rank // 2), min_size=rank, max_size=rank))
    dilations = draw.draw(st.lists(st.integers(1, 3), min_size=rank, max_size=rank))
    extra = draw.draw(st.lists(st.integers(0, 3), min_size=rank, max_size=rank))
    sizes = [
        s * (n - 1) + d * (k - 1) + 1
        for n, s, d, k in zip(extents, strides, dilations, kernel, strict=True)
    ]
    begins = [draw.draw(st.integers(0, size - 1)) for size in sizes]
    ends = [
        draw.draw(st.integers(0, size + more - 1 - begin))
        for size, begin, more in zip(sizes, begins, extra, strict=True)
    ]
    outputs = draw.draw(st.integers(1, 3))
    bias = net.constant(groups * outputs) if draw.draw(st.booleans()) else None
    return nn.ConvTransposeOp(
        net.input,
        net.constant(channels, outputs, *kernel),
        bias,
        strides=strides,
        pads=[*begins, *ends],
        output_pads=extra,
        dilations=dilations,
        groups=groups,
    )


def image(draw: Draw) -> Network:
    """A network on a small image over one to three axes."""
    rank = draw.draw(st.integers(1, 3))
    extents = draw.draw(st.lists(st.integers(1, 4), min_size=rank, max_size=rank))
    return Network((draw.draw(st.sampled_from([2, 1, 6])), *extents), draw.draw(st.integers(0, 99)))


class ByPhases(ConvTransposeToConv):
    """Chooses channels always."""

    def choose(self, op: nn.ConvTransposeOp) -> Form:
        return by_phases(op, array_of(op.weight))


class OverSpreadInput(ConvTransposeToConv):
    """Chooses zeros between the elements of the input always."""

    def choose(self, op: nn.ConvTransposeOp) -> Form:
        return over_spread_input(op, array_of(op.weight))


def array_of(value: SSAValue) -> npt.NDArray[np.generic]:
    """The numbers of a constant."""
    data = constant_of(value)
    assert data is not None
    return data.array


@pytest.mark.parametrize("form", [ByPhases, OverSpreadInput])
def test_a_transposed_convolution_becomes_a_convolution(form: type[ConvTransposeToConv]) -> None:
    @SHORT
    @given(st.data())
    def check(draw: Draw) -> None:
        net = image(draw)
        value = net.op(conv_transpose(draw, net))
        if draw.draw(st.booleans()):
            value = net.op(nn.UnaryOp(nn.UnaryFunction.TANH, net.op(nn.ReluOp(value))))
        module = net.returning(value)
        samples = net.samples()
        before = results(module, samples)
        run_patterns(find_function(module), [form(context())], context())
        module.verify()
        assert "nn.conv_transpose" not in names(module)
        assert_same(before, results(module, samples))

    check()


def test_the_form_that_takes_fewer_cores_is_chosen() -> None:
    # Eight outputs of four results a place are 32 columns, a kernel of four elements 4 rows.
    for target, expected in (
        (Target("wide", fan_in=16, fan_out=32, signal_bits=8, weights=(-127, 127)), "channels"),
        (Target("deep", fan_in=16, fan_out=8, signal_bits=8, weights=(-127, 127)), "zeros"),
    ):
        net = Network((1, 3, 3))
        weight = net.constant(1, 8, 2, 2)
        module = net.returning(net.op(nn.ConvTransposeOp(net.input, weight, strides=[2, 2])))
        core_op.set_target(module, target)
        samples = net.samples()
        before = results(module, samples)
        (remark,) = run_passes(module, PASS)
        assert ("nn.pad" in names(module)) == (expected == "zeros")
        assert remark.index("as channels") < remark.index("zeros") or expected == "zeros"
        assert_same(before, results(module, samples))


def test_what_follows_stays_beside_the_dot_product() -> None:
    net = Network((2, 3, 3))
    deconv = nn.ConvTransposeOp(net.input, net.constant(2, 3, 2, 2), strides=[2, 2])
    module = net.returning(net.op(nn.ReluOp(net.op(deconv))))
    run_passes(module, PASS)
    assert names(module)[:2] == ["nn.conv", "nn.relu"]


def test_computed_weights_stay() -> None:
    net = Network((2, 2, 2))
    weight = net.op(nn.ReshapeOp(net.input, [1, 2, 2, 2]))
    image = net.op(nn.ReshapeOp(net.input, [1, 4, 2]))
    module = net.returning(
        net.op(nn.ConvTransposeOp(image, weight)), net.op(nn.MatMulOp(net.input, net.input))
    )
    run_passes(module, PASS)
    assert {"nn.conv_transpose", "nn.matmul"} <= set(names(module))


@pytest.mark.parametrize("matrix_first", [False, True])
def test_a_product_with_a_constant_becomes_a_layer(matrix_first: bool) -> None:
    @SHORT
    @given(st.data())
    def check(draw: Draw) -> None:
        ranks = st.integers(0, 3)
        extents = draw.draw(st.lists(st.integers(1, 3), min_size=3, max_size=3))
        mine, theirs = (
            [draw.draw(st.sampled_from([n, 1])) for n in extents[3 - draw.draw(ranks) :]]
            for _ in range(2)
        )
        rows, inner, outputs = (draw.draw(st.integers(1, 4)) for _ in range(3))
        last = (inner, rows) if matrix_first else (rows, inner)
        net = Network((*mine, *last), draw.draw(st.integers(0, 99)))
        matrix = net.constant(*theirs, *((outputs, inner) if matrix_first else (inner, outputs)))
        operands = (matrix, net.input) if matrix_first else (net.input, matrix)
        module = net.returning(net.op(nn.MatMulOp(*operands)))
        samples = net.samples()
        before = results(module, samples)
        run_passes(module, PASS)
        assert "nn.matmul" not in names(module)
        assert_same(before, results(module, samples))
        run_passes(module, "canonicalize,convert-nn-to-core-op")
        assert_same(before, results(module, samples))

    check()


def test_a_matrix_is_a_layer_without_movement() -> None:
    for operands, expected in (((False, True), "nn.dense"), ((True, False), "nn.conv")):
        net = Network((3, 3))
        values = [net.constant(3, 3) if constant else net.input for constant in operands]
        module = net.returning(net.op(nn.MatMulOp(*values)))
        run_passes(module, PASS)
        assert names(module) == [expected]


def test_a_product_of_constants_is_a_constant() -> None:
    net = Network((2, 2))
    product = net.op(nn.MatMulOp(net.constant(2, 2), net.constant(2, 2)))
    module = net.returning(net.op(nn.AddOp(net.input, product)))
    samples = net.samples()
    before = results(module, samples)
    run_passes(module, PASS)
    assert names(module) == ["nn.add"]
    assert_same(before, results(module, samples))
