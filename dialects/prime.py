"""
The `prime` dialect: PRIME's ReRAM mats as they are programmed, and its max-pooling unit.

Signals are codes, and wiring stays `core_op` wiring: moves between the chip's buffers. What every
operation means is in `targets/jax/prime.py`; why it is as it is, in `docs/rationale_prime.md`.
"""

from collections.abc import Sequence
from math import prod

import numpy as np
from xdsl.dialects.builtin import (
    DenseArrayBase,
    IntAttr,
    IntegerType,
    Signedness,
    TensorType,
    f32,
    i32,
)
from xdsl.interfaces import HasCanonicalizationPatternsInterface
from xdsl.ir import Attribute, Dialect, ParametrizedAttribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    traits_def,
)
from xdsl.parser import AttrParser, Parser
from xdsl.pattern_rewriter import RewritePattern
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .core_op import CodeType, CoreOperation, code_of, element_of, target_of
from .nn import Shape, shape_of
from .trained import TrainedConstants, constant_of

CELL_BITS = 4
"""Bits of a cell; a weight's magnitude is a pair of cells, `16 * high + low`."""

LARGEST_MAGNITUDE = (1 << (2 * CELL_BITS)) - 1
"""The largest magnitude of a weight that a pair of cells can hold."""

cell_pair = IntegerType(2 * CELL_BITS, Signedness.UNSIGNED)
"""The element type of cell levels: the high nibble is the high cell, the low one the low cell."""


@irdl_attr_definition
class PlacementAttr(ParametrizedAttribute):
    """
    Which cores hold a `prime.mvm`; `prime-map` sets it.

    ```mlir
    #prime.placement<core 12, packed 1, replicas 3>
    ```

    One copy takes `ceil(groups / packed)` cores in a row, with `packed` groups a core along its
    diagonal. The copies follow one another from `core` on, and share the positions.
    """

    name = "prime.placement"

    core: IntAttr
    packed: IntAttr
    replicas: IntAttr

    def __init__(self, core: int, packed: int = 1, replicas: int = 1):
        super().__init__(IntAttr(core), IntAttr(packed), IntAttr(replicas))

    def verify(self) -> None:
        if self.core.data < 0:
            raise VerifyException(f"cores are numbered from 0, not {self.core.data}")
        for what, number in (("packed", self.packed), ("replicas", self.replicas)):
            if number.data < 1:
                raise VerifyException(f"{what} is 1 or more, not {number.data}")

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        numbers: list[int] = []
        with parser.in_angle_brackets():
            for keyword in ("core", "packed", "replicas"):
                if numbers:
                    parser.parse_punctuation(",")
                parser.parse_keyword(keyword)
                numbers.append(parser.parse_integer(allow_boolean=False))
        return PlacementAttr(*numbers).parameters

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(
                f"core {self.core.data}, packed {self.packed.data}, replicas {self.replicas.data}"
            )


