"""Of a mixed network, which signals are graded and which are spikes, before codes say it."""

from collections.abc import Iterable

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue
from xdsl.utils.hints import isa

from ..dialects import core_op
from ..dialects.support.target import Target
from .signal_classes import SignalClass

LAYERS = {True: "core_op.spiking_layers", False: "core_op.graded_layers"}
"""Attributes of a function that name the layers whose neurons spike, or do not, as a user does."""


def layers_named(function: FuncOp, *, spiking: bool) -> tuple[str, ...]:
    """The layers that a function's attribute names."""
    attribute = function.attributes.get(LAYERS[spiking])
    if not isa(attribute, ArrayAttr[Attribute]):
        return ()
    return tuple(entry.data for entry in attribute if isinstance(entry, StringAttr))


def name_layers(function: FuncOp, names: Iterable[str], *, spiking: bool) -> None:
    """Let a function's attribute name layers; nothing where there are none."""
    if names := list(names):
        function.attributes[LAYERS[spiking]] = ArrayAttr([StringAttr(name) for name in names])


def set_mode(value: SSAValue, function: FuncOp, *, spiking: bool) -> None:
    """Note what a signal that has no code yet is to be."""
    mode = _mode(spiking=spiking)
    if isinstance(value, BlockArgument):
        entries = [_argument_attributes(function, i) for i in range(len(function.body.block.args))]
        entries[value.index][core_op.MODE_ATTRIBUTE] = mode
        function.arg_attrs = ArrayAttr([DictionaryAttr(entry) for entry in entries])
        return
    assert isinstance(value.owner, Operation)
    value.owner.attributes[core_op.MODE_ATTRIBUTE] = mode


def copy_mode(source: Operation, copy: Operation) -> None:
    """Let an operation that takes the place of another have its mode."""
    if (mode := source.attributes.get(core_op.MODE_ATTRIBUTE)) is not None:
        copy.attributes[core_op.MODE_ATTRIBUTE] = mode


def set_mode_of_partial(op: core_op.VmmOp, product: core_op.VmmOp) -> None:
    """
    Let the partial sums of `op` be graded where it reads, or gives, graded numbers.

    Bits of one tick say more than spikes, and only where all else spikes is a window lost to them.
    """
    codes = core_op.code_of(op.input), core_op.code_of(op.result)
    is_graded = any(code is not None and not code.spikes for code in codes)
    if is_graded and len(core_op.targets_of(op)) > 1:
        product.attributes[core_op.MODE_ATTRIBUTE] = _mode(spiking=False)


def target_of_signal(signal: SignalClass, function: FuncOp, target: Target) -> Target:
    """The target of the cores that compute a signal, in a module that is lowered to `target`."""
    targets = core_op.targets_of(function)
    if len(targets) < 2:
        return target
    spikes = all(_spikes(root, function, target) for root in signal.roots)
    return next((one for one in targets if one.spikes == spikes), target)


def target_of_product(op: core_op.VmmOp, target: Target) -> Target:
    """The target of the cores that compute a product, in a module that is lowered to `target`."""
    own = core_op.target_of(op) if len(core_op.targets_of(op)) > 1 else None
    return own if own is not None else target


def fires_at_any_tick(function: FuncOp) -> bool:
    """Whether quantised neurons spike at any tick, so that their numbers do not say it all."""
    return any(
        isinstance(op, core_op.VmmOp)
        and core_op.ticks_of(op.result) > 1
        and (target := core_op.target_of(op)) is not None
        and target.fires_at_any_tick
        for op in function.body.walk()
    )


def _spikes(root: SSAValue, function: FuncOp, target: Target) -> bool:
    if (code := core_op.code_of(root)) is not None:
        return code.spikes
    if isinstance(root, BlockArgument):
        attributes = _argument_attributes(function, root.index)
    else:
        assert isinstance(root.owner, Operation)
        attributes = root.owner.attributes
    mode = attributes.get(core_op.MODE_ATTRIBUTE)
    return mode.data == core_op.SPIKING if isinstance(mode, StringAttr) else target.spikes


def _mode(*, spiking: bool) -> StringAttr:
    return StringAttr(core_op.SPIKING if spiking else core_op.GRADED)


def _argument_attributes(function: FuncOp, index: int) -> dict[str, Attribute]:
    return {} if function.arg_attrs is None else dict(function.arg_attrs.data[index].data)
