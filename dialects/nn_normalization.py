"""The `nn` dialect's normalizations."""

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    I64,
    Float32Type,
    FloatAttr,
    IntegerAttr,
    TensorType,
    f32,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import base, irdl_op_definition, operand_def, prop_def
from xdsl.utils.exceptions import VerifyException

from .nn_base import (
    IntegerArray,
    NnOperation,
    Shape,
    integers,
    shape_of,
    verify_axes,
)


@irdl_op_definition
class BatchNormOp(NnOperation):
    """
    `(input - mean) / sqrt(variance + epsilon) * scale + bias`, a value each a channel (axis 0).

    ```mlir
    %y = nn.batch_norm %x, %scale, %bias, %mean, %variance epsilon 1.0e-05
      : (...) -> tensor<16x8x8xf32>
    ```
    """

    name = "nn.batch_norm"

    input = operand_def(base(TensorType[Attribute]))
    scale = operand_def(base(TensorType[Attribute]))
    bias = operand_def(base(TensorType[Attribute]))
    mean = operand_def(base(TensorType[Attribute]))
    variance = operand_def(base(TensorType[Attribute]))
    epsilon = prop_def(FloatAttr[Float32Type], default_value=FloatAttr(1e-5, f32))

    assembly_format = (
        "$input `,` $scale `,` $bias `,` $mean `,` $variance (`epsilon` $epsilon^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        scale: SSAValue,
        bias: SSAValue,
        mean: SSAValue,
        variance: SSAValue,
        *,
        epsilon: float = 1e-5,
    ):
        operands = [input, scale, bias, mean, variance]
        super().__init__(operands, {"epsilon": FloatAttr(epsilon, f32)})

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        if not features:
            raise VerifyException("the input needs a channel axis")
        for name in ("scale", "bias", "mean", "variance"):
            if (shape := shape_of(getattr(self, name))) != features[:1]:
                raise VerifyException(
                    f"{name} has shape {list(shape)}, the input {features[0]} channels"
                )
        if self.epsilon.value.data < 0:
            raise VerifyException(f"epsilon {self.epsilon.value.data} is negative")
        return features


@irdl_op_definition
class NormalizeOp(NnOperation):
    """
    `(input - mean) / sqrt(variance + epsilon)` with mean and variance of this input over `axes`.

    Over all axes but the channels this is an instance normalization, over the last ones a layer
    normalization, each before its scale and bias.

    ```mlir
    %y = nn.normalize %x axes [1, 2] : (tensor<8x4x4xf32>) -> tensor<8x4x4xf32>
    ```
    """

    name = "nn.normalize"

    input = operand_def(base(TensorType[Attribute]))
    axes = prop_def(IntegerArray)
    epsilon = prop_def(FloatAttr[Float32Type], default_value=FloatAttr(1e-5, f32))

    assembly_format = (
        "$input `axes` $axes (`epsilon` $epsilon^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, axes: Sequence[int], *, epsilon: float = 1e-5):
        super().__init__([input], {"axes": integers(axes), "epsilon": FloatAttr(epsilon, f32)})

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        verify_axes(self.axes.get_values(), features)
        if self.epsilon.value.data < 0:
            raise VerifyException(f"epsilon {self.epsilon.value.data} is negative")
        return features


@irdl_op_definition
class LrnOp(NnOperation):
    """
    Local response normalization: `input / (bias + alpha / size * sum(input^2)) ^ beta`.

    The sum goes over `size` neighbouring channels (axis 0), `(size - 1) / 2` of them before,
    rounded down; those that are not there do not count.

    ```mlir
    %y = nn.lrn %x size 5 alpha 1.0e-04 beta 7.5e-01 bias 1.0
      : (tensor<96x27x27xf32>) -> tensor<96x27x27xf32>
    ```
    """

    name = "nn.lrn"

    input = operand_def(base(TensorType[Attribute]))
    size = prop_def(IntegerAttr[I64])
    alpha = prop_def(FloatAttr[Float32Type])
    beta = prop_def(FloatAttr[Float32Type])
    bias = prop_def(FloatAttr[Float32Type])

    assembly_format = (
        "$input `size` $size `alpha` $alpha `beta` $beta `bias` $bias attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, size: int, alpha: float, beta: float, bias: float):
        properties: dict[str, Attribute | None] = {
            "size": IntegerAttr(size, i64),
            "alpha": FloatAttr(alpha, f32),
            "beta": FloatAttr(beta, f32),
            "bias": FloatAttr(bias, f32),
        }
        super().__init__([input], properties)

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        if not features:
            raise VerifyException("the input needs a channel axis")
        if self.size.value.data < 1:
            raise VerifyException(f"size {self.size.value.data} is below 1")
        return features
