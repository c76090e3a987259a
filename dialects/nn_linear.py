"""The `nn` dialect's dot products: convolutions, dense layers and products of two tensors."""

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    I64,
    IntegerAttr,
    TensorType,
    i64,
)
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import base, irdl_op_definition, operand_def, opt_operand_def, opt_prop_def, prop_def
from xdsl.pattern_rewriter import RewritePattern
from xdsl.utils.exceptions import VerifyException

from .nn_base import (
    FEATURES,
    IntegerArray,
    NnOperation,
    Shape,
    broadcast_shape,
    integers,
    shape_of,
    verify_bias,
    verify_extents,
    window_of,
)
from .support.window import Window


@irdl_op_definition
class ConvOp(NnOperation, HasCanonicalizationPatternsInterface):
    """
    Convolution over one, two or three axes: `input` CxS.., `weight` OxC/groupsxK.., `bias` O.

    ```mlir
    %y = nn.conv %x, %w, %b strides [2, 2] pads [1, 1, 1, 1]
      : (tensor<3x32x32xf32>, tensor<16x3x3x3xf32>, tensor<16xf32>) -> tensor<16x16x16xf32>
    ```

    Pads are all begins, then all ends, as in ONNX.
    """

    name = "nn.conv"

    input = operand_def(base(TensorType[Attribute]))
    weight = operand_def(base(TensorType[Attribute]))
    bias = opt_operand_def(base(TensorType[Attribute]))
    strides = opt_prop_def(IntegerArray)
    pads = opt_prop_def(IntegerArray)
    dilations = opt_prop_def(IntegerArray)
    groups = prop_def(IntegerAttr[I64], default_value=IntegerAttr(1, i64))

    assembly_format = (
        "$input `,` $weight (`,` $bias^)? (`strides` $strides^)? (`pads` $pads^)? "
        "(`dilations` $dilations^)? (`groups` $groups^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        weight: SSAValue,
        bias: SSAValue | None = None,
        *,
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
        groups: int = 1,
    ):
        properties = {
            "strides": integers(strides),
            "pads": integers(pads),
            "dilations": integers(dilations),
            "groups": IntegerAttr(groups, i64),
        }
        super().__init__([input, weight, [bias] if bias is not None else []], properties)

    @property
    def window(self) -> Window:
        """The window that slides over the spatial axes."""
        return window_of(shape_of(self.weight)[2:], self.strides, self.pads, self.dilations)

    def infer_shape(self) -> Shape:
        features, weight = shape_of(self.input), shape_of(self.weight)
        groups = self.groups.value.data
        if len(weight) < 3 or len(features) != len(weight) - 1:
            raise VerifyException(
                f"input {list(features)} and weight {list(weight)} do not fit: {FEATURES}, "
                "the weight's are outputs, channels a group, then the kernel"
            )
        if groups < 1 or features[0] != weight[1] * groups or weight[0] % groups:
            raise VerifyException(
                f"{features[0]} channels in {groups} groups do not fit weight {list(weight)}"
            )
        verify_bias(self.bias, weight[0])
        return (weight[0], *self.window.output(features[1:]))

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn_movement

        return (nn_movement.PadInConvolution(),)


