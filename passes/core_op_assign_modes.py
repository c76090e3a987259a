"""The pass `core-op-assign-modes`: which layers of a mixed network spike, and which are graded."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue
from xdsl.rewriter import InsertPoint
from xdsl.utils.hints import isa

from ..dialects import core_op, nn
from ..dialects.nn import shape_of
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.functions import GOLDEN_FUNCTION, golden_function
from ..dialects.support.location import node_names
from ..dialects.support.provenance import golden_name
from ..dialects.support.target import Target
from .layer_modes import layers_named, name_layers, set_mode, target_of_signal
from .pass_base import CorelowerPass, lowered_functions, remark
from .signal_classes import SignalClass, signal_classes
from .wiring import AUXILIARY, fixed_product, is_nonnegative, reshape

INPUTS = "onnx.inputs"
"""Attribute of a function: its inputs' names in the model."""

POINTWISE = (nn.AddOp, nn.BatchNormOp, nn.BinaryOp, nn.ReluOp, nn.UnaryOp)
"""Nodes into which others go that they alone read."""

NAMES_SHOWN = 8
"""Layers that an error lists where no name is near."""


@dataclass(frozen=True)
class CoreOpAssignModes(CorelowerPass):
    """
    Notes of every real signal whether it is to be spikes or graded; needs a target and its
    alternate where layers are named.

    A layer is named by the model's node, or by the value that it computes, and stands for what it
    gives: the next layer takes that in whatever way it works itself. The network's input has its
    own name. A number is a place: 0 is the input, 1 the first layer with trained weights, -1 the
    last. What is not named is as the target has it. Without options the names are those of the
    function's attributes `core_op.graded_layers` and `core_op.spiking_layers`.

    Wiring moves numbers of one kind. Where it joins spikes with graded numbers, spikes go through
    a core that counts them; a maximum built from rectifiers is as what it is over.
    """

    name = "core-op-assign-modes"

    graded: tuple[str, ...] = field(
        default=(), metadata={"help": "layers whose results are graded, and graded inputs"}
    )
    spiking: tuple[str, ...] = field(
        default=(), metadata={"help": "layers whose results are spikes, and inputs in spikes"}
    )

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        targets = core_op.targets_of(op)
        if not targets:
            raise CorelowerError(f"{self.name}: the module has no target; run set-target before")
        for function in lowered_functions(op):
            name_layers(function, self.graded, spiking=False)
            name_layers(function, self.spiking, spiking=True)
            named = [
                (name, spiking)
                for spiking in (False, True)
                for name in layers_named(function, spiking=spiking)
            ]
            if not named:
                continue
            if len(targets) < 2:
                raise CorelowerError(
                    f"{self.name}: '{named[0][0]}' is to be of another kind, but target "
                    f"'{targets[0].name}' has cores of one kind only; set-target{{alternate=...}} "
                    "names the other"
                )
            targets[0].require_alternate(targets[1])
            _Assignment(function, targets[0]).run(named)
            signals = signal_classes(function)
            spiking = sum(target_of_signal(s, function, targets[0]).spikes for s in signals)
            remark(ctx, function, f"{spiking} of {len(signals)} signals are spikes, others graded")


