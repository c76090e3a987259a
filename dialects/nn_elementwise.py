"""The `nn` dialect's functions of one element, or of the elements of two tensors."""

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
from xdsl.dialects.builtin import I64, BoolAttr, DenseArrayBase, IntegerAttr, TensorType, f32, i64
from xdsl.dialects.utils import EnumAttribute
from xdsl.interfaces import HasCanonicalizationPatternsInterface, HasFolderInterface
from xdsl.ir import Attribute, SpacedOpaqueSyntaxAttribute, SSAValue
from xdsl.irdl import (
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
)
from xdsl.pattern_rewriter import RewritePattern
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.str_enum import StrEnum

from .nn_base import (
    NnOperation,
    RealArray,
    Shape,
    broadcast_shape,
    resolved,
    shape_of,
)
from .support.tensor_data import Array, TensorData
from .trained import DataAttr


@irdl_op_definition
class ReluOp(NnOperation, HasCanonicalizationPatternsInterface):
    """`max(input, 0)`, element by element."""

    name = "nn.relu"

    input = operand_def(base(TensorType[Attribute]))

    assembly_format = "$input attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue):
        super().__init__([input])

    def infer_shape(self) -> Shape:
        return shape_of(self.input)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn, nn_movement

        return (
            nn.DropRepeatedRelu(),
            nn.HoistReluOverMaxPool(),
            nn_movement.HoistFunctionOverMovement(),
            nn_movement.HoistReluOverConcat(),
        )


@irdl_op_definition
class AddOp(NnOperation, HasFolderInterface, HasCanonicalizationPatternsInterface):
    """
    The sum of two tensors; shapes broadcast as in NumPy.

    ```mlir
    %y = nn.add %x, %bias : (tensor<8x28x28xf32>, tensor<8x1x1xf32>) -> tensor<8x28x28xf32>
    ```
    """

    name = "nn.add"

    lhs = operand_def(base(TensorType[Attribute]))
    rhs = operand_def(base(TensorType[Attribute]))

    assembly_format = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)"

    def __init__(self, lhs: SSAValue, rhs: SSAValue):
        super().__init__([lhs, rhs])

    def infer_shape(self) -> Shape:
        return broadcast_shape(shape_of(self.lhs), shape_of(self.rhs))

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        lhs, rhs = resolved(self.lhs), resolved(self.rhs)
        if lhs is None or rhs is None:
            return None
        return (DataAttr(TensorData(np.add(lhs, rhs))),)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn_movement

        return (nn_movement.SinkTransposeBelowAdd(),)


