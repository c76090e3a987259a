"""Linear layers of `nn` as rows times a matrix, and their dot products in `core_op`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter

from ..dialects import core_op, nn, trained
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.location import fused_location
from ..dialects.support.provenance import golden_name, set_golden
from .approximated_functions import FUNCTION
from .wiring import AUXILIARY, channels_last, constant, is_nonnegative, reshape

FloatArray = np.typing.NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """A linear layer as rows times a matrix: `rows` P.. x G x M, `matrix` G x M x N, `bias` GxN."""

    rows: SSAValue
    matrix: FloatArray
    bias: FloatArray | None


def conv_layer(op: nn.ConvOp, rewriter: PatternRewriter) -> Layer:
    """
    A convolution as rows and matrix.

    Groups whose weights are all equal, as in a pooling written as a convolution, are positions.
    """
    groups = op.groups.value.data
    weight = _array(op.weight)
    outputs, channels = weight.shape[:2]
    matrix = weight.reshape(groups, outputs // groups, channels, -1).transpose(0, 3, 2, 1)
    matrix = matrix.reshape(groups, -1, outputs // groups)
    bias = None
    if op.bias is not None:
        bias = _array(op.bias).reshape(groups, -1)
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
    weight = _array(op.weight)
    bias = _array(op.bias)[None] if op.bias is not None else None
    shape = shape_of(op.input)
    rows = reshape(rewriter, op.input, (*shape[:-1], 1, shape[-1]))
    return Layer(rows, weight[None], bias)


def insert_layer(
    rewriter: PatternRewriter,
    layer: Layer,
    parts: Sequence[nn.NnOperation],
    order: Sequence[int] | None,
) -> SSAValue:
    """The dot product of a layer that `parts` are, for the last of which its result stands."""
    last = parts[-1]
    # A rectifier changes nothing where no result is negative, and keeps the zero point at 0.
    relu = is_nonnegative(last.result)
    weight = constant(rewriter, layer.matrix)
    bias = constant(rewriter, layer.bias) if layer.bias is not None else None
    activation = Activation.RELU if relu else Activation.LINEAR
    product = core_op.VmmOp(activation, layer.rows, weight, bias)
    product.location = fused_location(*parts)
    set_golden(product, golden_name(last), tuple(order) if order is not None else None)
    for part in parts:
        kept = (name for name in (AUXILIARY, FUNCTION) if name in part.attributes)
        product.attributes.update({name: part.attributes[name] for name in kept})
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


def has_constant_weights(op: nn.ConvOp | nn.DenseOp) -> bool:
    """Whether the weight and the bias are trained tensors."""
    return all(trained.constant_of(operand) is not None for operand in op.operands[1:])


def _array(value: SSAValue) -> FloatArray:
    data = trained.constant_of(value)
    assert data is not None
    return np.asarray(data.array, np.float32)
