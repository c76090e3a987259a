"""Which values of a function must share one code: wiring moves codes and never changes them."""

from dataclasses import dataclass

from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, SSAValue
from xdsl.utils.disjoint_set import DisjointSet

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
    connected = DisjointSet[SSAValue]()
    block = function.body.block
    order: dict[SSAValue, int] = {}
    for argument in block.args:
        if _feeds_chip(argument):
            order[argument] = len(order)
            connected.add(argument)
    for op in block.ops:
        if not isinstance(op, core_op.CoreOperation):
            continue
        if isinstance(op, core_op.DecodeOp):
            continue
        order[op.result] = len(order)
        connected.add(op.result)
        moves = isinstance(op, core_op.WiringOperation | core_op.MaxOp)
        keeps = isinstance(op, core_op.VmmOp) and op.same_code is not None
        moved = op.operands if moves else op.operands[:1] if keeps else ()
        for operand in moved:
            if not isinstance(operand.owner, trained.TensorOp):
                connected.union(operand, op.result)
    components: dict[SSAValue, list[SSAValue]] = {}
    for value in order:
        components.setdefault(connected.find(value), []).append(value)
    classes: list[SignalClass] = []
    for component in components.values():
        roots = tuple(value for value in component if _is_root(value))
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