class UnaryFunction(StrEnum):
    """A function of one real variable; see `docs/dialect_nn.md` for the formulas."""

    ABS = "abs"
    NEG = "neg"
    SIGN = "sign"
    FLOOR = "floor"
    CEIL = "ceil"
    ROUND = "round"
    EXP = "exp"
    LOG = "log"
    SQRT = "sqrt"
    RECIPROCAL = "reciprocal"
    ERF = "erf"
    SIGMOID = "sigmoid"
    HARD_SIGMOID = "hard_sigmoid"
    TANH = "tanh"
    SOFTPLUS = "softplus"
    SOFTSIGN = "softsign"
    CLIP = "clip"
    LEAKY_RELU = "leaky_relu"
    ELU = "elu"
    CELU = "celu"
    SELU = "selu"
    GELU = "gelu"
    GELU_TANH = "gelu_tanh"
    MISH = "mish"
    HARD_SWISH = "hard_swish"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the numbers that choose one of the family."""
        return _PARAMETERS.get(self, ())


_PARAMETERS: Mapping[UnaryFunction, tuple[str, ...]] = {
    UnaryFunction.HARD_SIGMOID: ("alpha", "beta"),
    UnaryFunction.CLIP: ("least", "greatest"),
    UnaryFunction.LEAKY_RELU: ("alpha",),
    UnaryFunction.ELU: ("alpha",),
    UnaryFunction.CELU: ("alpha",),
    UnaryFunction.SELU: ("alpha", "gamma"),
}


@irdl_attr_definition
class UnaryFunctionAttr(EnumAttribute[UnaryFunction], SpacedOpaqueSyntaxAttribute):
    """The function of an `nn.unary`."""

    name = "nn.unary_function"


@irdl_op_definition
class UnaryOp(NnOperation, HasCanonicalizationPatternsInterface):
    """
    A function of one variable, element by element; some have parameters.

    ```mlir
    %y = nn.unary tanh %x : (tensor<8xf32>) -> tensor<8xf32>
    %z = nn.unary leaky_relu [1.0e-02] %x : (tensor<8xf32>) -> tensor<8xf32>
    ```
    """

    name = "nn.unary"

    input = operand_def(base(TensorType[Attribute]))
    function = prop_def(UnaryFunctionAttr)
    parameters = opt_prop_def(RealArray)

    assembly_format = (
        "$function ($parameters^)? $input attr-dict `:` functional-type(operands, results)"
    )

    def __init__(self, function: UnaryFunction, input: SSAValue, *parameters: float):
        properties: dict[str, Attribute | None] = {"function": UnaryFunctionAttr(function)}
        if parameters:
            properties["parameters"] = DenseArrayBase.from_list(f32, list(parameters))
        super().__init__([input], properties)

    @property
    def numbers(self) -> tuple[float, ...]:
        """The parameters' values."""
        return () if self.parameters is None else tuple(self.parameters.get_values())

    def infer_shape(self) -> Shape:
        function, numbers = self.function.data, self.numbers
        if len(numbers) != len(function.parameters):
            names = f" ({', '.join(function.parameters)})" if function.parameters else ""
            raise VerifyException(
                f"{function} has {len(function.parameters)} parameters{names}, "
                f"{len(numbers)} are given"
            )
        if not np.isfinite(numbers).all():
            raise VerifyException(f"parameters {list(numbers)} are not finite")
        if function is UnaryFunction.CELU and numbers[0] == 0:
            raise VerifyException("celu divides by its alpha, which is 0")
        return shape_of(self.input)

    @classmethod
    def get_canonicalization_patterns(cls) -> tuple[RewritePattern, ...]:
        from .canonicalization import nn_movement

        return (nn_movement.HoistFunctionOverMovement(),)


class BinaryFunction(StrEnum):
    """A function of two variables; the sum is `nn.add`."""

    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    MIN = "min"
    MAX = "max"
    POW = "pow"
    PRELU = "prelu"


@irdl_attr_definition
class BinaryFunctionAttr(EnumAttribute[BinaryFunction], SpacedOpaqueSyntaxAttribute):
    """The function of an `nn.binary`."""

    name = "nn.binary_function"


_FOLDED: Mapping[BinaryFunction, Callable[[Array, Array], Array]] = {
    BinaryFunction.SUB: np.subtract,
    BinaryFunction.MUL: np.multiply,
    BinaryFunction.MIN: np.minimum,
    BinaryFunction.MAX: np.maximum,
}
"""What NumPy computes to the bit as the evaluator does."""


@irdl_op_definition
class BinaryOp(NnOperation, HasFolderInterface):
    """
    A function of two tensors, element by element; shapes broadcast as in NumPy.

    `prelu` is `x` where it is not negative, otherwise `x` times the second operand.

    ```mlir
    %y = nn.binary mul %x, %gate : (tensor<8x4x4xf32>, tensor<8x1x1xf32>) -> tensor<8x4x4xf32>
    ```
    """

    name = "nn.binary"

    lhs = operand_def(base(TensorType[Attribute]))
    rhs = operand_def(base(TensorType[Attribute]))
    function = prop_def(BinaryFunctionAttr)

    assembly_format = "$function $lhs `,` $rhs attr-dict `:` functional-type(operands, results)"

    def __init__(self, function: BinaryFunction, lhs: SSAValue, rhs: SSAValue):
        super().__init__([lhs, rhs], {"function": BinaryFunctionAttr(function)})

    def infer_shape(self) -> Shape:
        return broadcast_shape(shape_of(self.lhs), shape_of(self.rhs))

    def fold(self) -> tuple[SSAValue | Attribute] | None:
        lhs, rhs = resolved(self.lhs), resolved(self.rhs)
        compute = _FOLDED.get(self.function.data)
        if lhs is None or rhs is None or compute is None:
            return None
        return (DataAttr(TensorData(compute(lhs, rhs))),)


