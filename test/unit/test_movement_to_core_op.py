"""Drawn chains of operations that move elements mean the same as wiring, bit for bit."""

from math import prod

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, context, names, results
from onnx import helper
from onnx_models import make_model, onnxruntime_outputs
from test_compile_random_networks import sqnr
from xdsl.builder import Builder
from xdsl.dialects.builtin import ModuleOp
from xdsl.rewriter import InsertPoint

from corelower.dialects import core_op, nn, trained
from corelower.dialects.nn import PadMode, Shape, shape_of
from corelower.dialects.support.target import Target
from corelower.passes.canonicalize import CanonicalizePass
from corelower.passes.convert_nn_to_core_op import ConvertNnToCoreOp
from corelower.passes.core_op_reencode import CoreOpReencode
from corelower.passes.signal_ranges import set_range
from corelower.passes.weight_quantization import quantize
from corelower.passes.wiring import broadcast_to
from corelower.targets.jax.evaluator import find_function
from corelower.tools.compiler import compile_model

LARGEST = 600
TARGET = Target("chip", fan_in=256, fan_out=256, signal_bits=6, weights=(-127, 127), bias_rows=2)
LOWEST, HIGHEST = -4.0, 27.5
"""What the code with 6 bits, scale 0.5 and zero point 8 spans."""


def add_movement(draw: st.DrawFn, net: Network, constants: bool) -> None:
    shape = shape_of(net.input)
    axis = draw(st.integers(0, len(shape) - 1))
    kinds = ["reshape", "transpose", "slice", "pad", "concat", "tile", "gather"]
    match draw(st.sampled_from(kinds)):
        case "reshape":
            size = prod(shape)
            columns = draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0]))
            op = nn.ReshapeOp(net.input, (size // columns, columns))
        case "transpose":
            op = nn.TransposeOp(net.input, draw(st.permutations(range(len(shape)))))
        case "slice":
            parts = [draw(drawn_slices(extent)) for extent in shape]
            starts, sizes, steps = ([part[i] for part in parts] for i in range(3))
            walks = draw(st.booleans())
            starts = starts if walks else [0] * len(shape)
            op = nn.SliceOp(net.input, starts, sizes, steps if walks else None)
        case "pad":
            mode = draw(st.sampled_from(PadMode))
            value = draw(st.sampled_from([0.0, 1.5, -2.0])) if constants else 0.0
            most = min(2, min(shape) - 1) if mode is PadMode.REFLECT else 2
            low, high = ([draw(st.integers(0, most)) for _ in shape] for _ in range(2))
            op = nn.PadOp(net.input, low, high, mode=mode, value=value)
        case "concat":
            parts = [net.input] * draw(st.integers(1, 2))
            if constants:
                numbers = draw(st.sampled_from([np.arange(prod(shape)) / 2, 3.0]))
                parts.append(net.tensor(np.broadcast_to(numbers, prod(shape)).reshape(shape)))
            op = nn.ConcatOp(draw(st.permutations(parts)), axis)
        case "tile":
            op = nn.TileOp(net.input, [draw(st.integers(1, 2)) for _ in shape])
        case _:
            places = st.integers(0, shape[axis] - 1)
            op = nn.GatherOp(net.input, axis, draw(st.lists(places, min_size=1, max_size=4)))
    if prod(shape_of(op.result)) > LARGEST or len(shape_of(op.result)) > 5:
        op.erase()
        return
    net.input = net.op(op)


@st.composite
def drawn_slices(draw: st.DrawFn, extent: int) -> tuple[int, int, int]:
    """Start, size and step of a part of an axis."""
    size = draw(st.integers(1, extent))
    most = (extent - 1) // max(1, size - 1)
    step = draw(st.sampled_from([s for s in (1, 2, 3, -1, -2) if abs(s) <= most] or [1]))
    reach = (size - 1) * abs(step)
    least = draw(st.integers(0, extent - 1 - reach))
    return (least if step > 0 else least + reach), size, step


@st.composite
def chains(draw: st.DrawFn, constants: bool) -> tuple[ModuleOp, npt.NDArray[np.float32]]:
    shape: Shape = draw(st.sampled_from([(2, 3, 4), (3, 2, 2), (5,), (1, 6)]))
    net = Network(shape)
    for _ in range(draw(st.integers(1, 5))):
        add_movement(draw, net, constants)
    steps = np.random.default_rng(0).integers(0, 64, (3, *shape))
    return net.returning(net.input), (LOWEST + steps / 2).astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(chains(constants=True))
def test_real_values_are_moved_exactly(drawn: tuple[ModuleOp, npt.NDArray[np.float32]]) -> None:
    module, samples = drawn
    expected = results(module, samples)
    ConvertNnToCoreOp().apply(context(), module)
    module.verify()
    assert not any(name.startswith("nn.") for name in names(module))
    CanonicalizePass().apply(context(), module)
    module.verify()
    np.testing.assert_array_equal(results(module, samples)[0], expected[0])


@settings(max_examples=10, deadline=None)
@given(chains(constants=False))
def test_codes_are_moved_exactly(drawn: tuple[ModuleOp, npt.NDArray[np.float32]]) -> None:
    module, samples = drawn
    expected = results(module, samples)
    core_op.set_target(module, TARGET)
    ConvertNnToCoreOp().apply(context(), module)
    CanonicalizePass().apply(context(), module)
    function = find_function(module)
    set_range(function.body.block.args[0], LOWEST, HIGHEST, function)
    CoreOpReencode().apply(context(), module)
    module.verify()
    # A chain that moves nothing stays on the host.
    moves = [name for name in names(module) if name not in ("core_op.encode", "core_op.decode")]
    assert not moves or names(module)[0] == "core_op.encode"
    np.testing.assert_array_equal(results(module, samples)[0], expected[0])


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((), ()),
        ((), (2, 3)),
        ((3,), (2, 3)),
        ((2, 1), (2, 3)),
        ((1, 3, 1), (4, 2, 3, 5)),
        ((2, 3), (2, 3)),
    ],
)
def test_broadcast_to(source: Shape, target: Shape) -> None:
    net = Network(source)
    value = broadcast_to(Builder(InsertPoint.at_end(net.block)), net.input, target)
    samples = net.samples()
    (actual,) = results(net.returning(value), samples)
    for sample, found in zip(samples, actual, strict=True):
        np.testing.assert_array_equal(found, np.broadcast_to(sample, target))


