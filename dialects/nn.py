"""
The `nn` dialect: a trained network as its author knows it.

A function describes one sample, so no value has a batch axis; images are channels first, as in
ONNX. What every operation means is in `targets/jax/nn.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import prod
from typing import ClassVar

import numpy as np
from xdsl.dialects.builtin import (
    I64,
    BoolAttr,
    ContainerType,
    DenseArrayBase,
    Float32Type,
    FloatAttr,
    IntegerAttr,
    ShapedType,
    TensorType,
    f32,
    i64,
)
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, Dialect, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    base,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.pattern_rewriter import RewritePattern
from xdsl.rewriter import Rewriter
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .support.tensor_data import TensorData
from .support.window import Window
from .trained import DataAttr, TrainedConstants, constant_of

Tensor = TensorType[Attribute]
IntegerArray = DenseArrayBase[I64]
Shape = tuple[int, ...]

FEATURES = "the input's axes are channels, then space"


def shape_of(value: SSAValue) -> Shape:
    """The shape of a tensor value. Raises `VerifyException` where it is none, or not static."""
    if not isinstance(value.type, ShapedType) or value.type.name != TensorType.name:
        raise VerifyException(f"expected a tensor, got {value.type}")
    if not value.type.has_static_shape():
        raise VerifyException(f"{value.type} has an unknown dimension; shapes are static here")
    return value.type.get_shape()


def integers(values: Sequence[int] | None) -> IntegerArray | None:
    """An array attribute of 64-bit integers, or none where there are no values."""
    return None if values is None else DenseArrayBase.from_list(i64, list(values))


class NnOperation(IRDLOperation, ABC):
    """An operation with one tensor result whose shape follows from its operands."""

    result = result_def(base(TensorType[Attribute]))

    traits = traits_def(Pure())

    RESULT_ELEMENT: ClassVar[Attribute] = f32

    def __init__(
        self,
        operands: Sequence[SSAValue | Sequence[SSAValue]],
        properties: Mapping[str, Attribute | None] | None = None,
    ):
        super().__init__(
            operands=operands,
            properties=properties or {},
            result_types=[TensorType(self.RESULT_ELEMENT, [])],
        )
        inferred = TensorType(self.RESULT_ELEMENT, self.infer_shape())
        Rewriter.replace_value_with_new_type(self.result, inferred)

    @abstractmethod
    def infer_shape(self) -> Shape:
        """The result's shape. Raises `VerifyException` where the operands do not fit."""

    def verify_(self) -> None:
        expected = self.infer_shape()
        if (actual := shape_of(self.result)) != expected:
            raise VerifyException(
                f"the result has shape {list(actual)}, the operands give {list(expected)}"
            )
        for operand in self.operands:
            _verify_element(operand, f32)
        _verify_element(self.result, self.RESULT_ELEMENT)


@irdl_op_definition
class ConvOp(NnOperation):
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
        return _window(shape_of(self.weight)[2:], self.strides, self.pads, self.dilations)

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
        _verify_bias(self.bias, weight[0])
        return (weight[0], *self.window.output(features[1:]))


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
        _verify_bias(self.bias, weight[1])
        return (*features[:-1], weight[1])


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
class ReluOp(NnOperation, HasCanonicalizationPatternsInterface):
    """`max(input, 0)`, element by element."""

    name = "nn.relu"

    input = operand_def(base(TensorType[Attribute]))

    assembly_format = "$input attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue):
        super().__init__([input])

    def infer_shape(self) -> Shape:
        return shape_of(self.input)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn

        return (nn.DropRepeatedRelu(), nn.HoistReluOverMaxPool())