@irdl_op_definition
class ToRealOp(NnOperation):
    """
    Indices, as `nn.argmax` gives them, as real numbers.

    ```mlir
    %y = nn.to_real %index : (tensor<4xi64>) -> tensor<4xf32>
    ```
    """

    name = "nn.to_real"

    OPERAND_ELEMENT: ClassVar[Attribute] = i64

    input = operand_def(base(TensorType[Attribute]))

    assembly_format = "$input attr-dict `:` functional-type(operands, results)"

    def __init__(self, input: SSAValue):
        super().__init__([input])

    def infer_shape(self) -> Shape:
        return shape_of(self.input)


class Rounding(StrEnum):
    """How `nn.quantize` comes to an integer."""

    NEAREST_EVEN = "nearest_even"
    TOWARD_ZERO = "toward_zero"
    UP = "up"
    DOWN = "down"


@irdl_attr_definition
class RoundingAttr(EnumAttribute[Rounding], SpacedOpaqueSyntaxAttribute):
    """The rounding of an `nn.quantize`."""

    name = "nn.rounding"


LARGEST_BITS = 24
"""Of a code, so that 32-bit floating point holds it exactly."""


@irdl_op_definition
class QuantizeOp(NnOperation):
    """
    The nearest real number that has a code: `scale * (q - zero)` with
    `q = clamp(round(input / scale) + zero, least, greatest)`.

    The codes are the integers of `bits` bits, `signed` or not; `narrow` leaves out one, see
    `code_range`. `scale` and `zero` broadcast to the input: one for all, or one a channel. As
    QONNX's `Quant`, and ONNX's QuantizeLinear followed by DequantizeLinear.

    ```mlir
    %y = nn.quantize %x, %scale, %zero bits 2 signed true
      : (tensor<8xf32>, tensor<f32>, tensor<f32>) -> tensor<8xf32>
    ```
    """

    name = "nn.quantize"

    input = operand_def(base(TensorType[Attribute]))
    scale = operand_def(base(TensorType[Attribute]))
    zero = operand_def(base(TensorType[Attribute]))
    bits = prop_def(IntegerAttr[I64])
    signed = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    narrow = prop_def(BoolAttr, default_value=BoolAttr.from_bool(False))
    rounding = prop_def(RoundingAttr, default_value=RoundingAttr(Rounding.NEAREST_EVEN))

    assembly_format = (
        "$input `,` $scale `,` $zero `bits` $bits (`signed` $signed^)? (`narrow` $narrow^)? "
        "(`rounding` $rounding^)? attr-dict `:` functional-type(operands, results)"
    )

    def __init__(
        self,
        input: SSAValue,
        scale: SSAValue,
        zero: SSAValue,
        bits: int,
        *,
        signed: bool = False,
        narrow: bool = False,
        rounding: Rounding = Rounding.NEAREST_EVEN,
    ):
        properties: dict[str, Attribute | None] = {
            "bits": IntegerAttr(bits, i64),
            "signed": BoolAttr.from_bool(signed),
            "narrow": BoolAttr.from_bool(narrow),
            "rounding": RoundingAttr(rounding),
        }
        super().__init__([input, scale, zero], properties)

    @property
    def code_range(self) -> tuple[int, int]:
        """The least and the greatest code."""
        return code_range(
            self.bits.value.data, bool(self.signed.value.data), bool(self.narrow.value.data)
        )

    def infer_shape(self) -> Shape:
        features, bits = shape_of(self.input), self.bits.value.data
        if not 1 <= bits <= LARGEST_BITS:
            raise VerifyException(f"{bits} bits; a code has 1 to {LARGEST_BITS}")
        for name in ("scale", "zero"):
            shape = shape_of(getattr(self, name))
            if broadcast_shape(features, shape) != features:
                raise VerifyException(
                    f"{name} {list(shape)} does not broadcast to the input {list(features)}"
                )
        least, greatest = self.code_range
        if least == greatest:
            raise VerifyException(f"{bits} bits that are signed and narrow have one code only")
        return features


def code_range(bits: int, signed: bool, narrow: bool) -> tuple[int, int]:
    """
    The least and the greatest of the codes; `narrow` leaves out one.

    As in QONNX: the least one where they are signed, otherwise the greatest.
    """
    if signed:
        return narrow - 2 ** (bits - 1), 2 ** (bits - 1) - 1
    return 0, 2**bits - 1 - narrow
