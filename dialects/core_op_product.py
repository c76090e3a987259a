"""The operations of the `core_op` dialect that compute: dot products, and maxima beside them."""

from math import prod

from xdsl.dialects.builtin import DenseArrayBase, IntegerType, TensorType, UnitAttr, f32, i32
from xdsl.dialects.utils import EnumAttribute
from xdsl.ir import Attribute, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from .core_op_base import CoreOperation, require_real, require_same_element
from .core_op_code import code_of, element_of, units_of
from .core_op_targets import times_taken
from .nn import Shape, shape_of


class Activation(StrEnum):
    """What a core applies to its sums."""

    LINEAR = "linear"
    RELU = "relu"


@irdl_attr_definition
class ActivationAttr(EnumAttribute[Activation], SpacedOpaqueSyntaxAttribute):
    """The function of a `core_op.vmm`: `linear` or `relu`."""

    name = "core_op.activation"


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
            require_real(self.input, "the input")
        if result is None:
            require_real(self.result, "the result")
        if self.same_code is not None and code != result:
            elements = element_of(self.input), element_of(self.result)
            raise VerifyException(f"same_code, but {elements[0]} in and {elements[1]} out")
        if result and self.activation.data is Activation.RELU and result.zero.data:
            raise VerifyException(
                f"relu saturates at code 0, which stands for {result.interval[0]:g} here; "
                "the result's zero point must be 0"
            )
        if not self.is_quantized:
            require_real(self.weight, "the weight")
            if self.bias is not None:
                require_real(self.bias, "the bias")
            if self.gain is not None:
                raise VerifyException("a gain belongs to integer weights")
            if self.potential is not None:
                raise VerifyException("a potential belongs to integer weights")
            return
        if code is None or result is None:
            raise VerifyException("integer weights need coded inputs and results")
        if self.gain is None:
            raise VerifyException("integer weights need a gain")
        require_real(self.gain, "the gain")
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
        require_same_element(self.input, self.result)