@pytest.mark.parametrize(
    ("lhs", "rhs"),
    [((4, 1, 1), (4, 3, 2)), ((4, 3, 2), (2,)), ((4, 1, 1), (3, 2)), ((), (4, 3))],
)
@pytest.mark.parametrize("constant", [False, True])
def test_sums_of_values_of_different_shapes(lhs: Shape, rhs: Shape, constant: bool) -> None:
    net = Network((prod(lhs) + prod(rhs),))
    first = net.op(nn.SliceOp(net.input, [0], [prod(lhs)]))
    first = net.op(nn.ReshapeOp(first, lhs))
    second = net.op(nn.SliceOp(net.input, [prod(lhs)], [prod(rhs)]))
    second = net.constant(*rhs) if constant else net.op(nn.ReshapeOp(second, rhs))
    module = net.returning(net.op(nn.AddOp(first, second)))
    samples = net.samples()
    expected = results(module, samples)
    core_op.set_target(module, TARGET)
    ConvertNnToCoreOp().apply(context(), module)
    module.verify()
    np.testing.assert_array_equal(results(module, samples)[0], expected[0])


def test_a_layer_that_is_broadcast_stays_a_layer_of_its_own() -> None:
    net = Network((4, 3, 3))
    weight = net.constant(4, 4, 3, 3)
    narrow = net.op(nn.ConvOp(net.input, weight))
    module = net.returning(net.op(nn.ReluOp(net.op(nn.AddOp(narrow, net.input)))))
    samples = net.samples()
    expected = results(module, samples)
    ConvertNnToCoreOp().apply(context(), module)
    module.verify()
    np.testing.assert_allclose(results(module, samples)[0], expected[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("step", [0.01, 1.0, 4.0, 100.0])
def test_a_constant_keeps_its_steps_whatever_goes_in(step: float) -> None:
    net = Network((4,))
    constant = net.tensor([0.3, 1.0, 0.8, 0.0])
    module = net.returning(net.op(nn.ConcatOp([net.input, constant], 0)))
    core_op.set_target(module, TARGET)
    ConvertNnToCoreOp().apply(context(), module)
    function = find_function(module)
    (product,) = (op for op in function.walk() if isinstance(op, core_op.VmmOp))
    weight, bias = trained.constant_of(product.weight), trained.constant_of(product.operands[2])
    assert weight is not None and bias is not None
    incoming, outgoing = core_op.CodeType(6, step), core_op.CodeType(6, 1 / 63)
    quantized = quantize(weight.array, bias.array, incoming, outgoing, TARGET, product)
    assert not quantized.weight.any()
    sent = np.rint(quantized.bias * quantized.gain[:, np.newaxis])
    np.testing.assert_array_equal(sent, np.rint(np.asarray(bias.array, np.float32) * 63))


def test_a_network_with_movement_is_compiled_bit_for_bit() -> None:
    random = np.random.default_rng(0)

    def weights(*shape: int) -> npt.NDArray[np.float32]:
        return random.normal(0, np.sqrt(2 / prod(shape[1:])), shape).astype(np.float32)

    def integers(*values: int) -> npt.NDArray[np.int64]:
        return np.array(values, np.int64)

    constants: dict[str, npt.NDArray[np.generic]] = {
        "w1": weights(4, 2, 3, 3),
        "w2": weights(8, 4, 3, 3),
        "w3": weights(6, 8, 1, 1),
        "w4": weights(5, 6 * 6 * 5),
        "starts": integers(0, 7),
        "ends": integers(8, -100),
        "axes": integers(2, 3),
        "steps": integers(2, -2),
        "shortcut": integers(0, 2, 0, 0, 0, 2, 0, 0),
        "around": integers(0, 0, 1, 0, 0, 0, 1, 1),
        "half": np.array(0.5, np.float32),
        "shuffled": integers(3, 0, 7, 7, 1, 2, 6, 4),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Slice", ["r1", "starts", "ends", "axes", "steps"], ["s"]),
        helper.make_node("Pad", ["s", "shortcut"], ["p"]),
        helper.make_node("Add", ["c2", "p"], ["a"]),
        helper.make_node("Relu", ["a"], ["r2"]),
        helper.make_node("Gather", ["r2", "shuffled"], ["g"], axis=1),
        helper.make_node("GlobalAveragePool", ["r2"], ["mean"]),
        helper.make_node("Add", ["g", "mean"], ["b"]),
        helper.make_node("Conv", ["b", "w3"], ["c3"]),
        helper.make_node("Relu", ["c3"], ["r3"]),
        helper.make_node("Pad", ["r3", "around", "half"], ["q"]),
        helper.make_node("Flatten", ["q"], ["f"]),
        helper.make_node("Gemm", ["f", "w4"], ["y"], transB=1),
    ]
    model = make_model(nodes, {"x": ["N", 2, 8, 8]}, constants)
    samples = random.random((72, 2, 8, 8)).astype(np.float32)
    network = compile_model(
        model,
        calibration=samples[:48],
        test=samples[48:],
        output="values",
        tune=False,
        verify_all=True,
    )
    assert network.report.bit_exact
    golden = onnxruntime_outputs(model, {"x": samples[48:]})[0]
    assert sqnr(network.run(samples[48:])[0], golden) > 10
    assert "core_op.gather" in (network.folder / "ir" / "5-mapped.mlir").read_text("utf-8")
