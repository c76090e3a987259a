"""
The `trained` dialect: constant tensors that are known by their content.

Every level of the compiler shares its one operation, `trained.tensor`.
"""

from collections.abc import Callable

import numpy as np
from xdsl.dialect_interfaces.constant_materialization import ConstantMaterializationInterface
from xdsl.dialects.builtin import TensorType
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, Data, Dialect, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    prop_def,
    result_def,
    traits_def,
)
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from .support.context import CorelowerContext
from .support.tensor_data import Array, TensorData, element_dtype, tensor_type_of
from .support.tensor_file import is_digest

LARGEST_PRINTED = 16
"""Elements; a tensor with more is printed as its digest."""

DIGEST_PREFIX = "sha256:"


@irdl_attr_definition
class DataAttr(Data[TensorData]):
    """
    A trained tensor: small ones in full, larger ones as the digest of their content.

    ```mlir
    #trained.data<[1.0, 2.0] : tensor<2xf32>>
    #trained.data<"sha256:5f70bf18..." : tensor<500x784xf32>>
    ```

    The data of a digest comes from a weights file. Where none was given the attribute still
    parses, prints and compares; only a pass that reads the numbers fails.
    """

    name = "trained.data"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> TensorData:
        with parser.in_angle_brackets():
            return parse_tensor_data(parser)[0]

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            print_tensor_data(printer, self.data)


@irdl_op_definition
class TensorOp(IRDLOperation, HasFolderInterface):
    """
    A constant tensor.

    ```mlir
    %bias = trained.tensor [0.5, -0.25] : tensor<2xf32>
    %weights = trained.tensor "sha256:5f70bf18..." : tensor<500x784xf32>
    ```
    """

    name = "trained.tensor"

    value = prop_def(DataAttr)
    result = result_def(base(TensorType[Attribute]))

    traits = traits_def(Pure(), ConstantLike())

    def __init__(self, value: Array | TensorData | DataAttr):
        if isinstance(value, np.ndarray):
            value = TensorData(value)
        if isinstance(value, TensorData):
            value = DataAttr(value)
        super().__init__(properties={"value": value}, result_types=[tensor_type_of(value.data)])

    @property
    def data(self) -> TensorData:
        """The tensor's content."""
        return self.value.data

    def verify_(self) -> None:
        if tensor_type_of(self.data) != self.result.type:
            raise VerifyException(
                f"the data is {tensor_type_of(self.data)}, the result {self.result.type}"
            )

    def fold(self) -> tuple[Attribute]:
        return (self.value,)

    @classmethod
    def parse(cls, parser: Parser) -> "TensorOp":
        attributes = parser.parse_optional_attr_dict()
        data, _ = parse_tensor_data(parser)
        op = cls(data)
        op.attributes.update(attributes)
        return op

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes)
        printer.print_string(" ")
        print_tensor_data(printer, self.data)


def constant_of(value: SSAValue) -> TensorData | None:
    """The content of a value that is a trained tensor, otherwise `None`."""
    return value.owner.data if isinstance(value.owner, TensorOp) else None


def parse_tensor_data(parser: AttrParser) -> tuple[TensorData, TensorType[Attribute]]:
    """Parse `<content> `:` <tensor type>`, the content a digest or (nested) numbers."""
    start = parser.pos
    digest = parser.parse_optional_str_literal()
    numbers: list[int | float] = []
    shape: list[int] = []
    if digest is None:
        shape = _parse_numbers(parser, numbers)
    parser.parse_punctuation(":")
    tensor_type = parser.parse_type()
    if not isa(tensor_type, TensorType[Attribute]) or not tensor_type.has_static_shape():
        parser.raise_error("expected a tensor type of static shape", start)
    dtype = element_dtype(tensor_type.get_element_type())
    if dtype is None:
        parser.raise_error(f"no trained tensor has elements {tensor_type.element_type}", start)
    type_shape = tensor_type.get_shape()
    if digest is not None:
        data = _find(parser, digest, dtype, type_shape, lambda m: parser.raise_error(m, start))
        return data, tensor_type
    # Where there are no numbers, brackets cannot tell all extents.
    if tuple(shape) != type_shape and (numbers or 0 not in type_shape):
        parser.raise_error(f"numbers of shape {shape} in a tensor of {list(type_shape)}", start)
    if dtype.kind in "iub" and any(isinstance(number, float) for number in numbers):
        parser.raise_error("a fraction in a tensor of integers", start)
    if (array := _array_of(numbers, dtype)) is None:
        parser.raise_error(f"a number is outside {tensor_type.element_type}", start)
    return TensorData(array.reshape(type_shape)), tensor_type


