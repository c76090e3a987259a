"""The targets of a module: of all its cores, or of the two kinds of a mixed network."""

from collections.abc import Sequence

from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType
from xdsl.ir import Data, Operation
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer

from .core_op_code import CodeType, code_of
from .support.target import Target
from .support.target_syntax import parse_target, print_target

TARGET_ATTRIBUTE = "core_op.target"
"""The module's attribute that holds the target."""

ALTERNATE_ATTRIBUTE = "core_op.alternate_target"
"""The module's attribute that holds the target of cores whose neurons are of the other kind."""

MODE_ATTRIBUTE = "core_op.mode"
"""Attribute of a `core_op.vmm` or an argument that has no code yet: `graded` or `spiking`."""

GRADED, SPIKING = "graded", "spiking"


@irdl_attr_definition
class TargetAttr(Data[Target]):
    """
    A chip's constraints, on the module as `core_op.target`. Fields at their default are not shown.

    ```mlir
    #core_op.target<"my_chip", fan_in = 128, fan_out = 128, signal_bits = 5, weights = [-15, 15]>
    ```
    """

    name = "core_op.target"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Target:
        return parse_target(parser)

    def print_parameter(self, printer: Printer) -> None:
        print_target(printer, self.data)


def target_of(op: Operation) -> Target | None:
    """
    The target that the module around `op` names.

    Of a mixed network's dot product it is that of cores whose neurons are of its kind.
    """
    targets = targets_of(op)
    if len(targets) < 2 or (spikes := _spikes(op)) is None:
        return targets[0] if targets else None
    return next((target for target in targets if target.spikes == spikes), targets[0])


def targets_of(op: Operation) -> Sequence[Target]:
    """The target that the module around `op` names; of a mixed network the alternate one too."""
    module = op
    while (parent := module.parent_op()) is not None:
        module = parent
    found = (module.attributes.get(name) for name in (TARGET_ATTRIBUTE, ALTERNATE_ATTRIBUTE))
    return [attribute.data for attribute in found if isinstance(attribute, TargetAttr)]


def spiking_target_of(op: Operation) -> Target | None:
    """The target of the cores whose neurons spike; `None` where there are none."""
    return next((target for target in targets_of(op) if target.spikes), None)


def target_for(op: Operation, code: CodeType) -> Target | None:
    """The target of cores with signals of `code`, in the module around `op`."""
    targets = targets_of(op)
    alike = (target for target in targets if target.spikes == code.spikes)
    return next(alike, None) if len(targets) > 1 else next(iter(targets), None)


def set_target(module: ModuleOp, target: Target, alternate: Target | None = None) -> None:
    """Let `module` be lowered to `target`, and some of its layers to `alternate`."""
    module.attributes[TARGET_ATTRIBUTE] = TargetAttr(target)
    module.attributes.pop(ALTERNATE_ATTRIBUTE, None)
    if alternate is not None:
        target.require_alternate(alternate)
        module.attributes[ALTERNATE_ATTRIBUTE] = TargetAttr(alternate)


def _spikes(op: Operation) -> bool | None:
    """Whether the neurons that compute the result of `op` spike; `None` where nothing says it."""
    if not op.results or not isinstance(op.results[0].type, TensorType):
        return None
    if (code := code_of(op.results[0])) is not None:
        return code.spikes
    mode = op.attributes.get(MODE_ATTRIBUTE)
    return mode.data == SPIKING if isinstance(mode, StringAttr) else None


def times_taken(op: Operation, taken: CodeType | None, result: CodeType | None) -> int:
    """
    How often in a window the neurons of `op` take each number of `taken` that they read.

    A spike is taken when it comes. A graded number waits in its axon and is taken once in a phase:
    by neurons that fire at any tick, whose phase is a tick, at each tick of their window.
    """
    if taken is None or result is None or taken.spikes or not result.spikes:
        return 1
    target = target_for(op, result)
    return result.ticks.data if target is not None and target.firing == "tick" else 1
