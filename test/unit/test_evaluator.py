"""What `core_op` means, against NumPy written apart; and how the evaluator treats batches."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import pytest
from functions import function_of, tensor
from hypothesis import given, settings
from hypothesis import strategies as st
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from corelower.dialects import core_op, nn
from corelower.dialects.core_op import Activation, CodeType
from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.functions import find_function
from corelower.dialects.support.samples import Samples
from corelower.dialects.support.target import Target
from corelower.dialects.support.window import Window
from corelower.dialects.trained import TensorOp
from corelower.targets.jax import arithmetic
from corelower.targets.jax.evaluator import Evaluator

Array = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]

CODE = CodeType(6, 0.25)
SIGNED = CodeType(4, 0.5, 8)


def run_codes(function: FuncOp, *inputs: Array) -> Array:
    evaluator = Evaluator(function)
    (result,) = evaluator.values(evaluator.returned, *inputs, codes=True)
    return result


def codes(random: np.random.Generator, code: CodeType, *shape: int) -> Integers:
    return random.integers(0, code.largest + 1, shape)


# --- border to the host --------------------------------------------------------------------------


def test_encode_rounds_ties_to_even_and_saturates():
    function = function_of(lambda x: [core_op.EncodeOp(x, SIGNED)], tensor(8))
    x = np.array([[-9.0, -4.0, 0.0, 0.25, 0.75, 0.3, 3.5, 99.0]], np.float32)
    np.testing.assert_array_equal(run_codes(function, x), [[0, 0, 8, 8, 10, 9, 15, 15]])


@pytest.mark.parametrize("code", [CODE, SIGNED, CodeType(16, 1e-3, 777), CodeType(1, 3.7e-30)])
def test_every_code_decodes_to_its_number_and_back(code: CodeType):
    numbers = np.arange(code.largest + 1)
    shape = (code.largest + 1,)
    decode = function_of(lambda q: [core_op.DecodeOp(q)], tensor(*shape, element=code))
    (real,) = Evaluator(decode).run(numbers[None])
    wanted = (numbers - code.zero.data).astype(np.float32) * np.float32(code.scale.data)
    np.testing.assert_array_equal(real[0], wanted)
    assert code.interval == pytest.approx((real.min(), real.max()))
    encode = function_of(lambda x: [core_op.EncodeOp(x, code)], tensor(*shape))
    np.testing.assert_array_equal(run_codes(encode, real)[0], numbers)


def test_coded_results_come_out_as_the_numbers_that_they_stand_for():
    function = function_of(lambda x: [core_op.EncodeOp(x, SIGNED)], tensor(3))
    (real,) = Evaluator(function).run(np.array([[-1.1, 0.6, 9.0]], np.float32))
    np.testing.assert_array_equal(real, [[-1.0, 0.5, 3.5]])


# --- computing -----------------------------------------------------------------------------------

SIZES = st.tuples(*[st.integers(1, 4)] * 3)
POSITIONS = st.lists(st.integers(1, 3), max_size=2)


def reference_sums(x: Array, weight: Array, bias: Array | None) -> Array:
    """`sum_m x[b, p.., g, m] * w[g, m, n] + b[g, n]` by loops over groups and outputs."""
    groups, _, outputs = weight.shape
    sums = np.zeros((*x.shape[:-1], outputs), np.result_type(x, weight))
    for g, n in product(range(groups), range(outputs)):
        sums[..., g, n] = (x[..., g, :] * weight[g, :, n]).sum(axis=-1)
        if bias is not None:
            sums[..., g, n] += bias[g, n]
    return sums


def vmm(
    activation: Activation,
    x: SSAValue,
    weight: Array,
    bias: Array | None = None,
    gain: Array | None = None,
    element: Attribute | None = None,
) -> list[Operation]:
    """A `core_op.vmm` behind the constants that it needs."""
    constants = [TensorOp(array) if array is not None else None for array in (weight, bias, gain)]
    w, b, g = (op.result if op is not None else None for op in constants)
    assert w is not None
    last = (
        core_op.VmmOp(activation, x, w, b, g)
        if element is None
        else core_op.VmmOp(activation, x, w, b, g, element=element)
    )
    return [*(op for op in constants if op is not None), last]


@settings(max_examples=15, deadline=None)
@given(SIZES, POSITIONS, st.sampled_from(Activation), st.booleans(), st.integers(0, 999))
def test_vmm_of_reals(
    sizes: tuple[int, int, int],
    positions: list[int],
    activation: Activation,
    has_bias: bool,
    seed: int,
):
    groups, fan_in, outputs = sizes
    random = np.random.default_rng(seed)
    x = random.normal(size=(2, *positions, groups, fan_in)).astype(np.float32)
    weight = random.normal(size=sizes).astype(np.float32)
    bias = random.normal(size=(groups, outputs)).astype(np.float32) if has_bias else None
    function = function_of(lambda v: vmm(activation, v, weight, bias), tensor(*x.shape[1:]))
    wanted = reference_sums(x.astype(np.float64), weight, bias)
    if activation is Activation.RELU:
        wanted = np.maximum(wanted, 0)
    (result,) = Evaluator(function).run(x)
    np.testing.assert_allclose(result.astype(np.float64), wanted, rtol=1e-4, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    SIZES,
    POSITIONS,
    st.sampled_from(Activation),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["nearest", "floor"]),
    st.floats(1e-4, 2.0),
    st.integers(0, 999),
)
def test_vmm_of_codes_is_integer_arithmetic(
    sizes: tuple[int, int, int],
    positions: list[int],
    activation: Activation,
    has_bias: bool,
    gain_a_neuron: bool,
    rounding: str,
    largest_gain: float,
    seed: int,
):
    groups, fan_in, outputs = sizes
    random = np.random.default_rng(seed)
    result_code = CODE if activation is Activation.RELU else SIGNED
    x = codes(random, CODE, 2, *positions, groups, fan_in)
    weight = random.integers(-127, 128, sizes).astype(np.int8)
    bias = random.integers(-9999, 9999, (groups, outputs)).astype(np.int32) if has_bias else None
    gain = random.uniform(0, largest_gain, (groups, outputs) if gain_a_neuron else (groups,))
    gain = gain.astype(np.float32)
    function = function_of(
        lambda v: vmm(activation, v, weight, bias, gain, result_code),
        tensor(*x.shape[1:], element=CODE),
    )
    module = function.parent_op()
    assert isinstance(module, ModuleOp)
    core_op.set_target(module, Target("t", 64, 64, 6, (-127, 127), rounding=rounding))

    sums = reference_sums(x, weight.astype(np.int64), bias)
    assert sums.dtype == np.int64
    scaled = sums.astype(np.float32) * (gain if gain_a_neuron else gain[:, None])
    whole = np.floor(scaled) if rounding == "floor" else np.rint(scaled)
    wanted = np.clip(whole.astype(np.int64), 0, result_code.largest)
    np.testing.assert_array_equal(run_codes(function, x), wanted)


def test_sums_are_exact_up_to_what_float32_holds():
    # 4096 inputs of 63 times 65, with a bias that takes the sum to 2^24 - 1.
    weight = np.full((1, 4096, 1), 65, np.int8)
    bias = np.array([[(1 << 24) - 1 - 4096 * 63 * 65]], np.int32)
    gain = np.array([1 / 512], np.float32)
    code = CodeType(16, 1.0)
    x = np.full((1, 1, 4096), 63)
    function = function_of(
        lambda v: vmm(Activation.RELU, v, weight, bias, gain, code),
        tensor(1, 4096, element=CODE),
    )
    # (2^24 - 1) / 512 is 32768 - 1/512; one input less, and the sum is 32760 * 512.
    assert run_codes(function, x) == 32768
    assert run_codes(function, x - 63 * (np.arange(4096) == 0)) == 32760


def test_vmm_of_codes_with_real_weights_counts_in_real_numbers():
    random = np.random.default_rng(0)
    x = codes(random, SIGNED, 5, 2, 3)
    weight = random.normal(size=(2, 3, 4)).astype(np.float32)
    function = function_of(
        lambda v: vmm(Activation.RELU, v, weight, element=CODE),
        tensor(2, 3, element=SIGNED),
    )
    real = np.maximum(reference_sums((x - 8) * 0.5, weight, None), 0)
    wanted = np.clip(np.rint(real / CODE.scale.data), 0, CODE.largest)
    np.testing.assert_array_equal(run_codes(function, x), wanted)


def test_max_is_along_the_last_axis():
    x = codes(np.random.default_rng(0), SIGNED, 3, 5, 4)
    function = function_of(lambda v: [core_op.MaxOp(v)], tensor(5, 4, element=SIGNED))
    np.testing.assert_array_equal(run_codes(function, x), x.max(axis=-1))


# --- wiring --------------------------------------------------------------------------------------

Wiring = Callable[[SSAValue], Operation]
Meaning = Callable[[Array], Array]

WIRING: dict[str, tuple[Wiring, Meaning]] = {
    "pad": (
        lambda v: core_op.PadOp(v, (1, 0, 2), (0, 3, 1)),
        lambda x: np.pad(x, [(1, 0), (0, 3), (2, 1)], constant_values=8),
    ),
    "slice": (
        lambda v: core_op.SliceOp(v, (1, 0, 2), (1, 3, 2)),
        lambda x: x[1:2, 0:3, 2:4],
    ),
    "concat": (
        lambda v: core_op.ConcatOp([v, v, v], 1),
        lambda x: np.concatenate([x, x, x], axis=1),
    ),
    "permute": (
        lambda v: core_op.PermuteOp(v, (2, 0, 1)),
        lambda x: np.transpose(x, (2, 0, 1)),
    ),
    "reshape": (
        lambda v: core_op.ReshapeOp(v, (6, 4)),
        lambda x: x.reshape(6, 4),
    ),
    "repeat": (
        lambda v: core_op.RepeatOp(v, 1, 3),
        lambda x: np.repeat(x, 3, axis=1),
    ),
    "gather": (
        lambda v: core_op.GatherOp(v, 1, (2, 0, 0)),
        lambda x: np.take(x, [2, 0, 0], axis=1),
    ),
}


@pytest.mark.parametrize("name", WIRING)
def test_wiring_moves_codes(name: str):
    build, meaning = WIRING[name]
    x = codes(np.random.default_rng(0), SIGNED, 3, 2, 3, 4)
    function = function_of(lambda v: [build(v)], tensor(2, 3, 4, element=SIGNED))
    wanted = np.stack([meaning(sample) for sample in x])
    np.testing.assert_array_equal(run_codes(function, x), wanted)


def test_what_is_added_to_reals_is_zero():
    function = function_of(lambda v: [core_op.PadOp(v, (1,), (1,))], tensor(1))
    np.testing.assert_array_equal(Evaluator(function).run(np.full((1, 1), 5.0))[0], [[0, 5, 0]])


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, tuple[int, ...]]:
    """A window and a spatial extent that it fits into."""
    rank = draw(st.integers(1, 2))

    def each(low: int, high: int, count: int = rank) -> list[int]:
        return draw(st.lists(st.integers(low, high), min_size=count, max_size=count))

    window = Window(
        tuple(each(1, 3)), tuple(each(1, 3)), tuple(each(0, 2, 2 * rank)), tuple(each(1, 2))
    )
    spans = [d * (k - 1) + 1 for k, d in zip(window.kernel, window.dilations, strict=True)]
    return window, tuple(map(sum, zip(spans, each(0, 4), strict=True)))


def reference_window(x: Array, window: Window, fill: int) -> Array:
    """One sample's windows, S.. x groups x C to P.. x groups x (kernel * C), element by element."""
    rank, (groups, channels) = window.rank, x.shape[-2:]
    positions = [
        (extent + before + after - dilation * (kernel - 1) - 1) // stride + 1
        for extent, (before, after), dilation, kernel, stride in zip(
            x.shape[:rank],
            window.pad_pairs(),
            window.dilations,
            window.kernel,
            window.strides,
            strict=True,
        )
    ]
    result = np.full((*positions, groups, window.size * channels), fill)
    for position in product(*map(range, positions)):
        for index, offset in enumerate(product(*map(range, window.kernel))):
            at = tuple(
                position[i] * window.strides[i] + offset[i] * window.dilations[i] - window.pads[i]
                for i in range(rank)
            )
            if not all(0 <= a < extent for a, extent in zip(at, x.shape, strict=False)):
                continue
            for group, channel in product(range(groups), range(channels)):
                result[(*position, group, index * channels + channel)] = x[(*at, group, channel)]
    return result