@irdl_op_definition
class DenseOp(NnOperation):
    """
    `input @ weight + bias` over the last axis: `input` ..xK, `weight` KxN, `bias` N.

    ```mlir
    %y = nn.dense %x, %w, %b
      : (tensor<784xf32>, tensor<784x100xf32>, tensor<100xf32>) -> tensor<100xf32>
    ```
    """

    name = "nn.dense"

    input = operand_def(base(TensorType[Attribute]))
    weight = operand_def(base(TensorType[Attribute]))
    bias = opt_operand_def(base(TensorType[Attribute]))

    assembly_format = (
        "$input `,` $weight (`,` $bias^)? attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, weight: SSAValue, bias: SSAValue | None = None):
        super().__init__([input, weight, [bias] if bias is not None else []])

    def infer_shape(self) -> Shape:
        features, weight = shape_of(self.input), shape_of(self.weight)
        if len(weight) != 2 or not features or features[-1] != weight[0]:
            raise VerifyException(
                f"input {list(features)} and weight {list(weight)} do not fit: "
                "the input's last axis is the weight's first"
            )
        verify_bias(self.bias, weight[1])
        return (*features[:-1], weight[1])


@irdl_op_definition
class ConvTransposeOp(NnOperation):
    """
    Transposed convolution: `input` CxS.., `weight` CxO/groupsxK.., `bias` O.

    Every element of the input adds its kernel to the output, `strides` apart. Pads are cut off the
    result, `output_pads` added at the ends: an axis of size s has
    `stride * (s - 1) + dilation * (kernel - 1) + 1 + output_pad - pads` positions.

    ```mlir
    %y = nn.conv_transpose %x, %w strides [2, 2]
      : (tensor<8x7x7xf32>, tensor<8x4x2x2xf32>) -> tensor<4x14x14xf32>
    ```
    """

    name = "nn.conv_transpose"

    input = operand_def(base(TensorType[Attribute]))
    weight = operand_def(base(TensorType[Attribute]))
    bias = opt_operand_def(base(TensorType[Attribute]))
    strides = opt_prop_def(IntegerArray)
    pads = opt_prop_def(IntegerArray)
    output_pads = opt_prop_def(IntegerArray)
    dilations = opt_prop_def(IntegerArray)
    groups = prop_def(IntegerAttr[I64], default_value=IntegerAttr(1, i64))

    assembly_format = (
        "$input `,` $weight (`,` $bias^)? (`strides` $strides^)? (`pads` $pads^)? "
        "(`output_pads` $output_pads^)? (`dilations` $dilations^)? (`groups` $groups^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        weight: SSAValue,
        bias: SSAValue | None = None,
        *,
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        output_pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
        groups: int = 1,
    ):
        properties = {
            "strides": integers(strides),
            "pads": integers(pads),
            "output_pads": integers(output_pads),
            "dilations": integers(dilations),
            "groups": IntegerAttr(groups, i64),
        }
        super().__init__([input, weight, [bias] if bias is not None else []], properties)

    @property
    def window(self) -> Window:
        """The kernel as it is laid over the result."""
        return window_of(shape_of(self.weight)[2:], self.strides, self.pads, self.dilations)

    def full_pads(self) -> list[tuple[int, int]]:
        """(before, after) an axis: the zeros around the spread input that give the result."""
        window = self.window
        extra = self.output_pads.get_values() if self.output_pads is not None else ()
        reaches = [d * (k - 1) for k, d in zip(window.kernel, window.dilations, strict=True)]
        return [
            (reach - begin, reach - end + more)
            for reach, (begin, end), more in zip(
                reaches, window.pad_pairs(), extra or (0,) * window.rank, strict=True
            )
        ]

    def infer_shape(self) -> Shape:
        features, weight = shape_of(self.input), shape_of(self.weight)
        groups = self.groups.value.data
        if len(weight) < 3 or len(features) != len(weight) - 1:
            raise VerifyException(
                f"input {list(features)} and weight {list(weight)} do not fit: {FEATURES}, "
                "the weight's are channels, outputs a group, then the kernel"
            )
        if groups < 1 or features[0] != weight[0] or weight[0] % groups:
            raise VerifyException(
                f"{features[0]} channels in {groups} groups do not fit weight {list(weight)}"
            )
        window = self.window
        window.verify()
        if self.output_pads is not None:
            verify_extents("output_pads", self.output_pads.get_values(), features[1:], 0)
        verify_bias(self.bias, weight[1] * groups)
        spatial = tuple(
            (extent - 1) * stride + 1 + before + after - dilation * (kernel - 1)
            for extent, stride, (before, after), dilation, kernel in zip(
                features[1:],
                window.strides,
                self.full_pads(),
                window.dilations,
                window.kernel,
                strict=True,
            )
        )
        if min(spatial) < 1:
            raise VerifyException(f"pads {list(window.pads)} leave nothing of the result")
        return (weight[1] * groups, *spatial)


@irdl_op_definition
class MatMulOp(NnOperation):
    """
    The matrix product of two tensors, whose leading axes broadcast: `lhs` ..MxK, `rhs` ..KxN.

    Where `rhs` is a matrix of weights this is `nn.dense`.

    ```mlir
    %y = nn.matmul %query, %key
      : (tensor<4x10x16xf32>, tensor<4x16x10xf32>) -> tensor<4x10x10xf32>
    ```
    """

    name = "nn.matmul"

    lhs = operand_def(base(TensorType[Attribute]))
    rhs = operand_def(base(TensorType[Attribute]))

    assembly_format = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue):
        super().__init__([lhs, rhs])

    def infer_shape(self) -> Shape:
        lhs, rhs = shape_of(self.lhs), shape_of(self.rhs)
        if len(lhs) < 2 or len(rhs) < 2 or lhs[-1] != rhs[-2]:
            raise VerifyException(
                f"{list(lhs)} and {list(rhs)} do not fit: the first one's last axis is the "
                "second one's last but one"
            )
        return (*broadcast_shape(lhs[:-2], rhs[:-2]), lhs[-2], rhs[-1])
