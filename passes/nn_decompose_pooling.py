"""The pass `nn-decompose-pooling`: pooling as dot products and rectifiers, or a native maximum."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, nn
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.provenance import golden_name, set_golden
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .wiring import (
    AUXILIARY,
    channels_first,
    channels_last,
    channels_last_order,
    constant,
    fixed_product,
    is_nonnegative,
    reshape,
)

Matrix = np.typing.NDArray[np.float64]


@dataclass(frozen=True)
class NnDecomposePooling(CorelowerPass):
    """
    Turns pooling into dot products, exactly: a mean by weights, a maximum by a tree of ReLU.

    `max(a, b) = relu(a - b) + b`, and `b = relu(b) - relu(-b)` where it may be negative.
    """

    name = "nn-decompose-pooling"

    max: Literal["auto", "relu", "native"] = field(
        default="auto",
        metadata={"help": "maximum from ReLU, by the target's own unit, or that where it has one"},
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = core_op.target_of(op)
        native = target.max_inputs if target is not None else 0
        if self.max == "native" and native < 2:
            raise CorelowerError(
                f"{self.name}: max=native, but the target has no maximum of its own; use max=relu"
            )
        inputs = 0 if self.max == "relu" else native
        maximum = MaxPoolToNative(inputs) if inputs >= 2 else MaxPoolToRelu()
        for function in lowered_functions(op):
            run_patterns(function, [AveragePoolToProduct(), maximum], ctx)


class AveragePoolToProduct(RewritePattern):
    """A mean is a dot product with `1 / count`, the same at every position and channel."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.AveragePoolOp, rewriter: PatternRewriter) -> None:
        # A mean of values that are never negative is none either: its code needs no zero point.
        activation = Activation.RELU if is_nonnegative(op.input) else Activation.LINEAR
        rows = _pooled_rows(op, rewriter)
        window = op.window
        if window.has_padding and not op.count_pad.value.data:
            _replace_uneven_mean(op, rows, activation, rewriter)
            return
        mean = np.full((window.size, 1), 1 / window.size)
        _replace_pool(op, fixed_product(rewriter, rows, mean, activation), rewriter)


