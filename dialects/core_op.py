"""
The `core_op` dialect: a network as dot products within the constraints of a chip's core.

One operation computes, `core_op.vmm`; the rest is wiring, which moves values and computes nothing.
Values are real (`f32`) or codes (`!core_op.code`). Images are channels last. What every operation
means is in `targets/jax/core_op.py`; why it is as it is, in `docs/rationale_core_op.md`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import prod
from typing import cast

import numpy as np
from xdsl.dialects.builtin import (
    I64,
    DenseArrayBase,
    Float32Type,
    FloatData,
    IntAttr,
    IntegerAttr,
    IntegerType,
    ModuleOp,
    StringAttr,
    TensorType,
    UnitAttr,
    f32,
    i32,
    i64,
)
from xdsl.dialects.utils import EnumAttribute
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import (
    Attribute,
    Data,
    Dialect,
    Operation,
    ParametrizedAttribute,
    SpacedOpaqueSyntaxAttribute,
    SSAValue,
    TypeAttribute,
)
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import AttrParser, Parser
from xdsl.pattern_rewriter import RewritePattern
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from .nn import IntegerArray, Shape, integers, shape_of
from .support.provenance import golden_name
from .support.target import Target
from .support.target_syntax import parse_target, print_target
from .support.window import Window
from .trained import TrainedConstants

TARGET_ATTRIBUTE = "core_op.target"
"""The module's attribute that holds the target."""

ALTERNATE_ATTRIBUTE = "core_op.alternate_target"
"""The module's attribute that holds the target of cores whose neurons are of the other kind."""

MODE_ATTRIBUTE = "core_op.mode"
"""Attribute of a `core_op.vmm` or an argument that has no code yet: `graded` or `spiking`."""

GRADED, SPIKING = "graded", "spiking"

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


@irdl_attr_definition
class TargetAttr(Data[Target]):
    """
    A chip's constraints, on the module as `core_op.target`. Fields at their default are not shown.

    ```mlir
    #core_op.target<"my_chip", fan_in = 128, fan_out = 128, signal_bits = 5, weights = [-15, 15]>
    ```
    """

    name = "core_op.target"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Target:
        return parse_target(parser)

    def print_parameter(self, printer: Printer) -> None:
        print_target(printer, self.data)


class Activation(StrEnum):
    """What a core applies to its sums."""

    LINEAR = "linear"
    RELU = "relu"


@irdl_attr_definition
class ActivationAttr(EnumAttribute[Activation], SpacedOpaqueSyntaxAttribute):
    """The function of a `core_op.vmm`: `linear` or `relu`."""

    name = "core_op.activation"


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


def target_of(op: Operation) -> Target | None:
    """
    The target that the module around `op` names.

    Of a mixed network's dot product it is that of cores whose neurons are of its kind.
    """
    targets = targets_of(op)
    if len(targets) < 2 or (spikes := _spikes(op)) is None:
        return targets[0] if targets else None
    return next((target for target in targets if target.spikes == spikes), targets[0])


def targets_of(op: Operation) -> Sequence[Target]:
    """The target that the module around `op` names; of a mixed network the alternate one too."""
    module = op
    while (parent := module.parent_op()) is not None:
        module = parent
    found = (module.attributes.get(name) for name in (TARGET_ATTRIBUTE, ALTERNATE_ATTRIBUTE))
    return [attribute.data for attribute in found if isinstance(attribute, TargetAttr)]


def spiking_target_of(op: Operation) -> Target | None:
    """The target of the cores whose neurons spike; `None` where there are none."""
    return next((target for target in targets_of(op) if target.spikes), None)


def target_for(op: Operation, code: CodeType) -> Target | None:
    """The target of cores with signals of `code`, in the module around `op`."""
    targets = targets_of(op)
    alike = (target for target in targets if target.spikes == code.spikes)
    return next(alike, None) if len(targets) > 1 else next(iter(targets), None)