@settings(max_examples=20, deadline=None)
@given(windows(), st.integers(1, 3), st.integers(1, 3))
def test_window(drawn: tuple[Window, tuple[int, ...]], groups: int, channels: int):
    window, spatial = drawn
    x = codes(np.random.default_rng(0), SIGNED, 2, *spatial, groups, channels)
    function = function_of(
        lambda v: [core_op.WindowOp(v, window)],
        tensor(*spatial, groups, channels, element=SIGNED),
    )
    wanted = np.stack([reference_window(sample, window, 8) for sample in x])
    np.testing.assert_array_equal(run_codes(function, x), wanted)


@settings(max_examples=20, deadline=None)
@given(windows(), st.integers(1, 2), st.integers(1, 3), st.booleans())
def test_dot_products_of_windows(
    drawn: tuple[Window, tuple[int, ...]], groups: int, channels: int, has_integers: bool
):
    window, spatial = drawn
    random = np.random.default_rng(0)
    x = codes(random, SIGNED, 2, *spatial, groups, channels)
    weight = random.integers(-9, 10, (groups, window.size * channels, 3)).astype(np.int8)
    gain = np.full(groups, 1 / 16, np.float32)
    # Weights that are multiples of a power of two: real sums are as exact as integer ones.
    real_weight = weight.astype(np.float32) / 8
    rest = (weight, None, gain) if has_integers else (real_weight, None, None)

    def build(v: SSAValue) -> list[Operation]:
        windows = core_op.WindowOp(v, window)
        return [windows, *vmm(Activation.RELU, windows.result, *rest, element=CODE)]

    function = function_of(build, tensor(*spatial, groups, channels, element=SIGNED))
    seen = np.stack([reference_window(sample, window, 8) for sample in x])
    if has_integers:
        scaled = reference_sums(seen, weight.astype(np.int64), None) / 16
    else:
        scaled = reference_sums((seen - 8) * 0.5, real_weight, None) / CODE.scale.data
    wanted = np.clip(np.rint(scaled), 0, CODE.largest)
    np.testing.assert_array_equal(run_codes(function, x), wanted)
    evaluator = Evaluator(function)
    shown = evaluator.values([evaluator.program.operations[0].results[0]], x, codes=True)
    np.testing.assert_array_equal(shown[0], seen)