@irdl_op_definition
class AddOp(NnOperation, HasFolderInterface):
    """
    The sum of two tensors; shapes broadcast as in NumPy.

    ```mlir
    %y = nn.add %x, %bias : (tensor<8x28x28xf32>, tensor<8x1x1xf32>) -> tensor<8x28x28xf32>
    ```
    """

    name = "nn.add"

    lhs = operand_def(base(TensorType[Attribute]))
    rhs = operand_def(base(TensorType[Attribute]))

    assembly_format = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue):
        super().__init__([lhs, rhs])

    def infer_shape(self) -> Shape:
        lhs, rhs = shape_of(self.lhs), shape_of(self.rhs)
        try:
            return np.broadcast_shapes(lhs, rhs)
        except ValueError:
            raise VerifyException(f"{list(lhs)} and {list(rhs)} do not broadcast") from None

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        lhs, rhs = constant_of(self.lhs), constant_of(self.rhs)
        if lhs is None or rhs is None or not (lhs.is_resolved and rhs.is_resolved):
            return None
        return (DataAttr(TensorData(np.add(lhs.array, rhs.array))),)


class PoolOperation(NnOperation, ABC):
    """A window that slides over every channel by itself."""

    input = operand_def(base(TensorType[Attribute]))
    kernel = prop_def(IntegerArray)
    strides = opt_prop_def(IntegerArray)
    pads = opt_prop_def(IntegerArray)
    dilations = opt_prop_def(IntegerArray)

    @property
    def window(self) -> Window:
        """The window that slides over the spatial axes."""
        return _window(self.kernel.get_values(), self.strides, self.pads, self.dilations)

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        if len(features) != self.window.rank + 1:
            raise VerifyException(
                f"a kernel of {self.window.rank} axes over input {list(features)}; {FEATURES}"
            )
        window = self.window
        spatial = window.output(features[1:])
        if window.has_padding and not window.always_sees_input(features[1:]):
            raise VerifyException(f"pads {list(window.pads)}: a window sees nothing but padding")
        return (features[0], *spatial)


@irdl_op_definition
class MaxPoolOp(PoolOperation):
    """
    The largest value under each window, channel by channel; what lies outside does not count.

    ```mlir
    %y = nn.max_pool %x kernel [2, 2] strides [2, 2] : (tensor<8x28x28xf32>) -> tensor<8x14x14xf32>
    ```
    """

    name = "nn.max_pool"

    assembly_format = (
        "$input `kernel` $kernel (`strides` $strides^)? (`pads` $pads^)? "
        "(`dilations` $dilations^)? attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        kernel: Sequence[int],
        *,
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
    ):
        super().__init__([input], _pool_properties(kernel, strides, pads, dilations))


@irdl_op_definition
class AveragePoolOp(PoolOperation):
    """
    The mean under each window, channel by channel.

    With `count_pad` what lies outside counts as zeros, otherwise not at all.

    ```mlir
    %y = nn.average_pool %x kernel [2, 2] strides [2, 2]
      : (tensor<8x28x28xf32>) -> tensor<8x14x14xf32>
    ```
    """

    name = "nn.average_pool"

    count_pad = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))

    assembly_format = (
        "$input `kernel` $kernel (`strides` $strides^)? (`pads` $pads^)? "
        "(`dilations` $dilations^)? (`count_pad` $count_pad^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        kernel: Sequence[int],
        *,
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
        count_pad: bool = False,
    ):
        properties = _pool_properties(kernel, strides, pads, dilations)
        super().__init__([input], {**properties, "count_pad": BoolAttr.from_bool(count_pad)})


