"""`nn-decompose-pooling` keeps what pools compute, whatever their windows."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, assert_same, names, results, run_passes

from corelower.dialects import core_op, nn
from corelower.dialects.support.target import Target
from corelower.dialects.support.window import Window
from corelower.targets.jax.evaluator import find_function

SHORT = settings(max_examples=20, deadline=None, derandomize=True)

SMALL = Target("small", fan_in=16, fan_out=9, signal_bits=6, weights=(-127, 127), bias_rows=2)

Draw = st.DataObject


def drawn_window(draw: Draw, extents: list[int]) -> Window:
    """A window, each position of which sees some of the input, and most see padding."""
    rank = len(extents)
    kernel = draw.draw(st.lists(st.integers(1, 4), min_size=rank, max_size=rank))
    dilations = draw.draw(st.lists(st.integers(1, 3), min_size=rank, max_size=rank))
    reach = [d * (k - 1) for k, d in zip(kernel, dilations, strict=True)]
    pads = [draw.draw(st.integers(0, most)) for most in (*reach, *reach)]
    for axis, extent in enumerate(extents):
        missing = reach[axis] + 1 - extent - pads[axis] - pads[axis + rank]
        pads[axis] += max(missing, 0)
    strides = draw.draw(st.lists(st.integers(1, 3), min_size=rank, max_size=rank))
    window = Window.of(kernel, strides, pads, dilations)
    if window.always_sees_input(extents):
        return window
    return Window.of([1] * rank, strides)


@pytest.mark.parametrize("way", ["relu", "native", "mean"])
def test_a_padded_pool_keeps_its_meaning(way: str) -> None:
    @SHORT
    @given(st.data())
    def check(draw: Draw) -> None:
        rank = draw.draw(st.integers(1, 3))
        extents = draw.draw(st.lists(st.integers(1, 6), min_size=rank, max_size=rank))
        net = Network((2, *extents), draw.draw(st.integers(0, 99)))
        window = drawn_window(draw, extents)
        pool = nn.AveragePoolOp if way == "mean" else nn.MaxPoolOp
        value = net.op(
            pool(
                net.input,
                window.kernel,
                strides=window.strides,
                pads=window.pads if window.has_padding else None,
                dilations=window.dilations,
            )
        )
        module = net.returning(value)
        samples = net.samples()
        # What lies outside would be larger than these.
        samples = samples - 3
        before = results(module, samples)
        core_op.set_target(module, replace(SMALL, max_inputs=3))
        run_passes(module, f"nn-decompose-pooling{{max={'native' if way == 'native' else 'auto'}}}")
        assert not {"nn.max_pool", "nn.average_pool"} & set(names(module))
        assert_same(before, results(module, samples))

    check()


@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("size", [7, 30, 61])
def test_a_maximum_of_more_numbers_than_a_core_takes_fits_into_cores(
    size: int, rectified: bool
) -> None:
    net = Network((2, size))
    value = net.op(nn.ReluOp(net.input)) if rectified else net.input
    module = net.returning(net.op(nn.MaxPoolOp(value, [size])))
    samples = net.samples()
    before = results(module, samples)
    core_op.set_target(module, SMALL)
    run_passes(module, "nn-decompose-pooling")
    assert_same(before, results(module, samples))
    products = [op for op in find_function(module).walk() if isinstance(op, core_op.VmmOp)]
    assert all(op.fan_in <= SMALL.inputs and op.outputs <= SMALL.fan_out for op in products)
    assert all(bool(op.same_code) == rectified for op in products)


def test_a_wide_window_goes_axis_by_axis() -> None:
    net = Network((2, 9, 11))
    pool = nn.MaxPoolOp(net.input, [5, 6], strides=[2, 3], pads=[1, 2, 2, 3], dilations=[2, 1])
    module = net.returning(net.op(pool))
    samples = net.samples() - 3
    before = results(module, samples)
    core_op.set_target(module, SMALL)
    run_passes(module, "nn-decompose-pooling")
    assert_same(before, results(module, samples))
    assert "core_op.slice" not in names(module)


def test_a_mean_that_leaves_out_the_border_is_one_matrix() -> None:
    net = Network((3, 12, 12))
    module = net.returning(net.op(nn.AveragePoolOp(net.input, [3, 3], pads=[1] * 4)))
    run_passes(module, "nn-decompose-pooling")
    (product,) = (op for op in find_function(module).walk() if isinstance(op, core_op.VmmOp))
    assert (product.groups, product.outputs) == (1, 3)