class _Assignment:
    """One function's: the layers by their names, and what each of them is to be."""

    def __init__(self, function: FuncOp, target: Target):
        self.function = function
        self.spiking = target.spikes
        self.signals = [signal for signal in signal_classes(function) if not signal.is_coded]
        self.roots = [root for signal in self.signals for root in signal.roots]
        self.named: dict[str, list[SSAValue]] = {}
        for root in self.roots:
            for name in _names(root, function):
                self.named.setdefault(name, []).append(root)
        inputs: list[SSAValue] = [root for root in self.roots if isinstance(root, BlockArgument)]
        self.places = [inputs, *([root] for root in self.roots if _is_trained(root))]

    def run(self, named: Sequence[tuple[str, bool]]) -> None:
        """Note the mode of every signal, and let spikes be counted where graded ones join them."""
        wanted: dict[SSAValue, bool] = {}
        for name, spiking in named:
            for root in self._find(name):
                if wanted.setdefault(root, spiking) != spiking:
                    raise _error(root, self.function, f"'{name}' is to be spiking and graded")
        for signal in self.signals:
            self._assign(signal, wanted)

    def _find(self, name: str) -> list[SSAValue]:
        """What a name, or a number, stands for."""
        if name in self.named:
            return self.named[name]
        if (behind := self._behind(name)) is not None:
            return self.named[behind]
        last = len(self.places) - 1
        if re.fullmatch(r"-?[0-9]{1,9}", name) and -last <= int(name) <= last:
            return self.places[int(name)]
        near = difflib.get_close_matches(name, self.named, n=3)
        text = f"did you mean {_listed(near)}?" if near else f"there are {_listed([*self.named])}"
        raise CorelowerError(
            f"{CoreOpAssignModes.name}: '{name}' is no layer and no input; {text}; layers with "
            f"trained weights are numbered from 1 to {last}, 0 is the input"
        )

    def _behind(self, name: str) -> str | None:
        """The layer into which a node of the golden network went, as a sum into a rectifier."""
        golden = self.function.attributes.get(GOLDEN_FUNCTION)
        module = self.function.parent_op()
        if golden is None or not isinstance(module, ModuleOp):
            return None
        nodes = golden_function(module, self.function).body.block.ops
        op = next((op for op in nodes if name in names_of(op)), None)
        while op is not None:
            known = (name for name in names_of(op) if name in self.named)
            if (found := next(known, None)) is not None:
                return found
            user = op.results[0].get_user_of_unique_use() if op.results else None
            op = user if isinstance(user, POINTWISE) else None
        return None

    def _assign(self, signal: SignalClass, wanted: dict[SSAValue, bool]) -> None:
        """A signal is graded as soon as a part of it is; what computes spikes there is counted."""
        modes = {root: wanted.get(root, self.spiking) for root in signal.roots}
        spiking = all(modes.values())
        sources = _sources(signal, self.function)
        for root, mode in modes.items():
            if spiking or not mode:
                set_mode(root, self.function, spiking=mode)
            elif not _keeps_code(root):
                set_mode(root, self.function, spiking=True)
                self._count(root, sources)
            elif root in wanted:
                raise _error(
                    root,
                    self.function,
                    "a maximum built from rectifiers is graded where something that it is over is; "
                    "let that be spikes too",
                )
            else:
                set_mode(root, self.function, spiking=False)

    def _count(self, root: SSAValue, sources: "Sources") -> None:
        """Put a core behind spikes where wiring joins them with graded numbers."""
        uses = [use for use in root.uses if _is_joined(use.operation, root, sources)]
        owner, shape = root.owner, shape_of(root)
        place = InsertPoint.after(owner) if isinstance(owner, Operation) else None
        builder = Builder(place or InsertPoint.at_start(self.function.body.block))
        rows = reshape(builder, root, (*shape, 1, 1))
        kind = core_op.Activation.RELU if is_nonnegative(root) else core_op.Activation.LINEAR
        product = fixed_product(builder, rows, np.ones((1, 1)), kind)
        where = owner if isinstance(owner, Operation) else self.function
        product.location = where.location
        set_mode(product.result, self.function, spiking=False)
        value = reshape(builder, product.result, shape)
        for use in uses:
            use.operation.operands[use.index] = value


Sources = dict[SSAValue, frozenset[SSAValue]]
"""Of every value of a signal the roots whose numbers it has, or keeps the code of."""


def _sources(signal: SignalClass, function: FuncOp) -> Sources:
    found: Sources = {root: frozenset((root,)) for root in signal.roots}
    for op in function.body.block.ops:
        if not op.results or (value := op.results[0]) not in signal.values:
            continue
        if value in found and not _keeps_code(value):
            continue
        taken = op.operands[:1] if isinstance(op, core_op.VmmOp) else op.operands
        own = found.get(value, frozenset[SSAValue]())
        found[value] = own.union(*(found.get(operand, frozenset()) for operand in taken))
    return found


def _is_joined(op: Operation, root: SSAValue, sources: Sources) -> bool:
    """Whether what `op` makes of `root` alone gets together with numbers of other roots."""
    waiting = [op]
    while waiting:
        for value in waiting.pop().results:
            roots = sources.get(value, frozenset[SSAValue]())
            if root in roots and len(roots) > 1:
                return True
            if root in roots:
                waiting += [use.operation for use in value.uses]
    return False


def _keeps_code(root: SSAValue) -> bool:
    """Whether a root has the code of what it is computed from, as a maximum's rectifiers do."""
    return isinstance(root.owner, core_op.VmmOp) and root.owner.same_code is not None


def _is_trained(root: SSAValue) -> bool:
    return isinstance(root.owner, core_op.VmmOp) and AUXILIARY not in root.owner.attributes


def _names(root: SSAValue, function: FuncOp) -> tuple[str, ...]:
    """What a user may call a layer, or an input."""
    if isinstance(root, BlockArgument):
        inputs = function.attributes.get(INPUTS)
        is_list = isa(inputs, ArrayAttr[Attribute])
        names = [e.data for e in inputs if isinstance(e, StringAttr)] if is_list else []
        own = names[root.index : root.index + 1] or [root.name_hint or ""]
        return tuple(name for name in own if name)
    assert isinstance(root.owner, Operation)
    return names_of(root.owner)


def names_of(op: Operation) -> tuple[str, ...]:
    """The model's nodes that an operation comes from, and the value that it stands for."""
    golden = golden_name(op)
    names = dict.fromkeys(node_names(op.location))
    return tuple(names if golden is None else names | {golden: None})


def _error(root: SSAValue, function: FuncOp, message: str) -> CorelowerError:
    owner = root.owner
    return OperationError(owner if isinstance(owner, Operation) else function, message)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:NAMES_SHOWN])
    return f"{shown} and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else shown
