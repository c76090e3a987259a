"""Networks trained with few bits keep their codes: real core_op is the network, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, context, results
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from corelower.dialects import core_op, nn
from corelower.passes.convert_nn_to_core_op import ConvertNnToCoreOp
from corelower.passes.core_op_normalize_thresholds import CoreOpNormalizeThresholds
from corelower.passes.nn_fold_batch_norm import NnFoldBatchNormPass
from corelower.passes.nn_hoist_quantize import NnHoistQuantizePass
from corelower.targets.registry import find_target


def quantize(net: Network, value: SSAValue, bits: int, signed: bool, narrow: bool) -> SSAValue:
    step = net.tensor(np.array(0.25, np.float32))
    zero = net.tensor(np.array(0.0, np.float32))
    return net.op(nn.QuantizeOp(value, step, zero, bits, signed=signed, narrow=narrow))


def ternary(net: Network, *shape: int) -> SSAValue:
    return net.tensor(net.random.integers(-1, 2, shape).astype(np.float32) * np.float32(0.37))


def norm(net: Network, value: SSAValue) -> SSAValue:
    """A batch norm whose results are of the size of a few steps."""
    count = nn.shape_of(value)[0]
    scale, bias, mean = (net.constant(count) for _ in range(3))
    variance = net.constant(count, positive=True)
    return net.op(nn.BatchNormOp(value, scale, bias, mean, variance))


def lowered(module: ModuleOp) -> ModuleOp:
    ctx = context()
    core_op.set_target(module, find_target("prime"))
    NnHoistQuantizePass().apply(ctx, module)
    NnFoldBatchNormPass().apply(ctx, module)
    ConvertNnToCoreOp().apply(ctx, module)
    module.verify()
    CoreOpNormalizeThresholds().apply(ctx, module)
    module.verify()
    return module


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_a_quantized_network_keeps_its_codes(kind: str, signed: bool, narrow: bool) -> None:
    @settings(max_examples=4, deadline=None, derandomize=True)
    @given(bits=st.integers(2, 4), rectified=st.booleans(), seed=st.integers(0, 999))
    def check(bits: int, rectified: bool, seed: int) -> None:
        net = Network((5,) if kind == "dense" else (2, 4, 4), seed)
        value = quantize(net, net.input, bits, signed=True, narrow=False)
        for outputs in (4, 3):
            channels = nn.shape_of(value)[0]
            if kind == "dense":
                value = net.op(nn.DenseOp(value, ternary(net, channels, outputs)))
            else:
                value = net.op(nn.ConvOp(value, ternary(net, outputs, channels, 2, 2)))
            value = norm(net, value)
            if rectified:
                value = net.op(nn.ReluOp(value))
            value = quantize(net, value, bits, signed, narrow)
        module = net.returning(value)
        samples = net.samples(64)
        expected = results(module, samples)
        found = results(lowered(module), samples)
        for one, other in zip(expected, found, strict=True):
            # A sum within rounding of a threshold may fall on either side of it.
            assert np.mean(np.asarray(one) != np.asarray(other)) < 0.01

    check()


def test_results_of_quantizers_have_their_bits() -> None:
    net = Network((4,), 0)
    value = quantize(net, net.input, 4, signed=True, narrow=False)
    value = net.op(nn.DenseOp(value, ternary(net, 4, 3)))
    module = lowered(net.returning(quantize(net, value, 2, signed=False, narrow=False)))
    codes = [core_op.code_of(op.results[0]) for op in module.walk() if op.results]
    assert {code.bits.data for code in codes if code is not None} == {4, 2}
