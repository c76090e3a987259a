"""The code of a network's outputs: which decisions it loses, also of what was not seen."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corelower.passes.core_op_reencode import code_for
from corelower.targets.jax.decisions import Decisions
from corelower.targets.jax.ranges import Levels, quantize_values

FloatArray = npt.NDArray[np.float32]


def logits(count: int, scale: float, seed: int) -> FloatArray:
    """Of ten classes; the larger the scale, the clearer the decisions."""
    random = np.random.default_rng(seed)
    rows = random.normal(-3, 3, (count, 10))
    rows[np.arange(count), random.integers(0, 10, count)] += scale * random.uniform(0, 2, count)
    return rows.astype(np.float32)


def lost(rows: FloatArray, interval: tuple[float, float], bits: int, units: int = 1) -> float:
    """The part of vectors whose decision a code does not keep, without ties."""
    coded = quantize_values(rows, *interval, Levels(bits, units))
    first, second = np.sort(coded, axis=1)[:, -1], np.sort(coded, axis=1)[:, -2]
    kept = (coded.argmax(axis=1) == rows.argmax(axis=1)) & (first > second)
    return float(1 - kept.mean())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 8), st.floats(0.5, 20))
def test_all_lost_decisions_of_the_samples_count(
    seed: int, bits: int, units: int, scale: float
) -> None:
    rows = logits(200, scale, seed)
    decisions = Decisions.of(rows)
    interval = decisions.range(bits, units)
    assert decisions.loss(*interval, bits, units) >= lost(rows, interval, bits, units) - 1e-9


@pytest.mark.parametrize("scale", [3.0, 20.0])
def test_more_numbers_lose_fewer_decisions(scale: float) -> None:
    """However clear the decisions of the samples are, of which the few bits lose none."""
    decisions = Decisions.of(logits(500, scale, 0))
    losses = [decisions.loss(*decisions.range(2, units), 2, units) for units in (1, 2, 4, 8, 16)]
    for fewer, more in pairwise(losses):
        assert more < 0.7 * fewer


def test_others_lose_as_few_as_was_said() -> None:
    """Calibrated on clear decisions, measured where some are close."""
    clear = logits(20_000, 12, 1)
    margins = np.diff(np.sort(clear, axis=1)[:, -2:], axis=1)[:, 0]
    decisions = Decisions.of(clear[margins > np.quantile(margins, 0.02)][:1000])
    others = logits(20_000, 12, 2)
    for units in (2, 4, 8):
        interval = decisions.range(2, units)
        assert lost(others, interval, 2, units) < 1.5 * decisions.loss(*interval, 2, units)


def test_close_decisions_are_where_two_elements_are_equal() -> None:
    """Half way between two vectors of one large element each, both are half as large."""
    rows = np.repeat(8 * np.eye(4, dtype=np.float32), 25, axis=0)
    assert np.allclose(Decisions.of(rows).close, 4)


def test_what_only_decides_between_negative_numbers_has_a_range() -> None:
    """Logarithms of probabilities: zero is a code's number, and the largest that occurs."""
    rows = logits(500, 6, 3)
    rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
    low, high = Decisions.of(rows).range(4)
    assert low < high == 0
    assert lost(rows, (low, high), 4) < lost(rows, (float(rows.min()), 0.0), 4)
    assert code_for(low, high, 4, rectified=False).largest == 15


@pytest.mark.parametrize(
    "rows",
    [np.zeros((5, 3)), np.ones((1, 3)), np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]] * 4)],
    ids=["zeros", "equal", "one sample", "one decision"],
)
def test_samples_that_say_nothing_about_close_decisions(rows: npt.NDArray[np.float64]) -> None:
    decisions = Decisions.of(rows.astype(np.float32))
    low, high = decisions.range(4)
    assert low <= 0 <= high
    assert np.isfinite(decisions.loss(low, high, 4))
