"""The pass `nn-fuse-linear`: rules in `rules/nn_fuse_linear.mlir`, products of matrices here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import nn
from ..dialects.support.location import fused_location
from ..dialects.support.provenance import provenance_of
from ..dialects.trained import TensorOp, constant_of
from .approximated_functions import FUNCTION_PART
from .core_counts import Cost, counting_target, linear_cost
from .linear_maps import (
    Convolution,
    ConvolutionShape,
    Float64Array,
    border_factors,
    compose_dense,
    values_of,
)
from .nn_natives import NN_NATIVES, rounded
from .pass_base import CorelowerPass, lowered_functions, remark, run_patterns
from .rules import apply_rules
from .rules_loader import load_project_rules

ConvolutionOp = nn.ConvOp | nn.AveragePoolOp


@dataclass(frozen=True)
class NnFuseLinearPass(CorelowerPass):
    """
    Requires nothing, and ensures that no two linear operations stand where one would be cheaper.

    Constants that are added become biases. Of two linear operations (convolution, dense layer,
    average pool) with at most reshapes between, one is made where that takes fewer cores of the
    target, or as many and fewer multiplications; a remark gives the figures. Weights are computed
    in float64 and rounded to float32 once. The value between them must have no other user.
    """

    name = "nn-fuse-linear"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        files = ("nn_constant_summands", "nn_fuse_linear")
        rules = [rule for name in files for rule in load_project_rules(ctx, name, NN_NATIVES)]
        choice = Choice(ctx)
        patterns = [ComposeDense(choice), ComposeConvolutions(choice)]
        for function in lowered_functions(op):
            apply_rules(ctx, function, rules)
            if run_patterns(function, patterns, ctx):
                # A product may leave a reshape before a rectifier.
                apply_rules(ctx, function, rules)


@dataclass
class Choice:
    """Decides between two operations and their product, and says so once for each pair."""

    ctx: Context
    _refused: set[tuple[Operation, Operation]] = field(
        default_factory=set[tuple[Operation, Operation]]
    )

    def takes_product(self, first: Operation, second: Operation, product: Cost) -> bool:
        """Whether the product is cheaper than both operations."""
        if (first, second) in self._refused:
            return False
        apart = cost_of(first).plus(cost_of(second))
        target = counting_target(second)
        counted = f"of {target.inputs} inputs and {target.fan_out} outputs"
        figures = (
            f"{product.cores} instead of {apart.cores} cores {counted}, "
            f"{product.multiplications} instead of {apart.multiplications} multiplications"
        )
        if product < apart:
            remark(
                self.ctx,
                second,
                f"{second.name} composed with the {first.name} before it: {figures}",
            )
            return True
        remark(
            self.ctx,
            second,
            f"{second.name} kept apart from the {first.name} before it; composed: {figures}",
        )
        self._refused.add((first, second))
        return False


@dataclass(frozen=True)
class ComposeDense(RewritePattern):
    """A dense layer behind a dense layer, a convolution or an average pool, over reshapes."""

    choice: Choice

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.DenseOp, rewriter: PatternRewriter, /) -> None:
        first = producer_over_reshapes(op.input)
        if not has_constant_weights(op) or not has_constant_weights(first):
            return
        match first:
            case nn.DenseOp():
                self.after_dense(first, op, rewriter)
            case nn.ConvOp() | nn.AveragePoolOp():
                self.after_convolution(first, op, rewriter)
            case _:
                return

    def after_dense(self, first: nn.DenseOp, second: nn.DenseOp, rewriter: PatternRewriter) -> None:
        """Compose where a reshape between keeps each result together, or cuts it evenly."""
        inputs, middle = nn.shape_of(first.weight)
        taken, outputs = nn.shape_of(second.weight)
        if taken % middle and middle % taken:
            return
        repeats, pieces = max(taken // middle, 1), max(middle // taken, 1)
        positions = prod(nn.shape_of(first.input)[:-1]) // repeats
        cost = linear_cost(
            counting_target(second), 1, repeats * inputs, pieces * outputs, positions
        )
        if not self.choice.takes_product(first, second, cost):
            return
        leading = nn.shape_of(first.input)[:-1]
        if repeats > 1:
            leading = nn.shape_of(second.input)[:-1]
        weight, bias = compose_dense(first, second, repeats, pieces)
        replace_by_dense(first, second, (*leading, repeats * inputs), weight, bias, rewriter)

    def after_convolution(
        self, first: ConvolutionOp, second: nn.DenseOp, rewriter: PatternRewriter
    ) -> None:
        """Compose where the dense layer sees the whole image as one vector."""
        if len(nn.shape_of(second.input)) != 1:
            return
        features = nn.shape_of(first.input)
        outputs = nn.shape_of(second.weight)[1]
        cost = linear_cost(counting_target(second), 1, prod(features), outputs, 1)
        if not self.choice.takes_product(first, second, cost):
            return
        factors = border_factors(first) if isinstance(first, nn.AveragePoolOp) else None
        weight, bias = Convolution.of(first).before_dense(
            features[1:], values_of(second.weight), factors
        )
        if second.bias is not None:
            own = values_of(second.bias)
            bias = own if bias is None else own + bias
        replace_by_dense(first, second, (prod(features),), weight, bias, rewriter)


@dataclass(frozen=True)
class ComposeConvolutions(RewritePattern):
    """A convolution or average pool without padding behind a convolution or average pool."""

    choice: Choice

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        if not isinstance(op, ConvolutionOp) or op.window.has_padding:
            return
        first = op.input.owner
        if not isinstance(first, ConvolutionOp) or not op.input.has_one_use():
            return
        if not has_constant_weights(op) or not has_constant_weights(first):
            return
        if isinstance(first, nn.AveragePoolOp) and border_factors(first) is not None:
            return
        shape = ConvolutionShape.of(first).then(ConvolutionShape.of(op))
        spatial = nn.shape_of(first.input)[1:]
        if not self.choice.takes_product(first, op, convolution_cost(op, shape, spatial)):
            return
        composed = Convolution.of(first).then(Convolution.of(op))
        window = shape.window
        weight = TensorOp(rounded(composed.weight))
        bias = None if composed.bias is None else TensorOp(rounded(composed.bias))
        conv = nn.ConvOp(
            first.input,
            weight.result,
            None if bias is None else bias.result,
            strides=window.strides if set(window.strides) != {1} else None,
            pads=window.pads if window.has_padding else None,
            dilations=window.dilations if set(window.dilations) != {1} else None,
            groups=shape.groups,
        )
        conv.attributes.update(provenance_of(op))
        created = [weight, *([] if bias is None else [bias]), conv]
        replace_pair(first, op, created, rewriter)


def replace_by_dense(
    first: Operation,
    second: nn.DenseOp,
    vector: nn.Shape,
    weight: Float64Array,
    bias: Float64Array | None,
    rewriter: PatternRewriter,
) -> None:
    """Put a dense layer on the input of `first`, reshaped to `vector`, in place of `second`."""
    created: list[Operation] = [weight_op := TensorOp(rounded(weight))]
    bias_value = None
    if bias is not None:
        created.append(bias_op := TensorOp(rounded(bias)))
        bias_value = bias_op.result
    source = first.operands[0]
    if nn.shape_of(source) != vector:
        created.append(reshape := nn.ReshapeOp(source, vector))
        source = reshape.result
    created.append(dense := nn.DenseOp(source, weight_op.result, bias_value))
    if dense.result.type != second.result.type:
        created.append(nn.ReshapeOp(dense.result, nn.shape_of(second.result)))
    created[-1].attributes.update(provenance_of(second))
    replace_pair(first, second, created, rewriter)


def replace_pair(
    first: Operation, second: Operation, created: Sequence[Operation], rewriter: PatternRewriter
) -> None:
    """Put operations in place of `second`, located at both; `first` is left without users."""
    for op in created:
        op.location = fused_location(first, second)
    rewriter.insert(created[:-1])
    rewriter.replace(second, created[-1])


def producer_over_reshapes(value: SSAValue) -> Operation | None:
    """What computes a value, over reshapes; `None` where anything on the way has other users."""
    while value.has_one_use():
        owner = value.owner
        if not isinstance(owner, nn.ReshapeOp):
            return owner if isinstance(owner, Operation) else None
        value = owner.input
    return None


def has_constant_weights(op: Operation | None) -> bool:
    """Whether an operation is linear by trained tensors only, and no part of a function."""
    if op is not None and FUNCTION_PART in op.attributes:
        return False
    match op:
        case nn.ConvOp() | nn.DenseOp():
            return all(constant_of(value) is not None for value in op.operands[1:])
        case nn.AveragePoolOp():
            return True
        case _:
            return False


def cost_of(op: Operation) -> Cost:
    """What a linear operation costs as it is."""
    if isinstance(op, nn.DenseOp):
        inputs, outputs = nn.shape_of(op.weight)
        positions = prod(nn.shape_of(op.result)[:-1])
        return linear_cost(counting_target(op), 1, inputs, outputs, positions)
    if isinstance(op, nn.AveragePoolOp):
        return _pool_cost(op)
    assert isinstance(op, nn.ConvOp)
    return convolution_cost(op, ConvolutionShape.of(op))


def _pool_cost(op: nn.AveragePoolOp) -> Cost:
    # All channels and places have the same weights and take turns: a mean for each factor.
    factors = border_factors(op)
    means = 1 if factors is None else len(np.unique(factors))
    return linear_cost(counting_target(op), 1, op.window.size, means, prod(nn.shape_of(op.result)))


def convolution_cost(
    op: ConvolutionOp, shape: ConvolutionShape, spatial: nn.Shape | None = None
) -> Cost:
    """
    The cost of a convolution of this geometry that gives the result of `op`.

    It slides over `spatial`, or what `op` does.
    """
    positions = prod(nn.shape_of(op.result)[1:])
    sliding = shape.window, nn.shape_of(op.input)[1:] if spatial is None else spatial
    target = counting_target(op)
    return linear_cost(target, shape.groups, shape.fan_in, shape.outputs, positions, sliding)