@irdl_op_definition
class ReshapeOp(NnOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """The same elements in row-major order under another shape."""

    name = "nn.reshape"

    input = operand_def(base(TensorType[Attribute]))
    shape = prop_def(IntegerArray)

    assembly_format = "$input `to` $shape attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, shape: Sequence[int]):
        super().__init__([input], {"shape": integers(shape)})

    def infer_shape(self) -> Shape:
        target = tuple(self.shape.get_values())
        if any(extent < 0 for extent in target):
            raise VerifyException(f"shape {list(target)} has a negative extent")
        if prod(target) != prod(features := shape_of(self.input)):
            raise VerifyException(
                f"{list(features)} has {prod(features)} elements, {list(target)} {prod(target)}"
            )
        return target

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        if self.input.type == self.result.type:
            return (self.input,)
        data = constant_of(self.input)
        if data is None or not data.is_resolved:
            return None
        return (DataAttr(TensorData(data.array.reshape(self.shape.get_values()))),)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn

        return (nn.MergeReshapes(),)


@irdl_op_definition
class TransposeOp(NnOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    Axes in another order: axis `i` of the result is axis `permutation[i]` of the input.

    ```mlir
    %y = nn.transpose %x [1, 2, 0] : (tensor<8x4x4xf32>) -> tensor<4x4x8xf32>
    ```
    """

    name = "nn.transpose"

    input = operand_def(base(TensorType[Attribute]))
    permutation = prop_def(IntegerArray)

    assembly_format = "$input $permutation attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, permutation: Sequence[int]):
        super().__init__([input], {"permutation": integers(permutation)})

    def infer_shape(self) -> Shape:
        features, order = shape_of(self.input), self.permutation.get_values()
        if sorted(order) != list(range(len(features))):
            raise VerifyException(
                f"{list(order)} is not an order of the {len(features)} axes of {list(features)}"
            )
        return tuple(features[axis] for axis in order)

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        order = self.permutation.get_values()
        if list(order) == sorted(order):
            return (self.input,)
        data = constant_of(self.input)
        if data is None or not data.is_resolved:
            return None
        return (DataAttr(TensorData(data.array.transpose(order))),)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn

        return (nn.MergeTransposes(), nn.TransposeOfVectorIsReshape())


@irdl_op_definition
class SoftmaxOp(NnOperation):
    """`exp(x) / sum(exp(x))` along `axis`. The host computes it, after the last core."""

    name = "nn.softmax"

    input = operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])

    assembly_format = "$input `axis` $axis attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, axis: int):
        super().__init__([input], {"axis": IntegerAttr(axis, i64)})

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        _verify_axis(self.axis.value.data, features)
        return features


@irdl_op_definition
class ArgMaxOp(NnOperation):
    """
    The index of the largest value along `axis`, the first of equals; the axis goes.

    The host computes it, after the last core.
    """

    name = "nn.argmax"

    RESULT_ELEMENT: ClassVar[Attribute] = i64

    input = operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])

    assembly_format = "$input `axis` $axis attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, axis: int):
        super().__init__([input], {"axis": IntegerAttr(axis, i64)})

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        axis = _verify_axis(self.axis.value.data, features)
        return features[:axis] + features[axis + 1 :]


def _window(
    kernel: Sequence[int],
    strides: IntegerArray | None,
    pads: IntegerArray | None,
    dilations: IntegerArray | None,
) -> Window:
    parts = (strides, pads, dilations)
    return Window.of(kernel, *(part.get_values() if part is not None else None for part in parts))


def _pool_properties(
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    pads: Sequence[int] | None,
    dilations: Sequence[int] | None,
) -> dict[str, Attribute | None]:
    return {
        "kernel": integers(kernel),
        "strides": integers(strides),
        "pads": integers(pads),
        "dilations": integers(dilations),
    }


def _verify_element(value: SSAValue, expected: Attribute) -> None:
    if isinstance(value.type, ContainerType) and value.type.get_element_type() != expected:
        raise VerifyException(f"expected elements {expected}, got {value.type}")


def _verify_bias(bias: SSAValue | None, outputs: int) -> None:
    if bias is not None and (shape := shape_of(bias)) != (outputs,):
        raise VerifyException(f"the bias has shape {list(shape)}, the weight {outputs} outputs")


def _verify_axis(axis: int, features: Shape) -> int:
    if not 0 <= axis < len(features):
        raise VerifyException(f"axis {axis} of an input with {len(features)} axes")
    return axis


Nn = Dialect(
    "nn",
    [
        ConvOp,
        DenseOp,
        BatchNormOp,
        ReluOp,
        AddOp,
        MaxPoolOp,
        AveragePoolOp,
        ReshapeOp,
        TransposeOp,
        SoftmaxOp,
        ArgMaxOp,
    ],
    [],
    [TrainedConstants()],
)
