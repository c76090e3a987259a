"""Ranges for codes: least squared error, and decisions kept."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corelower.dialects.core_op import CodeType
from corelower.passes.core_op_reencode import code_for
from corelower.targets.jax.decisions import Decisions
from corelower.targets.jax.ranges import Observed, least_error_range

FloatArray = npt.NDArray[np.float32]


def observed(values: FloatArray, rows: FloatArray | None = None) -> Observed:
    return Observed(float(values.min()), float(values.max()), values, rows)


def rounded(values: FloatArray, code: CodeType) -> FloatArray:
    """The numbers that the codes of `values` stand for, written apart from the search."""
    zero, scale = code.zero.data, code.scale.data
    codes = np.clip(np.rint(values / scale) + zero, 0, code.largest)
    return ((codes - zero) * scale).astype(np.float32)


def error(values: FloatArray, low: float, high: float, bits: int, *, rectified: bool) -> float:
    code = code_for(low, high, bits, rectified=rectified)
    return float(np.mean(np.square(rounded(values, code) - values)))


@pytest.mark.parametrize("bits", [2, 4, 6])
@pytest.mark.parametrize("rectified", [False, True])
def test_the_least_error_is_at_most_that_of_the_extremes(bits: int, rectified: bool) -> None:
    values = np.random.default_rng(bits).standard_t(3, 20_000).astype(np.float32)
    values = np.maximum(values, 0) if rectified else values
    low, high = least_error_range(observed(values), bits, rectified=rectified)
    chosen = error(values, low, high, bits, rectified=rectified)
    assert chosen <= error(
        values, float(values.min()), float(values.max()), bits, rectified=rectified
    )


def test_few_bits_leave_a_rare_large_number_out() -> None:
    values = np.concatenate([np.random.default_rng(0).uniform(0, 1, 10_000), [40.0]])
    _, high = least_error_range(observed(values.astype(np.float32)), 4, rectified=True)
    assert high < 20


def test_a_signal_that_is_always_zero_has_a_range() -> None:
    zeros = np.zeros(100, np.float32)
    assert least_error_range(observed(zeros), 6, rectified=False) == (0, 0)
    assert code_for(0, 0, 6, rectified=False).scale.data == 1


@settings(max_examples=50, deadline=None)
@given(
    st.floats(-1e6, 1e6, width=32),
    st.floats(-1e6, 1e6, width=32),
    st.integers(1, 8),
    st.booleans(),
)
def test_a_code_has_zero_among_its_numbers(
    low: float, high: float, bits: int, rectified: bool
) -> None:
    code = code_for(min(low, high), max(low, high), bits, rectified=rectified)
    code.verify()
    assert rounded(np.zeros(1, np.float32), code)[0] == 0
    assert not rectified or code.zero.data == 0


def test_decisions_keep_the_numbers_where_they_are_made() -> None:
    """Logits whose largest ones are close together, far above all others."""
    random = np.random.default_rng(1)
    rows = random.normal(-40, 10, (500, 10)).astype(np.float32)
    rows[np.arange(500), random.integers(0, 5, 500)] = random.uniform(8, 10, 500)
    rows[np.arange(500), random.integers(5, 10, 500)] = random.uniform(8, 10, 500)
    seen = observed(rows.reshape(-1), rows)
    kept = rounded(rows, code_for(*Decisions.of(rows).range(6), 6, rectified=False))
    widest = rounded(rows, code_for(seen.low, seen.high, 6, rectified=False))
    wanted = rows.argmax(axis=1)
    assert (kept.argmax(axis=1) != wanted).sum() < (widest.argmax(axis=1) != wanted).sum() / 2


def test_a_range_serves_the_function_behind_the_signal() -> None:
    """A sigmoid is flat where most of these numbers are, and needs codes where they are few."""
    values = np.random.default_rng(2).uniform(-60, 60, 20_000).astype(np.float32)

    def sigmoid(x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        return 1 / (1 + np.exp(-x.astype(np.float64)))

    seen = observed(values)
    plain = least_error_range(seen, 5, rectified=False)
    behind = least_error_range(seen, 5, rectified=False, functions=[sigmoid])
    assert behind[1] - behind[0] < (plain[1] - plain[0]) / 3

    def error_behind(low: float, high: float) -> float:
        code = code_for(low, high, 5, rectified=False)
        return float(np.mean(np.square(sigmoid(rounded(values, code)) - sigmoid(values))))

    assert error_behind(*behind) < error_behind(*plain) / 3


@pytest.mark.parametrize("units", [1, 8, 32])
@pytest.mark.parametrize("bits", [1, 2, 3])
def test_of_few_numbers_zero_is_one_and_both_ends_may_be_kept(bits: int, units: int) -> None:
    """Of an image's even distribution nothing needs to be cut off, wherever zero has to lie."""
    values = np.random.default_rng(0).uniform(-2.0, 2.6, 20000).astype(np.float32)
    low, high = least_error_range(observed(values), bits, rectified=False, units=units)
    code = code_for(low, high, bits, rectified=False, units=units)
    numbers = np.rint(values / code.scale.data) + code.zero.data
    cut_off = np.mean((numbers < 0) | (numbers > code.largest))
    steps = (1 << bits) - 1
    assert code.zero.data % units == 0
    assert low / (low - high) * steps == pytest.approx(code.zero.data / units, abs=1e-6)
    assert bits == 1 or units == 1 or cut_off < 0.08


def test_of_codes_that_are_alike_the_one_with_the_smaller_zero_point_is_taken() -> None:
    half = np.random.default_rng(1).normal(size=20000).astype(np.float32)
    values = np.concatenate([half, -half])
    low, high = least_error_range(observed(values), 2, rectified=False, units=8)
    assert code_for(low, high, 2, rectified=False, units=8).zero.data == 8
