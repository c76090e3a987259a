"""Copies of neurons compute what these do, in both modes; none feeds more cores than it may."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import results
from test_structural_passes import products, run
from test_tianji_contract import QUIET, Drawn, evaluated, graded, lower, spiking, written
from test_unroll import Coded
from xdsl.dialects.builtin import ModuleOp

from corelower.dialects import core_op, trained
from corelower.dialects.support.target import FieldValue, Target
from corelower.passes.copy_levels import copy_level
from corelower.passes.fan_out import FanOut
from corelower.passes.wiring import AUXILIARY
from corelower.targets.jax.evaluator import find_function
from corelower.targets.registry import find_target
from corelower.targets.tianji.simulator import Simulator

CHIP = find_target("tianji").with_fields({"fan_in": 64, "fan_out": 4})


def limit(module: ModuleOp, **fields: FieldValue) -> Target:
    """Change fields of the module's target."""
    (product, *_) = products(module)
    target = core_op.target_of(product)
    assert target is not None
    changed = target.with_fields(fields)
    core_op.set_target(module, changed)
    return changed


def most_fed(module: ModuleOp) -> int:
    """The most cores that a neuron feeds."""
    fan_out = FanOut(find_function(module))
    return max((int(fan_out.counts(op).max(initial=0)) for op in fan_out.products), default=0)


def broadcast(groups: int, outputs: int = 3, target: Target = CHIP) -> Coded:
    """A layer whose neurons all feed so many cores."""
    net = Coded((1, 1, 6), target)
    net.product(outputs, has_bias=not target.spikes)
    net.wire(core_op.ReshapeOp(net.value, (1, 1, outputs)))
    net.wire(core_op.RepeatOp(net.value, 1, groups))
    net.product(2, has_bias=not target.spikes)
    net.value = net.builder.insert(core_op.DecodeOp(net.value)).result
    return net


@pytest.mark.parametrize(
    ("allowed", "copies", "cores"),
    # Of 10 cores each: 4 copies, as many as a core has outputs, feed 10, or one of them one too
    # many that a further copy feeds; or 2 feed the 7 that are left.
    [(1, 3 * (4 + 10), [3, 9]), (2, 3 * (4 + 1), [3, 1]), (4, 3 * 2, [2])],
)
def test_copies_form_a_tree_of_few_cores(allowed: int, copies: int, cores: list[int]) -> None:
    net = broadcast(10)
    module, samples = net.finish(), net.samples()
    before = results(module, samples)
    limit(module, neuron_fan_out=allowed)
    assert most_fed(module) == 10
    run(module, "core-op-insert-copies,canonicalize,verify-target")
    assert np.array_equal(before, results(module, samples))
    assert most_fed(module) == allowed
    found = [op for op in products(module) if AUXILIARY in op.attributes]
    assert [op.groups for op in found] == cores
    weights = [trained.constant_of(op.weight) for op in found]
    assert sum(int(np.sum(data.array)) for data in weights if data is not None) == copies


def test_what_feeds_few_cores_is_left_alone() -> None:
    net = broadcast(3)
    module = net.finish()
    limit(module, neuron_fan_out=3)
    before = str(module)
    run(module, "core-op-insert-copies")
    assert str(module) == before


def test_the_host_feeds_and_takes_what_it_likes() -> None:
    net = Coded((1, 1, 6), CHIP)
    net.wire(core_op.RepeatOp(net.value, 1, 9))
    net.product(2, has_bias=True)
    module = net.finish()
    limit(module, neuron_fan_out=1)
    run(module, "core-op-insert-copies,verify-target")
    assert len(products(module)) == 1


def test_copies_keep_to_the_synapse_memory() -> None:
    net = broadcast(10)
    module, samples = net.finish(), net.samples()
    before = results(module, samples)
    # 18 synapses of 8 bits.
    target = limit(module, neuron_fan_out=1, synapse_bits=144, fan_out=16)
    assert target.fan_in * target.fan_out * 8 > 144
    run(module, "core-op-insert-copies,canonicalize,verify-target")
    assert np.array_equal(before, results(module, samples))


@pytest.mark.parametrize(
    ("reset", "firing"), [("zero", "tick"), ("subtract", "tick"), ("subtract", "window")]
)
def test_copies_of_spikes_come_in_time(reset: str, firing: str) -> None:
    target = find_target("tianji", "snn").with_fields(
        {"fan_in": 64, "fan_out": 4, "window": 5, "reset": reset, "firing": firing}
    )
    net = broadcast(7, target=target)
    module, samples = net.finish(), np.abs(net.samples(6))
    expected = evaluated(module, samples)
    limit(module, neuron_fan_out=2)
    run(module, "core-op-insert-copies,canonicalize,verify-target")
    assert np.array_equal(evaluated(module, samples), expected)
    lower(module)
    assert np.array_equal(Simulator(written(module)).chip_outputs(samples)[0], expected)
    assert expected.any()


@settings(max_examples=6, deadline=None, suppress_health_check=QUIET)
@given(graded() | spiking("tick") | spiking("window"), st.sampled_from([1, 1, 2]))
def test_every_level_of_a_network_with_copies_gives_the_same_codes(
    drawn: Drawn, allowed: int
) -> None:
    network, samples = drawn
    module = network.module
    expected = evaluated(module, samples)
    limit(module, neuron_fan_out=allowed)
    run(module, "core-op-insert-copies,canonicalize")
    assert most_fed(module) <= allowed
    assert np.array_equal(evaluated(module, samples), expected)
    lower(module)
    assert np.array_equal(evaluated(module, samples), expected)
    assert np.array_equal(Simulator(written(module)).chip_outputs(samples)[0], expected)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 5), st.integers(1, 12))
def test_every_pair_is_served_and_no_core_overfilled(
    loads: list[int], allowed: int, columns: int
) -> None:
    target = CHIP.with_fields({"fan_in": 5, "fan_out": columns, "neuron_fan_out": allowed})
    neurons = np.repeat(np.arange(len(loads)), loads)
    while np.unique(neurons, return_counts=True)[1].max() > allowed:
        level = copy_level(neurons, target)
        if level is None:
            assert allowed == columns == 1
            return
        assert level.weight.shape[1] <= 5 and level.weight.shape[2] <= columns
        # A copy is of one neuron, and of the one that the pair would hear.
        assert level.weight.sum(axis=1).max() == 1
        moved = level.copies >= 0
        core, column = np.divmod(level.copies[moved], level.weight.shape[2])
        row = level.weight[core, :, column].argmax(axis=1)
        assert np.array_equal(level.reads[core, row], neurons[moved])
        # What a neuron sends itself, and once to each core that copies it.
        kept = np.bincount(neurons[~moved], minlength=neurons.max() + 1)
        copied = np.unique(np.stack([neurons[moved], core]), axis=1)[0]
        kept += np.bincount(copied, minlength=len(kept))
        assert kept.max() <= allowed
        before = len(neurons)
        neurons = np.sort(level.copies[moved])
        assert len(neurons) < before or allowed == 1
