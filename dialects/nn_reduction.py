"""The `nn` dialect's operations along axes: sums, extremes, softmax."""

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    I64,
    BoolAttr,
    IntegerAttr,
    TensorType,
    i64,
)
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import base, irdl_attr_definition, irdl_op_definition, operand_def, prop_def
from xdsl.utils.str_enum import StrEnum

from .nn_base import (
    IntegerArray,
    NnOperation,
    Shape,
    integers,
    shape_of,
    verify_axes,
    verify_axis,
)


@irdl_op_definition
class SoftmaxOp(NnOperation):
    """`exp(x) / sum(exp(x))` along `axis`. Behind the last core the host computes it."""

    name = "nn.softmax"

    input = operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])

    assembly_format = "$input `axis` $axis attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, axis: int):
        super().__init__([input], {"axis": IntegerAttr(axis, i64)})

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        verify_axis(self.axis.value.data, features)
        return features


@irdl_op_definition
class LogSoftmaxOp(NnOperation):
    """
    `x - log(sum(exp(x)))` along `axis`.

    ```mlir
    %y = nn.log_softmax %x axis 0 : (tensor<10xf32>) -> tensor<10xf32>
    ```
    """

    name = "nn.log_softmax"

    input = operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])

    assembly_format = "$input `axis` $axis attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, axis: int):
        super().__init__([input], {"axis": IntegerAttr(axis, i64)})

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        verify_axis(self.axis.value.data, features)
        return features


@irdl_op_definition
class ArgMaxOp(NnOperation):
    """
    The index of the largest value along `axis`; the axis goes, with `keep` it stays as extent 1.

    It is the first of equals, with `last` the last. Behind the last core the host computes it.
    """

    name = "nn.argmax"

    RESULT_ELEMENT: ClassVar[Attribute] = i64

    input = operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])
    keep = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    last = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))

    assembly_format = (
        "$input `axis` $axis (`keep` $keep^)? (`last` $last^)? attr-dict "
        "`:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, axis: int, *, keep: bool = False, last: bool = False):
        properties: dict[str, Attribute | None] = {
            "axis": IntegerAttr(axis, i64),
            "keep": BoolAttr.from_bool(keep),
            "last": BoolAttr.from_bool(last),
        }
        super().__init__([input], properties)

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        axis = verify_axis(self.axis.value.data, features)
        kept = (1,) if self.keep.value.data else ()
        return (*features[:axis], *kept, *features[axis + 1 :])


class Reduction(StrEnum):
    """What `nn.reduce` makes of many elements; `l2` is the square root of the sum of squares."""

    SUM = "sum"
    MEAN = "mean"
    MAX = "max"
    MIN = "min"
    L2 = "l2"


@irdl_attr_definition
class ReductionAttr(EnumAttribute[Reduction], SpacedOpaqueSyntaxAttribute):
    """The function of an `nn.reduce`."""

    name = "nn.reduction"


@irdl_op_definition
class ReduceOp(NnOperation):
    """
    One number of all elements along `axes`; the axes go.

    ```mlir
    %y = nn.reduce mean %x axes [1, 2] : (tensor<8x7x7xf32>) -> tensor<8xf32>
    ```
    """

    name = "nn.reduce"

    input = operand_def(base(TensorType[Attribute]))
    function = prop_def(ReductionAttr)
    axes = prop_def(IntegerArray)

    assembly_format = (
        "$function $input `axes` $axes attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, function: Reduction, input: SSAValue, axes: Sequence[int]):
        super().__init__([input], {"function": ReductionAttr(function), "axes": integers(axes)})

    def infer_shape(self) -> Shape:
        features = shape_of(self.input)
        axes = verify_axes(self.axes.get_values(), features)
        return tuple(extent for axis, extent in enumerate(features) if axis not in axes)
