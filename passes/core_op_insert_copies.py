"""The pass `core-op-insert-copies`: cores that copy signals, where a neuron may feed few cores."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from ..dialects import core_op
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.errors import OperationError
from ..dialects.support.target import Target
from .copy_levels import CopyLevel, copy_level
from .fan_out import FanOut, exceeded_fan_out
from .pass_base import CorelowerPass, lowered_functions, remark, run_patterns
from .unrolled_limits import plural
from .wiring import AUXILIARY, constant, reshape

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CoreOpInsertCopies(CorelowerPass):
    """
    Gives neurons that feed more cores than the target lets them copies that feed the rest; exact.

    A copy is a neuron with one weight of 1, whose code, or whose spikes, are those that it hears.
    Where a core has no room for all copies of a neuron, these are copied in turn: a tree. Needs
    integer weights and one unit a value, and counts cores: run it behind `core-op-unroll`. Signals
    of the host may go anywhere, and what the host takes does not count. Without `neuron_fan_out`
    it changes nothing.
    """

    name = "core-op-insert-copies"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        if not target.neuron_fan_out:
            return
        for function in lowered_functions(op):
            _insert_copies(function, target, ctx)


def _insert_copies(function: FuncOp, target: Target, ctx: Context) -> None:
    moves = _Moves(FanOut(function))
    busy = {
        op: wrong
        for op in moves.fan_out.products
        if (wrong := exceeded_fan_out(moves.fan_out.counts(op), target.neuron_fan_out))
    }
    if not busy:
        return
    for op, wrong in busy.items():
        _require_copyable(op, wrong, target)
    copying = CopyNeurons(target, moves)
    for op, wrong in busy.items():
        copying.copy(op, wrong)
    for op in moves.fan_out.products:
        hear_copies(op, moves)
    # What moved codes before is dead now, and goes.
    run_patterns(function, [], ctx)
    copies = "1 copy" if copying.copies == 1 else f"{copying.copies} copies"
    text = f"{copies} of neurons that feed more"
    limit = plural(target.neuron_fan_out, "core")
    remark(ctx, function, f"{text} than {limit}, in {plural(copying.cores, 'core')}")


def _require_copyable(op: core_op.VmmOp, wrong: str, target: Target) -> None:
    """Raise `OperationError` where the results of `op` cannot be copied."""
    code = core_op.code_of(op.result)
    if not op.is_quantized or code is None:
        raise OperationError(op, "its weights are real; run core-op-quantize-weights before")
    if code.units.data > 1:
        raise OperationError(op, "numbers of several units; run core-op-split-units before")
    if op.positions > 1:
        raise OperationError(
            op,
            f"{wrong}; {op.positions} positions take turns on its cores, and what is copied has "
            "one: run core-op-unroll before, or raise neuron_fan_out",
        )
    if target.weights[1] < 1 or _function_for(code, target) is None:
        raise OperationError(
            op,
            f"{wrong}, and its cores cannot copy a code: they need the function linear, or relu "
            "and a zero point of 0, and a weight of 1; raise neuron_fan_out",
        )


def _function_for(code: core_op.CodeType, target: Target) -> Activation | None:
    """A function that leaves every code as it is."""
    if Activation.LINEAR.value in target.functions:
        return Activation.LINEAR
    is_relu = Activation.RELU.value in target.functions and not code.zero.data
    return Activation.RELU if is_relu else None


class _Moves:
    """What hears a copy in place of a neuron: a number for each pair of a neuron and a core."""

    def __init__(self, fan_out: FanOut):
        self.fan_out = fan_out
        self.values: list[SSAValue] = list(fan_out.wiring.sources)
        self.starts = [fan_out.wiring.first(source) for source in self.values]
        self.size = fan_out.wiring.size
        self.heard = np.full(len(fan_out.pairs), -1, np.int64)
        """The element of all `values` that a pair's core hears; -1 where that is as before."""

    def add(self, value: SSAValue) -> int:
        """Number the elements of a copy's result; its first one's number."""
        first = self.size
        self.values.append(value)
        self.starts.append(first)
        self.size += int(np.prod(shape_of(value), dtype=np.int64))
        return first

    def numbers(self, op: core_op.VmmOp) -> Integers | None:
        """What every input of a product is to hear, in its shape; `None` where all is as before."""
        keys = self.fan_out.keys(op)
        places = np.searchsorted(self.fan_out.pairs, keys)
        heard = np.concatenate([self.heard, [-1]])[np.minimum(places, len(self.heard))]
        heard = np.where(keys >= 0, heard, -1)
        if (heard < 0).all():
            return None
        return np.where(heard >= 0, heard, self.fan_out.wiring.of(op.input))


