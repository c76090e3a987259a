"""Operations of the `core_op` dialect at the border to the host, which encodes and decodes."""

from xdsl.dialects.builtin import I64, IntegerAttr, TensorType, f32, i64
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import base, irdl_op_definition, operand_def, opt_prop_def, traits_def
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .core_op_base import CoreOperation, require_code, require_real
from .core_op_code import CodeType, code_of
from .nn import Shape, shape_of


@irdl_op_definition
class EncodeOp(CoreOperation, HasFolderInterface):
    """
    Real numbers to codes, on the host: `clamp(round(x * (1 / scale)) + zero, 0, largest)`.

    ```mlir
    %q = core_op.encode %x : (tensor<784xf32>) -> tensor<784x!core_op.code<6, 0.015873017, 0>>
    ```

    With `units` the number is dealt out to so many units on a trailing axis: unit `u` of `k` gets
    `floor((q + u) / k)`.

    ```mlir
    %q = core_op.encode %x units 5 : (tensor<784xf32>) -> tensor<784x5x!core_op.code<2, 0.1, 0>>
    ```
    """

    name = "core_op.encode"

    input = operand_def(base(TensorType[Attribute]))
    units = opt_prop_def(IntegerAttr[I64])

    traits = traits_def(Pure())

    assembly_format = "$input (`units` $units^)? attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, code: CodeType, units: int = 1):
        shape = (*shape_of(input), *_unit_axis(units))
        super().__init__(
            operands=[input],
            properties={"units": _units_attribute(units)},
            result_types=[TensorType(code, shape)],
        )

    @property
    def unit_count(self) -> int:
        """The units on the trailing axis; 1 where there is no such axis."""
        return self.units.value.data if self.units is not None else 1

    def infer_shape(self) -> Shape:
        return (*shape_of(self.input), *_unit_axis(self.unit_count))

    def verify_elements(self) -> None:
        require_real(self.input, "the input")
        require_code(self.result, "the result")
        _verify_units(self.unit_count, self.result)

    def fold(self) -> tuple[SSAValue] | None:
        source = self.input.owner
        if (
            isinstance(source, DecodeOp)
            and source.input.type == self.result.type
            and source.unit_count == self.unit_count == 1
        ):
            return (source.input,)
        return None


@irdl_op_definition
class DecodeOp(CoreOperation):
    """
    Codes to the real numbers that they stand for, on the host.

    With `units` a number is the sum of so many units on the trailing axis.

    ```mlir
    %y = core_op.decode %q units 5 : (tensor<10x5x!core_op.code<2, 0.1, 0>>) -> tensor<10xf32>
    ```
    """

    name = "core_op.decode"

    input = operand_def(base(TensorType[Attribute]))
    units = opt_prop_def(IntegerAttr[I64])

    traits = traits_def(Pure())

    assembly_format = "$input (`units` $units^)? attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, units: int = 1):
        shape = shape_of(input) if units == 1 else shape_of(input)[:-1]
        super().__init__(
            operands=[input],
            properties={"units": _units_attribute(units)},
            result_types=[TensorType(f32, shape)],
        )

    @property
    def unit_count(self) -> int:
        """The units on the trailing axis; 1 where there is no such axis."""
        return self.units.value.data if self.units is not None else 1

    def infer_shape(self) -> Shape:
        shape, axis = shape_of(self.input), _unit_axis(self.unit_count)
        if axis and shape[-1:] != axis:
            raise VerifyException(
                f"the trailing axis of {list(shape)} is not {self.unit_count} units"
            )
        return shape[:-1] if axis else shape

    def verify_elements(self) -> None:
        require_code(self.input, "the input")
        require_real(self.result, "the result")
        _verify_units(self.unit_count, self.input)


def _units_attribute(units: int) -> IntegerAttr[I64] | None:
    return IntegerAttr(units, i64) if units != 1 else None


def _unit_axis(units: int) -> tuple[int, ...]:
    return (units,) if units != 1 else ()


def _verify_units(units: int, value: SSAValue) -> None:
    """Units on an axis are plain codes, as many as a number may have."""
    code = code_of(value)
    if units == 1 or code is None:
        return
    if code.units.data != 1:
        raise VerifyException(f"{units} units on an axis, and {code.units.data} in the code")
    zero = code.zero.data * units
    CodeType(code.bits.data, code.scale.data, zero, units, code.ticks.data)
