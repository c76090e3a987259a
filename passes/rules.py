"""Rewrite rules as data: what `rules_loader` read from PDL text, made one rewrite pattern."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects import pdl
from xdsl.dialects.builtin import ModuleOp
from xdsl.interpreter import Interpreter
from xdsl.ir import Operation
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern

from ..dialects.support.errors import CorelowerError, OperationError
from .native_functions import NativeFunctions
from .pass_base import run_patterns

if TYPE_CHECKING:
    from .rules_interpreter import RuleMatcher

MAX_REWRITES = 10_000
"""Rewrites; the limit at which a set of rules counts as one that never ends."""


class Rule:
    """
    One `pdl.pattern` that the loader found sound.

    Only the root is replaced. What else the rule matched stays for its other users, and dead-code
    elimination takes it where there are none.
    """

    def __init__(self, pattern: pdl.PatternOp, where: str, ctx: Context, natives: NativeFunctions):
        # Deferred: xDSL's interpreters take longer to import than all else that --help loads.
        from .rules_interpreter import RuleFunctions, RuleMatcher

        rewrite = pattern.body.block.last_op
        assert isinstance(rewrite, pdl.RewriteOp)
        assert rewrite.root is not None
        root = rewrite.root.owner
        assert isinstance(root, pdl.OperationOp)
        assert root.opName is not None
        self.name = pattern.sym_name.data if pattern.sym_name else where
        self.where = where
        self.benefit = pattern.benefit.value.data
        self.root_name = root.opName.data
        self._root = root
        self._rewrite = rewrite
        self._constraints = [
            (op, natives.constraints[op.constraint_name.data])
            for op in pattern.body.block.ops
            if isinstance(op, pdl.ApplyNativeConstraintOp)
        ]
        self._new_matcher = RuleMatcher
        self._functions = RuleFunctions(ctx, natives, self.name)
        self._interpreter = Interpreter(ModuleOp([]))
        self._interpreter.register_implementations(self._functions)

    def matches(self, op: Operation) -> "RuleMatcher | None":
        """What each PDL value stands for when `op` is the root; `None` where the rule fails."""
        matcher = self._new_matcher()
        if not matcher.match_operation(self._root.op, self._root, op):
            return None
        for constraint, function in self._constraints:
            arguments = [matcher.get_constant_or_matched_value(v) for v in constraint.operands]
            if function.first_mismatch(arguments) is not None:
                return None
            try:
                holds = function.call(*arguments)
            except CorelowerError as error:
                message = f"rule '{self.name}': native constraint '{function.name}': {error}"
                raise OperationError(op, message) from error
            if not holds:
                return None
        return matcher

    def rewrite(self, op: Operation, matcher: "RuleMatcher", rewriter: PatternRewriter) -> None:
        """Replace `op`. Raises `OperationError` where the rule makes what is not valid."""
        self._functions.rewriter = rewriter
        self._functions.root = op
        self._interpreter.push_scope(self.name)
        try:
            self._interpreter.set_values(matcher.matching_context.items())
            self._interpreter.run_ssacfg_region(self._rewrite.body, (), self.name)
        finally:
            self._interpreter.pop_scope()
            self._functions.forget()


class RulePattern(RewritePattern):
    """
    All rules as one pattern: an operation meets the rules of its name, greatest benefit first.

    Of equal benefit the one that stands first in the file is tried first. `applied` counts the
    rewrites of each rule. Raises `OperationError` at the first rewrite beyond `max_rewrites`.
    """

    def __init__(self, rules: Iterable[Rule], max_rewrites: int = MAX_REWRITES):
        self.max_rewrites = max_rewrites
        self.applied: Counter[str] = Counter()
        self._by_root: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in sorted(rules, key=lambda rule: -rule.benefit):
            self._by_root[rule.root_name].append(rule)

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter) -> None:
        for rule in self._by_root.get(op.name, ()):
            matcher = rule.matches(op)
            if matcher is None:
                continue
            self._count(rule, op)
            rule.rewrite(op, matcher, rewriter)
            return

    def _count(self, rule: Rule, op: Operation) -> None:
        self.applied[rule.name] += 1
        if self.applied.total() <= self.max_rewrites:
            return
        often = ", ".join(f"'{name}' {count} times" for name, count in self.applied.most_common(3))
        raise OperationError(
            op,
            f"more than {self.max_rewrites} rewrites, the last by rule '{rule.name}' "
            f"({rule.where}); applied were {often}: rules that undo each other or match their own "
            "result never end; otherwise raise max-rewrites",
        )


def apply_rules(
    ctx: Context, scope: Operation, rules: Iterable[Rule], max_rewrites: int = MAX_REWRITES
) -> Counter[str]:
    """
    Apply rules to the operations inside `scope` until none matches, and drop what is then dead.

    Gives back how often each rule was applied. Raises `OperationError` after `max_rewrites`.
    """
    pattern = RulePattern(rules, max_rewrites)
    run_patterns(scope, [pattern], ctx)
    return pattern.applied
