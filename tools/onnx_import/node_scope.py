"""What the conversion of one node sees and may do."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import NameLoc, NoneAttr, StringAttr, TensorType, i64
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.utils.hints import isa

from ...dialects import nn
from ...dialects.support.errors import CorelowerError
from ...dialects.support.tensor_data import Array
from ...dialects.trained import TensorOp
from .node import Node
from .problems import NodeError, UnknownShapeError
from .values import Batch, Codes, Constant, Features, Value

Float32Array = npt.NDArray[np.float32]
OpT = TypeVar("OpT", bound=Operation)


@dataclass(frozen=True, eq=False)
class FunctionBuilder:
    """The function under construction, shared by all nodes; `where` is the model's file."""

    block: Block
    batch: Batch
    where: str | None
    trained: dict[int, tuple[Array, SSAValue]]
    read: AbstractSet[str]
    remark: Callable[[str], None]

    def constant(self, array: Array, name: str) -> SSAValue:
        """A trained tensor located at `name`; the same array gives the same value."""
        # The array is kept with its value: its identity is not given to another one meanwhile.
        kept = self.trained.get(id(array))
        if kept is not None:
            return kept[1]
        op = TensorOp(array)
        op.location = name_location(name)
        op.result.name_hint = value_name(name)
        self.block.add_op(op)
        self.trained[id(array)] = (array, op.result)
        return op.result


