"""Compares what a rule says of an operation with that operation's definition."""

from collections.abc import Callable, Mapping, Sequence

from xdsl.context import Context
from xdsl.dialects import pdl
from xdsl.dialects.builtin import UnregisteredOp
from xdsl.ir import Attribute, Operation
from xdsl.irdl import (
    AttributeDef,
    AttrSizedOperandSegments,
    AttrSizedResultSegments,
    IRDLOperation,
    OpDef,
    OptionalDef,
    PropertyDef,
    VariadicDef,
    VerificationContext,
)
from xdsl.utils.exceptions import VerifyException

from ..dialects.support.provenance import GOLDEN_ORDER, GOLDEN_VALUE
from .options import did_you_mean

DISCARDABLE_NAMES = (GOLDEN_VALUE, GOLDEN_ORDER)
"""Attributes without a dialect's prefix that any operation may carry."""

_SEGMENTS = (AttrSizedOperandSegments, AttrSizedResultSegments)
_SEGMENT_NAMES = tuple(segments.attribute_name for segments in _SEGMENTS)


class OperationChecker:
    """Reports each `pdl.operation` that could never match, or whose result would be invalid."""

    def __init__(self, ctx: Context, report: Callable[[Operation, str], None]):
        self._ctx = ctx
        self._report = report

    def check_matched(self, op: pdl.OperationOp) -> None:
        """Check an operation that the rule looks for."""
        if (definition := self._definition(op)) is None:
            return
        self._check_counts(op, definition)
        self._check_attributes(op, definition)
        for name in _names(op):
            described = _attributes(definition).get(name)
            if isinstance(described, OptionalDef) and described.default_value is not None:
                self._report(op, f"never matches an operation that leaves '{name}' at its default")
        segments = AttrSizedOperandSegments.attribute_name
        count = len(op.operand_values)
        if segments not in _names(op) and _is_ambiguous(definition.operands, count):
            self._report(
                op,
                f"{count} operands do not say which optional ones they are; "
                f"give the attribute '{segments}' too",
            )

    def check_created(self, op: pdl.OperationOp) -> None:
        """Check an operation that the rule makes."""
        if (definition := self._definition(op)) is None:
            return
        self._check_counts(op, definition)
        self._check_attributes(op, definition)
        if definition.regions or definition.successors:
            self._report(op, "has regions or successors; make it in a native rewrite")
        if any(isinstance(option, _SEGMENTS) for option in definition.options):
            self._report(op, "has several optional groups; make it in a native rewrite")
        for name, described in _attributes(definition).items():
            is_required = not isinstance(described, OptionalDef) and not described.default_value
            if is_required and name not in (*_names(op), *_SEGMENT_NAMES):
                self._report(op, f"would lack its attribute '{name}'")

    def _definition(self, op: pdl.OperationOp) -> OpDef | None:
        if op.opName is None:
            return None
        name = op.opName.data
        op_type = self._ctx.get_optional_op(name)
        if op_type is None or issubclass(op_type, UnregisteredOp):
            known = [known.name for known in self._ctx.loaded_ops]
            self._report(op, f"'{name}' is not registered{did_you_mean(name, known)}")
            return None
        return op_type.get_irdl_definition() if issubclass(op_type, IRDLOperation) else None

    def _check_counts(self, op: pdl.OperationOp, definition: OpDef) -> None:
        self._check_count(op, "operands", definition.operands, len(op.operand_values))
        if not op.type_values and _bounds(definition.results)[0] > 0:
            self._report(
                op,
                f"omitted result types mean no results, but '{definition.name}' has some; "
                "add -> (%type : !pdl.type)",
            )
            return
        self._check_count(op, "results", definition.results, len(op.type_values))

    def _check_count(
        self, op: pdl.OperationOp, what: str, groups: Sequence[tuple[str, object]], count: int
    ) -> None:
        least, most = _bounds(groups)
        if least <= count and (most is None or count <= most):
            return
        allowed = str(least) if least == most else f"{least} to {most or 'any number'}"
        self._report(op, f"'{_name(op)}' has {allowed} {what}, the rule gives {count}")

    def _check_attributes(self, op: pdl.OperationOp, definition: OpDef) -> None:
        known = _attributes(definition)
        for name, value in zip(_names(op), op.attribute_values, strict=False):
            described = known.get(name)
            if described is None:
                if "." not in name and name not in (*DISCARDABLE_NAMES, *_SEGMENT_NAMES):
                    self._report(
                        op, f"'{_name(op)}' has no attribute '{name}'{did_you_mean(name, known)}"
                    )
                continue
            constant = value.owner.value if isinstance(value.owner, pdl.AttributeOp) else None
            if constant is not None:
                self._check_constant(op, name, constant, described)

    def _check_constant(
        self,
        op: pdl.OperationOp,
        name: str,
        constant: Attribute,
        described: PropertyDef | AttributeDef,
    ) -> None:
        try:
            described.constr.verify(constant, VerificationContext())
        except VerifyException as error:
            reason = " ".join(str(error).split())
            self._report(op, f"attribute '{name}' is never {constant}: {reason}")


def _name(op: pdl.OperationOp) -> str:
    return op.opName.data if op.opName else "?"


def _names(op: pdl.OperationOp) -> list[str]:
    return [name.data for name in op.attributeValueNames]


def _attributes(definition: OpDef) -> Mapping[str, PropertyDef | AttributeDef]:
    return {**definition.properties, **definition.attributes}


def _bounds(groups: Sequence[tuple[str, object]]) -> tuple[int, int | None]:
    """The least and the greatest number of values; `None` where there is no greatest."""
    least = sum(not isinstance(group, VariadicDef) for _, group in groups)
    if any(isinstance(g, VariadicDef) and not isinstance(g, OptionalDef) for _, g in groups):
        return least, None
    return least, len(groups)


def _is_ambiguous(groups: Sequence[tuple[str, object]], count: int) -> bool:
    """Whether `count` values can be shared out among several optional groups in several ways."""
    if sum(isinstance(group, VariadicDef) for _, group in groups) < 2:
        return False
    least, most = _bounds(groups)
    return count not in (least, most)
