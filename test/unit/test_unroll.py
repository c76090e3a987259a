"""Unrolled products compute the same codes, each core within its limits, and take few cores."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from known_networks import NETWORKS, random_weights
from nn_networks import results
from test_structural_passes import CODED, DrawnNetwork, networks, products, run, targets
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp, TensorType, UnitAttr, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint

from corelower.dialects import core_op, trained
from corelower.dialects.core_op import Activation, CodeType
from corelower.dialects.nn import shape_of
from corelower.dialects.support.bias_rows import representable_bias
from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.provenance import golden_name, set_golden
from corelower.dialects.support.target import Target
from corelower.dialects.support.window import Window
from corelower.passes.core_op_unroll import CoreOpUnroll
from corelower.passes.pipelines import tile_pipeline
from corelower.passes.product_parts import components
from corelower.passes.verify_target import verify_target
from corelower.passes.wiring import AUXILIARY, PARTIAL
from corelower.targets.registry import find_target
from corelower.tools.ir_files import make_context

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

CHIP = Target(
    "chip", fan_in=256, fan_out=256, signal_bits=8, weights=(-128, 127), accumulator_bits=24,
    bias_bits=16, gain_values="power_of_two", rounding="floor", shares_positions=False,
)  # fmt: skip


class Coded:
    """A function `@main` of coded values, written operation by operation."""

    def __init__(self, shape: Sequence[int], target: Target, zero: int = 0, seed: int = 0):
        self.random = np.random.default_rng(seed)
        self.target = target
        self.shape = tuple(shape)
        self.function = FuncOp("main", ([TensorType(f32, shape)], []))
        self.builder = Builder(InsertPoint.at_end(self.function.body.block))
        self.code = CodeType(target.signal_bits, 0.125, zero, ticks=target.window)
        encode = core_op.EncodeOp(self.function.body.block.args[0], self.code)
        self.value: SSAValue = self.builder.insert(encode).result

    def wire(self, op: core_op.WiringOperation) -> None:
        """Move the value."""
        self.value = self.builder.insert(op).result

    def product(
        self, outputs: int, *, has_bias: bool, gain: str = "equal", zeros: float = 0.0
    ) -> core_op.VmmOp:
        """A product of random weights, a part `zeros` of them zero, of the value."""
        *_, groups, fan_in = shape_of(self.value)
        least, largest = self.target.weights
        weight = self.random.integers(least, largest, (groups, fan_in, outputs), endpoint=True)
        weight[self.random.random(weight.shape) < zeros] = 0
        bias = None
        if has_bias:
            wanted = self.random.integers(-300, 300, (groups, outputs))
            chip = self.target.for_inputs(fan_in)
            bias = self._constant(representable_bias(wanted, chip).astype(np.int32))
        step = 2.0 ** -int(np.log2(max(2, fan_in) * largest))
        shape = (groups, outputs) if gain == "neuron" else (groups,)
        gains = np.full(shape, step, np.float32)
        if gain != "equal":
            gains *= self.random.choice([0.5, 1.0, 2.0], shape).astype(np.float32)
        potential = None
        if self.target.spikes:
            gains = (1 / self.random.integers(50, 400, (groups, outputs))).astype(np.float32)
            potential = self._constant(self.random.integers(-99, 99, gains.shape, np.int32))
        op = core_op.VmmOp(
            Activation.LINEAR,
            self.value,
            self._constant(weight.astype(np.int8)),
            bias,
            self._constant(gains),
            potential=potential,
            element=CodeType(
                self.target.signal_bits, 0.25, self.code.zero.data, ticks=self.target.window
            ),
        )
        self.value = self.builder.insert(op).result
        return op

    def finish(self) -> ModuleOp:
        """The module; the function is complete."""
        self.builder.insert(ReturnOp(self.value))
        self.function.update_function_type()
        module = ModuleOp([self.function])
        core_op.set_target(module, self.target)
        module.verify()
        return module

    def samples(self, count: int = 3) -> npt.NDArray[np.float32]:
        """Random inputs, a sample a row."""
        return self.random.normal(0, 4, (count, *self.shape)).astype(np.float32)

    def _constant(self, array: npt.NDArray[np.generic]) -> SSAValue:
        return self.builder.insert(trained.TensorOp(array)).result


def unroll(module: ModuleOp, samples: npt.NDArray[np.float32]) -> list[core_op.VmmOp]:
    """The products after unrolling, which must not change what is computed, nor break a limit."""
    before = results(module, samples)
    run(module, "core-op-unroll,canonicalize")
    for expected, actual in zip(before, results(module, samples), strict=True):
        np.testing.assert_array_equal(actual, expected)
    verify_target(module)
    found = products(module)
    assert all(op.positions == 1 for op in found)
    return found


@pytest.mark.parametrize("firing", ["tick", "window"])
def test_neurons_that_spike_start_where_they_did(firing: str) -> None:
    target = find_target("tianji", "snn").with_fields({"window": 6, "firing": firing, "fan_in": 24})
    net = Coded((7, 7, 1, 1), target, zero=2)
    net.wire(core_op.WindowOp(net.value, Window.of((3, 3), pads=(1, 1, 1, 1))))
    net.product(3, has_bias=firing == "tick")
    (product,) = unroll(net.finish(), net.samples())
    assert product.potential is not None and product.groups > 1


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(st.data())
def test_unrolled_products_compute_the_same_codes(data: st.DataObject) -> None:
    draw = data.draw
    kind = draw(st.sampled_from(["one row", "rows", "spare rows", "register"]))
    biases = {
        "one row": {"bias_rows": 1},
        "rows": {"bias_rows": 3},
        "spare rows": {"bias_rows": 2, "spare_bias_rows": True},
        "register": {"bias_bits": draw(st.sampled_from([10, 24]))},
    }
    target = Target("small", 24, draw(st.sampled_from([5, 16])), 6, (-15, 15)).with_fields(
        {
            **biases[kind],
            "gain": draw(st.sampled_from(["core", "neuron"])),
            "synapse_bits": draw(st.sampled_from([0, 0, 24 * 5 * 3])),
            "shares_positions": False,
        }
    )
    spatial = draw(st.sampled_from([(5,), (1, 4), (4, 5), (2, 3, 2)]))
    groups, channels = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    shape = (*spatial, groups, channels)
    net = Coded(shape, target, draw(st.sampled_from([0, 9])), draw(st.integers(0, 999)))
    if draw(st.booleans()):
        order = draw(st.permutations(range(len(spatial))))
        net.wire(core_op.PermuteOp(net.value, [*order, len(spatial), len(spatial) + 1]))
        spatial = tuple(spatial[axis] for axis in order)
    if draw(st.booleans()):
        kernel = [draw(st.integers(1, min(2, extent))) for extent in spatial]
        pads = [draw(st.integers(0, size - 1)) for size in (*kernel, *kernel)]
        strides = [draw(st.integers(1, 2)) for _ in spatial]
        net.wire(core_op.WindowOp(net.value, Window.of(kernel, strides, pads)))
    if draw(st.booleans()):
        # The same numbers twice in one product, and some that stand for zero.
        last = len(shape_of(net.value)) - 1
        net.wire(core_op.ConcatOp([net.value, net.value], last))
        net.wire(core_op.PadOp(net.value, [0] * last + [1], [0] * (last + 1)))
    assume(shape_of(net.value)[-1] <= target.inputs - 3)
    gains = ["equal", "group"] + (["neuron"] if target.gain == "neuron" else [])
    op = net.product(
        draw(st.integers(1, 5)),
        has_bias=draw(st.booleans()),
        gain=draw(st.sampled_from(gains)),
        zeros=draw(st.sampled_from([0.0, 0.6, 1.0])),
    )
    set_golden(op, "first")
    if draw(st.booleans()):
        first = shape_of(net.value)
        net.wire(core_op.ReshapeOp(net.value, (prod(first[:-2]), 1, prod(first[-2:]))))
        assume(shape_of(net.value)[-1] <= target.inputs - 3)
        net.product(draw(st.integers(1, 5)), has_bias=False)
    module = net.finish()
    try:
        verify_target(module)
    except CorelowerError:
        # A bound that unrolling cannot change, as of a core's synapses.
        assume(False)
    apart = sum(op.positions * op.groups for op in products(module))
    found = unroll(module, net.samples())
    assert sum(op.groups for op in found) <= apart
    names = {golden_name(op) for op in module.walk()}
    assert "first" in names


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(networks(), targets())
def test_unrolled_networks_compute_the_same(net: DrawnNetwork, target: Target) -> None:
    module = net.returning(net.value)
    core_op.set_target(module, replace(target, shares_positions=False))
    reform = (
        "nn-decompose-convolution,canonicalize,nn-fold-batch-norm,nn-decompose-elementwise,"
        "canonicalize,nn-decompose-pooling{max=relu},convert-nn-to-core-op,canonicalize"
    )
    samples = net.samples(4)
    run(module, f"{reform},{CODED},core-op-split-weights,core-op-split-units", samples)
    unroll(module, samples)


def test_lenet5_takes_few_cores() -> None:
    module = NETWORKS["lenet5"](random_weights()).finish()
    core_op.set_target(module, CHIP)
    samples = np.random.default_rng(0).random((8, 1, 28, 28), np.float32)
    run(
        module,
        f"nn-to-core-op,core-op-encode,{tile_pipeline('method=extremes')},core-op-quantize-weights,"
        "core-op-split-weights,core-op-split-units,canonicalize",
        samples,
    )
    naive = sum(op.positions * op.groups for op in products(module) if _is_trained(op))
    assert naive == 888
    found = unroll(module, samples)
    counts = [op.groups for op in found if _is_trained(op)]
    # Bounds: 4704 outputs; 100 positions of at most 6 a core; 400 inputs; one core each.
    assert counts == [19, 17, 2, 1, 1]
    pools = [op.groups for op in found if not _is_trained(op)]
    # Two levels of each maximum read 4 numbers a window, one of them 2.
    assert pools[:6] == [19, 19, 10, 7, 7, 4]
    assert sum(counts) + sum(pools) <= 108, pools


def _is_trained(op: core_op.VmmOp) -> bool:
    return AUXILIARY not in op.attributes


def test_a_core_reads_what_its_windows_share_once() -> None:
    net = Coded((6, 6, 1, 1), CHIP.with_fields({"fan_in": 16}))
    net.wire(core_op.WindowOp(net.value, Window.of([3, 3])))
    net.product(2, has_bias=True)
    (op,) = unroll(net.finish(), net.samples())
    # Four cores of 2 x 2 positions, whose windows of 9 lie in 4 x 4 pixels.
    assert (op.groups, op.fan_in, op.outputs) == (4, 16, 8)


def test_small_groups_share_a_core_where_their_gains_are_equal() -> None:
    for gain, cores in (("equal", 1), ("group", 3)):
        net = Coded((2, 2, 8, 3), CHIP, seed=1)
        op = net.product(2, has_bias=True, gain=gain)
        op.attributes[PARTIAL] = op.attributes[AUXILIARY] = UnitAttr()
        (op,) = unroll(net.finish(), net.samples())
        assert op.groups == cores
        assert PARTIAL in op.attributes and AUXILIARY in op.attributes
        assert op.gain is not None and shape_of(op.gain) == (cores,)


def test_gains_of_groups_become_gains_of_neurons_where_the_chip_has_them() -> None:
    net = Coded((2, 2, 8, 3), CHIP.with_fields({"gain": "neuron"}), seed=1)
    net.product(2, has_bias=True, gain="group")
    (op,) = unroll(net.finish(), net.samples())
    assert op.groups == 1 and op.gain is not None and shape_of(op.gain) == (1, 64)


def test_blocks_of_a_matrix_are_told_apart() -> None:
    is_used = np.zeros((5, 4), np.bool_)
    is_used[[0, 3], 1] = is_used[3, 2] = is_used[1, 0] = True
    found = [(rows.tolist(), columns.tolist()) for rows, columns in components(is_used)]
    # Row 2 and row 4 are in none; column 3, which has no entry, is in the first.
    assert found == [([0, 3], [1, 2, 3]), ([1], [0])]
    assert [rows.tolist() for rows, _ in components(is_used & False)] == [[0]]


def test_a_network_that_is_too_large_is_refused_before_it_is_written_out() -> None:
    net = Coded((224, 224, 1, 64), CHIP.with_fields({"fan_in": 1024}))
    net.wire(core_op.WindowOp(net.value, Window.of([3, 3], pads=[1] * 4)))
    net.product(64, has_bias=False)
    with pytest.raises(CorelowerError) as caught:
        CoreOpUnroll().apply(make_context(), net.finish())
    assert str(caught.value) == (
        "core_op.vmm: unrolled, the network has at least 1849688064 synapses, the limit is "
        "268435456; use a smaller network, or a target whose positions share cores"
    )


def test_a_chip_without_enough_cores_is_an_error() -> None:
    net = Coded((6, 6, 1, 1), CHIP.with_fields({"fan_in": 16, "cores": 3}))
    net.wire(core_op.WindowOp(net.value, Window.of([3, 3])))
    net.product(2, has_bias=True)
    with pytest.raises(CorelowerError) as caught:
        CoreOpUnroll().apply(make_context(), net.finish())
    assert str(caught.value) == (
        "core_op.vmm: unrolled, the network needs 4 cores, the target has 3; use "
        "set-target{cores=...} for more of them, or a smaller network"
    )