@dataclass(frozen=True, eq=False)
class NodeScope:
    """
    A node with its operands, and the function that its operations go to.

    Every method that reads an operand raises `NodeError` where it is not of the kind asked for.
    """

    node: Node
    inputs: Sequence[Value | None]
    builder: FunctionBuilder

    @property
    def batch(self) -> Batch:
        """The batch axis of the model."""
        return self.builder.batch

    def has(self, index: int) -> bool:
        """Whether the optional input is there."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def is_constant(self, index: int) -> bool:
        """Whether the input is there and constant."""
        return self.has(index) and isinstance(self.inputs[index], Constant)

    def wants(self, output: int) -> bool:
        """Whether something reads the output of this index."""
        names = self.node.outputs
        return output < len(names) and names[output] in self.builder.read

    def features(
        self, index: int, *, batch_anywhere: bool = False, indices: bool = False
    ) -> Features:
        """
        A computed input.

        Its batch is the first axis unless it may be `batch_anywhere`, its elements are real unless
        they may be `indices`.
        """
        match self._input(index):
            case Features() as features:
                self._check_kind(features, batch_anywhere, indices)
                return features
            case Constant(name=name):
                raise NodeError(f"input '{name}' is constant; it must be computed")
            case Codes():
                name = self.node.inputs[index]
                raise NodeError(f"input '{name}' is quantized; only DequantizeLinear reads it")
            case _:
                raise UnknownShapeError

    def _check_kind(self, features: Features, batch_anywhere: bool, indices: bool) -> None:
        if features.batched and features.batch_axis and not batch_anywhere:
            raise NodeError(f"its input has the batch at axis {features.batch_axis}, not 0")
        if not indices and element_type(features.value) == i64:
            raise NodeError("its input is of indices; only a Cast to floating point reads them")

    def images(self, index: int) -> Features:
        """A computed input with the batch in front, as convolution and pooling want it."""
        features = self.features(index)
        if features.batched:
            return features
        if not self.batch.is_single or features.shape[:1] != (1,):
            raise NodeError(f"its input {list(features.shape)} has no batch axis")
        reshaped = self.emit(nn.ReshapeOp(features.value, features.shape[1:]))
        return Features(reshaped.result, batched=True)

    def constant(self, index: int, role: str) -> Constant:
        """A constant input, which plays `role` in the operator."""
        match self._input(index):
            case Constant() as constant:
                return constant
            case Features():
                raise NodeError(
                    f"its {role} '{self.node.inputs[index]}' is computed; it must be constant"
                )
            case _:
                raise UnknownShapeError

    def integers(self, index: int, role: str) -> tuple[int, ...]:
        """A constant input that is a list of integers."""
        array = self.constant(index, role).array
        if array.ndim > 1 or array.dtype.kind not in "iu":
            raise NodeError(f"its {role} is not a list of integers")
        return tuple(int(value) for value in array.reshape(-1))

    def weights(self, index: int, role: str) -> Float32Array:
        """A constant input in 32-bit floating point, without a copy where it is so already."""
        constant = self.constant(index, role)
        if constant.alternative is not None:
            raise NodeError(f"its {role} '{constant.name}' depends on the size of the batch")
        if constant.array.dtype == np.float32:
            return constant.array.astype(np.float32, copy=False)
        # bfloat16 is no kind of NumPy's own.
        if constant.array.dtype.kind != "f" and constant.array.dtype.name != "bfloat16":
            raise NodeError(f"its {role} '{constant.name}' has elements {constant.array.dtype}")
        self._check_finite(constant.array, constant.name)
        with np.errstate(over="ignore"):
            return constant.array.astype(np.float32)

    def numbers(self, index: int, role: str) -> Float32Array:
        """As `weights`, but integers too, where 32-bit floating point holds them exactly."""
        constant = self.constant(index, role)
        if constant.array.dtype.kind not in "iu":
            return self.weights(index, role)
        if constant.alternative is not None:
            raise NodeError(f"its {role} '{constant.name}' depends on the size of the batch")
        converted = constant.array.astype(np.float32)
        if not (converted.astype(np.float64) == constant.array.astype(np.float64)).all():
            raise NodeError(f"its {role} '{constant.name}' has integers beyond 32-bit floats")
        return converted

    def number(self, index: int, role: str) -> float:
        """A constant input that is a single number."""
        array = self.constant(index, role).array
        if array.size != 1:
            raise NodeError(f"its {role} of shape {list(array.shape)} is not a single number")
        return float(array.reshape(-1).astype(np.float64)[0])

    def emit(self, op: OpT) -> OpT:
        """Put an operation at the end of the function, at the node's location."""
        op.location = name_location(self.node.name)
        self.builder.block.add_op(op)
        return op

    def trained(self, array: Float32Array, index: int) -> SSAValue:
        """
        A trained tensor that was made from input `index`; the same array gives the same value.

        Raises `CorelowerError`, naming that input, where a number is not finite.
        """
        return self.trained_from(array, self.node.inputs[index])

    def trained_from(self, array: Float32Array, name: str) -> SSAValue:
        """A trained tensor that was made from the model's tensor `name`."""
        # NumPy's arithmetic makes a bare number of an array without axes.
        array = np.asarray(array)
        self._check_finite(array, name)
        return self.builder.constant(array, name)

    def remark(self, text: str) -> None:
        """Tell the user something about the node."""
        place = f"{self.builder.where}: " if self.builder.where else ""
        self.builder.remark(f"{place}node '{self.node.name}': remark: {text}")

    def sample_axis(self, axis: int, features: Features) -> int:
        """An axis of the model's tensor (negative counts from the end) as one of a sample."""
        if not -features.rank <= axis < features.rank:
            raise NodeError(f"axis {axis} of an input with {features.rank} axes")
        axis %= features.rank
        if not features.batched:
            return axis
        if axis == features.batch_axis:
            raise NodeError("it works along the batch axis")
        return axis - (axis > features.batch_axis)

    def for_each_sample(self, array: Float32Array, features: Features) -> Float32Array:
        """A constant as it meets one sample of `features`, with which it broadcasts."""
        axis = array.ndim - features.rank + features.batch_axis
        if not features.batched or axis < 0:
            return array
        if array.ndim > features.rank:
            raise NodeError(f"a constant of {array.ndim} axes meets an input of {features.rank}")
        first = np.take(array, [0], axis)
        if array.shape[axis] == 1:
            return first.squeeze(axis)
        if array.shape[axis] == self.batch.extent and bool((array == first).all()):
            return first.squeeze(axis)
        raise NodeError(f"its constant of shape {list(array.shape)} differs from sample to sample")

    def _input(self, index: int) -> Value:
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise NodeError(f"input {index} is missing")
        return value

    def _check_finite(self, array: Array, name: str) -> None:
        # The extremes carry a NaN along, and need no array of truth values.
        if array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
            raise CorelowerError(
                f"initializer '{name}': a weight is NaN, infinite or beyond 32-bit floating point",
                self.builder.where,
            )


def element_type(value: SSAValue) -> Attribute | None:
    """The type of a tensor's elements."""
    return value.type.get_element_type() if isa(value.type, TensorType[Attribute]) else None


def ir_text(name: str) -> str:
    """A name as the IR's text can hold it: xDSL reads only ASCII back from a location."""
    return name.encode("ascii", "backslashreplace").decode()


def name_location(name: str) -> NameLoc:
    """The location that stands for a node or an initializer of the model."""
    return NameLoc(StringAttr(ir_text(name)), NoneAttr())


def value_name(name: str) -> str:
    """An SSA name that resembles the model's."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name)
    plain = plain.strip("_")
    return plain if plain and not plain[0].isdigit() else f"v{plain}"