# --- batches -------------------------------------------------------------------------------------


def double() -> FuncOp:
    return function_of(lambda x, y: [nn.AddOp(x, y)], tensor(2), tensor(2))


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 7, 100])
def test_results_do_not_depend_on_the_batch_size(batch_size: int):
    x = np.arange(10, dtype=np.float32).reshape(5, 2)
    calls: list[tuple[int, int]] = []
    evaluator = Evaluator(double(), batch_size)
    (result,) = evaluator.run(x, 10 * x, progress=lambda done, total: calls.append((done, total)))
    np.testing.assert_array_equal(result, 11 * x)
    ends = [*range(batch_size, 5, batch_size), 5]
    assert calls == [(end, 5) for end in ends]
    batches = list(evaluator.batches(evaluator.returned, x, 10 * x))
    assert [count for count, _ in batches] == np.diff([0, *ends]).tolist()
    np.testing.assert_array_equal(np.concatenate([values[0] for _, values in batches]), 11 * x)


def test_the_last_batch_needs_no_second_compilation(monkeypatch: pytest.MonkeyPatch):
    evaluator = Evaluator(function_of(lambda x: [nn.ReluOp(x)], tensor(2)), 4)
    traced: list[object] = []
    run = evaluator.program.run

    def count(*arguments: Any) -> None:
        traced.append(arguments)
        run(*arguments)

    monkeypatch.setattr(evaluator.program, "run", count)
    evaluator.run(np.ones((10, 2), np.float32))
    evaluator.run(np.ones((7, 2), np.float32))
    assert len(traced) == 1


