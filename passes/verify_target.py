"""Checks a module against the constraints of its target."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from ..dialects import core_op
from ..dialects.support.errors import CombinedError, CorelowerError
from .pass_base import CorelowerPass, lowered_functions
from .target_checks import violations_of


@dataclass(frozen=True)
class VerifyTargetPass(CorelowerPass):
    """
    Requires a target, changes nothing, and fails where an operation breaks a constraint of it. In a
    mixed network an operation is held to the constraints of cores of its own kind.

    All violations are listed, each with its place, the limit and what would mend it. Real and
    coded operations are checked for what they have; golden functions are not checked.
    """

    name = "verify-target"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        verify_target(op)


def verify_target(module: ModuleOp) -> None:
    """Raise `CombinedError` with every violation of the module's target."""
    targets = core_op.targets_of(module)
    if not targets:
        raise CorelowerError("verify-target: the module has no target; run set-target first")
    target = targets[0]
    for alternate in targets[1:]:
        target.require_alternate(alternate)
    violations = [
        violation
        for function in lowered_functions(module)
        for violation in violations_of(function, target)
    ]
    if violations:
        raise CombinedError(violations)
