"""Piecewise-linear functions of the least maximum error, and their hinges."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corelower.passes.piecewise_linear import PiecewiseLinear, fit_segments, fit_within
from corelower.passes.relu_networks import ReluNetwork, hinge_network

Float64Array = npt.NDArray[np.float64]


def at(fit: PiecewiseLinear, x: Float64Array) -> Float64Array:
    return np.interp(x, fit.knots, fit.values)


def computed(network: ReluNetwork, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What the network computes, in float32."""
    (ones, bias), (weight, start) = network.layers
    return (np.maximum(x[:, None] * ones[0] + bias, 0) @ weight)[:, 0] + start


@pytest.mark.parametrize("segments", [1, 2, 3, 5, 8, 16, 40])
def test_a_parabola_has_the_known_least_error(segments: int) -> None:
    """On a piece of width w the line nearest to x^2 is w^2 / 8 away; all pieces are alike."""
    x = np.linspace(0, 1, 2049)
    fit = fit_segments(x, x * x, segments)
    between = np.linspace(0, 1, 50_001)
    measured = np.abs(at(fit, between) - between**2).max()
    assert fit.segments <= segments
    assert measured * 8 * segments**2 == pytest.approx(1, abs=5e-3)


@pytest.mark.parametrize("bends", [0, 1, 2, 7, 30])
def test_what_is_piecewise_linear_takes_its_own_pieces(bends: int) -> None:
    random = np.random.default_rng(bends)
    x = np.linspace(-3, 5, 2001)
    knots = np.sort(random.choice(x[20:-20:20], bends, replace=False))
    places = np.concatenate([[-3], knots, [5]])
    y = np.interp(
        x, places, np.cumsum(random.uniform(0.1, 1, len(places)) * (-1) ** np.arange(bends + 2))
    )
    fit = fit_within(x, y, 1e-6, 254)
    assert fit is not None
    assert fit.segments <= bends + 1
    assert np.abs(at(fit, x) - y).max() < 1.01e-6


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-2, 2), min_size=4, max_size=6),
    st.floats(-100, 100),
    st.floats(1e-3, 1e3),
    st.sampled_from([0.1, 0.01, 0.001]),
)
def test_the_error_holds_and_fewer_segments_do_not_reach_it(
    coefficients: list[float], low: float, width: float, error: float
) -> None:
    x = low + width * np.linspace(0, 1, 400)
    y = np.sin(np.linspace(0, 9, 400))
    y += np.polyval(coefficients, np.linspace(-1, 1, 400))
    bound = error * float(np.ptp(y))
    fit = fit_within(x, y, bound, 254)
    assert fit is not None
    assert (np.diff(fit.knots) >= 0).all()
    assert np.abs(at(fit, x) - y).max() <= bound * (1 + 1e-6)
    assert fit_within(x, y, bound, fit.segments - 1) is None or fit.segments == 1
    # Straight interpolation between free knots is never nearer than what was found.
    even = np.linspace(0, 399, fit.segments + 1).round().astype(int)
    assert fit.error <= np.abs(np.interp(x, x[even], y[even]) - y).max() * (1 + 2e-3)


def test_more_segments_than_allowed_are_none() -> None:
    x = np.linspace(0, 20, 2001)
    assert fit_within(x, np.sin(x), 1e-4, 20) is None
    assert fit_segments(x, np.sin(x), 20).error > 1e-4


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("segments", [1, 3, 60])
def test_hinges_lose_only_what_float32_loses(segments: int, scale: float) -> None:
    x = np.linspace(-scale, 3 * scale, 1001)
    fit = fit_segments(x, np.sin(3 * x / scale), segments)
    network = hinge_network(fit)
    assert network.hinges <= segments
    places = x.astype(np.float32)
    lost = np.abs(computed(network, places) - at(fit, places.astype(np.float64)))
    assert lost.max() < 2e-5


def test_hinges_are_constant_below_the_low_end() -> None:
    x = np.linspace(-2, 2, 401)
    network = hinge_network(fit_segments(x, np.exp(x), 6))
    below = computed(network, np.array([-2, -3, -100], np.float32))
    assert (below == below[0]).all()


def test_a_constant_takes_one_hinge_that_does_nothing() -> None:
    network = hinge_network(fit_segments(np.linspace(0, 1, 11), np.full(11, 2.5), 5))
    assert network.hinges == 1
    assert (computed(network, np.array([-1, 0.5, 9], np.float32)) == 2.5).all()
