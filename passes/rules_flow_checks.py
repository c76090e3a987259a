"""Whether a rule that is sound in its parts matches all that it names, and ends as it must."""

from collections.abc import Callable, Sequence

from xdsl.dialects import pdl
from xdsl.ir import Attribute, Operation, SSAValue

Report = Callable[[Operation, str], None]


def check_flow(
    pattern: pdl.PatternOp, rewrite: pdl.RewriteOp, root: pdl.OperationOp, report: Report
) -> None:
    """Report each value without a meaning, and each step that may not stand where it does."""
    steps = list(rewrite.body.block.ops)
    _check_reached(pattern, root, steps, report)
    _check_order(list(pattern.body.block.ops), report)
    _check_order(steps, report)
    _check_end(rewrite, root, steps, report)


def _check_reached(
    pattern: pdl.PatternOp, root: pdl.OperationOp, steps: Sequence[Operation], report: Report
) -> None:
    reached = _reached_from(root)
    in_rewrite = {value for part in steps for value in part.operands}
    for op in pattern.body.block.ops:
        if not op.results or op.results[0] in reached:
            continue
        if _constant_of(op) is None:
            report(
                op,
                "never matched: it is not reached from the root through operands, "
                "attributes and types",
            )
        elif op.results[0] in in_rewrite:
            report(op, "a constant that only the rewrite uses belongs in pdl.rewrite")


def _check_order(steps: Sequence[Operation], report: Report) -> None:
    later = {result for part in steps for result in part.results}
    for part in steps:
        if any(operand in later for operand in part.operands):
            report(part, "uses what is named only later")
        later.difference_update(part.results)


def _check_end(
    rewrite: pdl.RewriteOp, root: pdl.OperationOp, steps: Sequence[Operation], report: Report
) -> None:
    """The root, nothing else, is replaced or erased, once, and then nothing follows."""
    ends = [part for part in steps if isinstance(part, pdl.ReplaceOp | pdl.EraseOp)]
    if not ends:
        report(rewrite, "neither replaces nor erases its root, so it would never end")
        return
    for end in ends:
        if end.op_value is not root.op:
            report(
                end,
                "only the root is replaced or erased; what else was matched may have other "
                "users, and is dropped when it has none",
            )
        elif end is not steps[-1]:
            report(end, "must be the last step: after it the root is gone")
        elif isinstance(end, pdl.ReplaceOp):
            _check_replacement(end, root, report)
        elif root.type_values:
            report(end, "the root has results, which may have users; use pdl.replace")


def _check_replacement(replace: pdl.ReplaceOp, root: pdl.OperationOp, report: Report) -> None:
    count = len(replace.repl_values)
    if replace.repl_operation is not None:
        owner = replace.repl_operation.owner
        if not isinstance(owner, pdl.OperationOp):
            return
        count = len(owner.type_values)
    if count != len(root.type_values):
        report(replace, f"replaces {len(root.type_values)} results by {count} results")


def _constant_of(op: Operation) -> Attribute | None:
    if isinstance(op, pdl.AttributeOp):
        return op.value
    return op.constantType if isinstance(op, pdl.TypeOp) else None


def _reached_from(root: pdl.OperationOp) -> set[SSAValue]:
    """What a match of the root gives a meaning to."""
    reached: set[SSAValue] = set()
    waiting: list[SSAValue] = [root.op]
    while waiting:
        value = waiting.pop()
        if value not in reached and isinstance(value.owner, Operation):
            reached.add(value)
            waiting.extend(value.owner.operands)
    return reached