def print_tensor_data(printer: Printer, data: TensorData) -> None:
    """Print what `parse_tensor_data` reads."""
    if data.is_resolved and data.size <= LARGEST_PRINTED and _is_finite(data.array):
        printer.print_string(_nested_text(data.array))
    else:
        printer.print_string(f'"{DIGEST_PREFIX}{data.digest}"')
    printer.print_string(" : ")
    printer.print_attribute(tensor_type_of(data))


def _find(
    parser: AttrParser,
    text: str,
    dtype: np.dtype[np.generic],
    shape: tuple[int, ...],
    fail: Callable[[str], object],
) -> TensorData:
    digest = text.removeprefix(DIGEST_PREFIX)
    if not text.startswith(DIGEST_PREFIX) or not is_digest(digest):
        fail('expected numbers or "sha256:" with 64 hexadecimal digits')
    absent = TensorData(None, digest, dtype, shape)
    if not isinstance(parser.ctx, CorelowerContext):
        return absent
    found = parser.ctx.tensors.find(digest)
    if found is None:
        return absent
    if found.dtype != dtype or found.shape != shape:
        fail(f"the weights file has {tensor_type_of(found)} under this digest")
    return found


def _array_of(numbers: list[int | float], dtype: np.dtype[np.generic]) -> Array | None:
    """The numbers as an array of the element type; `None` where one is out of its range."""
    if dtype.kind == "b" and not set(numbers) <= {0, 1}:
        return None
    try:
        with np.errstate(over="raise"):
            return np.array(numbers, dtype)
    except (OverflowError, FloatingPointError):
        return None


def _parse_numbers(parser: AttrParser, numbers: list[int | float]) -> list[int]:
    """Parse a number or nested lists of numbers; the shape, which must be rectangular."""
    if parser.parse_optional_punctuation("[") is None:
        if (truth := parser.parse_optional_boolean()) is not None:
            numbers.append(int(truth))
        else:
            numbers.append(parser.parse_number())
        return []
    if parser.parse_optional_punctuation("]") is not None:
        return [0]
    inner = _parse_numbers(parser, numbers)
    count = 1
    while parser.parse_optional_punctuation(",") is not None:
        start = parser.pos
        if _parse_numbers(parser, numbers) != inner:
            parser.raise_error("rows of different length", start)
        count += 1
    parser.parse_punctuation("]")
    return [count, *inner]


def _is_finite(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _nested_text(array: Array) -> str:
    if array.ndim:
        return "[" + ", ".join(_nested_text(row) for row in array) + "]"
    if array.dtype.kind == "b":
        return "true" if array else "false"
    if array.dtype.kind != "f":
        return str(array)
    # NumPy's shortest text that reads back as the same number; MLIR wants a point in it.
    mantissa, _, exponent = str(array).partition("e")
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}e{exponent}" if exponent else mantissa


class TrainedConstants(ConstantMaterializationInterface):
    """What a dialect's folders compute becomes a `trained.tensor`."""

    def materialize_constant(self, value: Attribute, type: Attribute) -> Operation | None:
        return TensorOp(value) if isinstance(value, DataAttr) else None


Trained = Dialect("trained", [TensorOp], [DataAttr], [TrainedConstants()])
