"""What the operations of the `nn` dialect share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np
from xdsl.dialects.builtin import (
    I64,
    ContainerType,
    DenseArrayBase,
    Float32Type,
    ShapedType,
    TensorType,
    f32,
    i64,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    base,
    result_def,
    traits_def,
)
from xdsl.rewriter import Rewriter
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .support.tensor_data import Array
from .support.window import Window
from .trained import constant_of

Tensor = TensorType[Attribute]
IntegerArray = DenseArrayBase[I64]
RealArray = DenseArrayBase[Float32Type]
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


def broadcast_shape(lhs: Shape, rhs: Shape) -> Shape:
    """The shape of two tensors combined as in NumPy. Raises `VerifyException` if there is none."""
    try:
        return np.broadcast_shapes(lhs, rhs)
    except ValueError:
        raise VerifyException(f"{list(lhs)} and {list(rhs)} do not broadcast") from None


def resolved(value: SSAValue) -> Array | None:
    """The numbers of a trained tensor, where they are at hand."""
    data = constant_of(value)
    return data.array if data is not None and data.is_resolved else None


class NnOperation(IRDLOperation, ABC):
    """An operation with one tensor result whose shape follows from its operands."""

    result = result_def(base(TensorType[Attribute]))

    traits = traits_def(Pure())

    OPERAND_ELEMENT: ClassVar[Attribute] = f32
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
            verify_element(operand, self.OPERAND_ELEMENT)
        verify_element(self.result, self.RESULT_ELEMENT)


def window_of(
    kernel: Sequence[int],
    strides: IntegerArray | None,
    pads: IntegerArray | None,
    dilations: IntegerArray | None,
) -> Window:
    """The window of an operation's properties; what is absent has its default."""
    parts = (strides, pads, dilations)
    return Window.of(kernel, *(part.get_values() if part is not None else None for part in parts))


def pool_properties(
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    pads: Sequence[int] | None,
    dilations: Sequence[int] | None,
) -> dict[str, Attribute | None]:
    """The properties that all pools have."""
    return {
        "kernel": integers(kernel),
        "strides": integers(strides),
        "pads": integers(pads),
        "dilations": integers(dilations),
    }


def verify_element(value: SSAValue, expected: Attribute) -> None:
    """Raise `VerifyException` where a tensor's elements are of another type."""
    if isinstance(value.type, ContainerType) and value.type.get_element_type() != expected:
        raise VerifyException(f"expected elements {expected}, got {value.type}")


def verify_bias(bias: SSAValue | None, outputs: int) -> None:
    """Raise `VerifyException` where a bias is not one number an output."""
    if bias is not None and (shape := shape_of(bias)) != (outputs,):
        raise VerifyException(f"the bias has shape {list(shape)}, the weight {outputs} outputs")


def verify_axis(axis: int, features: Shape) -> int:
    """The axis. Raises `VerifyException` where the input has none such."""
    if not 0 <= axis < len(features):
        raise VerifyException(f"axis {axis} of an input with {len(features)} axes")
    return axis


def verify_axes(axes: Sequence[int], features: Shape) -> tuple[int, ...]:
    """The axes. Raises `VerifyException` where the input has none such, or they do not rise."""
    if any(a >= b for a, b in pairwise(axes)):
        raise VerifyException(f"axes {list(axes)} do not rise")
    return tuple(verify_axis(axis, features) for axis in axes)


def verify_extents(name: str, values: Sequence[int], features: Shape, least: int) -> None:
    """Raise `VerifyException` where `values` is not one number of at least `least` an axis."""
    if len(values) != len(features):
        raise VerifyException(f"{name} {list(values)} of an input with {len(features)} axes")
    if any(value < least for value in values):
        raise VerifyException(f"{name} {list(values)} has a number below {least}")