def set_target(module: ModuleOp, target: Target, alternate: Target | None = None) -> None:
    """Let `module` be lowered to `target`, and some of its layers to `alternate`."""
    module.attributes[TARGET_ATTRIBUTE] = TargetAttr(target)
    module.attributes.pop(ALTERNATE_ATTRIBUTE, None)
    if alternate is not None:
        target.require_alternate(alternate)
        module.attributes[ALTERNATE_ATTRIBUTE] = TargetAttr(alternate)


def _spikes(op: Operation) -> bool | None:
    """Whether the neurons that compute the result of `op` spike; `None` where nothing says it."""
    if not op.results or not isinstance(op.results[0].type, TensorType):
        return None
    if (code := code_of(op.results[0])) is not None:
        return code.spikes
    mode = op.attributes.get(MODE_ATTRIBUTE)
    return mode.data == SPIKING if isinstance(mode, StringAttr) else None


def times_taken(op: Operation, taken: CodeType | None, result: CodeType | None) -> int:
    """
    How often in a window the neurons of `op` take each number of `taken` that they read.

    A spike is taken when it comes. A graded number waits in its axon and is taken once in a phase:
    by neurons that fire at any tick, whose phase is a tick, at each tick of their window.
    """
    if taken is None or result is None or taken.spikes or not result.spikes:
        return 1
    target = target_for(op, result)
    return result.ticks.data if target is not None and target.firing == "tick" else 1


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


# --- border to the host --------------------------------------------------------------------------


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
        _require_real(self.input, "the input")
        _require_code(self.result, "the result")
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
        _require_code(self.input, "the input")
        _require_real(self.result, "the result")
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


# --- computing -----------------------------------------------------------------------------------


