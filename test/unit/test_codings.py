"""Codings of several units: their levels, their errors, and that they compute what they say."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import ModelBuilder

from corelower.dialects.support.cores import product_cores
from corelower.dialects.support.target import Target
from corelower.passes.coding_fits import Distribution, fit_digits, fit_units, relative_error
from corelower.passes.coding_losses import decoder_loss, digits_loss
from corelower.passes.codings import Chip, CodingName, Digits, thermometer
from corelower.passes.core_op_reencode import code_for
from corelower.targets.jax.ranges import Observed, least_error_range
from corelower.tools.compiler import CompiledNetwork, compile_model

Floats = npt.NDArray[np.float32]
ROUNDINGS = st.sampled_from([0.0, 0.5])


def long_tailed(count: int = 20000) -> Floats:
    """Numbers as a rectifier gives them: many zeros, few that are large."""
    random = np.random.default_rng(0)
    numbers = random.exponential(1, count) ** 1.5 * (random.random(count) < 0.6)
    return numbers.astype(np.float32)


# --- numbers -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), ROUNDINGS)
def test_two_digits_tell_the_product_of_their_levels_apart(
    bits: int, coarse: int, fine: int, half: float
) -> None:
    chip = Chip((1 << bits) - 1, half)
    digits = Digits(coarse, fine, 1.0)
    levels = (coarse * chip.largest + 1) * (fine * chip.largest + 1)
    part = 1.0 / (fine * chip.largest + 1)
    # Every level, and numbers near to it on both sides, which it is the nearest to.
    exact = np.arange(levels, dtype=np.float64) * part
    lower, upper = np.maximum(exact - 0.45 * part, 0), exact + 0.45 * part
    near = np.concatenate([exact, upper, lower]).astype(np.float64)
    assert digits.levels(chip) == levels
    assert len(np.unique(digits.decoded(near, chip).round(9))) == levels
    np.testing.assert_allclose(digits.decoded(near, chip), np.tile(exact, 3), atol=1e-9)
    # Beyond the ends it saturates.
    np.testing.assert_allclose(digits.decoded(np.array([-5.0, 1e3]), chip), [0, exact[-1]])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 9), ROUNDINGS)
def test_a_thermometer_of_values_is_the_code_of_several_units(
    bits: int, units: int, half: float
) -> None:
    chip = Chip((1 << bits) - 1, half)
    spelled = thermometer(units, 0.25, chip)
    # Between the thresholds: ties are rounded to even, in one place or the other.
    numbers = (np.arange(-4, 4 * units * chip.largest + 9) + 0.3) / 16
    # Hermite's identity, which `core-op-split-units` rests on.
    code = np.clip(np.floor(numbers / 0.25 + half), 0, units * chip.largest)
    np.testing.assert_allclose(spelled.decoded(numbers, chip), code * 0.25)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(2, 5),
    st.sampled_from(["exponential", "gaussian", "uniform", "two"]),
    st.integers(0, 1000),
)
def test_trained_units_lose_no_more_than_a_thermometer(
    bits: int, units: int, kind: str, seed: int
) -> None:
    random, chip = np.random.default_rng(seed), Chip((1 << bits) - 1, 0.5)
    numbers = {
        "exponential": random.exponential(1, 1500),
        "gaussian": np.maximum(random.normal(0, 1, 1500), 0),
        "uniform": random.random(1500),
        "two": random.integers(0, 2, 1500) * 1.7,
    }[kind].astype(np.float32)
    observed = Observed(0.0, float(numbers.max()), numbers, None)
    _, high = least_error_range(observed, bits, rectified=True, units=units)
    scale = code_for(0.0, high, bits, rectified=True, units=units).scale.data
    alike = relative_error(numbers, thermometer(units, scale, chip), chip)
    trained = fit_units(Distribution.of(numbers), units, scale, chip, 0.0)
    assert relative_error(numbers, trained, chip) <= alike * (1 + 1e-6) + 1e-7
    assert trained.units == units and min(trained.decoder) >= 0
    assert trained == fit_units(Distribution.of(numbers), units, scale, chip, 0.0)


def test_trained_units_are_far_better_where_the_tail_is_long() -> None:
    numbers, chip = long_tailed(), Chip(3, 0.5)
    observed = Observed(0.0, float(numbers.max()), numbers, None)
    _, high = least_error_range(observed, 2, rectified=True, units=5)
    scale = code_for(0.0, high, 2, rectified=True, units=5).scale.data
    alike = relative_error(numbers, thermometer(5, scale, chip), chip)
    trained = relative_error(
        numbers, fit_units(Distribution.of(numbers), 5, scale, chip, 0.0), chip
    )
    assert trained < 0.6 * alike


def test_what_is_shifted_may_be_negative() -> None:
    numbers, chip = np.linspace(-1, 2, 3000).astype(np.float32), Chip(3, 0.5)
    seen = Distribution.of(numbers, 1.0)
    for coding in (fit_digits(seen, 1, 1, chip, 1.0), fit_units(seen, 5, 0.2, chip, 1.0)):
        assert np.abs(coding.decoded(numbers.astype(np.float64), chip) - numbers).max() < 0.12


def test_weights_of_few_bits_spoil_digits() -> None:
    random = np.random.default_rng(0)
    weight = random.normal(0, 1, (1, 64, 16)).astype(np.float32)
    values, chip = np.abs(random.normal(0, 1, 4000)), Chip(3, 0.5)
    digits = Digits(2, 1, 0.4)
    codes, decoder = digits.codes(values, chip), np.array(digits.decoder(chip))
    made, read = list[float](), list[float]()
    for largest in (1, 7, 127):
        target = Target("chip", 256, 256, 2, (-largest, largest), bias_rows=2)
        made.append(digits_loss([weight], values, digits, 0.1, chip, target))
        read.append(decoder_loss([weight], values, decoder, codes, target))
    assert made[0] > made[1] > made[2] and read[0] > read[1] > read[2]
    assert made[2] < 1e-3 and read[2] < 1e-3 and read[1] > 1e-3


@pytest.mark.parametrize(
    ("groups", "fan_in", "outputs", "units", "cores"),
    [
        (1, 200, 100, (1, 1), 1),
        (1, 864, 32, (1, 8), 5),
        (1, 144, 32, (6, 8), 5),
        (1, 128, 64, (7, 5), 9),
        (30, 9, 1, (1, 1), 2),
    ],
)
def test_cores_are_those_of_tiles_and_merges(
    groups: int, fan_in: int, outputs: int, units: tuple[int, int], cores: int
) -> None:
    target = Target("chip", 256, 256, 2, (-7, 7), bias_rows=2)
    assert product_cores(groups, (4, 4), fan_in, outputs, target, units) == cores


# --- networks ------------------------------------------------------------------------------------


def compiled(coding: CodingName, pool: str = "AveragePool", **overrides: int) -> CompiledNetwork:
    """A small network with two layers behind the first, on a chip of two bits."""
    builder = ModelBuilder((1, 6, 6), seed=3)
    builder.conv(4)
    builder.relu()
    builder.pool(pool)
    builder.conv(6)
    builder.relu()
    builder.dense(5)
    images = np.random.default_rng(1).random((96, 1, 6, 6)).astype(np.float32)
    return compile_model(
        builder.model(),
        calibration=images,
        overrides={"signal_bits": 2, **overrides},
        tune=False,
        units="auto",
        coding=coding,
        output="values",
    )


def remarks(network: CompiledNetwork) -> str:
    """What was said on the way."""
    return "\n".join(line for stage in network.report.stages for line in stage.remarks)


@pytest.mark.parametrize(
    ("coding", "pool", "said"),
    [
        ("trained", "MaxPool", "5 trained units instead of"),
        ("coarse-fine", "AveragePool", "1 coarse and 1 fine units instead of"),
    ],
)
def test_the_image_is_the_coded_network(coding: CodingName, pool: str, said: str) -> None:
    network = compiled(coding, pool)
    assert network.report.bit_exact and said in remarks(network)
    # Values that units carry are compared with the golden ones, decoded.
    errors = {layer.name: layer.sqnr_db for layer in network.report.layers}
    assert len(errors) >= 4 and min(error or 99.0 for error in errors.values()) > 15


def test_auto_takes_what_needs_fewer_cores_than_a_thermometer() -> None:
    chosen = compiled("auto")
    assert chosen.report.bit_exact
    assert "a thermometer of 5 units: 1 coarse and 1 fine units would take 3" in remarks(chosen)
    assert "2 coarse and 1 fine units instead of 5: 3 cores instead of 4" in remarks(chosen)
