"""xDSL's canonicalization, with locations kept and golden functions left alone."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.transforms.canonicalize import CanonicalizationRewritePattern
from xdsl.transforms.dead_code_elimination import region_dce

from .pass_base import CorelowerPass, golden_function_names, lowered_functions, run_patterns


@dataclass(frozen=True)
class CanonicalizePass(CorelowerPass):
    """
    Folds constants, applies every operation's canonicalization patterns and removes dead code.

    A golden function is left as it is: what it computes is what others are compared with.
    """

    name = "canonicalize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        scopes = lowered_functions(op) if golden_function_names(op) else [op]
        for scope in scopes:
            run_patterns(
                scope, [CanonicalizationRewritePattern()], ctx, fold=True, after_walk=region_dce
            )
