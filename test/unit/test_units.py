"""Numbers that several neurons carry: the formula, and units that compute the same as numbers."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import jax
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nn_networks import Network, context, results
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp, TensorType, f32
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import SSAValue
from xdsl.rewriter import InsertPoint

from corelower.dialects import core_op, nn, trained
from corelower.dialects.core_op import Activation, CodeType
from corelower.dialects.nn import shape_of
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.samples import Samples
from corelower.dialects.support.target import Target
from corelower.dialects.support.window import Window
from corelower.passes.canonicalize import CanonicalizePass
from corelower.passes.convert_core_op_to_prime import ConvertCoreOpToPrimePass
from corelower.passes.convert_nn_to_core_op import ConvertNnToCoreOp
from corelower.passes.core_op_calibrate import CoreOpCalibrate
from corelower.passes.core_op_expand import CoreOpExpand
from corelower.passes.core_op_quantize_weights import CoreOpQuantizeWeights
from corelower.passes.core_op_reencode import CoreOpReencode, code_for
from corelower.passes.core_op_split_units import CoreOpSplitUnits
from corelower.passes.prime_map import PrimeMapPass
from corelower.passes.unit_choice import Fit, Fitted, fewest_units
from corelower.passes.verify_target import verify_target
from corelower.targets.jax import arithmetic
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.targets.jax.ranges import Observed, least_error_range, relative_error
from corelower.targets.jax.typed import float32, gradient, jit
from corelower.targets.prime.image import read_image
from corelower.targets.prime.image_writer import write_image
from corelower.targets.prime.simulator import Simulator
from corelower.targets.unit_offsets import unit_offsets, unit_shares

Floats = npt.NDArray[np.float32]
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
ROUNDINGS = ("nearest", "floor")


# --- the formula ---------------------------------------------------------------------------------


def some_gains(count: int = 500) -> Floats:
    random = np.random.default_rng(0)
    return np.exp(random.uniform(np.log(1e-7), np.log(4), count)).astype(np.float32)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("units", [1, 2, 3, 7, 49, 256])
def test_offsets_are_the_same_bits_in_numpy_and_jax(units: int, rounding: str) -> None:
    gains = some_gains()
    found = unit_offsets(gains, units, rounding)

    def offsets(gain: jax.Array) -> jax.Array:
        return unit_offsets(gain, units, rounding)

    assert found.dtype == np.float32 and found.shape == (500, units)
    assert np.array_equal(found, np.asarray(jit(offsets)(float32(gains))))
    assert np.array_equal(found, np.rint(found))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("units", [2, 5, 16])
def test_offsets_lie_where_they_are_to(units: int, rounding: str) -> None:
    gains = some_gains()
    gains = gains[gains < 1 / (2 * units)]
    found = unit_offsets(gains, units, rounding)
    exact = unit_shares(units, rounding).astype(np.float64) / gains[:, None]
    # Beside the half, what a float32 product rounds.
    allowed = 0.5 + np.abs(exact) * 2.0**-22
    assert (np.abs(found - exact) <= allowed)[np.abs(exact) < 1 << 20].all()


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("units", [1, 2, 3, 6, 16])
def test_fine_sums_make_units_one_fine_code(units: int, rounding: str) -> None:
    """Hermite's identity: with a small gain, k staggered units are a code of k times the steps."""
    gain, largest = np.array([1e-3], np.float32), 3
    sums = np.arange(-500, 4000, dtype=np.float32)
    found = arithmetic.requantize(float32(sums), float32(gain), largest, rounding, units)
    fine = sums.astype(np.float64) * 1e-3 * units
    to_integer = np.floor if rounding == "floor" else np.rint
    expected = np.clip(to_integer(fine), 0, units * largest)
    # A step may be off by the rounding of an offset, which is half a step of the sum.
    near = np.abs(fine - np.rint(fine * 2) / 2) <= 0.6e-3 * units
    assert np.array_equal(np.asarray(found)[~near], expected[~near])
    assert np.abs(np.asarray(found) - expected).max() <= 1


def staggered(
    sums: npt.NDArray[np.int64], gain: Floats, units: int, largest: int, rounding: str
) -> Floats:
    """Every unit's code by NumPy alone: sums x units."""
    offsets = unit_offsets(gain, units, rounding).astype(np.int64)
    scaled = (sums[:, None] + offsets).astype(np.float32) * gain[:, None]
    return np.clip(np.floor(scaled) if rounding == "floor" else np.rint(scaled), 0, largest)


