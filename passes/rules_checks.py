"""What is refused in a rule file because xDSL would ignore it or read it as something else."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from xdsl.context import Context
from xdsl.dialects import pdl
from xdsl.ir import Operation
from xdsl.irdl import IRDLOperation
from xdsl.utils.exceptions import VerifyException

from ..dialects.support.errors import CorelowerError, OperationError
from .native_functions import NativeFunction, NativeFunctions
from .options import did_you_mean
from .rules_flow_checks import check_flow
from .rules_op_checks import OperationChecker

_Function = TypeVar("_Function", bound=Callable[..., object])

_RANGE_OPS = (pdl.OperandsOp, pdl.ResultsOp, pdl.TypesOp, pdl.RangeOp)
_MATCH_OPS = (
    pdl.AttributeOp,
    pdl.OperandOp,
    pdl.OperationOp,
    pdl.ResultOp,
    pdl.TypeOp,
    pdl.ApplyNativeConstraintOp,
)
_REWRITE_OPS = (
    pdl.AttributeOp,
    pdl.OperationOp,
    pdl.ResultOp,
    pdl.TypeOp,
    pdl.ApplyNativeRewriteOp,
    pdl.ReplaceOp,
    pdl.EraseOp,
)


class RuleChecker:
    """Collects in `problems` a located error for each thing that a rule may not say."""

    def __init__(self, ctx: Context, natives: NativeFunctions):
        self.problems: list[CorelowerError] = []
        self._natives = natives
        self._operations = OperationChecker(ctx, self._report)
        self._names: set[str] = set()

    def check(self, op: Operation) -> None:
        """Check one operation of the file's top level, which must be a `pdl.pattern`."""
        if not isinstance(op, pdl.PatternOp):
            self._report(op, "a rule file holds only pdl.pattern operations")
            return
        before = len(self.problems)
        self._check_definitions(op)
        if len(self.problems) == before:
            self._check_pattern(op)
        if len(self.problems) == before:
            # Last, since what is said above is nearer to what the user has to change.
            self._verify(op)

    def _check_pattern(self, pattern: pdl.PatternOp) -> None:
        before = len(self.problems)
        self._check_head(pattern)
        rewrite = pattern.body.block.last_op
        if not isinstance(rewrite, pdl.RewriteOp):
            self._report(pattern, "does not end with pdl.rewrite")
            return
        if any(block.args for block in pattern.walk_blocks()):
            self._report(pattern, "its blocks take no arguments")
            return
        for part in pattern.body.block.ops:
            if part is not rewrite:
                self._check_match_part(part)
        if (root := self._root(rewrite)) is None:
            return
        for part in rewrite.body.block.ops:
            self._check_rewrite_part(part)
        if len(self.problems) > before:
            # What follows would only repeat what a wrong part brings with it.
            return
        check_flow(pattern, rewrite, root, self._report)

    def _report(self, op: Operation, message: str) -> None:
        self.problems.append(OperationError(op, message))

    def _check_definitions(self, pattern: pdl.PatternOp) -> None:
        for op in pattern.walk():
            if isinstance(op, IRDLOperation):
                self._check_by(op, lambda op=op: op.get_irdl_definition().verify(op))

    def _verify(self, pattern: pdl.PatternOp) -> None:
        for op in pattern.walk():
            self._check_by(op, lambda op=op: op.verify(verify_nested_ops=False))

    def _check_by(self, op: Operation, verify: Callable[[], None]) -> None:
        try:
            verify()
        except VerifyException as error:
            self._report(op, " ".join(str(error).split()))

    def _check_head(self, pattern: pdl.PatternOp) -> None:
        if pattern.benefit.value.data < 0:
            self._report(pattern, "a benefit is not negative")
        if pattern.sym_name is None:
            return
        if pattern.sym_name.data in self._names:
            self._report(pattern, f"a second rule named '{pattern.sym_name.data}'")
        self._names.add(pattern.sym_name.data)

    def _root(self, rewrite: pdl.RewriteOp) -> pdl.OperationOp | None:
        """The root, or `None` with a report where the rewrite cannot run."""
        if rewrite.name_ is not None:
            self._report(
                rewrite,
                f'an external rewrite (with "{rewrite.name_.data}") does nothing; write its body '
                "here and call Python by pdl.apply_native_rewrite",
            )
            return None
        if rewrite.root is None:
            self._report(rewrite, "names no root; write the operation to replace after it")
            return None
        root = rewrite.root.owner
        if not isinstance(root, pdl.OperationOp):
            self._report(rewrite, "the root is not a pdl.operation")
            return None
        if root.opName is None:
            self._report(root, "the root needs an operation name, by which rules are found")
            return None
        if not rewrite.body.blocks:
            self._report(rewrite, "has no body")
            return None
        return root

    def _check_match_part(self, op: Operation) -> None:
        if not isinstance(op, _MATCH_OPS):
            self._report_misplaced(op, "the part that matches")
        elif isinstance(op, pdl.AttributeOp) and op.value_type is not None:
            self._report(op, "a type that the attribute must have is not checked; give its value")
        elif isinstance(op, pdl.OperationOp):
            self._operations.check_matched(op)
        elif isinstance(op, pdl.ResultOp):
            self._check_result(op)
        elif isinstance(op, pdl.ApplyNativeConstraintOp):
            self._check_native(op, op.constraint_name.data, self._natives.constraints)
            if op.is_negated.value.data:
                self._report(op, "isNegated is ignored; register the opposite constraint")
            if op.results:
                self._report(op, "a native constraint gives no results; use a native rewrite")

    def _check_rewrite_part(self, op: Operation) -> None:
        if not isinstance(op, _REWRITE_OPS):
            self._report_misplaced(op, "pdl.rewrite")
        elif isinstance(op, pdl.TypeOp) and op.constantType is None:
            self._report(op, "in pdl.rewrite a type needs its value")
        elif isinstance(op, pdl.OperationOp):
            self._operations.check_created(op)
        elif isinstance(op, pdl.ResultOp):
            self._check_result(op)
        elif isinstance(op, pdl.ApplyNativeRewriteOp):
            self._check_native(op, op.constraint_name.data, self._natives.rewrites)
            if any(isinstance(result.type, pdl.RangeType) for result in op.results):
                self._report(op, "a native rewrite gives single values, no range")
            if not op.results:
                self._report(op, "a native rewrite without results does nothing")

    def _report_misplaced(self, op: Operation, place: str) -> None:
        if isinstance(op, _RANGE_OPS):
            self._report(op, "ranges never match; name each operand, result and type by itself")
        else:
            self._report(op, f"has no meaning in {place}")

    def _check_result(self, op: pdl.ResultOp) -> None:
        parent = op.parent_.owner
        if not isinstance(parent, pdl.OperationOp):
            return
        index, count = op.index.value.data, len(parent.type_values)
        if not 0 <= index < count:
            self._report(
                op,
                f"result {index} of an operation for which the rule names {count} result types",
            )

    def _check_native(
        self, op: Operation, name: str, functions: Mapping[str, NativeFunction[_Function]]
    ) -> None:
        function = functions.get(name)
        if function is None:
            self._report(op, f"'{name}' is not registered{did_you_mean(name, functions)}")
        elif not function.takes(len(op.operands)):
            self._report(op, f"'{name}' does not take {len(op.operands)} arguments")
