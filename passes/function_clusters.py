"""Neighbouring element-wise operations that together are one function of one variable."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from math import prod

from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from ..dialects import nn
from ..dialects.nn import BinaryFunction, NnOperation, UnaryFunction, shape_of
from ..dialects.trained import TensorOp, constant_of

JUMPS = frozenset(
    {UnaryFunction.SIGN, UnaryFunction.FLOOR, UnaryFunction.CEIL, UnaryFunction.ROUND}
)
"""Functions that no continuous one is near at their jumps."""

STRAIGHT = frozenset(
    {
        UnaryFunction.ABS,
        UnaryFunction.NEG,
        UnaryFunction.HARD_SIGMOID,
        UnaryFunction.CLIP,
        UnaryFunction.LEAKY_RELU,
    }
)
"""Functions that are piecewise linear."""


@dataclass(frozen=True)
class FunctionCluster:
    """
    Element-wise operations, in order, whose one computed input is `input`.

    Only the last one's result is used by others: together they are one function of one variable.
    """

    input: SSAValue
    operations: tuple[NnOperation, ...]

    @property
    def last(self) -> NnOperation:
        """The operation whose result is the function's."""
        return self.operations[-1]

    @property
    def name(self) -> str:
        """What the functions in it are called, each once."""
        return ", ".join(dict.fromkeys(function_name(op) for op in self.operations))

    @property
    def constants(self) -> tuple[TensorOp, ...]:
        """The operations that hold its constants."""
        owners = [operand.owner for op in self.operations for operand in op.operands]
        return tuple(dict.fromkeys(owner for owner in owners if isinstance(owner, TensorOp)))


def find_clusters(function: FuncOp) -> list[FunctionCluster]:
    """
    The functions of one variable in `function` that are not piecewise linear, each as large as can
    be: a product of two functions of the same value is one function.
    """
    order = {op: place for place, op in enumerate(function.body.block.ops)}
    taken: set[Operation] = set()
    found: list[FunctionCluster] = []
    for op in reversed(order):
        if op in taken or not _is_element_wise(op):
            continue
        if (cluster := _cluster_before(op, order)) is None:
            continue
        taken.update(cluster.operations)
        cluster = _without_rectifier(cluster)
        if not all(_is_piecewise_linear(member) for member in cluster.operations):
            found.append(cluster)
    return found[::-1]


def function_name(op: Operation) -> str:
    """What an element-wise operation computes, in a word."""
    if isinstance(op, nn.UnaryOp | nn.BinaryOp):
        return op.function.data.value
    return op.name.removeprefix("nn.")


def jumps_in(function: FuncOp) -> list[nn.UnaryOp]:
    """The operations that jump, and so are no functions that can be approximated."""
    return [
        op
        for op in function.body.block.ops
        if isinstance(op, nn.UnaryOp) and op.function.data in JUMPS
    ]


def _is_element_wise(op: object) -> bool:
    """Whether all operands are constants of one number, or have an element for each result."""
    match op:
        case nn.UnaryOp():
            return op.function.data not in JUMPS and constant_of(op.input) is None
        case nn.ReluOp():
            return constant_of(op.input) is None
        case nn.AddOp() | nn.BinaryOp():
            size = prod(shape_of(op.result))
            sizes = [1 if constant_of(operand) is not None else size for operand in op.operands]
            computed = any(constant_of(operand) is None for operand in op.operands)
            given = [prod(shape_of(operand)) for operand in op.operands]
            return computed and given == sizes
        case _:
            return False


def _is_piecewise_linear(op: NnOperation) -> bool:
    match op:
        case nn.UnaryOp():
            return op.function.data in STRAIGHT
        case nn.BinaryOp():
            has_constant = [constant_of(operand) is not None for operand in op.operands]
            match op.function.data:
                case BinaryFunction.SUB | BinaryFunction.MIN | BinaryFunction.MAX:
                    return True
                case BinaryFunction.MUL | BinaryFunction.PRELU:
                    return any(has_constant)
                case BinaryFunction.DIV:
                    return has_constant[1]
                case BinaryFunction.POW:
                    return False
        case _:
            return True


def _cluster_before(last: Operation, order: Mapping[Operation, int]) -> FunctionCluster | None:
    """The largest cluster that ends in `last`, if there is any."""
    members = _used_only_for(last, order)
    inputs = {operand for op in members for operand in _computed_operands(op)}
    inputs -= {op.results[0] for op in members}
    if len(inputs) == 1:
        return _cluster(inputs.pop(), members, order)
    # Several values come in; a part that begins at a value of its own may still be a function.
    best: set[Operation] = set()
    start: SSAValue | None = None
    for candidate in members - {last}:
        part = _part_behind(candidate.results[0], last, members)
        if len(part) > len(best):
            best, start = part, candidate.results[0]
    return None if start is None else _cluster(start, best, order)


def _used_only_for(last: Operation, order: Mapping[Operation, int]) -> set[Operation]:
    """Element-wise operations before `last`, and itself, from which nothing else is computed."""
    members: set[Operation] = set()
    # From the last to the first, so that all users of an operation are decided before it.
    waiting = [(-order[last], last)]
    while waiting:
        _, op = heappop(waiting)
        if op in members:
            continue
        users = {use.operation for result in op.results for use in result.uses}
        if op is not last and not (_is_element_wise(op) and users <= members):
            continue
        members.add(op)
        for operand in op.operands:
            if isinstance(operand.owner, Operation):
                heappush(waiting, (-order[operand.owner], operand.owner))
    return members


def _part_behind(start: SSAValue, last: Operation, members: set[Operation]) -> set[Operation]:
    """The members between `start` and `last`; none where another value comes in."""
    part: set[Operation] = set()
    waiting: list[Operation] = [last]
    while waiting:
        op = waiting.pop()
        if op in part:
            continue
        part.add(op)
        for operand in _computed_operands(op):
            if operand is start:
                continue
            if operand.owner not in members or not isinstance(operand.owner, Operation):
                return set()
            waiting.append(operand.owner)
    return part


def _cluster(
    start: SSAValue, members: Iterable[Operation], order: Mapping[Operation, int]
) -> FunctionCluster:
    ordered = sorted(members, key=lambda op: order[op])
    return FunctionCluster(start, tuple(op for op in ordered if isinstance(op, NnOperation)))


def _without_rectifier(cluster: FunctionCluster) -> FunctionCluster:
    """Leave a rectifier to the layer before it, where it costs nothing."""
    first, *rest = cluster.operations
    behind_layer = isinstance(cluster.input.owner, nn.ConvOp | nn.DenseOp)
    users = {use.operation for use in cluster.input.uses}
    if isinstance(first, nn.ReluOp) and behind_layer and users == {first} and rest:
        return FunctionCluster(first.result, tuple(rest))
    return cluster


def _computed_operands(op: Operation) -> list[SSAValue]:
    return [operand for operand in op.operands if constant_of(operand) is None]
