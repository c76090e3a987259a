"""The pass `nn-decompose-reduction`: sums, extremes and norms as what cores have."""

from dataclasses import dataclass
from math import prod

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import nn
from ..dialects.nn import BinaryFunction, Reduction, UnaryFunction, shape_of
from ..dialects.support.provenance import provenance_of
from .nn_building import convolution, reshaped, transposed
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .reform_limits import stays_on_host
from .wiring import AUXILIARY, constant

LINEAR = (Reduction.SUM, Reduction.MEAN)
EXTREMES = (Reduction.MAX, Reduction.MIN)

LARGEST_POOL_RANK = 3
"""The spatial axes of the pools that other passes compose with their neighbours."""


@dataclass(frozen=True)
class NnDecomposeReduction(CorelowerPass):
    """
    Requires nothing, and leaves no `nn.reduce`, no `nn.lp_pool`, no softmax but the host's: they
    become dot products with constants, max pools, and functions of one variable.

    A sum or mean is a dense layer whose weights are all alike, or an average pool where it goes
    over the places of an image. A maximum is a max pool, a minimum that of the negative values. A
    norm is a sum between functions of one variable, which `nn-approximate` takes; so is a softmax,
    by its logarithm. All is exact.
    """

    name = "nn-decompose-reduction"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        patterns = [
            ReduceNothing(),
            MeanOfImageToPool(),
            SumToDense(),
            ExtremeToMaxPool(),
            NormToSum(),
            LpPoolToConv(),
            LogSoftmaxToSum(),
            InnerSoftmaxToLogSoftmax(),
        ]
        for function in lowered_functions(op):
            run_patterns(function, patterns, ctx)


class ReduceNothing(RewritePattern):
    """Of one element each, every reduction is that element, and a norm its absolute value."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReduceOp, rewriter: PatternRewriter) -> None:
        if _reduced(op) > 1:
            return
        value = op.input
        if op.function.data is Reduction.L2:
            value = _unary(rewriter, UnaryFunction.ABS, value)
        reshape = nn.ReshapeOp(value, shape_of(op.result))
        reshape.attributes.update(provenance_of(op))
        rewriter.replace(op, reshape)


class MeanOfImageToPool(RewritePattern):
    """The mean over all places of an image is an average pool, which composes with convolutions."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReduceOp, rewriter: PatternRewriter) -> None:
        channels, *spatial = shape_of(op.input) or (1,)
        is_image = 1 <= len(spatial) <= LARGEST_POOL_RANK
        everywhere = op.axes.get_values() == tuple(range(1, len(spatial) + 1))
        if op.function.data is not Reduction.MEAN or not is_image or not everywhere:
            return
        pool = nn.AveragePoolOp(op.input, spatial)
        pool.attributes.update(provenance_of(op))
        rewriter.replace(op, [pool, nn.ReshapeOp(pool.result, (channels,))])


class SumToDense(RewritePattern):
    """A sum is a dense layer of one output and equal weights, over the elements side by side."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReduceOp, rewriter: PatternRewriter) -> None:
        if op.function.data not in LINEAR:
            return
        count = _reduced(op)
        factor = 1.0 if op.function.data is Reduction.SUM else 1 / count
        rows = _side_by_side(op, rewriter)
        dense = nn.DenseOp(rows, constant(rewriter, np.full((count, 1), factor)))
        dense.attributes.update(provenance_of(op))
        dense.attributes[AUXILIARY] = UnitAttr()
        rewriter.replace(op, [dense, nn.ReshapeOp(dense.result, shape_of(op.result))])


class ExtremeToMaxPool(RewritePattern):
    """A maximum is a max pool over the elements side by side; `min(x) = -max(-x)`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReduceOp, rewriter: PatternRewriter) -> None:
        function = op.function.data
        if function not in EXTREMES:
            return
        count, kept = _reduced(op), shape_of(op.result)
        rows = _side_by_side(op, rewriter)
        if function is Reduction.MIN:
            rows = _unary(rewriter, UnaryFunction.NEG, rows)
        rows = reshaped(rewriter, rows, (prod(kept), count))
        pool = rewriter.insert(nn.MaxPoolOp(rows, [count]))
        if function is Reduction.MAX:
            pool.attributes.update(provenance_of(op))
            rewriter.replace(op, nn.ReshapeOp(pool.result, kept))
            return
        least = nn.UnaryOp(UnaryFunction.NEG, reshaped(rewriter, pool.result, kept))
        least.attributes.update(provenance_of(op))
        rewriter.replace(op, least)


