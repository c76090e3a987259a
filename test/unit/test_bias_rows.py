"""Biases on rows driven with constants, see dialects/support/bias_rows.py."""

from dataclasses import replace

import jax
import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from corelower.dialects.support.bias_rows import representable_bias, split_bias
from corelower.dialects.support.target import Target
from corelower.targets.jax.held_biases import held_bias
from corelower.targets.jax.typed import float32, gradient

BIASES = st.lists(
    st.lists(st.integers(-40000, 40000), min_size=3, max_size=3), min_size=1, max_size=3
).map(lambda rows: np.array(rows, np.int32))


def target_with(rows: int, weight: int = 127, bits: int = 6, register: int = 0) -> Target:
    return Target("t", 64, 64, bits, (-weight, weight), bias_rows=rows, bias_bits=register)


TARGETS = st.builds(target_with, st.integers(0, 4), st.sampled_from([1, 7, 127]), st.integers(1, 8))


def held(bias: npt.NDArray[np.int32], target: Target) -> npt.NDArray[np.int64]:
    weights, drives = split_bias(bias, target)
    rows = drives.shape[1]
    assert rows <= target.bias_rows
    assert weights.shape == (len(bias), rows, bias.shape[1])
    assert np.abs(weights).max(initial=0) <= target.largest_weight
    assert drives.min(initial=1) >= 1
    assert drives.max(initial=1) <= target.largest_code
    return np.einsum("gb,gbn->gn", drives.astype(np.int64), weights)


@given(BIASES, TARGETS)
def test_rows_hold_the_representable_bias(bias: npt.NDArray[np.int32], target: Target) -> None:
    assert np.array_equal(held(bias, target), representable_bias(bias, target))


@settings(deadline=None)
@given(BIASES, TARGETS)
def test_tuning_learns_the_representable_bias(bias: npt.NDArray[np.int32], target: Target) -> None:
    limit = target.largest_bias
    inside = np.clip(bias, -limit, limit)
    found = held_bias(float32(inside), target)
    assert np.array_equal(np.asarray(found), representable_bias(inside, target))


def test_a_held_bias_has_the_slope_of_the_identity() -> None:
    target = target_with(2, weight=1, bits=8)

    def total(bias: jax.Array) -> jax.Array:
        return held_bias(bias, target).sum()

    assert np.array_equal(np.asarray(gradient(total)(float32([[3.0, 100.0]]))), [[1, 1]])


@given(BIASES, TARGETS)
def test_a_representable_bias_stays(bias: npt.NDArray[np.int32], target: Target) -> None:
    once = representable_bias(bias, target)
    assert np.array_equal(representable_bias(once, target), once)
    assert np.abs(once).max() <= target.largest_bias


@given(BIASES, st.integers(2, 4))
def test_two_rows_hold_every_integer_in_reach(bias: npt.NDArray[np.int32], rows: int) -> None:
    target = target_with(rows)
    assert target.largest_bias == (rows - 1) * 63 * 127 + 127
    expected = np.clip(bias, -target.largest_bias, target.largest_bias)
    assert np.array_equal(representable_bias(bias, target), expected)


@given(BIASES)
def test_one_row_rounds_by_at_most_half_its_drive(bias: npt.NDArray[np.int32]) -> None:
    target = target_with(1)
    bias = np.clip(bias, -target.largest_bias, target.largest_bias)
    error = np.abs(representable_bias(bias, target) - bias)
    drive = np.maximum(1, -(-np.abs(bias).max(axis=1) // 127))
    assert np.all(2 * error <= drive[:, None])


def test_one_row_has_the_smallest_drive_that_reaches() -> None:
    weights, drives = split_bias(np.array([[254, -2], [127, 3], [0, 0]], np.int32), target_with(1))
    assert drives.tolist() == [[2], [1], [1]]
    assert weights.tolist() == [[[127, -1]], [[127, 3]], [[0, 0]]]


def test_a_register_holds_its_whole_range_and_no_row() -> None:
    target = target_with(2, register=8)
    bias = np.array([[-200, 200, -128, 5]], np.int32)
    assert representable_bias(bias, target).tolist() == [[-128, 127, -128, 5]]
    assert split_bias(bias, target)[0].shape == (1, 0, 4)


def test_rows_that_are_left_free_carry_larger_biases() -> None:
    chip = Target("chip", 256, 256, 6, (-127, 127), bias_rows=2, spare_bias_rows=True)
    assert chip.largest_bias == 64 * 127
    wide = chip.for_inputs(144)
    assert wide.largest_bias == (111 * 63 + 1) * 127
    assert chip.for_inputs(254) == chip
    bias = np.array([[100_000, -5, 888_000]])
    assert representable_bias(bias, wide).tolist() == bias.tolist()
    weights, drives = split_bias(bias, wide)
    assert np.einsum("gr,gro->go", drives, weights).tolist() == bias.tolist()
    # No more rows than the largest bias takes: 14095 times 63, in weights of 127, and the rest.
    assert drives.shape == (1, 112)


def test_only_needed_bias_rows_are_used() -> None:
    chip = Target("chip", 256, 256, 6, (-127, 127), bias_rows=2, spare_bias_rows=True)
    for bias, rows in ((100, 2), (30, 1), (-8_000, 2), (9_000, 3)):
        _, drives = split_bias(np.array([[bias]]), chip.for_inputs(100))
        assert drives.shape == (1, rows)


def test_a_chip_with_fixed_bias_rows_has_no_more() -> None:
    chip = Target("chip", 256, 256, 6, (-127, 127), bias_rows=2)
    assert chip.for_inputs(100) is chip


def test_a_bias_that_the_fine_row_reaches_from_two_sides_stays() -> None:
    target = target_with(3, 7, 8)
    once = representable_bias(np.array([[1909]], np.int32), target)
    assert np.array_equal(once, representable_bias(once, target))


@given(st.integers(1, 8), st.sampled_from([1, 3, 7, 127]), st.integers(0, 5), st.data())
def test_rows_enough_for_all_digits_hold_every_integer(
    bits: int, weight: int, more: int, data: st.DataObject
) -> None:
    target = target_with(len(target_with(2, weight, bits).digits) + 1 + more, weight, bits)
    assert target.holds_every_bias
    limit = target.largest_bias
    bias = np.array([[data.draw(st.integers(-limit, limit)), limit, -limit]], np.int32)
    assert np.array_equal(representable_bias(bias, target), bias)
    assert np.array_equal(held(bias, target), bias)


def test_rows_too_few_for_all_digits_do_not_hold_every_integer() -> None:
    for weight, rows in ((1, 3), (3, 2)):
        target = target_with(rows, weight, 4)
        every = np.arange(-target.largest_bias, target.largest_bias + 1)[None]
        assert not target.holds_every_bias
        assert not np.array_equal(representable_bias(every, target), every)
        assert replace(target, spare_bias_rows=True).units_possible
