"""On drawn networks every structural pass keeps what is computed, and what it makes fits a core."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nn_networks import Network, assert_same, results
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from corelower.dialects import core_op, nn
from corelower.dialects.nn import shape_of
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.provenance import golden_order, set_golden
from corelower.dialects.support.samples import Preprocessing, Samples
from corelower.dialects.support.target import FieldValue, Target
from corelower.dialects.support.window import Window
from corelower.passes.pipelines import PIPELINES
from corelower.passes.verify_target import verify_target
from corelower.targets.jax.evaluator import Evaluator, find_function
from corelower.tools.ir_files import make_context
from corelower.tools.pipeline_spec import build_passes
from corelower.tools.universe import full_universe

SHORT = settings(max_examples=10, deadline=None, derandomize=True)

TINY = Target("tiny", fan_in=16, fan_out=8, signal_bits=6, weights=(-127, 127), bias_rows=2)

CALIBRATE = "core-op-calibrate{method=extremes border-units=1},core-op-reencode"
CODED = f"{CALIBRATE},core-op-expand,canonicalize,{CALIBRATE},canonicalize,core-op-quantize-weights"


def run(module: ModuleOp, pipeline: str, samples: npt.NDArray[np.float32] | None = None) -> None:
    """Run passes, and verify after each; calibration takes the samples."""
    ctx: CorelowerContext = make_context()
    if samples is not None:
        ctx.calibration = Samples(samples, Preprocessing())
    for one in build_passes(pipeline, full_universe().all_passes, PIPELINES):
        one.apply(ctx, module)
        module.verify()


def products(module: ModuleOp) -> list[core_op.VmmOp]:
    """The dot products of the lowered function."""
    return [op for op in find_function(module).walk() if isinstance(op, core_op.VmmOp)]


class DrawnNetwork(Network):
    """A network whose layers Hypothesis draws, each kind as often as it applies."""

    def __init__(self, draw: st.DrawFn):
        self.draw = draw
        rank = draw(st.sampled_from([1, 2, 2, 2]))
        channels = draw(st.sampled_from([1, 2, 3, 4]))
        super().__init__((channels, *self._numbers(rank, 4, 8)), draw(st.integers(0, 999)))
        self.value = self.input

    def image_layer(self) -> None:
        """One layer over an image."""
        kinds = [self._conv, self._conv, self._relu, self._pool, self._norm, self._residual]
        self.draw(st.sampled_from(kinds))()

    def dense(self) -> None:
        """A dense layer over all values."""
        count = prod(shape_of(self.value))
        if len(shape_of(self.value)) > 1:
            self.value = self.op(nn.ReshapeOp(self.value, [count]))
        outputs = self.draw(st.integers(1, 20))
        bias = self.constant(outputs) if self.draw(st.booleans()) else None
        weight = self.tensor(self.random.standard_normal((count, outputs)) / np.sqrt(count))
        self.value = self.op(nn.DenseOp(self.value, weight, bias))

    def _relu(self) -> None:
        self.value = self.op(nn.ReluOp(self.value))

    def _conv(self) -> None:
        channels, *extents = shape_of(self.value)
        groups = self.draw(st.sampled_from([g for g in range(1, channels + 1) if not channels % g]))
        outputs = groups * self.draw(st.integers(1, max(1, 10 // groups)))
        window = self._window(extents, padded=True, dilated=True)
        shape = (outputs, channels // groups, *window.kernel)
        weight = self.random.standard_normal(shape) / np.sqrt(prod(shape[1:]))
        if self.draw(st.integers(0, 4)) == 0:
            # Groups that are all alike are lowered in a way of their own.
            weight = np.tile(weight[: outputs // groups], (groups, *[1] * (len(shape) - 1)))
        self.value = self.op(
            nn.ConvOp(
                self.value,
                self.tensor(weight),
                self.constant(outputs) if self.draw(st.booleans()) else None,
                strides=window.strides,
                pads=window.pads,
                dilations=window.dilations,
                groups=groups,
            )
        )
        if self.draw(st.booleans()):
            self._relu()

    def _pool(self) -> None:
        extents = shape_of(self.value)[1:]
        if self.draw(st.booleans()):
            window = self._window(extents, padded=True, dilated=True)
            pads = window.pads if window.has_padding else None
            self.value = self.op(
                nn.MaxPoolOp(
                    self.value,
                    window.kernel,
                    strides=window.strides,
                    pads=pads,
                    dilations=window.dilations,
                )
            )
            return
        window = self._window(extents, padded=True, dilated=True)
        self.value = self.op(
            nn.AveragePoolOp(
                self.value,
                window.kernel,
                strides=window.strides,
                pads=window.pads if window.has_padding else None,
                dilations=window.dilations,
                count_pad=self.draw(st.booleans()),
            )
        )

    def _norm(self) -> None:
        channels = shape_of(self.value)[0]
        parameters = [self.constant(channels, positive=index in (0, 3)) for index in range(4)]
        self.value = self.op(nn.BatchNormOp(self.value, *parameters))

    def _residual(self) -> None:
        """The value plus what convolutions make of it, or plus itself."""
        source, channels = self.value, shape_of(self.value)[0]
        rank = len(shape_of(source)) - 1
        branches: list[SSAValue] = []
        for _ in range(2):
            if not self.draw(st.booleans()):
                branches.append(source)
                continue
            weight = self.random.standard_normal((channels, channels, *[3] * rank))
            weight /= np.sqrt(channels * 3**rank)
            bias = self.constant(channels) if self.draw(st.booleans()) else None
            conv = nn.ConvOp(source, self.tensor(weight), bias, pads=[1] * (2 * rank))
            branches.append(self.op(conv))
        self.value = self.op(nn.AddOp(*branches))
        if self.draw(st.booleans()):
            self._relu()

    def _window(self, extents: Sequence[int], *, padded: bool, dilated: bool) -> Window:
        rank = len(extents)
        kernel = [self.draw(st.integers(1, min(3, extent))) for extent in extents]
        dilations = [
            self.draw(st.integers(1, 2)) if dilated and 2 * (k - 1) < extent else 1
            for k, extent in zip(kernel, extents, strict=True)
        ]
        # Less than the kernel: every window sees some of the input.
        sides = [*kernel, *kernel]
        pads = [self.draw(st.integers(0, k - 1)) if padded else 0 for k in sides]
        window = Window.of(kernel, self._numbers(rank, 1, 2), pads, dilations)
        return (
            window if window.always_sees_input(extents) else replace(window, pads=(0,) * 2 * rank)
        )

    def _numbers(self, count: int, least: int, most: int) -> list[int]:
        return [self.draw(st.integers(least, most)) for _ in range(count)]


@st.composite
def networks(draw: st.DrawFn) -> DrawnNetwork:
    """An unfinished network of some layers."""
    net = DrawnNetwork(draw)
    for _ in range(draw(st.integers(1, 4))):
        net.image_layer()
    for index in range(draw(st.integers(0, 2))):
        if index:
            net.value = net.op(nn.ReluOp(net.value))
        net.dense()
    assume(prod(shape_of(net.value)) <= 2000)
    return net


@st.composite
def targets(draw: st.DrawFn) -> Target:
    """A core so small that everything must be split."""
    bias = draw(st.sampled_from([{"bias_rows": 1}, {"bias_rows": 2}, {"bias_bits": 24}]))
    changes: dict[str, FieldValue] = {
        **bias,
        "fan_in": draw(st.sampled_from([5, 16])),
        "fan_out": draw(st.sampled_from([3, 8])),
        "gain": draw(st.sampled_from(["core", "neuron"])),
        "max_inputs": draw(st.sampled_from([0, 2, 4])),
    }
    return replace(TINY, bias_rows=0).with_fields(changes)


@SHORT
@given(networks(), targets(), st.booleans())
def test_real_passes_keep_the_meaning_and_tiles_fit(
    net: DrawnNetwork, target: Target, pack: bool
) -> None:
    module = net.returning(net.value)
    samples = net.samples(2)
    before = results(module, samples)
    core_op.set_target(module, target)
    run(module, "nn-to-core-op")
    assert_same(before, results(module, samples), 1e-4)
    layers = len(products(module))
    run(module, f"core-op-expand{{pack={str(pack).lower()}}},canonicalize")
    assert_same(before, results(module, samples), 1e-4)
    for op in products(module):
        assert op.fan_in <= target.inputs
        assert op.outputs <= target.fan_out
    # Tiles are a dimension: a layer becomes a few operations, whatever its size.
    assert len(products(module)) <= 6 * layers


@SHORT
@given(networks(), targets())
def test_the_coded_chain_obeys_the_target(net: DrawnNetwork, target: Target) -> None:
    module = net.returning(net.value)
    samples = net.samples(16)
    golden = results(module, samples)
    core_op.set_target(module, target)
    run(module, f"nn-to-core-op,{CODED}", samples)
    run(module, "core-op-split-weights,core-op-split-units,core-op-pack,canonicalize")
    verify_target(module)
    assert all(op.is_quantized for op in products(module))
    for expected, actual in zip(golden, results(module, samples), strict=True):
        assert expected.shape == actual.shape
        # Six bits over several stages are coarse; what is mixed up is twice as far away.
        error = float(np.square(expected - actual).mean())
        assert error <= 0.5 * float(np.square(expected).mean()) + 1e-3


@pytest.mark.parametrize("bias", [{"bias_rows": 1}, {"bias_rows": 2}, {"bias_bits": 16}])
@pytest.mark.parametrize(
    "window",
    [
        Window.of([2, 2], [2, 2]),
        Window.of([3, 3], [2, 2], [1, 1, 1, 1]),
        Window.of([2, 3], [1, 2], [0, 1, 1, 0], [2, 1]),
    ],
    ids=str,
)
def test_a_maximum_built_from_relu_is_exact_on_codes(
    window: Window, bias: dict[str, FieldValue]
) -> None:
    net = Network((3, 6, 7))
    relu = nn.ReluOp(net.input)
    pool = nn.MaxPoolOp(
        net.op(relu),
        window.kernel,
        strides=window.strides,
        pads=window.pads if window.has_padding else None,
        dilations=window.dilations,
    )
    set_golden(relu, "relu")
    set_golden(pool, "pool")
    module = net.returning(net.op(pool))
    core_op.set_target(module, replace(TINY, bias_rows=0).with_fields(bias))
    samples = net.samples(4)
    run(
        module,
        f"nn-decompose-pooling{{max=relu}},convert-nn-to-core-op,canonicalize,{CODED}",
        samples,
    )
    verify_target(module)
    evaluator = Evaluator(find_function(module))
    before, after = (_golden_codes(evaluator, name, samples) for name in ("relu", "pool"))
    # Code 0 stands for zero, and is what a window sees beyond the border.
    padded = np.pad(before.reshape(4, 3, 6, 7), [(0, 0), (0, 0), *window.pad_pairs()])
    reach = [(k - 1) * d + 1 for k, d in zip(window.kernel, window.dilations, strict=True)]
    seen = np.lib.stride_tricks.sliding_window_view(padded, reach, (2, 3))
    rows, columns = window.strides
    seen = seen[:, :, ::rows, ::columns, :: window.dilations[0], :: window.dilations[1]]
    assert before.max() == 63
    np.testing.assert_array_equal(after.reshape(-1), seen.max(axis=(4, 5)).reshape(-1))


def _golden_codes(
    evaluator: Evaluator, name: str, samples: npt.NDArray[np.float32]
) -> npt.NDArray[np.generic]:
    """The codes that stand for a golden value, in its order."""
    op, value = evaluator.named_values()[name]
    (codes,) = evaluator.values([value], samples, codes=True)
    order = golden_order(op)
    if order is None:
        return codes
    places = [axis for axis in shape_of(value) if axis != 1]
    inverse = np.argsort(order)
    codes = codes.reshape(len(codes), *places)
    return codes.transpose(0, *(1 + axis for axis in inverse))
