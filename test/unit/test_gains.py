"""Gains that are powers of two, or one over a threshold: what weights and sums lose by them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corelower.dialects import core_op
from corelower.dialects.support.functions import find_function
from corelower.dialects.support.location import parse_module
from corelower.dialects.support.neurons import is_reciprocal, thresholds_of
from corelower.dialects.support.target import Target
from corelower.dialects.trained import constant_of
from corelower.passes.core_op_quantize_weights import CoreOpQuantizeWeights
from corelower.passes.weight_steps import finer_grid, gain_step, gains_of, half_step
from corelower.targets.jax.evaluator import Evaluator
from corelower.targets.registry import find_target
from corelower.tools.ir_files import make_context

ANN = find_target("tianji", "ann")
SNN = find_target("tianji", "snn").with_fields({"reset": "subtract", "window": 32})


@given(st.floats(1e-4, 0.5), st.floats(1e-3, 10), st.sampled_from([ANN, SNN]))
def test_a_gain_that_the_target_has_needs_no_smaller_step(
    step: float, ratio: float, target: Target
) -> None:
    taken = gain_step(np.array([[[step]]]), ratio, target)
    gain = gains_of(taken, ratio, target)
    assert taken[0, 0, 0] >= step * (1 - 1e-6) or 1 / (step * ratio) < 1
    assert gain[0, 0, 0] == pytest.approx(taken[0, 0, 0] * ratio, rel=1e-6)
    if target is ANN:
        assert taken[0, 0, 0] < 2 * step * (1 + 1e-6) and np.frexp(gain)[0][0, 0, 0] == 0.5
    else:
        assert is_reciprocal(gain).all()


@given(st.floats(0.3, 3), st.sampled_from([ANN, SNN]))
def test_a_grid_is_kept_only_with_a_gain_that_fits(ratio: float, target: Target) -> None:
    real = np.ones((1, 4, 1), np.float32)
    step = finer_grid(np.ones((1, 1, 1)), real, ratio, 32, target)[0, 0, 0]
    if np.isnan(step):
        return
    times = 1 / step
    assert times == pytest.approx(round(times)) and round(times) <= target.largest_weight
    assert gains_of(np.array(step), ratio, target) == pytest.approx(step * ratio, rel=0.25 / 32)


def test_half_a_step_makes_dropped_bits_round_to_the_nearest() -> None:
    sums, gain = np.arange(-100, 400), np.array(1 / 16)
    rounded = np.floor((sums + half_step(gain, 1, ANN)) * gain)
    assert np.abs(rounded - sums * gain).max() == 0.5
    assert half_step(gain, 1, find_target("prime")) == 0


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from([ANN, SNN]))
def test_a_quantised_product_is_near_the_real_one(seed: int, target: Target) -> None:
    random = np.random.default_rng(seed)
    code = "8, 0.05, 0" if target is ANN else "1, 0.4, 0, ticks 32"
    signed = "8, 0.05, 100" if target is ANN else "1, 0.4, 10, ticks 32"
    weight = random.normal(size=(1, 3, 4)).round(3)
    bias = random.normal(size=(1, 4)).round(3)
    text = f"""
func.func @main(%x: tensor<1x3xf32>) -> tensor<1x4xf32> {{
  %q = core_op.encode %x : (tensor<1x3xf32>) -> tensor<1x3x!core_op.code<{signed}>>
  %w = trained.tensor {weight.tolist()} : tensor<1x3x4xf32>
  %b = trained.tensor {bias.tolist()} : tensor<1x4xf32>
  %y = core_op.vmm relu %q, %w bias %b
    : (tensor<1x3x!core_op.code<{signed}>>, tensor<1x3x4xf32>, tensor<1x4xf32>)
      -> tensor<1x4x!core_op.code<{code}>>
  %r = core_op.decode %y : (tensor<1x4x!core_op.code<{code}>>) -> tensor<1x4xf32>
  func.return %r : tensor<1x4xf32>
}}"""
    module = parse_module(make_context(), text, "text")
    core_op.set_target(module, target)
    images = random.uniform(-2, 2, (50, 1, 3)).astype(np.float32)
    (real,) = Evaluator(find_function(module)).run(images)
    CoreOpQuantizeWeights().apply(make_context(), module)
    (coded,) = Evaluator(find_function(module)).run(images)
    step = 0.05 if target is ANN else 0.4
    # Rounding here and there, and weights of 7 bits and more.
    assert np.abs(coded.astype(np.float64) - real.astype(np.float64)).max() <= step * 1.01 + 0.03
    product = next(op for op in module.walk() if isinstance(op, core_op.VmmOp))
    assert product.gain is not None
    gain = constant_of(product.gain)
    assert gain is not None
    if target is SNN:
        assert product.bias is None and product.potential is not None
        assert thresholds_of(gain.array.astype(np.float32)).max() <= target.largest_threshold
