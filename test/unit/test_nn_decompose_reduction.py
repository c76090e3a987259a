"""`nn-decompose-reduction` keeps what reductions and norms compute, and leaves none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, assert_same, names, results, run_passes

from corelower.dialects import nn
from corelower.dialects.nn import Reduction
from corelower.passes.wiring import AUXILIARY
from corelower.targets.jax.evaluator import find_function

PASS = "nn-decompose-reduction"

SHORT = settings(max_examples=10, deadline=None, derandomize=True)

Draw = st.DataObject

LINEAR_OR_MAX = (Reduction.SUM, Reduction.MEAN, Reduction.MAX)


def reduced(draw: Draw, function: Reduction) -> Network:
    """A reduction along drawn axes of a drawn tensor."""
    rank = draw.draw(st.integers(1, 5))
    shape = draw.draw(st.lists(st.integers(1, 4), min_size=rank, max_size=rank))
    axes = [axis for axis in range(rank) if draw.draw(st.booleans())]
    net = Network(shape, draw.draw(st.integers(0, 99)))
    net.input = net.op(nn.ReduceOp(function, net.input, axes))
    return net


@pytest.mark.parametrize("function", Reduction)
def test_a_reduction_keeps_its_meaning(function: Reduction) -> None:
    @SHORT
    @given(st.data())
    def check(draw: Draw) -> None:
        net = reduced(draw, function)
        module = net.returning(net.input)
        samples = net.samples()
        before = results(module, samples)
        run_passes(module, PASS)
        assert "nn.reduce" not in names(module)
        assert_same(before, results(module, samples))
        if function in LINEAR_OR_MAX:
            run_passes(module, "canonicalize,nn-decompose-pooling,convert-nn-to-core-op")
            assert_same(before, results(module, samples))

    check()


@pytest.mark.parametrize("p", [1, 2, 3, 4])
def test_a_pool_by_a_norm_keeps_its_meaning(p: int) -> None:
    @SHORT
    @given(st.data())
    def check(draw: Draw) -> None:
        rank = draw.draw(st.integers(1, 3))
        extents = draw.draw(st.lists(st.integers(3, 5), min_size=rank, max_size=rank))
        net = Network((draw.draw(st.integers(1, 3)), *extents), draw.draw(st.integers(0, 99)))
        pool = nn.LpPoolOp(
            net.input,
            p,
            draw.draw(st.lists(st.integers(1, 2), min_size=rank, max_size=rank)),
            strides=draw.draw(st.lists(st.integers(1, 2), min_size=rank, max_size=rank)),
            dilations=draw.draw(st.lists(st.integers(1, 2), min_size=rank, max_size=rank)),
        )
        module = net.returning(net.op(pool))
        samples = net.samples()
        before = results(module, samples)
        run_passes(module, PASS)
        assert "nn.lp_pool" not in names(module)
        assert_same(before, results(module, samples))

    check()


@pytest.mark.parametrize("operation", [nn.SoftmaxOp, nn.LogSoftmaxOp])
def test_a_softmax_that_something_else_reads_keeps_its_meaning(
    operation: type[nn.SoftmaxOp] | type[nn.LogSoftmaxOp],
) -> None:
    for axis in range(3):
        net = Network((2, 3, 4))
        module = net.returning(net.op(nn.ReluOp(net.op(operation(net.input, axis)))))
        samples = net.samples() * 20
        before = results(module, samples)
        run_passes(module, PASS)
        assert not {"nn.softmax", "nn.log_softmax"} & set(names(module))
        assert_same(before, results(module, samples))


def test_the_last_softmax_stays_on_the_host() -> None:
    net = Network((5,))
    module = net.returning(net.op(nn.SoftmaxOp(net.input, 0)))
    run_passes(module, PASS)
    assert names(module) == ["nn.softmax"]


def test_padding_of_a_pool_by_a_norm_is_zero() -> None:
    net = Network((2, 4, 4))
    pool = nn.LpPoolOp(net.input, 3, [3, 2], strides=[2, 1], pads=[1, 0, 2, 1])
    module = net.returning(net.op(pool))
    samples = net.samples()
    before = results(module, samples)
    run_passes(module, PASS)
    assert_same(before, results(module, samples))


def test_the_mean_of_an_image_composes_with_the_layer_behind_it() -> None:
    net = Network((3, 4, 4))
    mean = net.op(nn.ReduceOp(Reduction.MEAN, net.input, [1, 2]))
    module = net.returning(net.op(nn.DenseOp(mean, net.constant(3, 2))))
    samples = net.samples()
    before = results(module, samples)
    run_passes(module, f"{PASS},canonicalize,nn-fuse-linear")
    assert names(module) == ["nn.reshape", "nn.dense"]
    assert_same(before, results(module, samples))


def test_the_weights_of_a_sum_are_not_trained() -> None:
    net = Network((3, 4))
    module = net.returning(net.op(nn.ReduceOp(Reduction.SUM, net.input, [1])))
    run_passes(module, PASS)
    (dense,) = (op for op in find_function(module).walk() if isinstance(op, nn.DenseOp))
    assert AUXILIARY in dense.attributes


def test_a_sum_of_values_that_are_never_negative_is_none_either() -> None:
    net = Network((3, 4))
    rectified = net.op(nn.ReluOp(net.input))
    module = net.returning(net.op(nn.ReduceOp(Reduction.SUM, rectified, [1])))
    run_passes(module, f"{PASS},canonicalize,convert-nn-to-core-op")
    assert "linear" not in str(find_function(module))