@irdl_op_definition
class MvmOp(CoreOperation, HasCanonicalizationPatternsInterface):
    """
    Matrix-vector products in mats: `clamp(round(sum * gain), 0, 2^bits - 1)`.

    Of the rows of each group the first have the input's codes, the rest the constants `drive`;
    a row adds its code times `positive - negative` to the sums. Levels are pairs of cells.

    ```mlir
    // one group, 25 inputs and 2 bias rows, 6 outputs, 28 x 28 positions
    %y = prime.mvm %x, %positive, %negative drive %d gain %g
      : (tensor<28x28x1x25x!in>, tensor<1x27x6xui8>, tensor<1x27x6xui8>, tensor<1x2xui8>,
         tensor<1xf32>) -> tensor<28x28x1x6x!out>
    ```

    The result always saturates at both ends: that is a bounded ReLU where its zero point is 0.
    """

    name = "prime.mvm"

    input = operand_def(base(TensorType[Attribute]))
    positive = operand_def(base(TensorType[Attribute]))
    negative = operand_def(base(TensorType[Attribute]))
    drive = opt_operand_def(base(TensorType[Attribute]))
    gain = operand_def(base(TensorType[Attribute]))
    placement = opt_prop_def(PlacementAttr)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())

    def __init__(
        self,
        codes: SSAValue,
        positive: SSAValue,
        negative: SSAValue,
        drive: SSAValue | None,
        gain: SSAValue,
        code: CodeType,
        placement: PlacementAttr | None = None,
    ):
        shape = (*shape_of(codes)[:-1], shape_of(positive)[-1])
        super().__init__(
            operands=[codes, positive, negative, [drive] if drive else [], gain],
            properties={"placement": placement},
            result_types=[TensorType(code, shape)],
        )

    @classmethod
    def parse(cls, parser: Parser) -> "MvmOp":
        start = parser.pos
        operands = [parser.parse_unresolved_operand()]
        for _ in range(2):
            parser.parse_punctuation(",")
            operands.append(parser.parse_unresolved_operand())
        has_drive = parser.parse_optional_keyword("drive") is not None
        if has_drive:
            operands.append(parser.parse_unresolved_operand())
        parser.parse_keyword("gain")
        operands.append(parser.parse_unresolved_operand())
        properties: dict[str, Attribute] = {
            "operandSegmentSizes": DenseArrayBase.from_list(i32, [1, 1, 1, int(has_drive), 1])
        }
        if parser.parse_optional_keyword("placement") is not None:
            placement = PlacementAttr.parse_parameters(parser)
            properties["placement"] = PlacementAttr.new(placement)
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
        printer.print_string(" ")
        printer.print_list((self.input, self.positive, self.negative), printer.print_operand)
        for keyword, operand in (("drive", self.drive), ("gain", self.gain)):
            if operand is not None:
                printer.print_string(f" {keyword} ")
                printer.print_operand(operand)
        if self.placement is not None:
            printer.print_string(" placement ")
            self.placement.print_parameters(printer)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)

    @property
    def groups(self) -> int:
        """Groups: matrices with weights of their own."""
        return shape_of(self.positive)[0]

    @property
    def rows(self) -> int:
        """Rows of a matrix, those of its bias included."""
        return shape_of(self.positive)[1]

    @property
    def bias_rows(self) -> int:
        """Rows that are driven with constants."""
        return shape_of(self.drive)[1] if self.drive is not None else 0

    @property
    def outputs(self) -> int:
        """Outputs a group."""
        return shape_of(self.positive)[2]

    @property
    def positions(self) -> int:
        """How often every matrix is used for one sample."""
        return prod(shape_of(self.input)[:-2])

    def infer_shape(self) -> Shape:
        inputs, levels = shape_of(self.input), shape_of(self.positive)
        if len(levels) != 3:
            raise VerifyException(f"cell levels are groups x rows x outputs, not {list(levels)}")
        groups, rows, outputs = levels
        if (negative := shape_of(self.negative)) != levels:
            raise VerifyException(
                f"positive {list(levels)} and negative {list(negative)} arrays differ in shape"
            )
        if self.drive is not None:
            drive = shape_of(self.drive)
            if len(drive) != 2 or drive[0] != groups:
                raise VerifyException(
                    f"the drive has shape {list(drive)}, not {groups} x bias rows"
                )
        fan_in = rows - self.bias_rows
        if len(inputs) < 2 or inputs[-2:] != (groups, fan_in):
            raise VerifyException(
                f"input {list(inputs)} does not fit {groups} groups of {rows} rows, "
                f"{self.bias_rows} of them for the bias: it is positions x {groups} x {fan_in}"
            )
        if shape_of(self.gain) not in ((groups,), (groups, outputs)):
            raise VerifyException(
                f"the gain has shape {list(shape_of(self.gain))}, neither {[groups]} (a core) nor "
                f"{[groups, outputs]} (a neuron)"
            )
        return (*inputs[:-1], outputs)

    def verify_elements(self) -> None:
        for value, what in ((self.input, "the input"), (self.result, "the result")):
            _verify_plain_code(value, what)
        for value, what in (
            (self.positive, "positive levels"),
            (self.negative, "negative levels"),
            (self.drive, "the drive"),
        ):
            if value is not None and element_of(value) != cell_pair:
                raise VerifyException(f"{what} must be {cell_pair}, not {element_of(value)}")
        if element_of(self.gain) != f32:
            raise VerifyException(f"the gain must be f32, not {element_of(self.gain)}")
        self._verify_target()

    def _verify_target(self) -> None:
        if (target := target_of(self)) is None:
            return
        if self.rows > target.fan_in:
            raise VerifyException(f"{self.rows} rows exceed the core's {target.fan_in}")
        if self.outputs > target.fan_out:
            raise VerifyException(f"{self.outputs} columns exceed the core's {target.fan_out}")
        for value, what in ((self.input, "the input"), (self.result, "the result")):
            code = code_of(value)
            if code is not None and code.bits.data > target.signal_bits:
                raise VerifyException(
                    f"{what} has {code.bits.data} bits, the core's signals {target.signal_bits}"
                )
        if target.gain == "core" and len(shape_of(self.gain)) == 2:
            raise VerifyException("a gain for each neuron, the core has one for all")
        drive = constant_of(self.drive) if self.drive is not None else None
        if drive is not None and drive.is_resolved and drive.size:
            largest = int(np.max(drive.array))
            if largest > target.largest_code:
                raise VerifyException(
                    f"drive {largest} exceeds the largest code {target.largest_code}"
                )
        self._verify_placement(target.fan_in, target.fan_out, target.cores)

    def _verify_placement(self, fan_in: int, fan_out: int, cores: int) -> None:
        if self.placement is None:
            return
        packed, first = self.placement.packed.data, self.placement.core.data
        if packed * self.rows > fan_in or packed * self.outputs > fan_out:
            raise VerifyException(
                f"{packed} groups of {self.rows} x {self.outputs} do not fit along the diagonal "
                f"of a core of {fan_in} x {fan_out}"
            )
        last = first + self.cores_of_copy * self.placement.replicas.data - 1
        if cores and last >= cores:
            raise VerifyException(f"it is placed up to core {last}, the target has {cores} cores")

    @property
    def cores_of_copy(self) -> int:
        """The cores of one copy of the matrices; a group has one until it is placed otherwise."""
        packed = self.placement.packed.data if self.placement is not None else 1
        return -(-self.groups // packed)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import prime

        return (prime.DropEmptyBiasRows(),)


@irdl_op_definition
class MaxOp(CoreOperation, HasCanonicalizationPatternsInterface):
    """
    The largest code along the last axis, by the max-pooling unit beside the mats.

    ```mlir
    %y = prime.max %x : (tensor<14x14x6x4x!code>) -> tensor<14x14x6x!code>
    ```
    """

    name = "prime.max"

    input = operand_def(base(TensorType[Attribute]))

    traits = traits_def(Pure())

    assembly_format = "$input attr-dict `:` functional-type(operands, results)"

    def __init__(self, codes: SSAValue):
        shape = shape_of(codes)[:-1]
        super().__init__(operands=[codes], result_types=[TensorType(element_of(codes), shape)])

    @property
    def inputs(self) -> int:
        """How many codes each maximum is over."""
        return shape_of(self.input)[-1]

    def infer_shape(self) -> Shape:
        inputs = shape_of(self.input)
        if not inputs or not inputs[-1]:
            raise VerifyException(f"no values to take a maximum of in {list(inputs)}")
        return inputs[:-1]

    def verify_elements(self) -> None:
        _verify_plain_code(self.input, "the input")
        if element_of(self.input) != element_of(self.result):
            raise VerifyException(
                f"{element_of(self.input)} in, {element_of(self.result)} out: "
                "the code must be the same"
            )
        target = target_of(self)
        if target is not None and self.inputs > target.max_inputs:
            raise VerifyException(
                f"a maximum of {self.inputs} codes, the unit takes {target.max_inputs}"
            )

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import prime

        return (prime.MaxOfOneIsReshape(),)


def _verify_plain_code(value: SSAValue, what: str) -> None:
    code = code_of(value)
    if code is None:
        raise VerifyException(f"{what} must be codes, not {element_of(value)}")
    if code.units.data != 1:
        raise VerifyException(f"{what} must be codes of one unit each, not {element_of(value)}")


Prime = Dialect("prime", [MvmOp, MaxOp], [PlacementAttr], [TrainedConstants()])