@irdl_op_definition
class VmmOp(CoreOperation):
    """
    Vector-matrix products: `y[p, g, n] = act(sum_m x[p, g, m] * w[g, m, n] + b[g, n])`.

    `g` are groups: different weights, different cores. `p`, any number of axes, are positions:
    the same weights, so one core in turn or copies of it.

    ```mlir
    // real: fan-in 25, 6 outputs, 28 x 28 positions
    %y = core_op.vmm relu %x, %w bias %b
      : (tensor<28x28x1x25xf32>, tensor<1x25x6xf32>, tensor<1x6xf32>) -> tensor<28x28x1x6xf32>
    // coded: integer weights, a gain a group
    %q = core_op.vmm relu %x, %w bias %b gain %g
      : (tensor<28x28x1x25x!in>, tensor<1x25x6xi8>, tensor<1x6xi32>, tensor<1xf32>)
        -> tensor<28x28x1x6x!out>
    ```

    With real weights, coded operands count as the real numbers that they stand for, and a coded
    result is rounded to its code. With integer weights only integers flow:
    `q_y = clamp(round((W q_x + b) * gain), 0, 2^bits - 1)`; zero points are part of `b`. A
    result of several units has the gain and the `b` of one: it is the sum over the units, each with
    an offset of its own beside `b` (`targets/unit_offsets.py`).
    `same_code` promises that the result has the input's code, as a maximum built from `relu` does.

    A result of `ticks` is what a neuron counts: `b` is its leak, added at every tick, `potential`
    what it starts a window with, both integers, and the gain one over its threshold. Then
    `q_y = clamp(floor((W q_x + ticks * b + v) * gain), 0, ticks)`: exactly where neurons fire
    window by window, as a rate where they fire at any tick. Why, and what happens tick by tick, is
    in `docs/rationale_core_op.md`. Input and result may be of different kinds. Of spikes a graded
    result takes their number in a window. A graded input counts once where neurons fire window by
    window; at each tick, `ticks * W q_x` in all, where they fire at any tick.

    ```mlir
    %s = core_op.vmm relu %x, %w potential %v gain %g
      : (tensor<28x28x1x25x!spikes>, tensor<1x25x6xi8>, tensor<1x6xi32>, tensor<1x6xf32>)
        -> tensor<28x28x1x6x!core_op.code<1, 0.1, 0, ticks 16>>
    ```
    """

    name = "core_op.vmm"

    activation = prop_def(ActivationAttr)
    input = operand_def(base(TensorType[Attribute]))
    weight = operand_def(base(TensorType[Attribute]))
    bias = opt_operand_def(base(TensorType[Attribute]))
    potential = opt_operand_def(base(TensorType[Attribute]))
    gain = opt_operand_def(base(TensorType[Attribute]))
    same_code = opt_prop_def(UnitAttr)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())

    def __init__(
        self,
        activation: Activation,
        input: SSAValue,
        weight: SSAValue,
        bias: SSAValue | None = None,
        gain: SSAValue | None = None,
        *,
        potential: SSAValue | None = None,
        element: Attribute = f32,
        same_code: bool = False,
    ):
        shape = (*shape_of(input)[:-1], shape_of(weight)[-1])
        optional = [[value] if value else [] for value in (bias, potential, gain)]
        super().__init__(
            operands=[input, weight, *optional],
            properties={
                "activation": ActivationAttr(activation),
                "same_code": UnitAttr() if same_code else None,
            },
            result_types=[TensorType(element, shape)],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "VmmOp":
        start = parser.pos
        activation = parser.parse_str_enum(Activation)
        operands = [parser.parse_unresolved_operand()]
        parser.parse_punctuation(",")
        operands.append(parser.parse_unresolved_operand())
        segments = [1, 1, 0, 0, 0]
        for index, keyword in ((2, "bias"), (3, "potential"), (4, "gain")):
            if parser.parse_optional_keyword(keyword) is not None:
                operands.append(parser.parse_unresolved_operand())
                segments[index] = 1
        same_code = parser.parse_optional_keyword("same_code") is not None
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        signature = parser.parse_function_type()
        values = parser.resolve_operands(operands, signature.inputs.data, start)
        properties: dict[str, Attribute] = {
            "activation": ActivationAttr(activation),
            "operandSegmentSizes": DenseArrayBase.from_list(i32, segments),
        }
        if same_code:
            properties["same_code"] = UnitAttr()
        return cls.create(
            operands=values,
            result_types=signature.outputs.data,
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.activation.data.value} ")
        printer.print_list((self.input, self.weight), printer.print_operand)
        optional = (("bias", self.bias), ("potential", self.potential), ("gain", self.gain))
        for keyword, operand in optional:
            if operand is not None:
                printer.print_string(f" {keyword} ")
                printer.print_operand(operand)
        if self.same_code is not None:
            printer.print_string(" same_code")
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)

    @property
    def groups(self) -> int:
        """Groups: matrices with weights of their own."""
        return shape_of(self.weight)[0]

    @property
    def fan_in(self) -> int:
        """Inputs of an output, bias rows not counted."""
        return shape_of(self.weight)[1]

    @property
    def outputs(self) -> int:
        """Outputs a group."""
        return shape_of(self.weight)[2]

    @property
    def unit_rows(self) -> int:
        """Rows that the inputs take: one for every unit of each, bias rows not counted."""
        return self.fan_in * units_of(self.input)

    @property
    def unit_columns(self) -> int:
        """Columns that the outputs take: one for every unit of each."""
        return self.outputs * units_of(self.result)

    @property
    def positions(self) -> int:
        """How often every matrix is used for one sample."""
        return prod(shape_of(self.input)[:-2])

    @property
    def times_taken(self) -> int:
        """How often in a window the neurons take each number, see `times_taken`."""
        return times_taken(self, code_of(self.input), code_of(self.result))

    @property
    def is_quantized(self) -> bool:
        """Whether the weights are integers, so that only integers flow."""
        return isinstance(element_of(self.weight), IntegerType)

    def infer_shape(self) -> Shape:
        inputs, weight = shape_of(self.input), shape_of(self.weight)
        if len(weight) != 3 or len(inputs) < 2 or inputs[-2:] != weight[:2]:
            raise VerifyException(
                f"input {list(inputs)} and weight {list(weight)} do not fit: the input is "
                "positions x groups x fan-in, the weight groups x fan-in x outputs"
            )
        groups, _, outputs = weight
        for name, value in (("bias", self.bias), ("potential", self.potential)):
            if value is not None and (shape := shape_of(value)) != (groups, outputs):
                raise VerifyException(
                    f"the {name} has shape {list(shape)}, not {[groups, outputs]}"
                )
        if self.gain is not None and shape_of(self.gain) not in ((groups,), (groups, outputs)):
            raise VerifyException(
                f"the gain has shape {list(shape_of(self.gain))}, neither {[groups]} (a core) nor "
                f"{[groups, outputs]} (a neuron)"
            )
        return (*inputs[:-1], outputs)

    def verify_elements(self) -> None:
        code, result = code_of(self.input), code_of(self.result)
        if code is None:
            _require_real(self.input, "the input")
        if result is None:
            _require_real(self.result, "the result")
        if self.same_code is not None and code != result:
            elements = element_of(self.input), element_of(self.result)
            raise VerifyException(f"same_code, but {elements[0]} in and {elements[1]} out")
        if result and self.activation.data is Activation.RELU and result.zero.data:
            raise VerifyException(
                f"relu saturates at code 0, which stands for {result.interval[0]:g} here; "
                "the result's zero point must be 0"
            )
        if not self.is_quantized:
            _require_real(self.weight, "the weight")
            if self.bias is not None:
                _require_real(self.bias, "the bias")
            if self.gain is not None:
                raise VerifyException("a gain belongs to integer weights")
            if self.potential is not None:
                raise VerifyException("a potential belongs to integer weights")
            return
        if code is None or result is None:
            raise VerifyException("integer weights need coded inputs and results")
        if self.gain is None:
            raise VerifyException("integer weights need a gain")
        _require_real(self.gain, "the gain")
        if self.bias is not None and not isinstance(element_of(self.bias), IntegerType):
            raise VerifyException("integer weights need an integer bias")
        if self.potential is None:
            return
        if not isinstance(element_of(self.potential), IntegerType):
            raise VerifyException("integer weights need an integer potential")
        if not result.spikes:
            raise VerifyException("a potential belongs to a result that is counted in ticks")


