"""The pass `nn-decompose-pooling`: pooling as dot products and rectifiers, or a native maximum."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Literal

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, nn
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.errors import CorelowerError
from ..dialects.support.provenance import golden_name, provenance_of, set_golden
from ..dialects.support.window import Window
from .core_counts import counting_target, linear_cost
from .linear_maps import border_factors
from .maxima import grouped, max_tree, maximum, widest_tree
from .nn_building import max_pool
from .pass_base import CorelowerPass, lowered_functions, remark, run_patterns
from .wiring import (
    channels_first,
    channels_last,
    channels_last_order,
    fixed_product,
    is_nonnegative,
    reshape,
)

Matrix = np.typing.NDArray[np.float64]


@dataclass(frozen=True)
class NnDecomposePooling(CorelowerPass):
    """
    Turns pooling into dot products, exactly: a mean by weights, a maximum by a tree of ReLU.

    `max(a, b) = relu(a - b) + b`, and `b = relu(b) - relu(-b)` where it may be negative. Padding,
    which a maximum does not count, becomes elements that each window over it sees anyway.
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
            if self.max == "auto" and native >= 2:
                _say_what_the_unit_saves(ctx, function)
            run_patterns(function, [AveragePoolToProduct(), PadFromInside(), maximum], ctx)


def _say_what_the_unit_saves(ctx: Context, function: FuncOp) -> None:
    """A remark for each maximum: the cores that rectifiers would take in the unit's place."""
    for op in function.walk():
        if not isinstance(op, nn.MaxPoolOp):
            continue
        target, nonnegative = counting_target(op), is_nonnegative(op.input)
        size = min(op.window.size, widest_tree(target, nonnegative))
        positions = prod(shape_of(op.result))
        cores = 0
        for matrix in max_tree(size, nonnegative):
            rows, columns = matrix.shape
            cores += linear_cost(target, 1, rows, columns, positions).cores
        text = f"by the target's own maximum: no core instead of {cores} with rectifiers"
        remark(ctx, op, text)


class PadFromInside(RewritePattern):
    """
    What lies outside must not win over negative values: it becomes an element of the same window.

    That is the outermost one on the window's grid, which every window that reaches so far sees;
    without dilation it is the edge. Where no value is negative, zeros do the same and cost less.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.MaxPoolOp, rewriter: PatternRewriter) -> None:
        window = op.window
        if not window.has_padding or is_nonnegative(op.input):
            return
        value = op.input
        for axis, (before, after) in enumerate(window.pad_pairs()):
            if not before and not after:
                continue
            extent, grid = shape_of(op.input)[1 + axis], window.dilations[axis]
            places = range(-before, extent + after)
            indices = [_nearest_inside(place, extent, grid) for place in places]
            value = rewriter.insert(nn.GatherOp(value, 1 + axis, indices)).result
        pool = max_pool(replace(window, pads=(0,) * len(window.pads)), value)
        pool.attributes.update(provenance_of(op))
        rewriter.replace(op, pool)


class AveragePoolToProduct(RewritePattern):
    """A mean is a dot product with `1 / count`, the same at every position and channel."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.AveragePoolOp, rewriter: PatternRewriter) -> None:
        # A mean of values that are never negative is none either: its code needs no zero point.
        activation = Activation.RELU if is_nonnegative(op.input) else Activation.LINEAR
        rows = _pooled_rows(op, rewriter)
        mean = np.full((op.window.size, 1), 1 / op.window.size)
        if (factors := border_factors(op)) is not None:
            _replace_uneven_mean(op, rows, mean, factors, activation, rewriter)
            return
        _replace_pool(op, fixed_product(rewriter, rows, mean, activation), rewriter)


