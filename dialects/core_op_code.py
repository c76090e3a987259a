"""Codes of the `core_op` dialect: integers that stand for real numbers; values that have them."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from xdsl.dialects.builtin import FloatData, IntAttr, TensorType
from xdsl.ir import Attribute, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

LARGEST_UNITS = 256
"""Units that may carry one number."""

LARGEST_NUMBER = (1 << 16) - 1
"""The largest number that units may carry together."""


@irdl_attr_definition
class CodeType(ParametrizedAttribute, TypeAttribute):
    """
    An unsigned integer that stands for a real number: `real = scale * (number - zero)`.

    ```mlir
    !core_op.code<6, 0.03125, 0>
    !core_op.code<2, 0.1, 0, units 5>
    !core_op.code<1, 0.0625, 0, ticks 16>
    ```

    Bits, scale, zero point. Codes lie in `0 .. 2^bits - 1`; the scale is a float32. With `units`
    the number is the sum of so many codes, each from a neuron of its own; `core-op-split-units`
    makes them values. With `ticks` it is the sum of so many codes one after the other: of one bit
    each, the number of spikes in a window.
    """

    name = "core_op.code"

    bits: IntAttr
    scale: FloatData
    zero: IntAttr
    units: IntAttr
    ticks: IntAttr

    def __init__(self, bits: int, scale: float, zero: int = 0, units: int = 1, ticks: int = 1):
        with np.errstate(over="ignore"):
            rounded = float(np.float32(scale))
        super().__init__(
            IntAttr(bits), FloatData(rounded), IntAttr(zero), IntAttr(units), IntAttr(ticks)
        )

    @property
    def largest(self) -> int:
        """The largest number: that code in every unit, at every tick."""
        return self.units.data * self.unit_largest

    @property
    def unit_largest(self) -> int:
        """The largest number of one unit."""
        return self.ticks.data * ((1 << self.bits.data) - 1)

    @property
    def spikes(self) -> bool:
        """Whether the number is counted in time."""
        return self.ticks.data > 1

    @property
    def unit(self) -> "CodeType":
        """The code of one of the units; what these stand for adds up to the number's meaning."""
        if self.units.data == 1:
            return self
        zero = self.zero.data // self.units.data
        return CodeType(self.bits.data, self.scale.data, zero, ticks=self.ticks.data)

    @property
    def interval(self) -> tuple[float, float]:
        """The least and the largest real number that a code stands for."""
        scale, zero = self.scale.data, self.zero.data
        return -scale * zero, scale * (self.largest - zero)

    def verify(self) -> None:
        if not 1 <= self.bits.data <= 16:
            raise VerifyException(f"a code has 1 to 16 bits, not {self.bits.data}")
        # Not subnormal: its reciprocal must be finite, and some devices flush it to zero.
        limits = np.finfo(np.float32)
        if not limits.tiny <= self.scale.data <= limits.max:
            raise VerifyException(
                f"the scale of a code is a positive normal float32, not {self.scale.data}"
            )
        units = self.units.data
        if not 1 <= units <= LARGEST_UNITS:
            raise VerifyException(f"1 to {LARGEST_UNITS} units carry a number, not {units}")
        if self.ticks.data < 1:
            raise VerifyException(f"a window has 1 tick or more, not {self.ticks.data}")
        if self.spikes and self.bits.data != 1:
            raise VerifyException(f"what comes in ticks is spikes of 1 bit, not {self.bits.data}")
        if self.largest > LARGEST_NUMBER:
            ticks = f" in {self.ticks.data} ticks" if self.spikes else ""
            raise VerifyException(
                f"{units} units of {self.bits.data} bits reach {self.largest}{ticks}; a number is "
                f"at most {LARGEST_NUMBER}"
            )
        if not 0 <= self.zero.data <= self.largest:
            raise VerifyException(f"zero point {self.zero.data} is not in 0..{self.largest}")
        if self.zero.data % units:
            raise VerifyException(
                f"zero point {self.zero.data} is not a multiple of the {units} units, each of "
                "which needs one"
            )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            bits = parser.parse_integer(allow_boolean=False)
            parser.parse_punctuation(",")
            scale = float(parser.parse_number(allow_boolean=False))
            parser.parse_punctuation(",")
            zero = parser.parse_integer(allow_boolean=False)
            counts = {"units": 1, "ticks": 1}
            for name in counts:
                if counts["ticks"] == 1 and parser.parse_optional_punctuation(",") is not None:
                    if parser.parse_optional_keyword(name) is None:
                        name = "ticks"
                        parser.parse_keyword(name)
                    counts[name] = parser.parse_integer(allow_boolean=False)
        return CodeType(bits, scale, zero, **counts).parameters

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            scale = str(np.float32(self.scale.data))
            mantissa, _, exponent = scale.partition("e")
            mantissa += "" if "." in mantissa else ".0"
            scale = f"{mantissa}e{exponent}" if exponent else mantissa
            printer.print_string(f"{self.bits.data}, {scale}, {self.zero.data}")
            if self.units.data != 1:
                printer.print_string(f", units {self.units.data}")
            if self.ticks.data != 1:
                printer.print_string(f", ticks {self.ticks.data}")


def element_of(value: SSAValue) -> Attribute:
    """The element type of a tensor value."""
    # The operations' definitions have checked that it is a tensor; `isa` would look at it again.
    return cast(TensorType[Attribute], value.type).get_element_type()


def code_of(value: SSAValue) -> CodeType | None:
    """The code of a coded value; `None` for a real one."""
    element = element_of(value)
    return element if isinstance(element, CodeType) else None


def ticks_of(value: SSAValue) -> int:
    """The ticks in which each number of a value is counted; 1 for a real or a graded one."""
    code = code_of(value)
    return code.ticks.data if code is not None else 1


def units_of(value: SSAValue) -> int:
    """The units that carry each number of a value; 1 for a real one."""
    code = code_of(value)
    return code.units.data if code is not None else 1
