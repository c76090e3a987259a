"""
On drawn networks, core_op, prime and the image's simulator agree bit for bit.

An int64 reference, written apart and sharing no code with them, guards the formula itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint

from corelower.dialects import core_op, nn, trained
from corelower.dialects.nn import shape_of
from corelower.dialects.support.bias_rows import representable_bias
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.target import Target
from corelower.dialects.support.window import Window
from corelower.passes.convert_core_op_to_prime import ConvertCoreOpToPrimePass
from corelower.passes.prime_map import PrimeMapPass, mapping_summary
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.targets.prime.constants import PRIME
from corelower.targets.prime.image import read_image
from corelower.targets.prime.image_writer import write_image
from corelower.targets.prime.simulator import Simulator

Integers = npt.NDArray[np.int64]
LARGEST_DRAWN = 600
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


@dataclass
class Network:
    """A drawn network twice: as IR, and as functions on int64 codes of one sample."""

    target: Target
    module: ModuleOp
    builder: Builder
    value: SSAValue
    reference: list[Callable[[Integers], Integers]] = field(
        default_factory=list[Callable[[Integers], Integers]]
    )

    @property
    def shape(self) -> tuple[int, ...]:
        return shape_of(self.value)

    @property
    def code(self) -> core_op.CodeType:
        code = core_op.code_of(self.value)
        assert code is not None
        return code

    def add(self, op: core_op.CoreOperation, meaning: Callable[[Integers], Integers]) -> None:
        self.builder.insert(op)
        self.value = op.result
        self.reference.append(meaning)

    def run_reference(self, image: npt.NDArray[np.float32], code: core_op.CodeType) -> Integers:
        inverse = np.float32(1.0 / code.scale.data)
        codes = np.empty(image.shape, np.int64)
        for index, real in np.ndenumerate(image):
            nearest = round(float(np.float32(real * inverse)))
            codes[index] = min(max(nearest + code.zero.data, 0), 2**code.bits.data - 1)
        for meaning in self.reference:
            codes = meaning(codes)
        return codes


def dot(
    weight: Integers, bias: Integers, gain: npt.NDArray[np.float32], bits: int, rounding: str
) -> Callable[[Integers], Integers]:
    def meaning(x: Integers) -> Integers:
        groups, fan_in, outputs = weight.shape
        y = np.zeros((*x.shape[:-1], outputs), np.int64)
        for index in np.ndindex(x.shape[:-2]):
            for g in range(groups):
                for n in range(outputs):
                    total = int(bias[g, n])
                    for m in range(fan_in):
                        total += int(x[(*index, g, m)]) * int(weight[g, m, n])
                    # A float64 holds the product exactly: one rounding to float32, as on the chip.
                    factor = gain[g, n] if gain.ndim == 2 else gain[g]
                    product = float(np.float32(float(total) * float(factor)))
                    nearest = int(product // 1) if rounding == "floor" else round(product)
                    y[(*index, g, n)] = min(max(nearest, 0), 2**bits - 1)
        return y

    return meaning


def windows(window: Window, zero: int) -> Callable[[Integers], Integers]:
    def meaning(x: Integers) -> Integers:
        (kh, kw), (sh, sw), (dh, dw) = window.kernel, window.strides, window.dilations
        top, left, bottom, right = window.pads
        height, width, groups, channels = x.shape
        rows = (height + top + bottom - dh * (kh - 1) - 1) // sh + 1
        columns = (width + left + right - dw * (kw - 1) - 1) // sw + 1
        y = np.full((rows, columns, groups, kh * kw * channels), zero, np.int64)
        for r, c, g, i, j, k in np.ndindex(rows, columns, groups, kh, kw, channels):
            at, on = r * sh + i * dh - top, c * sw + j * dw - left
            if 0 <= at < height and 0 <= on < width:
                y[r, c, g, (i * kw + j) * channels + k] = x[at, on, g, k]
        return y

    return meaning


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
    module = ModuleOp([])
    core_op.set_target(module, target)
    function = FuncOp("main", ([TensorType(f32, shape)], []))
    module.body.block.add_op(function)
    builder = Builder(InsertPoint.at_end(function.body.block))
    encode = builder.insert(core_op.EncodeOp(function.body.block.args[0], code))
    network = Network(target, module, builder, encode.result)
    for _ in range(draw(st.integers(0, 4))):
        add_step(draw, network)
    add_vmm(draw, network)
    decode = builder.insert(core_op.DecodeOp(network.value))
    builder.insert(ReturnOp(decode.result))
    function.update_function_type()
    module.verify()
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


def add_window(draw: st.DrawFn, network: Network) -> None:
    shape = network.shape
    if len(shape) != 4 or 0 in shape:
        return
    kernel = [draw(st.integers(1, min(2, extent))) for extent in shape[:2]]
    window = Window.of(
        kernel,
        [draw(st.integers(1, 2)) for _ in range(2)],
        [draw(st.integers(0, 1)) for _ in range(4)],
        [draw(st.integers(1, 2)) if k == 1 else 1 for k in kernel],
    )
    if prod(window.output(shape[:2])) * window.size * shape[2] * shape[3] > LARGEST_DRAWN:
        return
    op = core_op.WindowOp(network.value, window)
    network.add(op, windows(window, network.code.zero.data))


def add_pad(draw: st.DrawFn, network: Network) -> None:
    low, high = ([draw(st.integers(0, 1)) for _ in network.shape] for _ in range(2))
    zero, old = network.code.zero.data, network.shape
    if prod(n + 2 for n in old) > LARGEST_DRAWN:
        return

    def meaning(x: Integers) -> Integers:
        y = np.full([a + n + z for a, n, z in zip(low, old, high, strict=True)], zero, np.int64)
        y[tuple(slice(a, a + n) for a, n in zip(low, old, strict=True))] = x
        return y

    network.add(core_op.PadOp(network.value, low, high), meaning)


def add_slice(draw: st.DrawFn, network: Network) -> None:
    offsets = [draw(st.integers(0, extent - 1)) for extent in network.shape]
    sizes = [draw(st.integers(1, n - o)) for n, o in zip(network.shape, offsets, strict=True)]

    def meaning(x: Integers) -> Integers:
        y = np.zeros(sizes, np.int64)
        for index in np.ndindex(*sizes):
            y[index] = x[tuple(o + i for o, i in zip(offsets, index, strict=True))]
        return y

    network.add(core_op.SliceOp(network.value, offsets, sizes), meaning)


def add_concat(draw: st.DrawFn, network: Network) -> None:
    if not network.shape or 2 * prod(network.shape) > LARGEST_DRAWN:
        return
    axis = draw(st.integers(0, len(network.shape) - 1))
    network.add(
        core_op.ConcatOp([network.value, network.value], axis),
        lambda x: np.moveaxis(np.array([*np.moveaxis(x, axis, 0)] * 2), 0, axis),
    )


def add_permute(draw: st.DrawFn, network: Network) -> None:
    order = draw(st.permutations(range(len(network.shape))))
    network.add(
        core_op.PermuteOp(network.value, order), lambda x: np.moveaxis(x, order, range(x.ndim))
    )


def add_reshape(draw: st.DrawFn, network: Network) -> None:
    size = prod(network.shape)
    columns = draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0]))
    shape = (size // columns, columns)
    network.add(
        core_op.ReshapeOp(network.value, shape),
        lambda x: np.array([*x.flat], np.int64).reshape(shape),
    )


def add_repeat(draw: st.DrawFn, network: Network) -> None:
    times = draw(st.integers(1, 3))
    if not network.shape or times * prod(network.shape) > LARGEST_DRAWN:
        return
    axis = draw(st.integers(0, len(network.shape) - 1))
    network.add(
        core_op.RepeatOp(network.value, axis, times),
        lambda x: np.moveaxis(
            np.array([row for row in np.moveaxis(x, axis, 0) for _ in range(times)]), 0, axis
        ),
    )


def add_gather(draw: st.DrawFn, network: Network) -> None:
    if not network.shape:
        return
    axis = draw(st.integers(0, len(network.shape) - 1))
    places = st.integers(0, network.shape[axis] - 1)
    indices = draw(st.lists(places, min_size=1, max_size=4))
    if len(indices) * prod(network.shape) > LARGEST_DRAWN:
        return
    network.add(
        core_op.GatherOp(network.value, axis, indices),
        lambda x: np.moveaxis(np.array([np.moveaxis(x, axis, 0)[i] for i in indices]), 0, axis),
    )


def add_max(draw: st.DrawFn, network: Network) -> None:
    if not network.shape or network.shape[-1] > network.target.max_inputs:
        return
    network.add(core_op.MaxOp(network.value), lambda x: np.array(sorted_last(x), np.int64)[..., -1])


def sorted_last(x: Integers) -> Integers:
    return np.sort(x, axis=-1)


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