@dataclass(frozen=True)
class MaxPoolToNative(RewritePattern):
    """A maximum by the chip's own unit, in a tree where it has fewer inputs than the window."""

    inputs: int

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.MaxPoolOp, rewriter: PatternRewriter) -> None:
        value = _pooled_rows(op, rewriter)
        while (count := shape_of(value)[-1]) > 1:
            value = grouped(rewriter, value, self.inputs) if count > self.inputs else value
            value = rewriter.insert(core_op.MaxOp(value)).result
        _replace_pool(op, value.owner, rewriter)


class MaxPoolToRelu(RewritePattern):
    """
    A maximum as a tree of pairs: each level one dot product with ReLU, a last one that adds up.

    Where no value is negative every partial result is at most the maximum, so that all share the
    input's code and the tree is exact on codes too. So that it stays exact, a window that is wider
    than a core goes axis by axis, and then in parts.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.MaxPoolOp, rewriter: PatternRewriter) -> None:
        nonnegative = is_nonnegative(op.input)
        widest = widest_tree(counting_target(op), nonnegative)
        if op.window.size > widest and sum(extent > 1 for extent in op.window.kernel) > 1:
            _pool_first_axis(op, rewriter)
            return
        value = _pooled_rows(op, rewriter)
        while shape_of(value)[-1] > widest:
            parts = grouped(rewriter, value, widest)
            *places, _, groups, width = shape_of(parts)
            rows = reshape(rewriter, parts, (*places, groups, 1, width))
            value = maximum(rewriter, rows, nonnegative).result
            value = reshape(rewriter, value, (*places, 1, groups))
        _replace_pool(op, maximum(rewriter, value, nonnegative), rewriter)


def _pool_first_axis(op: nn.MaxPoolOp, rewriter: PatternRewriter) -> None:
    """The maximum along the window's first axis, and then of these along the others."""
    window = op.window
    axis = next(axis for axis, extent in enumerate(window.kernel) if extent > 1)
    others = [other for other in range(window.rank) if other != axis]
    first = rewriter.insert(max_pool(_along(window, [axis]), op.input))
    rest = max_pool(_along(window, others), first.result)
    rest.attributes.update(provenance_of(op))
    rewriter.replace(op, rest)


def _along(window: Window, axes: Sequence[int]) -> Window:
    """The window along these axes, and a single element along the others."""

    def kept(values: Sequence[int], otherwise: int) -> tuple[int, ...]:
        places = enumerate(values)
        return tuple(v if place % window.rank in axes else otherwise for place, v in places)

    return Window(
        kept(window.kernel, 1),
        kept(window.strides, 1),
        kept(window.pads, 0),
        kept(window.dilations, 1),
    )


def _nearest_inside(place: int, extent: int, grid: int) -> int:
    """The element nearest to a place, inside or outside, in steps of `grid`."""
    last = extent - 1
    nearest = place % grid if place < 0 else last - (last - place) % grid if place > last else place
    # A grid wider than the input has places that no window sees; there, any element will do.
    return min(max(nearest, 0), last)


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
    op: nn.AveragePoolOp,
    rows: SSAValue,
    mean: Matrix,
    factors: Matrix,
    activation: Activation,
    rewriter: PatternRewriter,
) -> None:
    """
    Windows over the border have fewer elements: a mean for each number of elements, then a choice.

    What lies outside is zero, so that only the factor differs. One core has them all; weights of
    its own for each place would take as many cores as there are places.
    """
    channels, *spatial = shape_of(op.result)
    kinds, choice = np.unique(factors.reshape(-1), return_inverse=True)
    means = fixed_product(rewriter, rows, mean * kinds, activation).result
    means = reshape(rewriter, means, (len(choice), channels, len(kinds)))
    means = rewriter.insert(core_op.PermuteOp(means, [1, 0, 2])).result
    means = reshape(rewriter, means, (channels, len(choice) * len(kinds)))
    chosen = [place * len(kinds) + int(kind) for place, kind in enumerate(choice)]
    gather = rewriter.insert(nn.GatherOp(means, 1, chosen))
    set_golden(gather, golden_name(op))
    rewriter.replace(op, [], [reshape(rewriter, gather.result, (channels, *spatial))])
