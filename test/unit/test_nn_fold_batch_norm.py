"""`nn-fold-batch-norm` and `nn-keep-golden` on whole networks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from nn_networks import Network, assert_same, context, names, results
from xdsl.ir import SSAValue

from corelower.dialects import nn
from corelower.dialects.trained import TensorOp
from corelower.passes.nn_fold_batch_norm import NnFoldBatchNormPass
from corelower.passes.nn_keep_golden import NnKeepGoldenPass
from corelower.passes.pass_base import lowered_functions
from corelower.targets.jax.evaluator import find_function


def normalized(net: Network, value: SSAValue) -> SSAValue:
    channels = nn.shape_of(value)[0]
    scale, bias, mean = (net.constant(channels) for _ in range(3))
    variance = net.constant(channels, positive=True)
    return net.op(nn.BatchNormOp(value, scale, bias, mean, variance))


def layer(net: Network, value: SSAValue, kind: str) -> SSAValue:
    """A layer that keeps the shape of an image of three channels; `shared` adds its own input."""
    match kind:
        case "norm":
            return normalized(net, value)
        case "conv":
            weight, bias = net.constant(3, 3, 3, 3), net.constant(3)
            return net.op(nn.ConvOp(value, weight, bias, pads=[1] * 4))
        case "pointwise":
            return net.op(nn.ConvOp(value, net.constant(3, 3, 1, 1)))
        case "depthwise":
            return net.op(nn.ConvOp(value, net.constant(3, 1, 1, 1), groups=3))
        case "pool":
            return net.op(nn.AveragePoolOp(value, [3, 3], pads=[1] * 4))
        case "shared":
            return net.op(nn.AddOp(value, layer(net, value, "pointwise")))
        case _:
            return net.op(nn.ReluOp(value))


KINDS = ["norm", "norm", "conv", "pointwise", "depthwise", "pool", "shared", "relu"]


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(KINDS), min_size=2, max_size=6), st.booleans())
def test_no_batch_norm_is_left_and_the_meaning_stays(kinds: list[str], ends_dense: bool) -> None:
    net = Network((3, 4, 4))
    value = normalized(net, net.input)
    for kind in kinds:
        value = layer(net, value, kind)
    if ends_dense:
        flat = net.op(nn.ReshapeOp(value, [48]))
        value = normalized(net, net.op(nn.DenseOp(flat, net.constant(48, 5))))
    module = net.returning(value)
    samples = net.samples()
    NnKeepGoldenPass().apply(context(), module)
    NnFoldBatchNormPass().apply(context(), module)
    module.verify()
    assert "nn.batch_norm" not in names(module)
    golden = results(module, samples, "main_golden")
    assert_same(golden, results(module, samples), tolerance=3e-5)


def test_weights_are_rounded_once() -> None:
    net = Network((1, 1))
    third = np.float32(1) / np.float32(3)
    conv = net.op(nn.ConvOp(net.input, net.tensor([[[third]]])))
    one, zero = net.tensor([1.0]), net.tensor([0.0])
    norm = nn.BatchNormOp(conv, one, zero, zero, net.tensor([3.0]), epsilon=0.0)
    module = net.returning(net.op(norm))
    NnFoldBatchNormPass().apply(context(), module)
    (weight, _) = (op for op in module.walk() if isinstance(op, TensorOp))
    assert weight.data.array.item() == np.float32(np.float64(third) / np.sqrt(3.0))


def test_a_golden_function_shares_the_trained_tensors() -> None:
    net = Network((2, 3))
    module = net.returning(normalized(net, net.input))
    NnKeepGoldenPass().apply(context(), module)
    main, golden = (
        [op.data for op in find_function(module, name).walk() if isinstance(op, TensorOp)]
        for name in ("main", "main_golden")
    )
    assert len(main) == 4
    assert all(one is other for one, other in zip(main, golden, strict=True))


def test_passes_leave_a_golden_function_alone() -> None:
    net = Network((2, 3))
    module = net.returning(normalized(net, net.input))
    NnKeepGoldenPass().apply(context(), module)
    NnKeepGoldenPass().apply(context(), module)
    assert [function.sym_name.data for function in lowered_functions(module)] == ["main"]
    assert len(list(module.ops)) == 2
