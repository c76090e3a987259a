"""Which values of a function must share one code: wiring moves codes and never changes them."""

from dataclasses import dataclass

import networkx as nx
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, SSAValue

from ..dialects import core_op, trained


@dataclass(frozen=True)
class SignalClass:
    """
    Values that are connected by wiring alone, and so have one code.

    `roots` are those of them that something computes: function inputs, and results of dot
    products. All numbers that occur in the class occur in its roots.
    """

    values: frozenset[SSAValue]
    roots: tuple[SSAValue, ...]

    @property
    def is_coded(self) -> bool:
        """Whether a code was chosen already."""
        return core_op.code_of(self.roots[0]) is not None

    @property
    def is_rectified(self) -> bool:
        """Whether a rectifier computes some of it: then code 0 must stand for zero."""
        return any(
            isinstance(op := root.owner, core_op.VmmOp)
            and op.activation.data is core_op.Activation.RELU
            for root in self.roots
        )


def signal_classes(function: FuncOp) -> list[SignalClass]:
    """The signals of the chip, in the order in which they appear in `function`."""
    graph: nx.Graph[SSAValue] = nx.Graph()
    block = function.body.block
    order: dict[SSAValue, int] = {}
    for argument in block.args:
        if _feeds_chip(argument):
            order[argument] = len(order)
            graph.add_node(argument)
    for op in block.ops:
        if not isinstance(op, core_op.CoreOperation):
            continue
        if isinstance(op, core_op.DecodeOp):
            continue
        order[op.result] = len(order)
        graph.add_node(op.result)
        moves = isinstance(op, core_op.WiringOperation | core_op.MaxOp)
        keeps = isinstance(op, core_op.VmmOp) and op.same_code is not None
        moved = op.operands if moves else op.operands[:1] if keeps else ()
        for operand in moved:
            if not isinstance(operand.owner, trained.TensorOp):
                graph.add_edge(operand, op.result)
    classes: list[SignalClass] = []
    for component in nx.connected_components(graph):
        ordered = sorted(component, key=lambda value: order[value])
        roots = tuple(value for value in ordered if _is_root(value))
        if roots:
            classes.append(SignalClass(frozenset(component), roots))
    return sorted(classes, key=lambda signal: order[signal.roots[0]])


def _feeds_chip(argument: BlockArgument) -> bool:
    return any(
        isinstance(use.operation, core_op.CoreOperation)
        and not isinstance(use.operation, core_op.EncodeOp)
        for use in argument.uses
    )


def _is_root(value: SSAValue) -> bool:
    return isinstance(value, BlockArgument) or isinstance(
        value.owner, core_op.VmmOp | core_op.EncodeOp
    )
