"""How large an unrolled network gets: refused before memory is taken, told when it is done."""

from collections.abc import Sequence

from xdsl.context import Context
from xdsl.dialects.func import FuncOp

from ..dialects import core_op
from ..dialects.support.errors import OperationError
from ..dialects.support.target import Target
from .pass_base import remark
from .wiring import AUXILIARY

MOST_SYNAPSES = 1 << 28
"""Rows times columns of all cores of a network: 4096 cores of 256 x 256, and 256 MiB of bytes."""


class UnrolledCount:
    """
    The cores and synapses of a function's products while they are unrolled one by one.

    What is not unrolled yet counts with the least that it can take. Raises `OperationError` as soon
    as the network is certain to exceed its limits.
    """

    def __init__(self, target: Target, products: Sequence[core_op.VmmOp]):
        self.target = target
        self.waiting = {op: _least(op, target) for op in products}
        self.done: set[core_op.VmmOp] = set()
        self.cores = 0
        self.weight_cores = 0
        self.synapses = 0
        if self.waiting:
            self._check(max(self.waiting, key=lambda op: self.waiting[op]))

    def is_waiting(self, op: core_op.VmmOp) -> bool:
        """Whether `op` is to be unrolled still."""
        return op in self.waiting

    def add(self, op: core_op.VmmOp, cores: int, rows: int, columns: int) -> None:
        """Count `op` as so many cores of rows x columns."""
        self.waiting.pop(op)
        self.cores += cores
        self.weight_cores += cores if AUXILIARY not in op.attributes else 0
        self.synapses += cores * rows * columns
        self._check(op)

    def tell(self, ctx: Context, function: FuncOp) -> None:
        """A remark on the whole function."""
        if self.cores:
            text = f"{plural(self.cores, 'core')}, {self.weight_cores} of them with trained weights"
            remark(ctx, function, text)

    def _check(self, op: core_op.VmmOp) -> None:
        cores = self.cores + sum(cores for _, cores in self.waiting.values())
        synapses = self.synapses + sum(synapses for synapses, _ in self.waiting.values())
        least = "at least " if self.waiting else ""
        if self.target.cores and cores > self.target.cores:
            raise OperationError(
                op,
                f"unrolled, the network needs {least}{cores} cores, the target has "
                f"{self.target.cores}; use set-target{{cores=...}} for more of them, or a smaller "
                "network",
            )
        if synapses > MOST_SYNAPSES:
            raise OperationError(
                op,
                f"unrolled, the network has {least}{synapses} synapses, the limit is "
                f"{MOST_SYNAPSES}; use a smaller network, or a target whose positions share cores",
            )


def _least(op: core_op.VmmOp, target: Target) -> tuple[int, int]:
    """The synapses and the cores that a product takes in any case."""
    outputs = op.positions * op.groups * op.outputs
    return outputs * op.fan_in, -(-outputs // target.fan_out)


def plural(count: int, what: str) -> str:
    """So many of something, as one says it."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
