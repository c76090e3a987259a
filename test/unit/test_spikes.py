"""Neurons that spike: the evaluator against an independent loop over ticks, in NumPy."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp

from corelower.dialects import core_op
from corelower.dialects.support.errors import CombinedError
from corelower.dialects.support.functions import find_function
from corelower.dialects.support.location import parse_module
from corelower.dialects.support.neurons import (
    evenly_spaced,
    is_reciprocal,
    leak_and_potential,
    thresholds_of,
)
from corelower.passes.core_op_choose_codings import CoreOpChooseCodings
from corelower.passes.core_op_split_units import CoreOpSplitUnits
from corelower.passes.verify_target import verify_target
from corelower.targets.jax.evaluator import Evaluator
from corelower.targets.registry import find_target
from corelower.tools.ir_files import make_context

Reset = Literal["zero", "subtract"]
Integers = npt.NDArray[np.int64]


def numbers_text(array: npt.NDArray[np.generic]) -> str:
    return str(array.tolist())


def network(
    random: np.random.Generator, ticks: int, reset: Reset, firing: str, units: int = 1
) -> tuple[ModuleOp, list[tuple[Integers, Integers, Integers, Integers]]]:
    """Two layers, of 3 and 2 neurons, behind 4 inputs with a zero point; and what is in them."""
    target = find_target("tianji", "snn").with_fields(
        {"window": ticks, "reset": reset, "firing": firing, "gain": "neuron"}
    )
    layers: list[tuple[Integers, Integers, Integers, Integers]] = []
    text = ""
    codes = [f"!core_op.code<1, 0.5, {zero}, ticks {ticks}>" for zero in (1, 0, 0)]
    codes[1] = f"!core_op.code<1, 0.5, 0, units {units}, ticks {ticks}>" if units > 1 else codes[1]
    sizes = (4, 3, 2)
    for number in range(2):
        fan_in, outputs = sizes[number : number + 2]
        # Few weights, so that all fit the 16 numbers that are printed in full.
        weight = random.integers(-20, 40, (1, fan_in, outputs))
        leak = random.integers(-5, 10, (1, outputs)) * (firing == "tick")
        potential = random.integers(-30, 60, (1, outputs))
        threshold = random.integers(1, 90, (1, outputs))
        layers.append((weight[0], leak[0], potential[0], threshold[0]))
        gain = (1 / threshold).astype(np.float32)
        text += f"""
  %w{number} = trained.tensor {numbers_text(weight)} : tensor<1x{fan_in}x{outputs}xi8>
  %b{number} = trained.tensor {numbers_text(leak)} : tensor<1x{outputs}xi32>
  %v{number} = trained.tensor {numbers_text(potential)} : tensor<1x{outputs}xi32>
  %g{number} = trained.tensor {numbers_text(gain)} : tensor<1x{outputs}xf32>
  %x{number + 1} = core_op.vmm relu %x{number}, %w{number} bias %b{number} potential %v{number}
    gain %g{number} : (tensor<1x{fan_in}x{codes[number]}>, tensor<1x{fan_in}x{outputs}xi8>,
       tensor<1x{outputs}xi32>, tensor<1x{outputs}xi32>, tensor<1x{outputs}xf32>)
      -> tensor<1x{outputs}x{codes[number + 1]}>
"""
    module = parse_module(
        make_context(),
        f"""
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {{
  %x0 = core_op.encode %x : (tensor<1x4xf32>) -> tensor<1x4x{codes[0]}>
{text}
  %y = core_op.decode %x2 : (tensor<1x2x{codes[2]}>) -> tensor<1x2xf32>
  func.return %y : tensor<1x2xf32>
}}""",
        "network",
    )
    core_op.set_target(module, target)
    return module, layers


def outputs_of(module: ModuleOp, images: npt.NDArray[np.float32]) -> npt.NDArray[np.generic]:
    (outputs,) = Evaluator(find_function(module)).run(images)
    return outputs[:, 0]


def spikes_of(
    trains: Integers, layer: tuple[Integers, Integers, Integers, Integers], reset: Reset
) -> Integers:
    """One sample's spikes, ticks x outputs, where neurons fire at any tick; as one would say it."""
    weight, leak, potential, threshold = layer
    v, spikes = [int(n) for n in potential], np.zeros((len(trains), len(potential)), np.int64)
    for t, inputs in enumerate(trains):
        for n in range(len(v)):
            v[n] += int(inputs @ weight[:, n]) + int(leak[n])
            if v[n] >= threshold[n]:
                spikes[t, n] = 1
                v[n] = v[n] - int(threshold[n]) if reset == "subtract" else 0
    return spikes


