"""The pass `core-op-equalize`: channels that share a code, or a core's gain, made alike."""

from dataclasses import dataclass, field
from math import prod

import numpy as np
import numpy.typing as npt
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.rewriter import InsertPoint, Rewriter

from ..dialects import core_op, trained
from ..dialects.nn import shape_of
from ..dialects.support.functions import GOLDEN_FUNCTION, golden_function
from ..dialects.support.golden_scale import golden_scale, set_golden_scale
from ..dialects.support.provenance import golden_name, golden_order
from .calibration_base import CalibrationPass
from .channel_scales import FIXED_SCALE, ChannelScales, channel_scales
from .moves import Integers
from .pass_base import lowered_functions, remark
from .wiring import constant

FloatArray = npt.NDArray[np.float64]

LARGEST_FACTOR = 64.0
"""Between a channel's factor and the middle one of its product: more is noise's doing."""


@dataclass(frozen=True)
class CoreOpEqualize(CalibrationPass):
    """
    Scales layers so that those which share a code have ranges alike; exact on real signals.

    Run it before codes are chosen. A rectifier and a maximum keep a positive factor, so a layer's
    goes into the weights before it, and its inverse into those behind it. A layer of small numbers
    would use few numbers of a code that it shares, as with a residual connection. With `strength`
    the channels of a layer become alike too.
    """

    name = "core-op-equalize"

    strength: float = field(
        default=0.0, metadata={"help": "0: whole layers; 1: each of their channels too"}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength must be between 0 and 1, not {self.strength:g}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        for function in lowered_functions(op):
            scales = channel_scales(function)
            if any((array != FIXED_SCALE).any() for array in scales.outputs.values()):
                factors = self._equalize(ctx, function, scales, target.number_bits)
                if GOLDEN_FUNCTION in function.attributes:
                    golden = golden_function(op, function)
                    _note_golden_scales(function, golden, scales, factors)

    def _equalize(
        self, ctx: Context, function: FuncOp, scales: ChannelScales, bits: int
    ) -> FloatArray:
        from ..targets.jax.ranges import magnitudes

        products = list(scales.outputs)
        results = [product.result for product in products]
        found = magnitudes(function, results, self.load(ctx, function), bits)
        channel, layer, width = (_Means(scales.count) for _ in range(3))
        for product, magnitude in zip(products, found, strict=True):
            channels, square = scales.outputs[product], np.square(magnitude.channels)
            channel.add(channels, magnitude.channels)
            layer.add(channels, np.full(square.shape, np.sqrt(square.mean())))
            width.add(channels, np.full(square.shape, magnitude.width))
        apart = channel.root_mean_square() / layer.root_mean_square()
        apart[channel.squares == 0] = 1.0
        factors = np.power(apart, -self.strength) / width.root_mean_square()
        factors[: FIXED_SCALE + 1] = 1.0
        for product in products:
            channels = scales.outputs[product]
            middle = np.median(factors[channels])
            limits = middle / LARGEST_FACTOR, middle * LARGEST_FACTOR
            free = channels[channels > FIXED_SCALE]
            factors[free] = np.clip(factors[free], *limits)
        for product in products:
            _scale(product, factors[scales.inputs[product]], factors[scales.outputs[product]])
        widths = [magnitude.width for magnitude in found if magnitude.width > 0]
        remark(
            ctx,
            function,
            f"{len(products)} layers equalized, whose ranges were up to "
            f"{max(widths, default=1) / min(widths, default=1):.3g} apart",
        )
        return factors


class _Means:
    """Mean squares by channel."""

    def __init__(self, count: int):
        self.squares, self.counts = np.zeros(count), np.zeros(count)

    def add(self, channels: Integers, magnitudes: FloatArray) -> None:
        np.add.at(self.squares, channels, np.square(magnitudes))
        np.add.at(self.counts, channels, 1)

    def root_mean_square(self) -> FloatArray:
        """1 where nothing ever was."""
        means = self.squares / np.maximum(self.counts, 1)
        return np.sqrt(np.where(means > 0, means, 1.0))


def _scale(op: core_op.VmmOp, incoming: FloatArray, outgoing: FloatArray) -> None:
    """Let `op` take inputs scaled by `incoming` (G x M) and give outputs scaled by `outgoing`."""
    builder = Builder(InsertPoint.before(op))
    factor = outgoing[:, None, :] / incoming[:, :, None]
    replaced = [(1, factor), (2, outgoing)] if op.bias is not None else [(1, factor)]
    for index, by in replaced:
        data = trained.constant_of(op.operands[index])
        assert data is not None
        old = op.operands[index].owner
        op.operands[index] = constant(
            builder, np.multiply(np.asarray(data.array, np.float32), by).astype(np.float32)
        )
        if isinstance(old, trained.TensorOp) and not old.result.uses.get_length():
            Rewriter.erase_op(old)


def _note_golden_scales(
    function: FuncOp, golden: FuncOp, scales: ChannelScales, factors: FloatArray
) -> None:
    """What stands for a golden value is that times its channels' factors now."""
    operations = [op for op in golden.body.block.ops if op.results]
    shapes = {golden_name(op): shape_of(op.results[0]) for op in operations}
    for op in function.body.block.ops:
        name = golden_name(op)
        if name is None or name not in shapes or op.results[0] not in scales.values:
            continue
        scale = factors[scales.values[op.results[0]]]
        if (scale == 1).all():
            continue
        shape, order = shapes[name], golden_order(op)
        if scale.size != prod(shape):
            # Nor can it be compared.
            continue
        if order is not None:
            scale = scale.reshape([shape[axis] for axis in order]).transpose(np.argsort(order))
        scale = scale.reshape(shape)
        for axis in range(scale.ndim):
            first = scale.take([0], axis)
            if (scale == first).all():
                scale = first
        before = golden_scale(op)
        set_golden_scale(op, (scale if before is None else scale * before).astype(np.float32))