@settings(max_examples=60, deadline=None)
@given(
    gain=st.floats(2.0**-18, 4, width=32),
    units=st.integers(1, 40),
    bits=st.integers(1, 8),
    rounding=st.sampled_from(ROUNDINGS),
)
def test_units_are_dealt_out_alike_whatever_the_gain(
    gain: float, units: int, bits: int, rounding: str
) -> None:
    """Unit u of a number q is floor((q + u) / k); so the largest units are the largest number's."""
    largest = (1 << bits) - 1
    sums = np.unique(np.linspace(-2 / gain, (largest + 2) / gain, 3000).astype(np.int64))
    codes = staggered(sums, np.full(len(sums), gain, np.float32), units, largest, rounding)
    numbers = codes.sum(axis=1, keepdims=True)
    assert np.array_equal(codes, (numbers + np.arange(units)) // units)


@settings(max_examples=40, deadline=None)
@example(gain=2.0**-21, units=3, bits=1, rounding="floor")
@given(
    gain=st.floats(2.0**-21, 4, width=32),
    units=st.integers(2, 70),
    bits=st.integers(1, 8),
    rounding=st.sampled_from(ROUNDINGS),
)
def test_a_number_is_the_sum_of_its_units_bit_for_bit(
    gain: float, units: int, bits: int, rounding: str
) -> None:
    """Where each unit's code changes too, and up to the largest sums that float32 holds."""
    largest, limit = (1 << bits) - 1, (1 << 24) - (1 << 21)
    wide = np.linspace(-2 / gain, (largest + 2) / gain, 2000)
    steps = np.arange(1, largest * units + 1, 1 + largest * units // 500) / (gain * units)
    near = (steps[:, None] + np.arange(-2, 3)).ravel()
    sums = np.unique(np.concatenate([wide, near]).astype(np.int64).clip(-limit, limit))
    codes = staggered(sums, np.full(len(sums), gain, np.float32), units, largest, rounding)
    gains = float32(np.full((1, 1), gain, np.float32))
    inputs = float32(sums.astype(np.float32)[:, None])
    found = arithmetic.requantize(inputs, gains, largest, rounding, units)
    assert np.array_equal(np.asarray(found)[:, 0], codes.sum(axis=1))


def test_dealing_out_is_exact_for_every_number() -> None:
    for units in (3, 49, 255):
        numbers = np.arange(0, 65536, 1 if units < 100 else 7)
        dealt = np.asarray(arithmetic.deal(float32(numbers), units))
        assert np.array_equal(dealt, (numbers[:, None] + np.arange(units)) // units)


def test_a_gradient_flows_through_units() -> None:
    def total(sums: jax.Array) -> jax.Array:
        gain = float32(np.array([0.01], np.float32))
        return arithmetic.requantize(sums, gain, 3, "nearest", 4).sum()

    slope = np.asarray(gradient(total)(float32(np.array([-400.0, 150.0, 900.0]))))
    # The number has four units' steps; beyond its ends nothing flows.
    assert np.allclose(slope, [0, 0.04, 0])


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("units", [2, 5, 32])
def test_the_gradient_through_units_counts_those_that_do_not_saturate(
    units: int, rounding: str
) -> None:
    """One unit more or less than JAX finds where each is written out: they count as even."""
    random = np.random.default_rng(units)
    sums = float32(np.rint(random.normal(0, 300, (40, 3, 4))))
    gain = float32(random.uniform(0.002, 0.02, (3, 1)))

    def together(pair: tuple[jax.Array, jax.Array]) -> jax.Array:
        return arithmetic.requantize(*pair, 3, rounding, units).sum()

    def apart(sums: jax.Array) -> jax.Array:
        offsets = unit_offsets(jax.lax.stop_gradient(gain), units, rounding)
        number = sums * 0
        for unit in range(units):
            number += arithmetic.requantize(sums + offsets[..., unit], gain, 3, rounding)
        return number.sum()

    moved, widened = map(np.asarray, gradient(together)((sums, gain)))
    free, wanted = moved / np.asarray(gain), np.asarray(gradient(apart)(sums)) / np.asarray(gain)
    assert np.abs(free - wanted).max() <= 1 + 1e-3
    assert 0 < np.count_nonzero(wanted == 0) < wanted.size
    by_gain = (np.asarray(sums) * free).sum(axis=(0, 2))
    assert np.allclose(widened[:, 0], by_gain, rtol=1e-3, atol=1)


# --- how many ------------------------------------------------------------------------------------


def fit_of(errors: Callable[[int], float], asked: list[int]) -> Fit:
    def fit(units: int) -> Fitted:
        asked.append(units)
        return Fitted(0, 1, units, errors(units))

    return fit


@pytest.mark.parametrize("wanted", [0.5, 0.26, 0.2, 0.07, 0.01])
@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_units_are_the_fewest_that_reach_the_error(wanted: float, power: float) -> None:
    def errors(units: int) -> float:
        return 0.4 / units**power

    asked: list[int] = []
    found = fewest_units(fit_of(errors, asked), wanted, 16)
    enough = [units for units in range(1, 17) if errors(units) <= wanted]
    assert found.units == min(enough, default=16)
    assert len(asked) == len(set(asked))


def test_units_that_gain_nothing_are_none() -> None:
    """A code of one bit cannot have negative numbers as well, in however many units."""
    assert fewest_units(fit_of(lambda units: 0.7, []), 0.01, 16).units == 1


def test_without_room_there_is_one_unit() -> None:
    assert fewest_units(fit_of(lambda units: 1 / units, []), 0.01, 1).units == 1


@pytest.mark.parametrize("units", [1, 3, 8])
@pytest.mark.parametrize("rectified", [False, True])
def test_the_range_is_that_of_the_least_error_in_units(units: int, rectified: bool) -> None:
    values = np.random.default_rng(units).standard_normal(5000).astype(np.float32)
    values = np.maximum(values, 0) if rectified else values
    seen = Observed(float(values.min()), float(values.max()), values, None)
    low, high = least_error_range(seen, 2, rectified=rectified, units=units)
    code = code_for(low, high, 2, rectified=rectified, units=units)
    assert code.units.data == units and code.zero.data % units == 0
    numbers = np.clip(np.rint(values / code.scale.data) + code.zero.data, 0, code.largest)
    error = np.sqrt(np.mean(((numbers - code.zero.data) * code.scale.data - values) ** 2))
    relative = error / np.sqrt(np.mean(values**2))
    assert relative_error(seen, low, high, 2, units) == pytest.approx(relative, rel=1e-4)
    # Of four numbers with a sign one is negative, or two: more units than that have less to lose.
    assert relative < {1: 0.4, 3: 0.21, 8: 0.1}[units]


class Coded(NamedTuple):
    module: ModuleOp
    samples: Floats
    unsplit: Floats
    """What the coded network computed before it was split."""
    remarks: list[str]


def partial_sums(partial_units: int | Literal["auto"]) -> Coded:
    """A dense layer of 40 inputs and 3 outputs on cores of 22 inputs and 16 outputs."""
    net = Network((40,), 3)
    module = net.returning(net.op(nn.DenseOp(net.input, net.constant(40, 3), net.constant(3))))
    samples = np.random.default_rng(0).standard_normal((300, 40)).astype(np.float32)
    core_op.set_target(module, Target("chip", 24, 16, 4, (-127, 127), bias_rows=2))
    ctx = context()
    ctx.calibration = Samples(samples)
    calibrate = CoreOpCalibrate(output="values", partial_units=partial_units)
    for one in (ConvertNnToCoreOp(), calibrate, CoreOpReencode()):
        one.apply(ctx, module)
    (unsplit,) = results(module, samples)
    passes = [CoreOpExpand(pack=False), calibrate, CoreOpReencode(), CoreOpExpand()]
    for one in [*passes, CoreOpQuantizeWeights()]:
        one.apply(ctx, module)
    module.verify()
    return Coded(module, samples, unsplit, ctx.remarks)


def test_partial_sums_lose_next_to_nothing_in_columns_that_are_free() -> None:
    errors: list[float] = []
    choices: list[int | Literal["auto"]] = [1, "auto"]
    for units in choices:
        module, samples, unsplit, remarks = partial_sums(units)
        product, merge = (op for op in module.walk() if isinstance(op, core_op.VmmOp))
        found = outputs(module, samples).astype(np.float32)
        errors.append(float(np.sqrt(np.mean((found - unsplit) ** 2))))
        assert (product.groups, merge.groups) == (2, 1)
        if units == "auto":
            assert 1 < product.unit_columns // product.outputs <= 16 // 3
            assert any("units a number: error of partial sums" in text for text in remarks)
        else:
            assert product.unit_columns == product.outputs
        CoreOpSplitUnits().apply(CorelowerContext(), module)
        verify_target(module)
        assert np.array_equal(outputs(module, samples), found)
    assert errors[1] < errors[0] * 0.7


# --- networks ------------------------------------------------------------------------------------


@st.composite
def number_codes(draw: st.DrawFn, bits: int, *, rectified: bool = False) -> CodeType:
    units = draw(st.integers(1, 6))
    zero = 0 if rectified else draw(st.integers(0, (1 << bits) - 1)) * units
    return CodeType(bits, draw(st.sampled_from([1.0, 0.1, 0.37])), zero, units)


class Drawn(NamedTuple):
    module: ModuleOp
    inputs: Floats


@st.composite
def networks(draw: st.DrawFn) -> Drawn:
    """Convolutions, dense layers, pools, additions and wiring between codes of 1 to 6 units."""
    bits = draw(st.integers(1, 4))
    target = Target(
        "prime",
        fan_in=2048,
        fan_out=256,
        signal_bits=bits,
        weights=(-127, 127),
        bias_rows=2,
        spare_bias_rows=True,
        max_inputs=4,
        gain=draw(st.sampled_from(["core", "neuron"])),
        rounding=draw(st.sampled_from(ROUNDINGS)),
    )
    random = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    side = draw(st.integers(3, 5))
    shape = (side, side, 1, draw(st.integers(1, 2)))
    module = ModuleOp([])
    core_op.set_target(module, target)
    function = FuncOp("main", ([TensorType(f32, shape)], []))
    module.body.block.add_op(function)
    builder = Builder(InsertPoint.at_end(function.body.block))
    first = draw(number_codes(bits))
    value = builder.insert(core_op.EncodeOp(function.body.block.args[0], first)).result

    def product(value: SSAValue, outputs: int) -> SSAValue:
        groups, fan_in = shape_of(value)[-2:]
        code = draw(number_codes(bits))
        weight = random.integers(-127, 128, (groups, fan_in, outputs)).astype(np.int8)
        # Gains from those that leave units no room to those that resolve every step.
        gain = random.uniform(0.3, 2) * draw(st.sampled_from([1e-3, 4e-3, 0.3]))
        per = (groups, outputs) if target.gain == "neuron" else (groups,)
        gains = (gain * random.uniform(0.5, 1, per)).astype(np.float32)
        bias = random.integers(-100, 101, (groups, outputs)).astype(np.int32)
        constants = [builder.insert(trained.TensorOp(a)).result for a in (weight, bias, gains)]
        return builder.insert(
            core_op.VmmOp(Activation.LINEAR, value, *constants, element=code)
        ).result

    for _ in range(draw(st.integers(1, 3))):
        match draw(st.sampled_from(["conv", "pool", "add", "wires", "dense"])):
            case "conv":
                window = Window.of((2, 2), None, (1, 0, 0, 1), None)
                value = builder.insert(core_op.WindowOp(value, window)).result
                value = product(value, draw(st.integers(1, 3)))
            case "pool":
                window = Window.of((2, 2), None, None, None)
                height, width, groups, channels = shape_of(value)
                if min(height, width) < 2:
                    continue
                value = builder.insert(core_op.WindowOp(value, window)).result
                rows = (height - 1, width - 1, groups, 4, channels)
                value = builder.insert(core_op.ReshapeOp(value, rows)).result
                value = builder.insert(core_op.PermuteOp(value, [0, 1, 2, 4, 3])).result
                value = builder.insert(core_op.MaxOp(value)).result
            case "add":
                twice = builder.insert(core_op.ConcatOp([value, value], 3)).result
                value = product(twice, shape_of(value)[-1])
            case "wires":
                value = builder.insert(core_op.PadOp(value, [1, 0, 0, 0], [0, 0, 0, 1])).result
                taken = draw(
                    st.lists(st.integers(0, shape_of(value)[0] - 1), min_size=1, max_size=4)
                )
                value = builder.insert(core_op.GatherOp(value, 0, taken)).result
                value = builder.insert(core_op.RepeatOp(value, 1, 2)).result
                height, width, groups, channels = shape_of(value)
                sizes = [height, width - 1, groups, channels]
                value = builder.insert(core_op.SliceOp(value, [0, 1, 0, 0], sizes)).result
                value = builder.insert(core_op.PermuteOp(value, [1, 0, 2, 3])).result
            case _:
                value = product(value, draw(st.integers(1, 4)))
    value = product(value, 3)
    decode = builder.insert(core_op.DecodeOp(value))
    builder.insert(ReturnOp(decode.result))
    function.update_function_type()
    module.verify()
    inputs = random.normal(0, 2 * first.scale.data, (3, *shape)).astype(np.float32)
    return Drawn(module, inputs)


def outputs(module: ModuleOp, inputs: Floats) -> npt.NDArray[np.generic]:
    return Evaluator(find_function(module)).run(inputs)[0]


@settings(max_examples=14, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(networks())
def test_units_compute_what_numbers_do_down_to_the_image(drawn: Drawn) -> None:
    module, ctx = drawn.module, CorelowerContext()
    expected = outputs(module, drawn.inputs)
    CoreOpSplitUnits().apply(ctx, module)
    module.verify()
    verify_target(module)
    CanonicalizePass().apply(ctx, module)
    assert np.array_equal(outputs(module, drawn.inputs), expected)
    ConvertCoreOpToPrimePass().apply(ctx, module)
    PrimeMapPass(replicate=False).apply(ctx, module)
    module.verify()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "image"
        write_image(module, path)
        (found,) = Simulator(read_image(path)).run(drawn.inputs)
    assert np.array_equal(found, expected)