def window_of(
    trains: Integers, layer: tuple[Integers, Integers, Integers, Integers], reset: Reset
) -> Integers:
    """
    The same where a neuron integrates a window, and fires in the next one, without input.

    One that returns to zero leaks its threshold at each tick, and starts as much lower.
    """
    weight, _, potential, threshold = layer
    leak = threshold if reset == "zero" else 0 * threshold
    v = [int(n) for n in potential - 2 * len(trains) * leak]
    spikes = np.zeros((len(trains), len(potential)), np.int64)
    for inputs in trains:
        for n in range(len(v)):
            v[n] += int(inputs @ weight[:, n]) + int(leak[n])
    for t in range(len(trains)):
        for n in range(len(v)):
            v[n] += int(leak[n])
            if v[n] >= threshold[n]:
                spikes[t, n] = 1
                v[n] = v[n] - int(threshold[n]) if reset == "subtract" else 0
    return spikes


@settings(max_examples=8, deadline=None)
@given(
    st.integers(0, 1 << 30),
    st.integers(2, 20),
    st.sampled_from([(r, f) for r in ("zero", "subtract") for f in ("tick", "window")]),
)
def test_every_way_of_firing_is_that_of_a_loop_over_ticks(
    seed: int, ticks: int, way: tuple[Reset, str]
) -> None:
    random, (reset, firing) = np.random.default_rng(seed), way
    module, layers = network(random, ticks, reset, firing)
    images = random.uniform(-1, ticks, (5, 1, 4)).astype(np.float32)
    step = window_of if firing == "window" else spikes_of
    numbers = np.clip(np.rint(images[:, 0] * 2) + 1, 0, ticks).astype(np.int64)
    wanted: list[Integers] = []
    for number in numbers:
        trains = evenly_spaced(number, ticks).astype(np.int64)
        for layer in layers:
            trains = step(trains, layer, reset)
        wanted.append(trains.sum(axis=0))
    np.testing.assert_array_equal(outputs_of(module, images), np.array(wanted) * 0.5)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from(["tick", "window"]))
def test_units_of_a_number_are_neurons_of_their_own(seed: int, firing: str) -> None:
    random = np.random.default_rng(seed)
    module, _ = network(random, 6, "subtract", firing, units=3)
    images = random.uniform(-1, 6, (5, 1, 4)).astype(np.float32)
    before = outputs_of(module, images)
    CoreOpSplitUnits().apply(make_context(), module)
    np.testing.assert_array_equal(outputs_of(module, images), before)