def test_data_may_be_converted_batch_by_batch():
    raw = np.arange(10, dtype=np.uint8).reshape(5, 2)
    evaluator = Evaluator(double(), 2)
    np.testing.assert_array_equal(evaluator.run(Samples(raw), Samples(raw))[0], 2 * raw)


def test_any_value_can_be_asked_for():
    function = function_of(
        lambda x: (relu := nn.ReluOp(x), nn.AddOp(relu.result, relu.result)), tensor(2)
    )
    evaluator = Evaluator(function)
    relu = evaluator.program.operations[0].results[0]
    x = np.array([[-1, 2]], np.float32)
    values = evaluator.values([relu, evaluator.arguments[0]], x)
    np.testing.assert_array_equal(values, [[[0, 2]], [[-1, 2]]])


def failure(action: Callable[[], object]) -> str:
    with pytest.raises(CorelowerError) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(5, 2)], "@main takes 2 inputs, 1 were given"),
        (
            [(5, 2), (5, 3)],
            "@main takes samples of shape [2], the data has [3] (batch axis left out)",
        ),
        ([(5, 2), (4, 2)], "the inputs have different numbers of samples"),
        ([(0, 2), (0, 2)], "the data has no samples"),
    ],
)
def test_data_that_does_not_fit_is_refused(shapes: Sequence[tuple[int, ...]], message: str):
    evaluator = Evaluator(double())
    assert failure(lambda: evaluator.run(*map(np.zeros, shapes))) == message


