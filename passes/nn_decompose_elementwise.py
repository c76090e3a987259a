"""The pass `nn-decompose-elementwise`: rules in three files of `rules/`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from .nn_elementwise_natives import NN_ELEMENTWISE_NATIVES
from .pass_base import CorelowerPass, lowered_functions
from .rules import apply_rules
from .rules_loader import load_project_rules

RULE_FILES = ("nn_decompose_elementwise", "nn_constant_factors", "nn_constant_summands")


@dataclass(frozen=True)
class NnDecomposeElementwise(CorelowerPass):
    """
    Turns piecewise linear functions of elements into sums, products with constants and rectifiers.

    Requires nothing. Absolute value, negation, difference, maximum, minimum, clip, leaky and
    parametric rectifier, hard sigmoid and division by a constant become `nn.add`, `nn.relu` and
    `nn.binary mul` by a constant, exactly. Products with constants go into the weights of
    the layers beside them. What is not piecewise linear stays, as do products of computed values.
    """

    name = "nn-decompose-elementwise"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        rules = [
            rule
            for file in RULE_FILES
            for rule in load_project_rules(ctx, file, NN_ELEMENTWISE_NATIVES)
        ]
        for function in lowered_functions(op):
            apply_rules(ctx, function, rules)
