"""`core-op-exact-functions`: on codes an approximated function is exact, for every code."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from corelower.dialects import core_op, nn
from corelower.dialects.core_op import CodeType, set_target
from corelower.dialects.nn import BinaryFunction, UnaryFunction
from corelower.dialects.support.samples import Samples
from corelower.dialects.support.target import Target
from corelower.passes.approximated_functions import FunctionTable, approximated_functions
from corelower.passes.convert_nn_to_core_op import ConvertNnToCoreOp
from corelower.passes.core_op_calibrate import CoreOpCalibrate
from corelower.passes.core_op_exact_functions import (
    CoreOpExactFunctions,
    code_table,
    hinges_of_table,
)
from corelower.passes.core_op_quantize_weights import CoreOpQuantizeWeights
from corelower.passes.core_op_reencode import CoreOpReencode
from corelower.passes.nn_approximate import NnApproximate
from corelower.targets.jax.evaluator import Evaluator, find_function

Codes = npt.NDArray[np.int64]

FUNCTIONS = [
    UnaryFunction.SIGMOID,
    UnaryFunction.TANH,
    UnaryFunction.EXP,
    UnaryFunction.GELU,
    UnaryFunction.SOFTPLUS,
]

RANGES = [(0.0, 5.0), (-4.0, 4.0), (-6.0, 1.0)]


def coded(function: UnaryFunction | None, low: float, high: float, bits: int) -> ModuleOp:
    """The function (or the square) between two codes, with real weights, on 8 numbers."""
    net = Network((8,))
    x: SSAValue = net.input
    op = nn.BinaryOp(BinaryFunction.MUL, x, x) if function is None else nn.UnaryOp(function, x)
    module = net.returning(net.op(op))
    target = Target(
        "chip", fan_in=258, fan_out=256, signal_bits=bits, weights=(-127, 127), bias_rows=2
    )
    set_target(module, target)
    ctx = context()
    ctx.calibration = Samples(np.linspace(low, high, 64, dtype=np.float32).reshape(8, 8))
    for one in (
        NnApproximate(error=0.02),
        ConvertNnToCoreOp(),
        CoreOpCalibrate(method="extremes"),
        CoreOpReencode(),
        CoreOpExactFunctions(),
    ):
        one.apply(ctx, module)
    module.verify()
    assert any("exact on codes" in text for text in ctx.remarks)
    return module


def codes_computed(module: ModuleOp) -> tuple[Codes, FunctionTable, CodeType, CodeType]:
    """What the module computes for every code, the function, and the codes around it."""
    function = find_function(module, "main")
    (found,) = approximated_functions(function)
    incoming, outgoing = core_op.code_of(found.first.input), core_op.code_of(found.last.result)
    assert incoming is not None
    assert outgoing is not None
    codes = np.arange(incoming.largest + 1)
    real = ((codes - incoming.zero.data) * incoming.scale.data).astype(np.float32)
    (computed,) = Evaluator(function).values(
        [found.last.result], np.resize(real, (-(-len(real) // 8), 8)), codes=True
    )
    return (
        np.asarray(computed).reshape(-1)[: len(codes)].astype(np.int64),
        found.table,
        incoming,
        outgoing,
    )


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("interval", "bits"), list(zip(RANGES, (4, 6, 8), strict=True)))
def test_every_code_gives_the_rounded_function(
    function: UnaryFunction, interval: tuple[float, float], bits: int
) -> None:
    computed, table, incoming, outgoing = codes_computed(coded(function, *interval, bits))
    assert incoming.bits.data == outgoing.bits.data == bits
    assert (incoming.zero.data > 0) == (interval[0] < 0)
    np.testing.assert_array_equal(computed, code_table(table, incoming, outgoing))


def test_the_table_is_the_function_itself() -> None:
    """All codes but those next to a tie of the rounding, where the samples may decide."""
    computed, _, incoming, outgoing = codes_computed(coded(None, -3.0, 2.0, 8))
    real = (np.arange(256) - incoming.zero.data) * incoming.scale.data
    steps = np.square(real) / outgoing.scale.data + outgoing.zero.data
    clear = np.abs(steps - np.floor(steps) - 0.5) > 0.01
    assert clear.mean() > 0.9
    wanted = np.clip(np.rint(steps), 0, 255)
    np.testing.assert_array_equal(computed[clear], wanted[clear])


@pytest.mark.parametrize("bits", [4, 5, 7, 8])
@pytest.mark.parametrize("function", [UnaryFunction.SIGMOID, UnaryFunction.GELU, None])
def test_integer_weights_are_exact_too(function: UnaryFunction | None, bits: int) -> None:
    module = coded(function, -3.5, 2.5, bits)
    real, table, incoming, outgoing = codes_computed(module)
    CoreOpQuantizeWeights().apply(context(), module)
    module.verify()
    integer, *_ = codes_computed(module)
    np.testing.assert_array_equal(integer, real)
    np.testing.assert_array_equal(integer, code_table(table, incoming, outgoing))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=2, max_size=64), st.integers(1, 127))
def test_hinges_give_any_table(codes: list[int], largest_weight: int) -> None:
    hinges = hinges_of_table(np.array(codes), largest_weight)
    assert np.abs(hinges.steps).max() <= largest_weight
    assert (hinges.steps != 0).all()
    assert np.gcd.reduce(hinges.steps) == 1
    opened = np.maximum(np.arange(len(codes))[:, None] - hinges.places, 0)
    np.testing.assert_array_equal(opened @ hinges.steps + hinges.start, codes)


def test_a_target_whose_bias_is_too_coarse_keeps_the_approximation() -> None:
    net = Network((8,))
    module = net.returning(net.op(nn.UnaryOp(UnaryFunction.SIGMOID, net.input)))
    target = Target("chip", fan_in=64, fan_out=64, signal_bits=6, weights=(-7, 7), bias_rows=1)
    set_target(module, target)
    ctx = context()
    ctx.calibration = Samples(np.linspace(-5, 5, 64, dtype=np.float32).reshape(8, 8))
    passes = (NnApproximate(), ConvertNnToCoreOp(), CoreOpCalibrate(), CoreOpReencode())
    for one in passes:
        one.apply(ctx, module)
    before = str(module)
    CoreOpExactFunctions().apply(ctx, module)
    assert str(module) == before
    assert "the approximation stays" in ctx.remarks[-1]
    assert "bias of a core cannot hold" in ctx.remarks[-1]


def test_calibration_looks_behind_a_function_that_alone_is_fed() -> None:
    """A second user of the argument needs all of its range; the function needs the steep part."""
    widths: list[float] = []
    for has_other_user in (False, True):
        net = Network((8,))
        argument = net.op(nn.DenseOp(net.input, net.tensor(np.eye(8))))
        results = [net.op(nn.UnaryOp(UnaryFunction.SIGMOID, argument))]
        if has_other_user:
            results.append(net.op(nn.DenseOp(argument, net.tensor(np.eye(8)))))
        module = net.returning(*results)
        set_target(module, Target("chip", 64, 64, signal_bits=4, weights=(-127, 127), bias_rows=2))
        ctx = context()
        ctx.calibration = Samples(np.linspace(-50, 50, 512, dtype=np.float32).reshape(64, 8))
        passes = (
            NnApproximate(error=0.02),
            ConvertNnToCoreOp(),
            CoreOpCalibrate(),
            CoreOpReencode(),
        )
        for one in passes:
            one.apply(ctx, module)
        (found,) = approximated_functions(find_function(module, "main"))
        code = core_op.code_of(found.first.input)
        assert code is not None
        widths.append(code.interval[1] - code.interval[0])
    assert widths[0] < widths[1] / 3