class NormToSum(RewritePattern):
    """The Euclidean norm is the square root of the sum of squares."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReduceOp, rewriter: PatternRewriter) -> None:
        if op.function.data is not Reduction.L2:
            return
        squares = rewriter.insert(nn.BinaryOp(BinaryFunction.MUL, op.input, op.input)).result
        total = nn.ReduceOp(Reduction.SUM, squares, op.axes.get_values())
        root = nn.UnaryOp(UnaryFunction.SQRT, rewriter.insert(total).result)
        root.attributes.update(provenance_of(op))
        rewriter.replace(op, root)


class LpPoolToConv(RewritePattern):
    """
    A pool by a p-norm: powers, their sum under each window as a convolution with ones, a root.

    What lies outside is zero, and so is its power: the padding stays what it is.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.LpPoolOp, rewriter: PatternRewriter) -> None:
        p, window, channels = op.p.value.data, op.window, shape_of(op.input)[0]
        powers = _power_of_absolute(op.input, p, rewriter)
        ones = constant(rewriter, np.ones((channels, 1, *window.kernel)))
        conv = convolution(window, powers, ones, groups=channels)
        conv.attributes[AUXILIARY] = UnitAttr()
        root = _root(rewriter, conv, p)
        root.attributes.update(provenance_of(op))
        rewriter.replace(op, root)


class LogSoftmaxToSum(RewritePattern):
    """
    `y - log(sum(exp(y)))`, with `y` the differences from the largest element.

    Without these, an element far below the largest one on the data would be lost beside it.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.LogSoftmaxOp, rewriter: PatternRewriter) -> None:
        if stays_on_host(op):
            return
        axis = op.axis.value.data
        largest = _along_axis(rewriter, Reduction.MAX, op.input, axis)
        below = rewriter.insert(nn.BinaryOp(BinaryFunction.SUB, op.input, largest)).result
        powers = _unary(rewriter, UnaryFunction.EXP, below)
        total = _along_axis(rewriter, Reduction.SUM, powers, axis)
        logarithm = _unary(rewriter, UnaryFunction.LOG, total)
        result = nn.BinaryOp(BinaryFunction.SUB, below, logarithm)
        result.attributes.update(provenance_of(op))
        rewriter.replace(op, result)


class InnerSoftmaxToLogSoftmax(RewritePattern):
    """A softmax that the host does not compute is the exponential of its logarithm: no division."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.SoftmaxOp, rewriter: PatternRewriter) -> None:
        if stays_on_host(op):
            return
        logarithm = rewriter.insert(nn.LogSoftmaxOp(op.input, op.axis.value.data)).result
        softmax = nn.UnaryOp(UnaryFunction.EXP, logarithm)
        softmax.attributes.update(provenance_of(op))
        rewriter.replace(op, softmax)


def _along_axis(
    rewriter: PatternRewriter, function: Reduction, value: SSAValue, axis: int
) -> SSAValue:
    """A reduction along one axis, which stays with extent one."""
    reduced = rewriter.insert(nn.ReduceOp(function, value, [axis])).result
    shape = shape_of(value)
    return reshaped(rewriter, reduced, (*shape[:axis], 1, *shape[axis + 1 :]))


def _power_of_absolute(value: SSAValue, p: int, rewriter: PatternRewriter) -> SSAValue:
    """`|value| ^ p`; an even power needs no absolute value."""
    if p == 2:
        return rewriter.insert(nn.BinaryOp(BinaryFunction.MUL, value, value)).result
    if p % 2:
        value = _unary(rewriter, UnaryFunction.ABS, value)
    if p == 1:
        return value
    exponent = constant(rewriter, np.array(float(p)))
    return rewriter.insert(nn.BinaryOp(BinaryFunction.POW, value, exponent)).result


def _root(rewriter: PatternRewriter, sums: nn.ConvOp, p: int) -> nn.NnOperation:
    """The `p`-th root; it is left to the caller to insert it."""
    if p == 1:
        return sums
    value = rewriter.insert(sums).result
    if p == 2:
        return nn.UnaryOp(UnaryFunction.SQRT, value)
    return nn.BinaryOp(BinaryFunction.POW, value, constant(rewriter, np.array(1 / p)))


def _reduced(op: nn.ReduceOp) -> int:
    """The elements that come together in one."""
    features = shape_of(op.input)
    return prod(features[axis] for axis in op.axes.get_values())


def _side_by_side(op: nn.ReduceOp, rewriter: PatternRewriter) -> SSAValue:
    """The input as kept.. x reduced: what comes together in one number is on the last axis."""
    axes = op.axes.get_values()
    kept = [axis for axis in range(len(shape_of(op.input))) if axis not in axes]
    value = transposed(rewriter, op.input, [*kept, *axes])
    return reshaped(rewriter, value, (*shape_of(op.result), _reduced(op)))


def _unary(rewriter: PatternRewriter, function: UnaryFunction, value: SSAValue) -> SSAValue:
    return rewriter.insert(nn.UnaryOp(function, value)).result