def test_functions_that_cannot_be_run():
    nothing = function_of(lambda: [TensorOp(np.zeros(2, np.float32))])
    assert failure(lambda: Evaluator(nothing).run()) == (
        "@main takes no inputs: there is no batch to run it on"
    )
    endless = FuncOp("f", ([], []), Region(Block()))
    assert failure(lambda: Evaluator(endless)) == "func.func: the function has no func.return"
    module = ModuleOp([FuncOp("f", ([], []), Region(Block()))])
    assert failure(lambda: find_function(module)) == ("the module has no function @main; it has @f")


# --- gradients -----------------------------------------------------------------------------------


def gradient(function: Callable[[jax.Array], jax.Array], at: Array) -> Array:
    """The gradient of the sum of the results."""

    def total(x: jax.Array) -> jax.Array:
        return function(x).sum()

    # JAX's own annotations leave the types of these open.
    grad: Callable[[Callable[[jax.Array], jax.Array]], Callable[[Array], jax.Array]]
    grad = vars(jax)["grad"]
    return np.asarray(grad(total)(at))


@pytest.mark.parametrize(
    ("rounding", "meaning"),
    [(arithmetic.round_through, np.rint), (arithmetic.floor_through, np.floor)],
)
def test_rounding_lets_gradients_through(
    rounding: Callable[[jax.Array], jax.Array], meaning: Callable[[Array], Array]
):
    x = np.array([-1.5, -0.2, 0.5, 1.5, 2.7], np.float32)
    np.testing.assert_array_equal(rounding(jnp.add(x, 0)), meaning(x))
    np.testing.assert_array_equal(gradient(lambda v: 3 * rounding(v), x), 3)


def test_saturation_lets_no_gradient_through():
    gain = jnp.add(1.0, 0)
    sums = np.array([-5.0, 5.2, 99.0], np.float32)
    found = gradient(lambda v: arithmetic.requantize(v, gain, 63, "nearest"), sums)
    np.testing.assert_array_equal(found, [0, 1, 0])
