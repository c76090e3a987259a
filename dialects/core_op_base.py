"""What the operations of the `core_op` dialect have in common."""

from abc import ABC, abstractmethod

from xdsl.dialects.builtin import Float32Type, TensorType
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import IRDLOperation, base, result_def
from xdsl.utils.exceptions import VerifyException

from .core_op_code import CodeType, element_of
from .nn import Shape, shape_of


class CoreOperation(IRDLOperation, ABC):
    """An operation with one tensor result whose shape follows from its operands."""

    result = result_def(base(TensorType[Attribute]))

    @abstractmethod
    def infer_shape(self) -> Shape:
        """The result's shape. Raises `VerifyException` where the operands do not fit."""

    def verify_(self) -> None:
        expected = self.infer_shape()
        if (actual := shape_of(self.result)) != expected:
            raise VerifyException(
                f"the result has shape {list(actual)}, the operands give {list(expected)}"
            )
        self.verify_elements()

    @abstractmethod
    def verify_elements(self) -> None:
        """Raise `VerifyException` where the element types do not fit."""


def require_real(value: SSAValue, what: str) -> None:
    """Raise `VerifyException` where `value`, which is called `what`, has a code."""
    if not isinstance(element := element_of(value), Float32Type):
        raise VerifyException(f"{what} must be f32, not {element}")


def require_code(value: SSAValue, what: str) -> None:
    """Raise `VerifyException` where `value`, which is called `what`, has none."""
    if not isinstance(element := element_of(value), CodeType):
        raise VerifyException(f"{what} must be codes, not {element}")


def require_same_element(source: SSAValue, result: SSAValue) -> None:
    """Raise `VerifyException` where one has a code that the other has not."""
    if (a := element_of(source)) != (b := element_of(result)):
        raise VerifyException(f"{a} in, {b} out: the elements must be the same")
