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

from corelower.dialects import core_op
from corelower.dialects.support.target import FieldValue, Target
from corelower.passes.copy_levels import copy_level
from corelower.passes.fan_out import FanOut
from corelower.passes.verify_target import verify_target
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
    return net


@pytest.mark.parametrize(
    ("allowed", "copies", "levels"), [(1, 3 * (4 + 10), 2), (2, 3 * (4 + 3), 2), (4, 3 * 2, 1)]
)
def test_copies_form_a_tree_of_few_cores(allowed: int, copies: int, levels: int) -> None:
    net = broadcast(10)
    module, samples = net.finish(), net.samples()
    before = results(module, samples)
    limit(module, neuron_fan_out=allowed)
    assert most_fed(module) == 10
    run(module, "core-op-insert-copies,canonicalize,verify-target")
    assert np.array_equal(before, results(module, samples))
    assert most_fed(module) == allowed
    found = [op for op in products(module) if AUXILIARY in op.attributes]
    assert len(found) == levels
    weights = [op.weight.owner for op in found]
    assert sum(int(w.value.data.array.sum()) for w in weights if hasattr(w, "value")) <= copies


@pytest.mark.parametrize("allowed", [1, 2])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("firing", ["tick", "window"])
def test_copies_of_spikes_come_in_time(allowed: int, reset: str, firing: str) -> None:
    if (reset, firing) == ("zero", "window"):
        return
    target = find_target("tianji", "snn").with_fields(
        {"fan_in": 64, "fan_out": 4, "window": 5, "reset": reset, "firing": firing}
    )
    net = broadcast(7, target=target)
    module, samples = net.finish(), np.abs(net.samples(6))
    expected = evaluated_spikes(module, samples)
    limit(module, neuron_fan_out=allowed)
    run(module, "core-op-insert-copies,canonicalize,verify-target")
    assert np.array_equal(evaluated_spikes(module, samples), expected)
    assert expected.any()


def evaluated_spikes(module: ModuleOp, samples: np.ndarray) -> np.ndarray:
    return np.asarray(results(module, samples)[0])
