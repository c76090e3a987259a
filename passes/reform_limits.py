"""What stays on the host, and what has no form as dot products and wiring: why, and what helps."""

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.dialects.func import ReturnOp
from xdsl.ir import Operation

from ..dialects import nn
from ..dialects.nn import BinaryFunction
from ..dialects.support.errors import CorelowerError, describe_location
from ..dialects.trained import constant_of
from .function_clusters import JUMPS, STRAIGHT

HOST_OPERATIONS = (nn.SoftmaxOp, nn.LogSoftmaxOp, nn.ArgMaxOp)
"""What the host computes behind the last core, so that no core has to."""


@dataclass(frozen=True)
class Obstacle:
    """Why an operation has no form on a chip, and what would help."""

    op: Operation
    reason: str
    remedy: str

    def __str__(self) -> str:
        where = describe_location(self.op.location)
        text = f"{self.reason}; {self.remedy}" if self.reason else self.remedy
        return f"{f'{where}: ' if where else ''}{self.op.name}: {text}"


class ReformError(CorelowerError):
    """The operations of a function that cannot become `core_op`, all in one message."""

    def __init__(self, obstacles: tuple[Obstacle, ...]):
        super().__init__("cannot become core_op: " + "; ".join(map(str, obstacles)))
        self.obstacles = obstacles


def stays_on_host(op: Operation) -> bool:
    """Whether the host computes an operation: one of its kinds, with nothing else behind it."""
    if not isinstance(op, HOST_OPERATIONS):
        return False
    users = [use.operation for use in op.result.uses]
    return all(isinstance(user, ReturnOp) or stays_on_host(user) for user in users)


def obstacles_in(function: Operation) -> Iterator[Obstacle]:
    """The `nn` operations of a function that the host does not compute either."""
    for op in function.walk():
        if isinstance(op, nn.NnOperation) and not stays_on_host(op):
            yield Obstacle(op, *_reason(op))


_BEHIND = "a core multiplies by constants only"
_SPLIT = "end the network before it and compute the rest elsewhere"

_REMEDIES: dict[type[nn.NnOperation], tuple[str, str]] = {
    nn.BatchNormOp: ("", "run nn-fold-batch-norm before"),
    nn.MaxPoolOp: ("", "run nn-decompose-pooling before"),
    nn.AveragePoolOp: ("", "run nn-decompose-pooling before"),
    nn.LpPoolOp: ("", "run nn-decompose-reduction before"),
    nn.ReduceOp: ("", "run nn-decompose-reduction before"),
    nn.ConvTransposeOp: ("", "run nn-decompose-convolution before"),
    nn.SoftmaxOp: ("only the network's last operations are computed by the host", _SPLIT),
    nn.LogSoftmaxOp: ("only the network's last operations are computed by the host", _SPLIT),
    nn.ArgMaxOp: ("only the network's last operations are computed by the host", _SPLIT),
    nn.NormalizeOp: (
        "it divides by statistics of its own input",
        "train with a batch norm, whose statistics are constants, in its place",
    ),
    nn.LrnOp: (
        "it divides by a function of its neighbours",
        "train without it, or with a batch norm in its place",
    ),
    nn.RecurrentOp: (
        "recurrence: its state is multiplied by gates that are computed",
        _SPLIT,
    ),
    nn.MatMulOp: (f"both operands are computed; {_BEHIND}", _SPLIT),
    nn.ToRealOp: ("it computes with an index", _SPLIT),
}


def _reason(op: nn.NnOperation) -> tuple[str, str]:
    linear = isinstance(op, nn.ConvOp | nn.ConvTransposeOp | nn.DenseOp | nn.BatchNormOp)
    if linear and any(constant_of(operand) is None for operand in op.operands[1:]):
        return f"its weights are computed; {_BEHIND}", _SPLIT
    if isinstance(op, nn.UnaryOp):
        function = op.function.data
        if function in STRAIGHT:
            return "", "run nn-decompose-elementwise before"
        if function in JUMPS:
            return (
                f"{function} jumps, and no rectifiers come near it at the jump",
                "let nn.quantize say it where codes are meant",
            )
        return f"{function} is not piecewise linear", "run nn-approximate before"
    if isinstance(op, nn.BinaryOp):
        return _binary_reason(op)
    if isinstance(op, nn.QuantizeOp):
        return "its codes are not those of a signal", "run convert-nn-to-core-op with a target"
    return _REMEDIES.get(type(op), ("it is not a dot product of constants", _SPLIT))


def _binary_reason(op: nn.BinaryOp) -> tuple[str, str]:
    function = op.function.data
    if any(constant_of(operand) is not None for operand in op.operands):
        divides_by_constant = function is BinaryFunction.DIV and constant_of(op.rhs) is not None
        if function in (BinaryFunction.DIV, BinaryFunction.POW) and not divides_by_constant:
            return f"{function} is not piecewise linear here", "run nn-approximate before"
        return "", "run nn-decompose-elementwise before"
    match function:
        case BinaryFunction.MUL:
            return f"it multiplies two computed values; {_BEHIND}", _SPLIT
        case BinaryFunction.DIV:
            return f"it divides by a computed value; {_BEHIND}", _SPLIT
        case BinaryFunction.POW | BinaryFunction.PRELU:
            return f"{function} of two computed values; {_BEHIND}", _SPLIT
        case _:
            return "", "run nn-decompose-elementwise before"
