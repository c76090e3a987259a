"""The pass `convert-nn-to-core-op`: linear layers and their rectifiers to dot products."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op, nn, trained
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.errors import CorelowerError, OperationError, describe_location
from ..dialects.support.provenance import golden_name, set_golden
from .core_counts import counting_target
from .nn_movement_to_core_op import MOVEMENT_PATTERNS, BroadcastOperands
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .wiring import (
    channels_first,
    channels_last,
    channels_last_order,
    constant,
    fixed_product,
    is_nonnegative,
    reshape,
)

FloatArray = np.typing.NDArray[np.float32]

HOST_OPERATIONS = (nn.SoftmaxOp, nn.ArgMaxOp)
"""What the host computes behind the last core."""

_REMEDIES: dict[type[nn.NnOperation], str] = {
    nn.BatchNormOp: "run nn-fold-batch-norm before",
    nn.MaxPoolOp: "run nn-decompose-pooling before",
    nn.AveragePoolOp: "run nn-decompose-pooling before",
}


@dataclass(frozen=True)
class ConvertNnToCoreOp(CorelowerPass):
    """
    Turns every layer into dot products and wiring, exactly; needs folded batch norms and pools.

    A rectifier behind a dot product becomes its activation, a sum of layers one dot product over
    their inputs side by side. Softmax and argmax at the end stay: the host computes them.
    """

    name = "convert-nn-to-core-op"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in lowered_functions(op):
            # Sums first: they take the layers that they add with them.
            run_patterns(function, [BroadcastOperands(), ConvertSum()], ctx)
            patterns = [
                ConvertConv(),
                ConvertDense(),
                ConvertElementSum(),
                ConvertAddOfConstant(),
                ConvertRelu(),
                *MOVEMENT_PATTERNS,
            ]
            run_patterns(function, patterns, ctx)
            _require_converted(function)


@dataclass(frozen=True)
class Layer:
    """A linear layer as rows times a matrix: `rows` P.. x G x M, `matrix` G x M x N, `bias` GxN."""

    rows: SSAValue
    matrix: FloatArray
    bias: FloatArray | None


class ConvertConv(RewritePattern):
    """A convolution, with a rectifier behind it, is a dot product over sliding windows."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ConvOp, rewriter: PatternRewriter) -> None:
        layer = conv_layer(op, rewriter)
        last = rectifier_of(op) or op
        spatial = shape_of(op.result)[1:]
        order = channels_last_order(len(spatial) + 1)
        value = insert_layer(rewriter, layer, last, order)
        value = reshape(rewriter, value, (*spatial, shape_of(op.result)[0]))
        replace_layer(rewriter, op, last, channels_first(rewriter, value))


class ConvertDense(RewritePattern):
    """A dense layer, with a rectifier behind it, is a dot product."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.DenseOp, rewriter: PatternRewriter) -> None:
        layer = dense_layer(op, rewriter)
        last = rectifier_of(op) or op
        value = insert_layer(rewriter, layer, last, None)
        replace_layer(rewriter, op, last, reshape(rewriter, value, shape_of(op.result)))


class ConvertSum(RewritePattern):
    """
    A sum with a layer that only feeds it is one dot product over both inputs, side by side.

    The layer brings its own weights along, so that its result, which may be negative, is never a
    signal; the other value comes in through an identity, if it is no such layer itself.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.AddOp, rewriter: PatternRewriter) -> None:
        if not any(_is_summed_layer(operand) for operand in op.operands):
            return
        shape = shape_of(op.result)
        layers = [_summand(operand, rewriter) for operand in op.operands]
        rows = core_op.ConcatOp([layer.rows for layer in layers], len(shape_of(layers[0].rows)) - 1)
        rewriter.insert(rows)
        biases = [layer.bias for layer in layers if layer.bias is not None]
        total = Layer(
            rows.result,
            np.concatenate([layer.matrix for layer in layers], axis=1),
            np.sum(biases, axis=0) if biases else None,
        )
        last = rectifier_of(op) or op
        channels, *spatial = shape
        order = channels_last_order(len(shape)) if spatial else None
        value = insert_layer(rewriter, total, last, order)
        value = reshape(rewriter, value, (*spatial, channels))
        if spatial:
            value = channels_first(rewriter, value)
        replace_layer(rewriter, op, last, value)


