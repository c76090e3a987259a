"""Equalised channels: the network computes the same, and its values are still comparable."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from nn_networks import Network, assert_same, results
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue

from corelower.dialects import core_op, nn
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.functions import find_function
from corelower.dialects.support.golden_scale import golden_scale
from corelower.dialects.support.provenance import set_golden
from corelower.dialects.support.samples import Samples
from corelower.passes.channel_scales import FIXED_SCALE, channel_scales
from corelower.passes.core_op_equalize import CoreOpEqualize
from corelower.passes.pipelines import PIPELINES
from corelower.passes.signal_ranges import set_limits
from corelower.targets.jax.compare import compare_functions
from corelower.targets.jax.ranges import magnitudes
from corelower.tools.ir_files import make_context
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

Floats = npt.NDArray[np.float32]


class Scaled(Network):
    """A network whose channels differ in magnitude by some powers of ten."""

    def __init__(self, channels: int = 3):
        super().__init__((channels, 6, 6), 7)
        self.count = 0

    def conv(self, value: SSAValue, outputs: int = 4, stride: int = 1) -> SSAValue:
        """A rectified convolution with padding; its value has a golden name."""
        channels = nn.shape_of(value)[0]
        size = 10 ** self.random.uniform(-1, 1, outputs)
        weight = self.random.standard_normal((outputs, channels, 3, 3)) * size[:, None, None, None]
        bias = self.tensor(0.3 * self.random.standard_normal(outputs) * size)
        conv = nn.ConvOp(value, self.tensor(weight), bias, strides=[stride] * 2, pads=[1] * 4)
        return self.named(nn.ReluOp(self.op(conv)))

    def named(self, op: nn.NnOperation) -> SSAValue:
        """The result of an operation that stands for a golden value."""
        set_golden(op, f"value{self.count}")
        self.count += 1
        return self.op(op)

    def ends(self, value: SSAValue) -> ModuleOp:
        """A dense layer behind it all."""
        count = int(np.prod(nn.shape_of(value)))
        flat = self.op(nn.ReshapeOp(value, [count]))
        return self.returning(self.named(nn.DenseOp(flat, self.constant(count, 3))))


def residual(net: Scaled) -> SSAValue:
    first = net.conv(net.input)
    second = net.conv(net.conv(first))
    return net.conv(net.named(nn.ReluOp(net.op(nn.AddOp(first, second)))))


def max_pool(net: Scaled) -> SSAValue:
    return net.conv(net.named(nn.MaxPoolOp(net.conv(net.input), [2, 2], strides=[2, 2])))


def average_pool(net: Scaled) -> SSAValue:
    pool = nn.AveragePoolOp(net.conv(net.input), [3, 3], strides=[2, 2], pads=[1] * 4)
    return net.conv(net.named(pool))


def concat(net: Scaled) -> SSAValue:
    first = net.conv(net.input, 2)
    return net.conv(net.named(nn.ConcatOp([net.conv(first, 3), first], 0)))


def shortcut_with_pad(net: Scaled) -> SSAValue:
    """As in a residual network that halves its images: channels of zeros beside a slice."""
    first = net.conv(net.input, 2)
    cut = net.named(nn.SliceOp(first, [0, 0, 0], [2, 3, 3], [1, 2, 2]))
    shortcut = net.op(nn.PadOp(cut, [1, 0, 0], [1, 0, 0]))
    second = net.conv(net.conv(first, 4, stride=2), 4)
    return net.conv(net.named(nn.ReluOp(net.op(nn.AddOp(shortcut, second)))))


def pad_with_a_number(net: Scaled) -> SSAValue:
    """A constant beside channels that are scaled is not scaled: it is no padding of zeros."""
    pad = nn.PadOp(net.conv(net.input), [0, 1, 1], [0, 1, 1], value=0.75)
    return net.conv(net.named(pad))


NETWORKS = [residual, max_pool, average_pool, concat, shortcut_with_pad, pad_with_a_number]


def lowered(module: ModuleOp, samples: Floats, max_pool: str = "auto") -> CorelowerContext:
    ctx = make_context()
    ctx.calibration = Samples(samples)
    passes = "nn-keep-golden,set-target{name=prime},nn-to-core-op"
    if max_pool == "relu":
        passes = passes.replace("prime}", "prime max-inputs=0}")
    for one in build_passes(passes, full_universe().all_passes, PIPELINES):
        one.apply(ctx, module)
    return ctx


def spread(module: ModuleOp, samples: Floats) -> float:
    """How far the magnitudes of what is free are apart."""
    function = find_function(module)
    outputs = channel_scales(function).outputs
    found = magnitudes(function, [product.result for product in outputs], Samples(samples), 6)
    free = [
        magnitude.channels[channels > FIXED_SCALE]
        for channels, magnitude in zip(outputs.values(), found, strict=True)
    ]
    seen = np.concatenate(free)
    seen = seen[seen > 0]
    return float(seen.max() / seen.min())


@pytest.mark.parametrize("build", NETWORKS)
def test_equalised_channels_compute_the_same(build: Callable[[Scaled], SSAValue]) -> None:
    net = Scaled()
    module = net.ends(build(net))
    samples = net.samples(8)
    ctx = lowered(module, samples, "relu" if build is max_pool else "auto")
    function = find_function(module)
    before = results(module, samples)
    CoreOpEqualize().apply(ctx, module)
    module.verify()
    assert_same(before, results(module, samples), 2e-5)
    assert "layers equalized, whose ranges were up to" in ctx.remarks[-1]
    # What stands for a golden value is that times a factor a channel, and is compared as such.
    named = [op for op in function.walk() if golden_scale(op) is not None]
    assert named
    compared = compare_functions(function, find_function(module, "main_golden"), samples)
    assert len(compared.values) > len(named)
    assert max(value.relative for value in compared.values if value.relative is not None) < 1e-4


def test_magnitudes_are_alike_then() -> None:
    net = Scaled()
    module = net.ends(net.conv(net.conv(net.input)))
    samples = net.samples(8)
    ctx = lowered(module, samples)
    apart = spread(module, samples)
    CoreOpEqualize(strength=1).apply(ctx, module)
    assert spread(module, samples) < min(3.0, 0.5 * apart)


def test_without_strength_layers_have_equal_ranges() -> None:
    net = Scaled()
    module = net.ends(net.conv(net.conv(net.conv(net.input))))
    samples = net.samples(8)
    CoreOpEqualize().apply(lowered(module, samples), module)
    outputs = channel_scales(find_function(module)).outputs
    free = [op.result for op, channels in outputs.items() if (channels > FIXED_SCALE).all()]
    found = magnitudes(find_function(module), free, Samples(samples), 6)
    np.testing.assert_allclose([one.width for one in found], 1.0, rtol=0.1)


def test_a_signal_with_limits_of_the_network_keeps_its_scale() -> None:
    """A quantizer's range, kept for the chip's own code, is in the numbers that it was."""
    net = Scaled()
    module = net.ends(net.conv(net.conv(net.input)))
    samples = net.samples(4)
    ctx = lowered(module, samples)
    first = next(op for op in module.walk() if isinstance(op, core_op.VmmOp))
    assert (channel_scales(find_function(module)).outputs[first] > FIXED_SCALE).all()
    set_limits(first, 0.0, 2.0)
    assert (channel_scales(find_function(module)).outputs[first] == FIXED_SCALE).all()
    CoreOpEqualize().apply(ctx, module)
    owner: Operation = first
    assert golden_scale(owner) is None
