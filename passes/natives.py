"""
The native functions that every rule file may call, Corelower's own and its users'.

A pass whose rules need something of their own registers it in a `NATIVES.copy()`: what a user's
rules may call must not depend on which passes were imported.
"""

import numpy as np
from xdsl.dialects.builtin import UNKNOWN_LOC, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from ..dialects.support.errors import CorelowerError
from ..dialects.support.provenance import provenance_of
from ..dialects.support.tensor_data import TensorData, tensor_type_of
from ..dialects.trained import DataAttr, TensorOp
from .native_functions import NativeFunctions

NATIVES = NativeFunctions()


@NATIVES.native_constraint("has_one_use")
def has_one_use(value: SSAValue) -> bool:
    """Whether the value has a single user, so that its producer goes when that user does."""
    return value.has_one_use()


@NATIVES.native_rewrite("with_operands")
def with_operands(op: Operation, *operands: SSAValue) -> Operation:
    """The operation once more on other operands, with its attributes and result types."""
    copy = op.clone_without_regions(clone_operands=False)
    copy.operands = operands
    # The copy computes something else, and stands where the rule's root stood.
    for name in provenance_of(op):
        del copy.attributes[name]
    copy.location = UNKNOWN_LOC
    return copy


@NATIVES.native_constraint("trained.can_broadcast")
def can_broadcast(left: DataAttr, right: DataAttr) -> bool:
    """Whether two trained tensors have one element type and shapes that NumPy broadcasts."""
    if left.data.dtype != right.data.dtype:
        return False
    try:
        np.broadcast_shapes(left.data.shape, right.data.shape)
    except ValueError:
        return False
    return True


@NATIVES.native_rewrite("trained.add")
def add(left: DataAttr, right: DataAttr) -> DataAttr:
    """The sum of two trained tensors that `trained.can_broadcast`."""
    _check_broadcast(left, right)
    return DataAttr(TensorData(np.add(left.data.array, right.data.array)))


@NATIVES.native_rewrite("trained.multiply")
def multiply(left: DataAttr, right: DataAttr) -> DataAttr:
    """The product, element by element, of two trained tensors that `trained.can_broadcast`."""
    _check_broadcast(left, right)
    return DataAttr(TensorData(np.multiply(left.data.array, right.data.array)))


@NATIVES.native_rewrite("trained.type_of")
def type_of(data: DataAttr) -> TensorType[Attribute]:
    """The tensor type of the data."""
    return tensor_type_of(data.data)


@NATIVES.native_rewrite("trained.tensor")
def tensor(data: DataAttr) -> TensorOp:
    """A `trained.tensor` operation that holds the data."""
    return TensorOp(data)


def _check_broadcast(left: DataAttr, right: DataAttr) -> None:
    if not can_broadcast(left, right):
        raise CorelowerError(
            f"{tensor_type_of(left.data)} and {tensor_type_of(right.data)} do not broadcast; "
            'let the rule ask for it by pdl.apply_native_constraint "trained.can_broadcast"'
        )
