"""The `nn` dialect's recurrent layers."""

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    Float32Type,
    FloatAttr,
    TensorType,
    UnitAttr,
    f32,
    i32,
)
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
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from .nn_base import (
    NnOperation,
    Shape,
    shape_of,
)


class Cell(StrEnum):
    """The kind of a recurrent layer, and the order of its gates in the weights, as in ONNX."""

    RNN = "rnn"
    GRU = "gru"
    LSTM = "lstm"

    @property
    def gates(self) -> int:
        """The matrices side by side in the weights: one; update, reset, hidden; input, output,
        forget, cell."""
        return {Cell.RNN: 1, Cell.GRU: 3, Cell.LSTM: 4}[self]

    @property
    def functions(self) -> int:
        """The activations: of the gates, of the candidate, and for an LSTM of the cell."""
        return {Cell.RNN: 1, Cell.GRU: 2, Cell.LSTM: 3}[self]


@irdl_attr_definition
class CellAttr(EnumAttribute[Cell], SpacedOpaqueSyntaxAttribute):
    """The kind of an `nn.recurrent`."""

    name = "nn.cell"


class GateFunction(StrEnum):
    """An activation inside a recurrent layer."""

    SIGMOID = "sigmoid"
    TANH = "tanh"
    RELU = "relu"
    HARD_SIGMOID = "hard_sigmoid"
    SOFTSIGN = "softsign"
    SOFTPLUS = "softplus"


@irdl_attr_definition
class GateFunctionAttr(EnumAttribute[GateFunction], SpacedOpaqueSyntaxAttribute):
    """An activation of an `nn.recurrent`."""

    name = "nn.gate_function"


_OPTIONAL_OPERANDS = ("bias", "recurrent_bias", "initial", "initial_cell", "peephole")
_FLAGS = ("reverse", "cell_state", "reset_after", "coupled")