@dataclass
class CopyNeurons:
    """Level by level, copies of a product's neurons, until none feeds too many cores."""

    target: Target
    moves: _Moves
    copies: int = field(default=0, init=False)
    cores: int = field(default=0, init=False)

    def copy(self, op: core_op.VmmOp, wrong: str) -> None:
        """Copy what `op` computes; `wrong` says which of its neurons feed too many cores."""
        builder = _builder_at(InsertPoint.after(op), op)
        fan_out = self.moves.fan_out
        neurons = fan_out.pairs // fan_out.cores - fan_out.first_neuron[op]
        pairs = np.flatnonzero((neurons >= 0) & (neurons < op.groups * op.outputs))
        neurons, value = neurons[pairs], op.result
        while np.unique(neurons, return_counts=True)[1].max() > self.target.neuron_fan_out:
            level = copy_level(neurons, self.target)
            if level is None:
                raise OperationError(
                    op,
                    f"{wrong}, and cores of one output cannot copy it; raise neuron_fan_out, or "
                    "fan_out",
                )
            value = self._copied(value, level, builder)
            first = self.moves.add(value)
            is_moved = level.copies >= 0
            pairs, neurons = pairs[is_moved], level.copies[is_moved]
            self.moves.heard[pairs] = first + neurons
            order = np.argsort(neurons, kind="stable")
            pairs, neurons = pairs[order], neurons[order]

    def _copied(self, value: SSAValue, level: CopyLevel, builder: Builder) -> SSAValue:
        """The results of a level's cores."""
        code = core_op.code_of(value)
        assert code is not None
        function = _function_for(code, self.target)
        assert function is not None
        copy = core_op.VmmOp(
            function,
            gathered(builder, [value], level.reads),
            constant(builder, level.weight),
            None,
            constant(builder, np.ones(len(level.reads), np.float32)),
            element=code,
            same_code=True,
        )
        copy.attributes[AUXILIARY] = UnitAttr()
        self.copies += int(np.count_nonzero(level.weight))
        self.cores += len(level.reads)
        return builder.insert(copy).result


def hear_copies(op: core_op.VmmOp, moves: _Moves) -> None:
    """Let a product hear copies in place of the neurons themselves."""
    numbers = moves.numbers(op)
    if numbers is None:
        return
    starts = np.array(moves.starts, np.int64)
    parts = np.searchsorted(starts, numbers, side="right") - 1
    used = np.unique(parts[numbers >= 0])
    values = [moves.values[int(part)] for part in used]
    sizes = [int(np.prod(shape_of(value), dtype=np.int64)) for value in values]
    moved = np.zeros(len(starts), np.int64)
    moved[used] = np.cumsum([0, *sizes])[:-1] - starts[used]
    indices = np.where(numbers >= 0, numbers + moved[parts], -1)
    op.operands[0] = gathered(_builder_at(InsertPoint.before(op), op), values, indices)


def _builder_at(point: InsertPoint, op: Operation) -> Builder:
    """A builder whose operations have the location of `op`."""

    def locate(inserted: Operation) -> None:
        inserted.location = op.location

    return Builder(point, operation_insertion_handler=[locate])


def gathered(builder: Builder, values: list[SSAValue], indices: Integers) -> SSAValue:
    """Elements of values, one behind the other, in the shape of `indices`; -1 stands for zero."""
    flat = [
        reshape(builder, value, (int(np.prod(shape_of(value), dtype=np.int64)),))
        for value in values
    ]
    value = flat[0] if len(flat) == 1 else builder.insert(core_op.ConcatOp(flat, 0)).result
    if (indices < 0).any():
        (size,) = shape_of(value)
        value = builder.insert(core_op.PadOp(value, [0], [1])).result
        indices = np.where(indices < 0, size, indices)
    value = builder.insert(core_op.GatherOp(value, 0, indices.reshape(-1).tolist())).result
    return reshape(builder, value, indices.shape)
