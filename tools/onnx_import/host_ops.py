"""What follows the last core, on the host."""

from collections.abc import Iterator, Mapping
from math import prod

from xdsl.dialects import func
from xdsl.ir import Block, Operation

from ...dialects import nn
from .conversion import Conversion
from .node_scope import NodeScope
from .problems import NodeError
from .values import Features


def convert_softmax(scope: NodeScope) -> Features:
    """
    A softmax along one axis.

    Before operator set 13 it went along all axes from `axis` on, which a reshape makes one.
    """
    features = scope.features(0)
    if scope.node.version >= 13:
        axis = scope.sample_axis(scope.node.integer("axis", -1), features)
        return Features(scope.emit(nn.SoftmaxOp(features.value, axis)).result, features.batched)
    axis = scope.sample_axis(scope.node.integer("axis", 1), features)
    shape = features.shape
    if axis == len(shape) - 1:
        return Features(scope.emit(nn.SoftmaxOp(features.value, axis)).result, features.batched)
    flat = scope.emit(nn.ReshapeOp(features.value, (*shape[:axis], prod(shape[axis:]))))
    soft = scope.emit(nn.SoftmaxOp(flat.result, axis))
    back = scope.emit(nn.ReshapeOp(soft.result, shape))
    return Features(back.result, features.batched)


def convert_arg_max(scope: NodeScope) -> Features:
    """The index of the largest value; the axis goes, whatever keepdims says."""
    features = scope.features(0)
    axis = scope.sample_axis(scope.node.integer("axis", 0), features)
    if scope.node.integer("select_last_index", 0):
        raise NodeError("select_last_index is not supported")
    if scope.node.integer("keepdims", 1):
        scope.remark("the result is without the axis that keepdims would keep")
    return Features(scope.emit(nn.ArgMaxOp(features.value, axis)).result, features.batched)


def inside_the_network(block: Block) -> Iterator[tuple[str, Operation]]:
    """The operations of this file, and their operators, that other than results are made from."""
    for op in block.ops:
        operator = _OPERATORS.get(type(op))
        if operator is not None and not _ends(op):
            yield operator, op


def _ends(op: Operation) -> bool:
    for user in (use.operation for result in op.results for use in result.uses):
        if isinstance(user, func.ReturnOp):
            continue
        if isinstance(op, nn.ArgMaxOp) or not isinstance(user, nn.ArgMaxOp | nn.ReshapeOp):
            return False
        if isinstance(user, nn.ReshapeOp) and not _ends(user):
            return False
    return True


_OPERATORS: Mapping[type[Operation], str] = {nn.SoftmaxOp: "Softmax", nn.ArgMaxOp: "ArgMax"}

HOST_OPS: Mapping[str, Conversion] = {"ArgMax": convert_arg_max, "Softmax": convert_softmax}