@dataclass(frozen=True)
class MaxPoolToNative(RewritePattern):
    """A maximum by the chip's own unit, in a tree where it has fewer inputs than the window."""

    inputs: int

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.MaxPoolOp, rewriter: PatternRewriter) -> None:
        _require_padding_harmless(op)
        value = _pooled_rows(op, rewriter)
        while (count := shape_of(value)[-1]) > 1:
            value = rewriter.insert(core_op.MaxOp(self._grouped(value, count, rewriter))).result
        _replace_pool(op, value.owner, rewriter)

    def _grouped(self, value: SSAValue, count: int, rewriter: PatternRewriter) -> SSAValue:
        """The last axis in groups of at most `inputs`; groups may overlap, a maximum permits it."""
        if count <= self.inputs:
            return value
        groups = -(-count // self.inputs)
        last = count - self.inputs
        starts = [round(group * last / (groups - 1)) for group in range(groups)]
        *leading, _ = shape_of(value)
        zeros = [0] * len(leading)
        sizes = [*leading, self.inputs]
        parts = [
            rewriter.insert(core_op.SliceOp(value, [*zeros, start], sizes)).result
            for start in starts
        ]
        joined = rewriter.insert(core_op.ConcatOp(parts, len(leading))).result
        return reshape(rewriter, joined, (*leading, groups, self.inputs))


class MaxPoolToRelu(RewritePattern):
    """
    A maximum as a tree of pairs: each level one dot product with ReLU, a last one that adds up.

    Where no value is negative every partial result is at most the maximum, so that all share the
    input's code and the tree is exact on codes too.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.MaxPoolOp, rewriter: PatternRewriter) -> None:
        _require_padding_harmless(op)
        nonnegative = is_nonnegative(op.input)
        value = _pooled_rows(op, rewriter)
        matrices = max_tree(op.window.size, nonnegative)
        for level, matrix in enumerate(matrices):
            last = level == len(matrices) - 1
            activation = Activation.LINEAR if last and not nonnegative else Activation.RELU
            product = fixed_product(rewriter, value, matrix, activation, same_code=nonnegative)
            value = product.result
        _replace_pool(op, value.owner, rewriter)


def max_tree(count: int, nonnegative: bool) -> list[Matrix]:
    """
    Matrices `M_1 .. M_k` with `max(x) = relu(.. relu(x M_1) ..) M_k` for x of `count` numbers.

    With `nonnegative`, x has none below zero, and the last product may pass through ReLU too.
    Source: max(a, b) = relu(a - b) + relu(b) - relu(-b).
    """
    # `values` reads the numbers still in the race from the units of the level before.
    values: Matrix = np.eye(count)
    matrices: list[Matrix] = []
    while (left := values.shape[1]) > 1:
        columns: list[Matrix] = []
        readers: list[list[tuple[int, float]]] = []
        for first in range(0, left, 2):
            reader: list[tuple[int, float]] = []
            kept = values[:, first]
            if first + 1 < left:
                kept = values[:, first + 1]
                reader.append((len(columns), 1.0))
                columns.append(values[:, first] - kept)
            reader.append((len(columns), 1.0))
            columns.append(kept)
            if not nonnegative:
                reader.append((len(columns), -1.0))
                columns.append(0.0 - kept)
            readers.append(reader)
        matrices.append(np.stack(columns, axis=1))
        values = np.zeros((len(columns), len(readers)))
        for number, reader in enumerate(readers):
            for unit, factor in reader:
                values[unit, number] = factor
    return [*matrices, values]


def _pooled_rows(op: nn.PoolOperation, rewriter: PatternRewriter) -> SSAValue:
    """C x S.. to P.. x C x 1 x window: each channel at each place is a position."""
    image = channels_last(rewriter, op.input)
    *spatial, channels = shape_of(image)
    image = reshape(rewriter, image, (*spatial, channels, 1))
    windows = rewriter.insert(core_op.WindowOp(image, op.window)).result
    *positions, size = shape_of(windows)
    return reshape(rewriter, windows, (*positions, 1, size))


def _replace_pool(op: nn.PoolOperation, product: object, rewriter: PatternRewriter) -> None:
    """Let the result of `product`, P.. x C x 1 (x 1), stand for the pooling's."""
    assert isinstance(product, core_op.CoreOperation)
    channels, *spatial = shape_of(op.result)
    set_golden(product, golden_name(op), channels_last_order(len(spatial) + 1))
    value = reshape(rewriter, product.result, (*spatial, channels))
    rewriter.replace(op, [], [channels_first(rewriter, value)])


def _replace_uneven_mean(
    op: nn.AveragePoolOp, rows: SSAValue, activation: Activation, rewriter: PatternRewriter
) -> None:
    """Windows over the border have fewer elements: each place is a group with its own weights."""
    channels, *spatial = shape_of(op.result)
    counts = _inside(op)
    places = len(counts)
    rows = reshape(rewriter, rows, (places, channels, op.window.size))
    rows = rewriter.insert(core_op.PermuteOp(rows, [1, 0, 2])).result
    matrix = np.where(counts, 1 / counts.sum(axis=1, keepdims=True), 0.0)[..., None]
    product = core_op.VmmOp(activation, rows, constant(rewriter, matrix))
    product.attributes[AUXILIARY] = UnitAttr()
    rewriter.insert(product)
    order: Sequence[int] = range(len(spatial) + 1)
    set_golden(product, golden_name(op), tuple(order))
    rewriter.replace(op, [], [reshape(rewriter, product.result, (channels, *spatial))])


def _inside(op: nn.AveragePoolOp) -> np.typing.NDArray[np.bool_]:
    """places x window: which elements of each window lie inside the input."""
    window = op.window
    masks = np.ones((1, 1), bool)
    for axis, extent in enumerate(shape_of(op.input)[1:]):
        positions = shape_of(op.result)[1 + axis]
        begin = np.arange(positions)[:, None] * window.strides[axis] - window.pads[axis]
        index = begin + np.arange(window.kernel[axis]) * window.dilations[axis]
        along = (index >= 0) & (index < extent)
        masks = np.einsum("pk,ql->pqkl", masks, along).reshape(
            len(masks) * positions, masks.shape[1] * window.kernel[axis]
        )
    return masks


def _require_padding_harmless(op: nn.MaxPoolOp) -> None:
    if op.window.has_padding and not is_nonnegative(op.input):
        raise OperationError(
            op,
            "padded, over values that may be negative: what lies outside would count as zero; "
            "put a rectifier before it, or pool without padding",
        )
