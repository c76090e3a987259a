"""
On drawn networks, core_op, prime and the image's simulator agree bit for bit.

An int64 reference, written apart and sharing no code with them, guards the formula itself.
"""

from collections.abc import Callable
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pytest
from coded_networks import (
    LARGEST_DRAWN,
    QUIET,
    Network,
    add_concat,
    add_gather,
    add_max,
    add_pad,
    add_permute,
    add_repeat,
    add_reshape,
    add_slice,
    add_window,
    dot,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint

from corelower.dialects import core_op, nn, trained
from corelower.dialects.support.bias_rows import representable_bias
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.target import Target
from corelower.passes.convert_core_op_to_prime import ConvertCoreOpToPrimePass
from corelower.passes.prime_map import PrimeMapPass, mapping_summary
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.targets.prime.constants import PRIME
from corelower.targets.prime.image import read_image
from corelower.targets.prime.image_writer import write_image
from corelower.targets.prime.simulator import Simulator


@st.composite
def codes(draw: st.DrawFn) -> core_op.CodeType:
    bits = draw(st.sampled_from([6, 5, 3, 1]))
    scale = draw(st.sampled_from([1.0, 0.25, 1 / 63, 0.1]))
    return core_op.CodeType(bits, scale, draw(st.just(0) | st.integers(0, 2**bits - 1)))


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, core_op.CodeType, npt.NDArray[np.float32]]:
    target = Target(
        "prime",
        fan_in=64,
        fan_out=16,
        signal_bits=6,
        weights=(-127, 127),
        bias_rows=draw(st.integers(0, 3)),
        gain=draw(st.sampled_from(["core", "neuron"])),
        rounding=draw(st.sampled_from(["nearest", "floor"])),
        max_inputs=4,
        cores=draw(st.sampled_from([0, 4096])),
    )
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 4)), 1, draw(st.integers(1, 3)))
    code = draw(codes())
    network = Network.begin(target, shape, code)
    for _ in range(draw(st.integers(0, 4))):
        add_step(draw, network)
    add_vmm(draw, network)
    network.finish()
    seed = draw(st.integers(0, 1000))
    samples = np.random.default_rng(seed).normal(0, 20 * code.scale.data, (3, *shape))
    return network, code, samples.astype(np.float32)


def add_step(draw: st.DrawFn, network: Network) -> None:
    kinds = [add_vmm, add_vmm, add_window, add_pad, add_slice, add_concat, add_permute]
    draw(st.sampled_from([*kinds, add_reshape, add_repeat, add_gather, add_max]))(draw, network)


def add_vmm(draw: st.DrawFn, network: Network) -> None:
    shape, target = network.shape, network.target
    if len(shape) < 2:
        return
    groups, fan_in = shape[-2:]
    outputs = draw(st.integers(1, 3))
    if not 1 <= fan_in <= target.inputs or prod(shape[:-1]) * outputs > LARGEST_DRAWN:
        return
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    weight = random.integers(-127, 128, (groups, fan_in, outputs)).astype(np.int8)
    largest_bias = draw(st.sampled_from([100, 9000, 30000]))
    bias = random.integers(-largest_bias, largest_bias, (groups, outputs))
    bias = representable_bias(bias, target)
    code = draw(codes())
    # Sums of this size fill the result's code, so that most results are at neither end of it.
    typical = network.code.largest * 64 * fan_in**0.5 + int(largest_bias < 9000) * largest_bias
    per_neuron = target.gain == "neuron" and draw(st.booleans())
    gain = random.uniform(0.3, 3, (groups, outputs) if per_neuron else groups)
    gain = gain * code.largest / typical
    if draw(st.booleans()):
        gain = 2.0 ** np.rint(np.log2(gain))
    gain = gain.astype(np.float32)
    linear = code.zero.data or draw(st.booleans())
    activation = core_op.Activation.LINEAR if linear else core_op.Activation.RELU
    constants = [network.builder.insert(trained.TensorOp(a)).result for a in (weight, bias, gain)]
    has_bias = bool(draw(st.booleans()))
    op = core_op.VmmOp(
        activation,
        network.value,
        constants[0],
        constants[1] if has_bias else None,
        constants[2],
        element=code,
    )
    bias = bias if has_bias else np.zeros_like(bias)
    meaning = dot(
        weight.astype(np.int64), bias.astype(np.int64), gain, code.bits.data, target.rounding
    )
    network.add(op, meaning)


