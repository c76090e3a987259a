"""Small matrices that share a core compute what they computed apart."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, assert_same, context, results
from xdsl.dialects.builtin import ModuleOp

from corelower.dialects import core_op, nn
from corelower.dialects.support.target import Target
from corelower.passes.convert_nn_to_core_op import ConvertNnToCoreOp
from corelower.passes.core_op_expand import CoreOpExpand

CHIP = Target("chip", fan_in=24, fan_out=16, signal_bits=6, weights=(-127, 127), bias_rows=2)


def depthwise(channels: int, multiplier: int, bias: bool, seed: int = 0) -> ModuleOp:
    net = Network((channels, 5, 4), seed)
    weight = net.constant(channels * multiplier, 1, 2, 2)
    added = net.constant(channels * multiplier) if bias else None
    module = net.returning(net.op(nn.ConvOp(net.input, weight, added, groups=channels)))
    core_op.set_target(module, CHIP)
    ConvertNnToCoreOp().apply(context(), module)
    return module


def products(module: ModuleOp) -> list[core_op.VmmOp]:
    return [op for op in module.walk() if isinstance(op, core_op.VmmOp)]


@settings(max_examples=15, deadline=None)
@given(
    channels=st.integers(1, 13),
    multiplier=st.integers(1, 3),
    bias=st.booleans(),
    seed=st.integers(0, 99),
)
def test_packed_groups_compute_the_same(
    channels: int, multiplier: int, bias: bool, seed: int
) -> None:
    module = depthwise(channels, multiplier, bias, seed)
    samples = np.random.default_rng(seed).standard_normal((3, channels, 5, 4)).astype(np.float32)
    before = results(module, samples)
    CoreOpExpand().apply(context(), module)
    module.verify()
    assert_same(before, results(module, samples))
    (product,) = products(module)
    # Five groups of 4 inputs fit into 22 rows, and as many of 3 outputs into 16 columns.
    assert product.groups == -(-channels // 5)


def test_a_remark_counts_the_cores_that_packing_saves() -> None:
    ctx = context()
    module = depthwise(12, 1, bias=True)
    CoreOpExpand().apply(ctx, module)
    assert ctx.remarks == [
        "remark: 12 groups of 4 inputs packed 4 to a core: 3 instead of 12 cores"
    ]


def test_without_packing_each_group_keeps_its_core() -> None:
    module = depthwise(12, 1, bias=True)
    CoreOpExpand(pack=False).apply(context(), module)
    (product,) = products(module)
    assert product.groups == 12
