"""All signals of functions at the `tianji` level, numbered: the host's, then those of the cores."""

from collections.abc import Sequence
from math import prod
from typing import TypeGuard

import numpy as np
import numpy.typing as npt
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue

from ..dialects import core_op, tianji
from ..dialects.nn import shape_of
from ..dialects.support.errors import OperationError
from ..targets.tianji.traffic import HOST, Deliveries

Integers = npt.NDArray[np.int64]


class Signals:
    """
    The cores of functions in the order of the program, and the number of every signal.

    What is no core's result but listened to comes from the host, and is numbered first.
    """

    def __init__(self, functions: Sequence[FuncOp]):
        listening = [
            op
            for function in functions
            for op in function.body.walk()
            if isinstance(op, tianji.ListeningOperation)
        ]
        self.layers = [op for op in listening if isinstance(op, tianji.CoresOp)]
        self.reads = [op for op in listening if isinstance(op, tianji.ReadOp)]
        self.first_core: dict[tianji.CoresOp, int] = {}
        self.cores = 0
        for op in self.layers:
            self.first_core[op] = self.cores
            self.cores += op.groups
        self.first_signal: dict[SSAValue, int] = {}
        self.size = 0
        heard = dict.fromkeys(source for op in listening for source in op.sources)
        self.host_inputs = [v for v in heard if not isinstance(v.owner, tianji.CoresOp)]
        self.host_outputs = [
            operand
            for function in functions
            for op in function.body.walk()
            if not isinstance(op, tianji.ListeningOperation)
            for operand in op.operands
            if isinstance(operand.owner, tianji.CoresOp)
        ]
        for value in (*self.host_inputs, *(op.result for op in self.layers)):
            self.first_signal[value] = self.size
            self.size += prod(shape_of(value))
        self.host_size = sum(prod(shape_of(value)) for value in self.host_inputs)

    def heard(self, op: tianji.ListeningOperation) -> Integers:
        """The signal that each index of an operation names, in the indices' shape; -1 for none."""
        indices = tianji.known(op.listens)
        if indices is None:
            raise OperationError(op, "what it listens to is not a trained.tensor at hand")
        numbers = [
            self.first_signal[source] + np.arange(prod(shape_of(source))) for source in op.sources
        ]
        return np.concatenate([*numbers, [tianji.NOTHING]])[indices]

    def core_of(self) -> Integers:
        """The core that each signal comes from."""
        owners = [np.full(self.host_size, HOST, np.int64)]
        for op in self.layers:
            cores = np.arange(self.first_core[op], self.first_core[op] + op.groups)
            owners.append(np.repeat(cores, op.neurons))
        return np.concatenate(owners)

    def ticks(self) -> Integers:
        """The ticks in which each signal is counted; 1 of graded ones."""
        counts = [
            np.full(prod(shape_of(value)), core_op.ticks_of(value), np.int64)
            for value in self.first_signal
        ]
        return np.concatenate([np.empty(0, np.int64), *counts])

    def deliveries(self) -> Deliveries:
        """Which signal goes to which core, and which the host takes."""
        pairs = [np.empty((0, 2), np.int64)]
        for op in self.layers:
            heard = self.heard(op)
            cores = np.broadcast_to(
                self.first_core[op] + np.arange(op.groups)[:, None], heard.shape
            )
            pairs.append(np.stack([heard, cores], axis=-1)[heard >= 0])
        taken = [self.heard(op).ravel() for op in self.reads]
        taken += [
            self.first_signal[value] + np.arange(prod(shape_of(value)))
            for value in self.host_outputs
        ]
        for signals in taken:
            # What the host reads of its own input needs no packet.
            signals = signals[signals >= self.host_size]
            pairs.append(np.stack([signals, np.full_like(signals, HOST)], axis=-1))
        unique = np.unique(np.concatenate(pairs), axis=0)
        signal, target = unique[:, 0], unique[:, 1]
        return Deliveries(self.cores, self.core_of()[signal], signal, target)

    def phases(self) -> dict[tianji.CoresOp, int]:
        """The phase in which each layer begins: as early as its last signal allows."""
        phases: dict[tianji.CoresOp, int] = {}
        for op in self.layers:
            sources = [source.owner for source in op.sources]
            behind = [phases[s] + phases_until_sent(s) for s in sources if _is_cores(s)]
            phases[op] = max(behind, default=0)
        return phases

    def delays(self, phase_of: dict[tianji.CoresOp, int]) -> dict[tuple[SSAValue, SSAValue], int]:
        """
        Phases that the signals of a source wait in the axons of a layer, by source and result.

        Those of the host wait too, unless the host sends them later.
        """
        waits: dict[tuple[SSAValue, SSAValue], int] = {}
        for op in self.layers:
            for source in op.sources:
                ready = 0
                if isinstance(source.owner, tianji.CoresOp):
                    ready = phase_of[source.owner] + phases_until_sent(source.owner)
                waits[source, op.result] = phase_of[op] - ready
        return waits


def phases_until_sent(op: tianji.CoresOp) -> int:
    """
    Phases from a layer's first one to the first in which what it sends is taken.

    Spikes are sent as they come. A graded result is cut when all is there that it sums up: behind
    a whole window where its sources spike tick by tick.
    """
    target = core_op.target_for(op, op.source_code)
    if op.is_spiking or not op.source_code.spikes or target is None or target.firing != "tick":
        return 1
    return op.source_code.ticks.data


def _is_cores(op: Operation | Block) -> TypeGuard[tianji.CoresOp]:
    return isinstance(op, tianji.CoresOp)
