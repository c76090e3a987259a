"""`nn-approximate` keeps its bound on every function of one variable."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nn_networks import Network, context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from corelower.dialects import nn
from corelower.dialects.nn import BinaryFunction, UnaryFunction
from corelower.dialects.support.samples import Samples
from corelower.dialects.support.target import Target
from corelower.passes.approximated_functions import FUNCTION
from corelower.passes.function_approximation import Approximation, plan_approximations
from corelower.passes.function_clusters import find_clusters
from corelower.passes.nn_approximate import NnApproximate
from corelower.targets.jax.evaluator import Evaluator, find_function

FloatArray = npt.NDArray[np.float32]
Build = Callable[[Network, SSAValue], SSAValue]

CURVED: dict[UnaryFunction, tuple[float, ...]] = {
    UnaryFunction.EXP: (),
    UnaryFunction.ERF: (),
    UnaryFunction.SIGMOID: (),
    UnaryFunction.TANH: (),
    UnaryFunction.SOFTPLUS: (),
    UnaryFunction.SOFTSIGN: (),
    UnaryFunction.ELU: (0.7,),
    UnaryFunction.CELU: (1.3,),
    UnaryFunction.SELU: (1.67, 1.05),
    UnaryFunction.GELU: (),
    UnaryFunction.GELU_TANH: (),
    UnaryFunction.MISH: (),
    UnaryFunction.HARD_SWISH: (),
}

POSITIVE = (UnaryFunction.LOG, UnaryFunction.SQRT, UnaryFunction.RECIPROCAL)

CASES = [
    *[(f, CURVED[f], interval) for f in CURVED for interval in ((-4.0, 4.0), (-11.0, 0.5))],
    *[(f, (), (0.1, 40.0)) for f in POSITIVE],
    (UnaryFunction.SQRT, (), (0.0, 2.0)),
]


def unary(function: UnaryFunction, *parameters: float) -> Build:
    return lambda net, x: net.op(nn.UnaryOp(function, x, *parameters))


def spread(low: float, high: float) -> FloatArray:
    """Samples of 8 numbers that cover an interval, its ends among them."""
    return np.linspace(low, high, 64, dtype=np.float32).reshape(8, 8)


def network(build: Build) -> ModuleOp:
    net = Network((8,))
    return net.returning(build(net, net.input))


def outputs(module: ModuleOp, samples: FloatArray) -> FloatArray:
    (result,) = Evaluator(find_function(module, "main")).run(samples)
    return np.asarray(result, np.float32)


def approximated(module: ModuleOp, samples: FloatArray, error: float) -> ModuleOp:
    copy = module.clone()
    ctx = context()
    ctx.calibration = Samples(samples)
    NnApproximate(error=error).apply(ctx, copy)
    copy.verify()
    return copy


def assert_within(build: Build, samples: FloatArray, error: float) -> None:
    """The pass leaves no curve, and every result within the bound on other samples of the range."""
    module = network(build)
    copy = approximated(module, samples, error)
    assert not find_clusters(find_function(copy, "main"))
    others = np.random.default_rng(1).uniform(samples.min(), samples.max(), (4000, 8))
    others[0] = np.linspace(samples.min(), samples.max(), 8)
    wanted = outputs(module, others.astype(np.float32))
    # Random numbers miss a little of the span.
    bound = error * float(np.ptp(wanted)) * 1.01
    assert np.abs(outputs(copy, others.astype(np.float32)) - wanted).max() <= bound


@pytest.mark.parametrize(("function", "parameters", "interval"), CASES)
def test_every_curved_function_is_within_the_bound(
    function: UnaryFunction, parameters: tuple[float, ...], interval: tuple[float, float]
) -> None:
    assert_within(unary(function, *parameters), spread(*interval), 2e-3)


def silu(net: Network, x: SSAValue) -> SSAValue:
    return net.op(nn.BinaryOp(BinaryFunction.MUL, x, unary(UnaryFunction.SIGMOID)(net, x)))


def gelu_with_erf(net: Network, x: SSAValue) -> SSAValue:
    scaled = net.op(nn.BinaryOp(BinaryFunction.DIV, x, net.tensor(np.sqrt(2))))
    gate = net.op(nn.AddOp(unary(UnaryFunction.ERF)(net, scaled), net.tensor([1.0])))
    product = net.op(nn.BinaryOp(BinaryFunction.MUL, x, gate))
    return net.op(nn.BinaryOp(BinaryFunction.MUL, product, net.tensor(0.5)))


def mish_written_out(net: Network, x: SSAValue) -> SSAValue:
    soft = unary(UnaryFunction.SOFTPLUS)(net, x)
    return net.op(nn.BinaryOp(BinaryFunction.MUL, x, unary(UnaryFunction.TANH)(net, soft)))


def hard_swish_written_out(net: Network, x: SSAValue) -> SSAValue:
    moved = net.op(nn.AddOp(x, net.tensor(3.0)))
    gate = unary(UnaryFunction.CLIP, 0.0, 6.0)(net, moved)
    product = net.op(nn.BinaryOp(BinaryFunction.MUL, x, gate))
    return net.op(nn.BinaryOp(BinaryFunction.DIV, product, net.tensor(6.0)))


def square(net: Network, x: SSAValue) -> SSAValue:
    return net.op(nn.BinaryOp(BinaryFunction.MUL, x, x))


def cube_by_power(net: Network, x: SSAValue) -> SSAValue:
    return net.op(nn.BinaryOp(BinaryFunction.POW, x, net.tensor(3.0)))


def quotient(net: Network, x: SSAValue) -> SSAValue:
    below = net.op(nn.AddOp(square(net, x), net.tensor(1.0)))
    return net.op(nn.BinaryOp(BinaryFunction.DIV, net.tensor(2.0), below))


@pytest.mark.parametrize(
    "build",
    [
        silu,
        gelu_with_erf,
        mish_written_out,
        hard_swish_written_out,
        square,
        cube_by_power,
        quotient,
    ],
)
def test_what_is_written_in_several_operations_is_one_function(build: Build) -> None:
    module = network(build)
    assert len(find_clusters(find_function(module, "main"))) == 1
    copy = approximated(module, spread(-5, 4), 1e-3)
    layers = [op for op in copy.walk() if isinstance(op, nn.DenseOp)]
    assert [FUNCTION in layer.attributes for layer in layers] == [False, True]
    assert_within(build, spread(-5, 4), 1e-3)


@settings(max_examples=8, deadline=None)
@given(
    st.sampled_from([UnaryFunction.SIGMOID, UnaryFunction.GELU, UnaryFunction.SOFTPLUS]),
    st.floats(-30, 10),
    st.floats(0.1, 40),
    st.sampled_from([1e-2, 1e-3]),
)
def test_the_bound_holds_on_any_range(
    function: UnaryFunction, low: float, width: float, error: float
) -> None:
    samples = spread(low, low + width)
    # Where a function is flat, float32 itself has no smaller error.
    assume(np.ptp(outputs(network(unary(function)), samples)) > 1e-3)
    assert_within(unary(function), samples, error)


def test_an_input_that_is_always_the_same_is_no_trouble() -> None:
    samples = np.full((4, 8), 1.5, np.float32)
    module = network(silu)
    copy = approximated(module, samples, 1e-3)
    np.testing.assert_allclose(outputs(copy, samples), outputs(module, samples), atol=1e-5)


def test_the_same_input_gives_the_same_network() -> None:
    texts = {str(approximated(network(silu), spread(-3, 3), 1e-3)) for _ in range(2)}
    assert len(texts) == 1


def plans(build: Build, samples: FloatArray, most: int | None = None) -> list[Approximation]:
    function = find_function(network(build), "main")
    target = Target("chip", fan_in=20, fan_out=16, signal_bits=6, weights=(-7, 7), bias_rows=2)
    return plan_approximations(function, Samples(samples), target, 1e-3, most)


def test_a_plan_gives_figures_without_changing_anything() -> None:
    (plan,) = plans(silu, spread(-6, 6))
    assert (plan.name, plan.interval, plan.refusal) == ("sigmoid, mul", (-6, 6), None)
    assert 0 < plan.fraction <= 1e-3
    assert plan.error == pytest.approx(plan.fraction * 6.27, rel=1e-2)
    assert plan.cores == 2
    assert 6 < plan.hinges <= 16
    assert plan.op.name == "nn.binary"


def test_a_plan_says_why_there_is_none() -> None:
    (too_few,) = plans(silu, spread(-6, 6), most=3)
    assert too_few.refusal is not None
    assert "3 hinges reach an error of" in too_few.refusal
    assert too_few.fraction > 1e-3
    (undefined,) = plans(unary(UnaryFunction.LOG), spread(-1, 1))
    assert undefined.refusal is not None
    assert "is not finite at" in undefined.refusal


def test_a_pole_between_two_places_is_seen() -> None:
    (plan,) = plans(unary(UnaryFunction.RECIPROCAL), spread(-4, 2))
    assert plan.refusal is not None
    assert "is not finite at" in plan.refusal


def test_few_rectifiers_are_trained_where_their_places_alone_are_not_enough() -> None:
    function = find_function(network(unary(UnaryFunction.SIGMOID)), "main")
    (plan,) = plan_approximations(function, Samples(spread(-8, 8)), None, 0.1, 2)
    assert plan.refusal is None
    assert plan.fraction < 0.1
    # Two layers of two.
    assert (plan.hinges, plan.cores) == (4, 3)


def test_the_function_goes_with_its_network() -> None:
    (plan,) = plans(unary(UnaryFunction.SQRT), spread(0, 1))
    table = plan.table
    assert table is not None
    # It ends where the function does, and on the other side a quarter of the range later.
    assert (table.x[0], table.x[-1]) == (0, 1.25)
    x = np.linspace(0, 1, 10_001)
    assert np.abs(table.at(x) - np.sqrt(x)).max() < 1e-4