@irdl_op_definition
class RecurrentOp(NnOperation):
    """
    A recurrent layer in one direction: the hidden state after each step.

    `input` TxK (or Tx..xK, several sequences side by side), `weight` G*HxK, `recurrence` G*HxH,
    with G gates in ONNX's order; the result is TxH. `bias` and `recurrent_bias` are G*H, the
    `initial` state ..xH, an LSTM's `initial_cell` ..xH and `peephole` 3*H; what is left out is
    zero. `reverse` goes from the last step to the first; the results stay in the order of the
    inputs. `clip` bounds what goes into the activations. `cell_state` gives an LSTM's cells instead
    of its hidden states, `reset_after` multiplies a GRU's reset gate after the product (ONNX's
    `linear_before_reset`), `coupled` makes an LSTM's forget gate one minus its input gate.

    ```mlir
    %y = nn.recurrent lstm %x, %w, %r bias %b
      : (tensor<49x10xf32>, tensor<472x10xf32>, tensor<472x118xf32>, tensor<472xf32>)
      -> tensor<49x118xf32>
    ```
    """

    name = "nn.recurrent"

    input = operand_def(base(TensorType[Attribute]))
    weight = operand_def(base(TensorType[Attribute]))
    recurrence = operand_def(base(TensorType[Attribute]))
    bias = opt_operand_def(base(TensorType[Attribute]))
    recurrent_bias = opt_operand_def(base(TensorType[Attribute]))
    initial = opt_operand_def(base(TensorType[Attribute]))
    initial_cell = opt_operand_def(base(TensorType[Attribute]))
    peephole = opt_operand_def(base(TensorType[Attribute]))
    cell = prop_def(CellAttr)
    activations = opt_prop_def(ArrayAttr[GateFunctionAttr])
    clip = opt_prop_def(FloatAttr[Float32Type])
    reverse = opt_prop_def(UnitAttr)
    cell_state = opt_prop_def(UnitAttr)
    reset_after = opt_prop_def(UnitAttr)
    coupled = opt_prop_def(UnitAttr)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        cell: Cell,
        input: SSAValue,
        weight: SSAValue,
        recurrence: SSAValue,
        *,
        bias: SSAValue | None = None,
        recurrent_bias: SSAValue | None = None,
        initial: SSAValue | None = None,
        initial_cell: SSAValue | None = None,
        peephole: SSAValue | None = None,
        activations: Sequence[GateFunction] | None = None,
        clip: float | None = None,
        reverse: bool = False,
        cell_state: bool = False,
        reset_after: bool = False,
        coupled: bool = False,
    ):
        optional = (bias, recurrent_bias, initial, initial_cell, peephole)
        operands = [
            input,
            weight,
            recurrence,
            *[[value] if value is not None else [] for value in optional],
        ]
        flags = {
            "reverse": reverse,
            "cell_state": cell_state,
            "reset_after": reset_after,
            "coupled": coupled,
        }
        properties: dict[str, Attribute | None] = {
            "cell": CellAttr(cell),
            "clip": None if clip is None else FloatAttr(clip, f32),
            **{name: UnitAttr() if is_set else None for name, is_set in flags.items()},
        }
        if activations is not None:
            properties["activations"] = ArrayAttr([GateFunctionAttr(f) for f in activations])
        super().__init__(operands, properties)

    @classmethod
    def parse(cls, parser: Parser) -> "RecurrentOp":
        cell = parser.parse_str_enum(Cell)
        start = parser.pos
        operands = [parser.parse_unresolved_operand()]
        for _ in range(2):
            parser.parse_punctuation(",")
            operands.append(parser.parse_unresolved_operand())
        segments = [1] * len(operands)
        for keyword in _OPTIONAL_OPERANDS:
            given = parser.parse_optional_keyword(keyword) is not None
            segments.append(int(given))
            if given:
                operands.append(parser.parse_unresolved_operand())
        properties: dict[str, Attribute] = {
            "cell": CellAttr(cell),
            "operandSegmentSizes": DenseArrayBase.from_list(i32, segments),
        }
        if parser.parse_optional_keyword("activations") is not None:
            functions = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE, lambda: parser.parse_str_enum(GateFunction)
            )
            properties["activations"] = ArrayAttr([GateFunctionAttr(f) for f in functions])
        if parser.parse_optional_keyword("clip") is not None:
            properties["clip"] = FloatAttr(parser.parse_float(), f32)
        for keyword in _FLAGS:
            if parser.parse_optional_keyword(keyword) is not None:
                properties[keyword] = UnitAttr()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":")
        signature = parser.parse_function_type()
        return cls.create(
            operands=parser.resolve_operands(operands, signature.inputs.data, start),
            result_types=signature.outputs.data,
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.cell.data.value} ")
        printer.print_list((self.input, self.weight, self.recurrence), printer.print_operand)
        optional = (
            self.bias,
            self.recurrent_bias,
            self.initial,
            self.initial_cell,
            self.peephole,
        )
        for keyword, operand in zip(_OPTIONAL_OPERANDS, optional, strict=True):
            if operand is not None:
                printer.print_string(f" {keyword} ")
                printer.print_operand(operand)
        if self.activations is not None:
            names = ", ".join(attribute.data.value for attribute in self.activations)
            printer.print_string(f" activations [{names}]")
        if self.clip is not None:
            printer.print_string(" clip ")
            printer.print_float(self.clip.value.data, f32)
        for keyword in _FLAGS:
            if keyword in self.properties:
                printer.print_string(f" {keyword}")
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)

    @property
    def hidden(self) -> int:
        """The units of the hidden state."""
        return shape_of(self.recurrence)[-1]

    @property
    def functions(self) -> tuple[GateFunction, ...]:
        """The activations: of the gates, of the candidate, and for an LSTM of the cell."""
        if self.activations is not None:
            return tuple(attribute.data for attribute in self.activations)
        if self.cell.data is Cell.RNN:
            return (GateFunction.TANH,)
        tanhs = (GateFunction.TANH,) * (self.cell.data.functions - 1)
        return (GateFunction.SIGMOID, *tanhs)

    def infer_shape(self) -> Shape:
        features, weight = shape_of(self.input), shape_of(self.weight)
        recurrence, cell = shape_of(self.recurrence), self.cell.data
        if len(features) < 2 or len(weight) != 2 or features[-1] != weight[1]:
            raise VerifyException(
                f"input {list(features)} and weight {list(weight)} do not fit: "
                "the input is steps x features, the weight gates x features"
            )
        if len(recurrence) != 2 or recurrence != (weight[0], weight[0] // cell.gates):
            raise VerifyException(
                f"recurrence {list(recurrence)} and weight {list(weight)} do not fit {cell}, whose "
                f"weight has {cell.gates} rows a unit"
            )
        if weight[0] % cell.gates or not weight[0]:
            raise VerifyException(f"{weight[0]} rows of weights are not {cell.gates} gates")
        units = recurrence[1]
        state = (*features[1:-1], units)
        lstm = cell is Cell.LSTM
        for name, value, expected, fits in (
            ("bias", self.bias, (weight[0],), True),
            ("recurrent_bias", self.recurrent_bias, (weight[0],), True),
            ("initial", self.initial, state, True),
            ("initial_cell", self.initial_cell, state, lstm),
            ("peephole", self.peephole, (3 * units,), lstm),
        ):
            if value is not None and not fits:
                raise VerifyException(f"{name} is an LSTM's, this is {cell}")
            if value is not None and (shape := shape_of(value)) != expected:
                raise VerifyException(f"{name} has shape {list(shape)}, not {list(expected)}")
        self._verify_options()
        return (features[0], *state)

    def _verify_options(self) -> None:
        cell = self.cell.data
        for name, value, owner in (
            ("cell_state", self.cell_state, Cell.LSTM),
            ("coupled", self.coupled, Cell.LSTM),
            ("reset_after", self.reset_after, Cell.GRU),
        ):
            if value is not None and cell is not owner:
                raise VerifyException(f"{name} is of {owner}, this is {cell}")
        if len(self.functions) != cell.functions:
            raise VerifyException(
                f"{cell} has {cell.functions} activations, {len(self.functions)} are given"
            )
        if self.clip is not None and not self.clip.value.data > 0:
            raise VerifyException(f"clip {self.clip.value.data} is not above 0")
