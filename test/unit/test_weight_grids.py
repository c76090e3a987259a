"""Weights that were trained as integers are found to be integers, whatever their step."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from corelower.passes.weight_grids import grid_steps


@settings(deadline=None)
@given(
    largest=st.sampled_from([1, 3, 7, 127]),
    step=st.floats(1e-6, 1e6),
    seed=st.integers(0, 999),
    size=st.integers(1, 500),
)
def test_multiples_of_a_step_are_found(largest: int, step: float, seed: int, size: int) -> None:
    random = np.random.default_rng(seed)
    integers = random.integers(-largest, largest + 1, (2, size))
    integers[:, 0] = largest
    weights = (integers * step).astype(np.float32)
    found = grid_steps(weights, 127)
    assert np.isfinite(found).all()
    multiples = weights / found[:, None]
    assert np.abs(multiples - np.rint(multiples)).max() < 1e-3
    assert np.abs(multiples).max() < 127.5


def test_the_largest_step_is_taken() -> None:
    found = grid_steps(np.array([[2.0, -4.0, 6.0, 0.0], [3.0, 4.5, 0.0, 0.0]], np.float32), 127)
    assert found.tolist() == [2.0, 1.5]


def test_real_weights_and_zeros_have_no_step() -> None:
    weights = np.random.default_rng(0).normal(size=(3, 400)).astype(np.float32)
    weights[2] = 0
    assert np.isnan(grid_steps(weights, 127)).all()


def test_more_levels_than_the_target_has_are_no_grid() -> None:
    weights = np.arange(-8, 9, dtype=np.float32)[None]
    assert np.isnan(grid_steps(weights, 7)).all()
    assert grid_steps(weights, 8).tolist() == [1.0]


def test_weights_that_the_first_look_misses_count() -> None:
    weights = np.zeros((2, 10_001), np.float32)
    weights[0, 5003] = 0.3
    weights[1, ::2] = 1.0
    weights[1, 5003] = 0.123456
    found = grid_steps(weights, 127)
    assert np.isclose(found[0], 0.3)
    assert np.isnan(found[1])
