"""The pass `apply-rules`: a user's own rewrite rules."""

from dataclasses import dataclass, field

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from .natives import NATIVES
from .pass_base import CorelowerPass, lowered_functions, remark
from .rules import MAX_REWRITES, apply_rules
from .rules_loader import load_rules


@dataclass(frozen=True)
class ApplyRulesPass(CorelowerPass):
    """Apply the PDL rules of a file until none matches, in all functions but golden ones."""

    name = "apply-rules"

    file: str = field(metadata={"help": "the file of pdl.pattern operations"})
    max_rewrites: int = field(
        default=MAX_REWRITES,
        metadata={"help": "the number of rewrites at which rules count as endless"},
    )

    def __post_init__(self) -> None:
        if self.max_rewrites < 1:
            raise ValueError(f"max-rewrites is {self.max_rewrites}, but at least 1")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rules = load_rules(ctx, self.file, NATIVES)
        for function in lowered_functions(op):
            applied = apply_rules(ctx, function, rules, self.max_rewrites)
            for name, count in applied.items():
                times = "once" if count == 1 else f"{count} times"
                remark(ctx, function, f"rule '{name}' applied {times}")