def lower(module: ModuleOp) -> None:
    ctx = CorelowerContext()
    ConvertCoreOpToPrimePass().apply(ctx, module)
    module.verify()
    PrimeMapPass().apply(ctx, module)
    module.verify()


def evaluated(module: ModuleOp, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.generic]:
    function = find_function(module)
    decode = next(op for op in function.body.block.ops if isinstance(op, core_op.DecodeOp))
    return Evaluator(function).values([decode.input], samples, codes=True)[0]


def simulated(module: ModuleOp, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.generic]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.image"
        write_image(module, path)
        return Simulator(read_image(path)).chip_outputs(samples)[0]


Drawn = tuple[Network, core_op.CodeType, npt.NDArray[np.float32]]


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(networks())
def test_the_simulator_computes_the_integer_formula(drawn: Drawn) -> None:
    network, code, samples = drawn
    expected = [network.run_reference(sample, code) for sample in samples]
    lower(network.module)
    assert np.array_equal(simulated(network.module, samples), np.array(expected))


@settings(max_examples=20, deadline=None, suppress_health_check=QUIET)
@given(networks())
def test_every_level_gives_the_same_bits(drawn: Drawn) -> None:
    network, code, samples = drawn
    expected = np.array([network.run_reference(sample, code) for sample in samples])
    assert np.array_equal(evaluated(network.module, samples), expected)
    lower(network.module)
    assert np.array_equal(evaluated(network.module, samples), expected)
    assert np.array_equal(simulated(network.module, samples), expected)


@settings(max_examples=50, deadline=None, suppress_health_check=QUIET)
@given(networks())
def test_a_mapping_stays_within_the_cores(drawn: Drawn) -> None:
    network, _, _ = drawn
    lower(network.module)
    summary = mapping_summary(network.module)
    assert summary.cores >= summary.cores_without_copies >= summary.weight_cores
    assert not network.target.cores or summary.cores <= network.target.cores
    assert 0 <= summary.utilisation <= 1
    assert summary.interval_ns <= summary.latency_ns


ENDS: tuple[Callable[[SSAValue], nn.NnOperation], ...] = (
    lambda value: nn.SoftmaxOp(value, 1),
    lambda value: nn.LogSoftmaxOp(value, 0),
    lambda value: nn.ArgMaxOp(value, 1),
    lambda value: nn.ArgMaxOp(value, 0, keep=True),
    lambda value: nn.ArgMaxOp(value, 1, keep=True, last=True),
)


@pytest.mark.parametrize("end", ENDS)
def test_the_host_computes_what_stands_at_the_end(
    end: Callable[[SSAValue], nn.NnOperation],
) -> None:
    main = FuncOp("main", ([TensorType(f32, (4, 5))], []))
    module = ModuleOp([main], {core_op.TARGET_ATTRIBUTE: core_op.TargetAttr(PRIME)})
    builder = Builder(InsertPoint.at_end(main.body.block))
    encode = builder.insert(core_op.EncodeOp(main.body.block.args[0], core_op.CodeType(2, 0.5, 1)))
    last = builder.insert(end(builder.insert(core_op.DecodeOp(encode.result)).result))
    builder.insert(ReturnOp(last.result))
    main.update_function_type()
    samples = np.random.default_rng(0).standard_normal((50, 4, 5)).astype(np.float32)
    (expected,) = Evaluator(main).run(samples)
    lower(module)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.image"
        write_image(module, path)
        (found,) = Simulator(read_image(path)).run(samples)
    assert found.shape == expected.shape
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-6)