def test_windows_and_padding_move_trains_as_they_move_numbers() -> None:
    text = """
!in = !core_op.code<1, 0.5, 3, ticks 7>
!out = !core_op.code<1, 0.5, 0, ticks 7>
func.func @main(%x: tensor<4x4x1x1xf32>) -> tensor<4x4x1x2xf32> {
  %q = core_op.encode %x : (tensor<4x4x1x1xf32>) -> tensor<4x4x1x1x!in>
  %p = core_op.pad %q low [1, 1, 0, 0] high [1, 1, 0, 0]
    : (tensor<4x4x1x1x!in>) -> tensor<6x6x1x1x!in>
  %s = core_op.slice %p offsets [1, 1, 0, 0] sizes [4, 4, 1, 1]
    : (tensor<6x6x1x1x!in>) -> tensor<4x4x1x1x!in>
  WINDOW
  %w = trained.tensor [[[1, 2], [3, -4], [5, 6], [0, 1]]] : tensor<1x4x2xi8>
  %b = trained.tensor [[1, 2]] : tensor<1x2xi32>
  %v = trained.tensor [[3, 4]] : tensor<1x2xi32>
  %g = trained.tensor [[0.125, 0.1]] : tensor<1x2xf32>
  %y = core_op.vmm relu %c, %w bias %b potential %v gain %g
    : (tensor<4x4x1x4x!in>, tensor<1x4x2xi8>, tensor<1x2xi32>, tensor<1x2xi32>, tensor<1x2xf32>)
      -> tensor<4x4x1x2x!out>
  %r = core_op.decode %y : (tensor<4x4x1x2x!out>) -> tensor<4x4x1x2xf32>
  func.return %r : tensor<4x4x1x2xf32>
}"""
    windowed = """%c = core_op.window %s kernel [2, 2] pads [0, 0, 1, 1]
    : (tensor<4x4x1x1x!in>) -> tensor<4x4x1x4x!in>"""
    # The same windows, written out.
    parts = [
        f"%c{i} = core_op.slice %e offsets [{i // 2}, {i % 2}, 0, 0] sizes [4, 4, 1, 1] "
        ": (tensor<5x5x1x1x!in>) -> tensor<4x4x1x1x!in>"
        for i in range(4)
    ]
    written = "\n  ".join(
        [
            "%e = core_op.pad %s low [0, 0, 0, 0] high [1, 1, 0, 0] "
            ": (tensor<4x4x1x1x!in>) -> tensor<5x5x1x1x!in>",
            *parts,
            "%c = core_op.concat %c0, %c1, %c2, %c3 axis 3 : "
            f"({', '.join(['tensor<4x4x1x1x!in>'] * 4)}) -> tensor<4x4x1x4x!in>",
        ]
    )
    images = np.random.default_rng(0).uniform(-2, 3, (3, 4, 4, 1, 1)).astype(np.float32)
    found: list[npt.NDArray[np.generic]] = []
    for window in (windowed, written):
        module = parse_module(make_context(), text.replace("WINDOW", window), "text")
        fields = {"window": 7, "firing": "tick"}
        core_op.set_target(module, find_target("tianji", "snn").with_fields(dict(fields)))
        found.append(outputs_of(module, images))
    np.testing.assert_array_equal(found[0], found[1])


@given(st.integers(0, 64), st.integers(1, 64))
def test_evenly_spaced_spikes_are_as_many_and_even(number: int, ticks: int) -> None:
    number = min(number, ticks)
    train = evenly_spaced(np.array([number]), ticks)[:, 0]
    assert train.sum() == number
    gaps = np.diff(np.flatnonzero(train))
    assert not gaps.size or np.ptp(gaps) <= 1


@given(st.integers(-5000, 5000), st.integers(1, 32767), st.integers(2, 64), st.booleans())
def test_a_leak_and_a_potential_add_up(total: int, threshold: int, ticks: int, late: bool) -> None:
    target = find_target("tianji", "snn").with_fields(
        {"window": ticks, "firing": "window" if late else "tick"}
    )
    leak, potential = leak_and_potential(np.array([[total]]), np.array([[threshold]]), target)
    assert ticks * leak[0, 0] + potential[0, 0] == total
    assert abs(leak[0, 0]) <= target.largest_leak
    if late:
        assert leak[0, 0] == 0


@pytest.mark.parametrize("threshold", [1, 3, 127, 4093, 32767, (1 << 20) - 1])
def test_a_threshold_follows_from_its_reciprocal(threshold: int) -> None:
    gain = np.array([1 / threshold], np.float32)
    assert is_reciprocal(gain).all() and thresholds_of(gain)[0] == threshold
    assert not is_reciprocal(gain * np.float32(1.01)).all() or threshold > 1 << 18


def test_codings_of_networks_that_spike_stay_thermometers() -> None:
    module, _ = network(np.random.default_rng(0), 6, "zero", "window", units=3)
    before = str(module)
    CoreOpChooseCodings(coding="trained").apply(make_context(), module)
    assert str(module) == before


def test_a_ramp_counts_in_what_the_potential_must_hold() -> None:
    module, layers = network(np.random.default_rng(0), 6, "zero", "window")
    core_op.set_target(module, find_target("tianji", "snn").with_fields({"window": 6}))
    verify_target(module)
    reach = max(np.abs(w).sum(axis=0).max() * 6 + np.abs(v).max() for w, _, v, _ in layers)
    bits = int(reach).bit_length() + 1
    fields = {"window": 6, "accumulator_bits": bits, "bias_bits": bits, "threshold_bits": bits}
    target = find_target("tianji", "snn").with_fields(dict(fields))
    core_op.set_target(module, target)
    with pytest.raises(CombinedError, match="worst-case sum needs"):
        verify_target(module)