@irdl_op_definition
class MaxOp(CoreOperation):
    """
    The largest along the last axis, by a unit of its own that some chips have beside a core.

    ```mlir
    %y = core_op.max %x : (tensor<14x14x6x4xf32>) -> tensor<14x14x6xf32>
    ```
    """

    name = "core_op.max"

    input = operand_def(base(TensorType[Attribute]))

    traits = traits_def(Pure())

    assembly_format = "$input attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue):
        shape = shape_of(input)[:-1]
        super().__init__(operands=[input], result_types=[TensorType(element_of(input), shape)])

    @property
    def inputs(self) -> int:
        """How many values each maximum is over."""
        return shape_of(self.input)[-1]

    def infer_shape(self) -> Shape:
        inputs = shape_of(self.input)
        if not inputs or not inputs[-1]:
            raise VerifyException(f"no values to take a maximum of in {list(inputs)}")
        return inputs[:-1]

    def verify_elements(self) -> None:
        _require_same_element(self.input, self.result)


# --- wiring --------------------------------------------------------------------------------------


class WiringOperation(CoreOperation, ABC):
    """Moves values, real or coded, and computes nothing. What it adds stands for zero."""

    traits = traits_def(Pure())

    @property
    def source(self) -> SSAValue:
        """The (first) value that is moved."""
        return self.operands[0]

    def verify_elements(self) -> None:
        for operand in self.operands:
            _require_same_element(operand, self.result)


