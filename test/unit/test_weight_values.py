"""A core's few weights: the best there are, kept while tuned and unrolled, never more of them."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, context
from test_weight_rows import outputs, product_of, real_product

from corelower.dialects import core_op, nn, trained
from corelower.dialects.support.errors import CombinedError, CorelowerError
from corelower.dialects.support.samples import Samples
from corelower.dialects.support.target import Target
from corelower.dialects.support.weight_values import values_in
from corelower.passes.core_op_quantize_weights import CoreOpQuantizeWeights
from corelower.passes.core_op_tune import CoreOpTune
from corelower.passes.core_op_unroll import CoreOpUnroll
from corelower.passes.nn_keep_golden import NnKeepGoldenPass
from corelower.passes.verify_target import verify_target
from corelower.passes.weight_values import MOST_BINS, best_values, value_classes, with_few_values
from corelower.passes.wiring import FIXED
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

CHIP = Target("chip", 16, 8, 4, (-127, 127), bias_bits=20, weight_values=4)
SPATIAL = CHIP.with_fields({"shares_positions": False})


def weights_of(op: core_op.VmmOp) -> npt.NDArray[np.generic]:
    data = trained.constant_of(op.weight)
    assert data is not None
    return data.array


def moments_of(
    integers: npt.NDArray[np.int64], exact: npt.NDArray[np.float64], values: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    members = integers[:, None] == values
    return np.array([(members * exact[:, None] ** power).sum(axis=0) for power in range(3)])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.floats(-9.4, 9.4), min_size=1, max_size=12), st.integers(2, 4))
def test_no_other_values_come_nearer(drawn: list[float], limit: int) -> None:
    exact = np.array(drawn)
    integers = np.rint(exact).astype(np.int64)
    values = np.union1d(integers, [0])
    chosen = best_values(values, moments_of(integers, exact, values), limit)
    assert len(np.unique(chosen)) <= limit and chosen[np.searchsorted(values, 0)] == 0
    found = np.square(chosen[np.searchsorted(values, integers)] - exact).sum()
    # Whole integers are clustered: all of one go to the same value.
    spans = [np.flatnonzero(integers == value) for value in np.unique(integers)]
    least = np.inf
    for others in combinations([n for n in range(-10, 11) if n], limit - 1):
        table = np.array([0, *others])
        errors = [np.square(table - exact[span, None]).sum(axis=0).min() for span in spans]
        least = min(least, float(np.sum(errors)))
    assert found <= least + 1e-9


@pytest.mark.parametrize("gain", ["core", "neuron"])
@pytest.mark.parametrize("target", [CHIP, SPATIAL])
def test_quantised_weights_are_few_in_every_core(target: Target, gain: str) -> None:
    weight = np.random.default_rng(1).normal(0, 1, (3, 9, 5)).astype(np.float32)
    weight[:, :2] = 0
    module = real_product(weight, target.with_fields({"gain": gain}))
    CoreOpQuantizeWeights().apply(context(), module)
    integers = weights_of(product_of(module))
    assert all(len(values_in(matrix)) == 4 for matrix in integers)
    assert not integers[:, :2].any()
    verify_target(module)


def test_groups_that_may_share_a_core_share_its_weights() -> None:
    weight = np.random.default_rng(2).normal(0, 1, (6, 4, 2)).astype(np.float32)
    counts: list[int] = []
    for target in (SPATIAL, CHIP):
        module = real_product(weight, target)
        CoreOpQuantizeWeights().apply(context(), module)
        counts.append(len(values_in(weights_of(product_of(module)))))
    assert counts[0] == 4 < counts[1]


def test_zero_points_are_part_of_the_bias_as_the_few_weights_need_it() -> None:
    weight = np.random.default_rng(3).normal(0, 1, (1, 9, 5)).astype(np.float32)
    module = real_product(weight, CHIP)
    CoreOpQuantizeWeights().apply(context(), module)
    op = product_of(module)
    bias, gain = trained.constant_of(op.operands[2]), trained.constant_of(op.operands[3])
    assert bias is not None and gain is not None
    # Both codes have the zero point 1.
    wanted = 1 / gain.array.astype(np.float64) - weights_of(op).sum(axis=1, dtype=np.int64)
    assert np.array_equal(bias.array, np.rint(wanted))


def test_few_weights_that_were_trained_stay_as_they_are() -> None:
    weight = np.random.default_rng(4).integers(-1, 2, (2, 9, 5)).astype(np.float32) * 0.25
    module = real_product(weight, CHIP)
    CoreOpQuantizeWeights().apply(context(), module)
    assert FIXED in product_of(module).attributes


def test_many_different_weights_that_were_trained_do_not() -> None:
    weight = np.random.default_rng(4).integers(-7, 8, (1, 9, 5)).astype(np.float32) * 0.25
    module = real_product(weight, CHIP)
    CoreOpQuantizeWeights().apply(context(), module)
    assert FIXED not in product_of(module).attributes
    verify_target(module)


def test_weights_of_sixteen_bits_are_told_apart_roughly_first() -> None:
    target = Target("chip", 64, 64, 4, (-32767, 32767), bias_bits=24, weight_values=9)
    real = np.random.default_rng(5).normal(0, 6000, (1, 60, 60)).astype(np.float32)
    integers = np.rint(real).astype(np.int16)
    integers[0, :5] = 0
    step = np.ones((1, 1, 1))
    found = with_few_values(integers, real, step, target, together=False)
    assert len(values_in(integers)) > MOST_BINS and len(values_in(found)) == 9
    assert not found[0, :5].any()
    error = np.sqrt(np.square(found - real)[0, 5:].mean())
    # Nine levels over a normal distribution, by Max (1960): 0.19 of its deviation.
    assert error < 0.2 * 6000


@pytest.mark.parametrize("target", [CHIP, SPATIAL])
def test_tuning_stays_on_a_cores_weights(target: Target) -> None:
    net = Network((6,), 7)
    hidden = net.op(nn.ReluOp(net.op(nn.DenseOp(net.input, net.constant(6, 8)))))
    module = net.returning(net.op(nn.DenseOp(hidden, net.constant(8, 3), net.constant(3))))
    samples = net.samples(300)
    core_op.set_target(module, target)
    ctx = context()
    ctx.calibration = Samples(samples)
    passes = (
        "convert-nn-to-core-op,canonicalize,core-op-calibrate{output=values border-units=1},"
        "core-op-reencode,core-op-quantize-weights{keep-real}"
    )
    for one in [NnKeepGoldenPass(), *build_passes(passes, full_universe().all_passes, {})]:
        one.apply(ctx, module)
    before = [weights_of(op) for op in module.walk() if isinstance(op, core_op.VmmOp)]
    CoreOpTune(output="values", method=("end-to-end",)).apply(ctx, module)
    after = [weights_of(op) for op in module.walk() if isinstance(op, core_op.VmmOp)]
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    verify_target(module)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(-3, 3), min_size=1, max_size=3), min_size=1, max_size=8))
def test_groups_of_a_class_fit_a_table(drawn: list[list[int]]) -> None:
    matrices = [np.array(values) for values in drawn]
    classes = value_classes(np.array([np.resize(values, 3) for values in drawn]), 4)
    for number in set(classes):
        inside = [one for one, its in zip(matrices, classes, strict=True) if its == number]
        assert len(values_in(np.concatenate(inside))) <= 4
    assert sorted(set(classes)) == list(range(len(set(classes))))


def test_unrolled_cores_hold_no_more_weights_than_before() -> None:
    """Each group has four weights, and others than its neighbour: they must not share a core."""
    weight = np.random.default_rng(6).integers(1, 4, (4, 4, 2)).astype(np.float32)
    weight *= np.array([1, -1, 2, -2], np.float32)[:, None, None]
    module = real_product(weight, SPATIAL.with_fields({"weight_values": 0}))
    inputs = np.random.default_rng(6).normal(0, 1, (20, 2, 4, 4)).astype(np.float32)
    CoreOpQuantizeWeights().apply(context(), module)
    core_op.set_target(module, SPATIAL)
    found = outputs(module, inputs)
    CoreOpUnroll().apply(context(), module)
    verify_target(module)
    assert np.array_equal(outputs(module, inputs), found)
    core_op.set_target(module, SPATIAL.with_fields({"weight_values": 3}))
    with pytest.raises(CombinedError, match="4 different weights in the core of group"):
        verify_target(module)


def test_rows_that_carry_the_bias_may_need_any_weight() -> None:
    with pytest.raises(CorelowerError, match="weight_values = 4 is out of range; it must be 0 wh"):
        Target("chip", 16, 8, 4, (-127, 127), bias_rows=2, weight_values=4)