class ConvertElementSum(RewritePattern):
    """A sum of two values that others use too is a dot product with ones, element by element."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.AddOp, rewriter: PatternRewriter) -> None:
        if any(isinstance(operand.owner, trained.TensorOp) for operand in op.operands):
            return
        shape = shape_of(op.result)
        columns = [reshape(rewriter, operand, (*shape, 1, 1)) for operand in op.operands]
        rows = rewriter.insert(core_op.ConcatOp(columns, len(shape) + 1)).result
        last = rectifier_of(op) or op
        activation = Activation.RELU if is_nonnegative(last.result) else Activation.LINEAR
        product = fixed_product(rewriter, rows, np.ones((2, 1)), activation)
        product.location = last.location
        set_golden(product, golden_name(last))
        replace_layer(rewriter, op, last, reshape(rewriter, product.result, shape))


class ConvertAddOfConstant(RewritePattern):
    """
    A constant that no layer before could take as its bias is the bias of an identity.

    One value a channel is a bias of the identity over channels; otherwise each element has its
    own, and a group is as many elements as fit into a core.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.AddOp, rewriter: PatternRewriter) -> None:
        value, addend = op.lhs, op.rhs
        if isinstance(value.owner, trained.TensorOp):
            value, addend = addend, value
        if not isinstance(addend.owner, trained.TensorOp):
            return
        shape = shape_of(op.result)
        array = np.broadcast_to(np.asarray(addend.owner.data.array, np.float32), shape)
        last = rectifier_of(op) or op
        by_channel = array.reshape(shape[0], -1) if shape else array.reshape(1, -1)
        if len(shape) > 1 and bool((by_channel == by_channel[:, :1]).all()):
            rows = channels_last(rewriter, value)
            rows = reshape(rewriter, rows, (*shape[1:], 1, shape[0]))
            layer = Layer(rows, np.eye(shape[0], dtype=np.float32)[None], by_channel[:, 0][None])
            order = channels_last_order(len(shape))
            result = insert_layer(rewriter, layer, last, order)
            result = reshape(rewriter, result, (*shape[1:], shape[0]))
            replace_layer(rewriter, op, last, channels_first(rewriter, result))
            return
        target = counting_target(op)
        most = min(target.inputs, target.fan_out)
        count = max(width for width in range(1, most + 1) if array.size % width == 0)
        rows = reshape(rewriter, value, (array.size // count, count))
        identity = np.eye(count, dtype=np.float32)
        identities = np.broadcast_to(identity, (array.size // count, count, count))
        layer = Layer(rows, identities, array.reshape(-1, count))
        result = insert_layer(rewriter, layer, last, None)
        replace_layer(rewriter, op, last, reshape(rewriter, result, shape))


class ConvertRelu(RewritePattern):
    """A rectifier with no layer before it is a dot product with 1, element by element."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: nn.ReluOp, rewriter: PatternRewriter) -> None:
        if isinstance(op.input.owner, nn.ConvOp | nn.DenseOp | nn.AddOp):
            return
        shape = shape_of(op.result)
        rows = reshape(rewriter, op.input, (*shape, 1, 1))
        product = fixed_product(rewriter, rows, np.ones((1, 1)), Activation.RELU)
        set_golden(product, golden_name(op))
        rewriter.replace(op, [], [reshape(rewriter, product.result, shape)])


def conv_layer(op: nn.ConvOp, rewriter: PatternRewriter) -> Layer:
    """
    A convolution as rows and matrix.

    Groups whose weights are all equal, as in a pooling written as a convolution, are positions.
    """
    groups = op.groups.value.data
    weight = constant_array(op, op.weight, "weight")
    outputs, channels = weight.shape[:2]
    matrix = weight.reshape(groups, outputs // groups, channels, -1).transpose(0, 3, 2, 1)
    matrix = matrix.reshape(groups, -1, outputs // groups)
    bias = None
    if op.bias is not None:
        bias = constant_array(op, op.bias, "bias").reshape(groups, -1)
    image = channels_last(rewriter, op.input)
    spatial = shape_of(image)[:-1]
    image = reshape(rewriter, image, (*spatial, groups, channels))
    rows = rewriter.insert(core_op.WindowOp(image, op.window)).result
    alike = groups > 1 and bool((matrix == matrix[:1]).all())
    if alike and (bias is None or bool((bias == bias[:1]).all())):
        positions = shape_of(rows)[:-1]
        rows = reshape(rewriter, rows, (*positions, 1, matrix.shape[1]))
        return Layer(rows, matrix[:1], bias[:1] if bias is not None else None)
    return Layer(rows, matrix, bias)


def dense_layer(op: nn.DenseOp, rewriter: PatternRewriter) -> Layer:
    """A dense layer as rows and matrix."""
    weight = constant_array(op, op.weight, "weight")
    bias = constant_array(op, op.bias, "bias")[None] if op.bias is not None else None
    shape = shape_of(op.input)
    rows = reshape(rewriter, op.input, (*shape[:-1], 1, shape[-1]))
    return Layer(rows, weight[None], bias)


def insert_layer(
    rewriter: PatternRewriter, layer: Layer, last: nn.NnOperation, order: Sequence[int] | None
) -> SSAValue:
    """The dot product of a layer whose last operation is `last`, for which its result stands."""
    # A rectifier changes nothing where no result is negative, and keeps the zero point at 0.
    relu = is_nonnegative(last.result)
    weight = constant(rewriter, layer.matrix)
    bias = constant(rewriter, layer.bias) if layer.bias is not None else None
    activation = Activation.RELU if relu else Activation.LINEAR
    product = core_op.VmmOp(activation, layer.rows, weight, bias)
    product.location = last.location
    set_golden(product, golden_name(last), tuple(order) if order is not None else None)
    return rewriter.insert(product).result


def replace_layer(
    rewriter: PatternRewriter, op: Operation, last: Operation, value: SSAValue
) -> None:
    """Let `value` stand for `last`, which is `op` or the rectifier behind it."""
    rewriter.replace(last, [], [value])
    if last is not op:
        rewriter.erase(op)


def rectifier_of(op: nn.NnOperation) -> nn.ReluOp | None:
    """The rectifier that alone uses the result of `op`, if any."""
    use = op.result.get_user_of_unique_use()
    return use if isinstance(use, nn.ReluOp) else None


def constant_array(op: Operation, value: SSAValue, what: str) -> FloatArray:
    """The content of a constant operand. Raises `OperationError` where it is computed."""
    data = trained.constant_of(value)
    if data is None:
        raise OperationError(op, f"the {what} is computed; a core's weights are constants")
    return np.asarray(data.array, np.float32)


def _is_summed_layer(value: SSAValue) -> bool:
    """Whether a layer of one group computes the value for the sum alone."""
    if not value.has_one_use():
        return False
    op = value.owner
    if isinstance(op, nn.ConvOp):
        return op.groups.value.data == 1
    return isinstance(op, nn.DenseOp) and len(shape_of(value)) == 1


def _summand(value: SSAValue, rewriter: PatternRewriter) -> Layer:
    op = value.owner
    if _is_summed_layer(value):
        if isinstance(op, nn.ConvOp):
            return conv_layer(op, rewriter)
        assert isinstance(op, nn.DenseOp)
        return dense_layer(op, rewriter)
    channels, *spatial = shape_of(value)
    rows = channels_last(rewriter, value) if spatial else value
    rows = reshape(rewriter, rows, (*spatial, 1, channels))
    return Layer(rows, np.eye(channels, dtype=np.float32)[None], None)


def _require_converted(function: Operation) -> None:
    problems: list[str] = []
    for op in function.walk():
        if not isinstance(op, nn.NnOperation) or _stays_on_host(op):
            continue
        remedy = _REMEDIES.get(type(op), "it is not a dot product of constants")
        if isinstance(op, HOST_OPERATIONS):
            remedy = "only the network's last operations are computed by the host"
        where = describe_location(op.location)
        problems.append(f"{f'{where}: ' if where else ''}{op.name}: {remedy}")
    if problems:
        raise CorelowerError("cannot become core_op: " + "; ".join(problems))


def _stays_on_host(op: nn.NnOperation) -> bool:
    from xdsl.dialects.func import ReturnOp

    if not isinstance(op, HOST_OPERATIONS):
        return False
    users = [use.operation for use in op.result.uses]
    return all(
        isinstance(user, ReturnOp) or (isinstance(user, nn.NnOperation) and _stays_on_host(user))
        for user in users
    )