@irdl_op_definition
class WindowOp(WiringOperation):
    """
    The values under a sliding window: S.. x groups x C to P.. x groups x (kernel * C).

    In the last axis the channel runs fastest, then the kernel's axes in row-major order. Pads,
    all begins and then all ends, stand for zero.

    ```mlir
    %y = core_op.window %x kernel [5, 5] pads [2, 2, 2, 2]
      : (tensor<28x28x1x1xf32>) -> tensor<28x28x1x25xf32>
    ```
    """

    name = "core_op.window"

    input = operand_def(base(TensorType[Attribute]))
    kernel = prop_def(IntegerArray)
    strides = opt_prop_def(IntegerArray)
    pads = opt_prop_def(IntegerArray)
    dilations = opt_prop_def(IntegerArray)

    assembly_format = (
        "$input `kernel` $kernel (`strides` $strides^)? (`pads` $pads^)? "
        "(`dilations` $dilations^)? attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, window: Window):
        trivial = Window.of(window.kernel)
        shape = shape_of(input)
        spatial = window.output(shape[:-2])
        result = (*spatial, shape[-2], window.size * shape[-1])
        super().__init__(
            operands=[input],
            properties={
                "kernel": integers(window.kernel),
                "strides": integers(window.strides if window.strides != trivial.strides else None),
                "pads": integers(window.pads if window.has_padding else None),
                "dilations": integers(
                    window.dilations if window.dilations != trivial.dilations else None
                ),
            },
            result_types=[TensorType(element_of(input), result)],
        )

    @property
    def window(self) -> Window:
        """The window's geometry."""
        parts = (self.strides, self.pads, self.dilations)
        values = (part.get_values() if part is not None else None for part in parts)
        return Window.of(self.kernel.get_values(), *values)

    def infer_shape(self) -> Shape:
        shape, window = shape_of(self.input), self.window
        if len(shape) != window.rank + 2:
            raise VerifyException(
                f"a kernel of {window.rank} axes over input {list(shape)}; its axes are space, "
                "groups, channels"
            )
        return (*window.output(shape[:-2]), shape[-2], window.size * shape[-1])


@irdl_op_definition
class PadOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    Values that stand for zero, `low` before and `high` behind each axis.

    ```mlir
    %y = core_op.pad %x low [0, 0] high [0, 3] : (tensor<4x253xf32>) -> tensor<4x256xf32>
    ```
    """

    name = "core_op.pad"

    input = operand_def(base(TensorType[Attribute]))
    low = prop_def(IntegerArray)
    high = prop_def(IntegerArray)

    assembly_format = (
        "$input `low` $low `high` $high attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, low: Sequence[int], high: Sequence[int]):
        shape = [a + n + z for a, n, z in zip(low, shape_of(input), high, strict=True)]
        super().__init__(
            operands=[input],
            properties={"low": integers(low), "high": integers(high)},
            result_types=[TensorType(element_of(input), shape)],
        )

    def infer_shape(self) -> Shape:
        shape, low, high = shape_of(self.input), self.low.get_values(), self.high.get_values()
        if not len(shape) == len(low) == len(high) or min((*low, *high), default=0) < 0:
            raise VerifyException(
                f"low {list(low)} and high {list(high)} need a count each of the "
                f"{len(shape)} axes, none negative"
            )
        return tuple(a + n + z for a, n, z in zip(low, shape, high, strict=True))

    def fold(self) -> tuple[SSAValue] | None:
        return _unless_named(self, self.input.type == self.result.type)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (core_op.MergePads(),)


@irdl_op_definition
class SliceOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    A part of a tensor: from `offsets`, `sizes` elements an axis.

    ```mlir
    %y = core_op.slice %x offsets [0] sizes [10] : (tensor<14xf32>) -> tensor<10xf32>
    ```
    """

    name = "core_op.slice"

    input = operand_def(base(TensorType[Attribute]))
    offsets = prop_def(IntegerArray)
    sizes = prop_def(IntegerArray)

    assembly_format = (
        "$input `offsets` $offsets `sizes` $sizes attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, offsets: Sequence[int], sizes: Sequence[int]):
        super().__init__(
            operands=[input],
            properties={"offsets": integers(offsets), "sizes": integers(sizes)},
            result_types=[TensorType(element_of(input), sizes)],
        )

    def infer_shape(self) -> Shape:
        shape = shape_of(self.input)
        offsets, sizes = self.offsets.get_values(), self.sizes.get_values()
        if not len(shape) == len(offsets) == len(sizes) or any(
            offset < 0 or size < 0 or offset + size > extent
            for offset, size, extent in zip(offsets, sizes, shape, strict=False)
        ):
            raise VerifyException(
                f"offsets {list(offsets)} and sizes {list(sizes)} are not a part of {list(shape)}"
            )
        return tuple(sizes)

    def fold(self) -> tuple[SSAValue] | None:
        return _unless_named(self, self.input.type == self.result.type)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (core_op.MergeSlices(), core_op.SliceOfConcat(), core_op.MergeGathers())


@irdl_op_definition
class ConcatOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    Tensors one behind the other along `axis`.

    ```mlir
    %y = core_op.concat %a, %b axis 0 : (tensor<3xf32>, tensor<4xf32>) -> tensor<7xf32>
    ```
    """

    name = "core_op.concat"

    inputs = var_operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])

    assembly_format = "$inputs `axis` $axis attr-dict `:` functional-type(operands, results)"

    def __init__(self, inputs: Sequence[SSAValue], axis: int):
        shape = list(shape_of(inputs[0]))
        shape[axis] = sum(shape_of(value)[axis] for value in inputs)
        super().__init__(
            operands=[inputs],
            properties={"axis": IntegerAttr(axis, i64)},
            result_types=[TensorType(element_of(inputs[0]), shape)],
        )

    def infer_shape(self) -> Shape:
        if not self.inputs:
            raise VerifyException("nothing to put together")
        shapes = [list(shape_of(value)) for value in self.inputs]
        axis = self.axis.value.data
        if not 0 <= axis < len(shapes[0]):
            raise VerifyException(f"axis {axis} of tensors with {len(shapes[0])} axes")
        others = {(*shape[:axis], -1, *shape[axis + 1 :]) for shape in shapes}
        if len(others) != 1:
            raise VerifyException(f"{shapes} differ on another axis than {axis}")
        return (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :])

    def fold(self) -> tuple[SSAValue] | None:
        return _unless_named(self, len(self.inputs) == 1)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (core_op.MergeConcats(),)


@irdl_op_definition
class PermuteOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """Axes in another order: axis `i` of the result is axis `permutation[i]` of the input."""

    name = "core_op.permute"

    input = operand_def(base(TensorType[Attribute]))
    permutation = prop_def(IntegerArray)

    assembly_format = "$input $permutation attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, permutation: Sequence[int]):
        shape = [shape_of(input)[axis] for axis in permutation]
        super().__init__(
            operands=[input],
            properties={"permutation": integers(permutation)},
            result_types=[TensorType(element_of(input), shape)],
        )

    def infer_shape(self) -> Shape:
        shape, order = shape_of(self.input), self.permutation.get_values()
        if sorted(order) != list(range(len(shape))):
            raise VerifyException(
                f"{list(order)} is not an order of the {len(shape)} axes of {list(shape)}"
            )
        return tuple(shape[axis] for axis in order)

    def fold(self) -> tuple[SSAValue] | None:
        order = self.permutation.get_values()
        return _unless_named(self, list(order) == sorted(order))

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op, core_op_layout

        return (
            core_op.MergePermutes(),
            core_op.PermuteOfVectorIsReshape(),
            core_op_layout.HoistPermute(),
        )


@irdl_op_definition
class ReshapeOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """The same elements in row-major order under another shape."""

    name = "core_op.reshape"

    input = operand_def(base(TensorType[Attribute]))

    assembly_format = "$input attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue, shape: Sequence[int]):
        result = TensorType(element_of(input), shape)
        super().__init__(operands=[input], result_types=[result])

    def infer_shape(self) -> Shape:
        source, target = shape_of(self.input), shape_of(self.result)
        if prod(source) != prod(target):
            raise VerifyException(
                f"{list(source)} has {prod(source)} elements, {list(target)} {prod(target)}"
            )
        return target

    def fold(self) -> tuple[SSAValue] | None:
        return _unless_named(self, self.input.type == self.result.type)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (core_op.MergeReshapes(),)


@irdl_op_definition
class RepeatOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    Every slice along `axis`, `times` times in a row, as `numpy.repeat`: `a, b` to `a, a, b, b`.

    ```mlir
    %y = core_op.repeat %x axis 0 times 3 : (tensor<2x256xf32>) -> tensor<6x256xf32>
    ```
    """

    name = "core_op.repeat"

    input = operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])
    times = prop_def(IntegerAttr[I64])

    assembly_format = (
        "$input `axis` $axis `times` $times attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, axis: int, times: int):
        shape = list(shape_of(input))
        shape[axis] *= times
        super().__init__(
            operands=[input],
            properties={"axis": IntegerAttr(axis, i64), "times": IntegerAttr(times, i64)},
            result_types=[TensorType(element_of(input), shape)],
        )

    def infer_shape(self) -> Shape:
        shape, axis, times = list(shape_of(self.input)), self.axis.value.data, self.times.value.data
        if not 0 <= axis < len(shape) or times < 1:
            raise VerifyException(f"axis {axis}, {times} times, of {list(shape)}")
        shape[axis] *= times
        return tuple(shape)

    def fold(self) -> tuple[SSAValue] | None:
        return _unless_named(self, self.times.value.data == 1)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (core_op.MergeRepeats(), core_op.MergeGathers())


@irdl_op_definition
class GatherOp(WiringOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    The slices along `axis` at `indices`, as `numpy.take`: in any order, each as often as named.

    ```mlir
    %y = core_op.gather %x axis 1 indices [0, 2, 2] : (tensor<2x8xf32>) -> tensor<2x3xf32>
    ```
    """

    name = "core_op.gather"

    input = operand_def(base(TensorType[Attribute]))
    axis = prop_def(IntegerAttr[I64])
    indices = prop_def(IntegerArray)

    assembly_format = (
        "$input `axis` $axis `indices` $indices attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, input: SSAValue, axis: int, indices: Sequence[int]):
        shape = list(shape_of(input))
        shape[axis] = len(indices)
        super().__init__(
            operands=[input],
            properties={"axis": IntegerAttr(axis, i64), "indices": integers(indices)},
            result_types=[TensorType(element_of(input), shape)],
        )

    def infer_shape(self) -> Shape:
        shape, axis = shape_of(self.input), self.axis.value.data
        if not 0 <= axis < len(shape):
            raise VerifyException(f"axis {axis} of a tensor with {len(shape)} axes")
        indices = self.indices.get_values()
        outside = next((index for index in indices if not 0 <= index < shape[axis]), None)
        if outside is not None:
            raise VerifyException(f"index {outside} of axis {axis}, which has {shape[axis]}")
        return (*shape[:axis], len(indices), *shape[axis + 1 :])

    def fold(self) -> tuple[SSAValue] | None:
        extent = shape_of(self.input)[self.axis.value.data]
        return _unless_named(self, self.indices.get_values() == tuple(range(extent)))

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import core_op

        return (
            core_op.MergeGathers(),
            core_op.GatherOfRunIsSlice(),
            core_op.GatherOfCopiesIsRepeat(),
        )


def _unless_named(op: WiringOperation, moves_nothing: bool) -> tuple[SSAValue] | None:
    """The folder of wiring that moves nothing; a value to compare with a golden one stays."""
    return (op.source,) if moves_nothing and golden_name(op) is None else None


def _require_real(value: SSAValue, what: str) -> None:
    if not isinstance(element := element_of(value), Float32Type):
        raise VerifyException(f"{what} must be f32, not {element}")


def _require_code(value: SSAValue, what: str) -> None:
    if not isinstance(element := element_of(value), CodeType):
        raise VerifyException(f"{what} must be codes, not {element}")


def _require_same_element(source: SSAValue, result: SSAValue) -> None:
    if (a := element_of(source)) != (b := element_of(result)):
        raise VerifyException(f"{a} in, {b} out: the elements must be the same")


CoreOp = Dialect(
    "core_op",
    [
        EncodeOp,
        DecodeOp,
        VmmOp,
        MaxOp,
        WindowOp,
        PadOp,
        SliceOp,
        ConcatOp,
        PermuteOp,
        ReshapeOp,
        RepeatOp,
        GatherOp,
    ],
    [CodeType, TargetAttr, ActivationAttr],
    [TrainedConstants()],
)
