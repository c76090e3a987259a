"""Rule files: what is refused when they are loaded, each with its place in the file."""

from pathlib import Path

import pytest
from xdsl.dialects.builtin import I32, Builtin, IntegerAttr, i32
from xdsl.ir import Attribute, Dialect, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    var_operand_def,
)

from corelower.dialects.nn import Nn
from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.trained import DataAttr, Trained
from corelower.passes.native_functions import NativeFunctions
from corelower.passes.rules_loader import load_rules, parse_rules


@irdl_op_definition
class PadOp(IRDLOperation):
    """An operation with a required attribute and one that may be left at its default."""

    name = "toy.pad"

    input = operand_def()
    amount = prop_def(IntegerAttr[I32])
    mode = opt_prop_def(IntegerAttr[I32], default_value=IntegerAttr(0, i32))
    result = result_def()


@irdl_op_definition
class GroupsOp(IRDLOperation):
    """An operation with two optional operands."""

    name = "toy.groups"

    first = opt_operand_def()
    second = opt_operand_def()
    result = result_def()

    irdl_options = (AttrSizedOperandSegments(as_property=True),)


@irdl_op_definition
class LoopOp(IRDLOperation):
    """An operation with a region."""

    name = "toy.loop"

    inputs = var_operand_def()
    result = result_def()
    body = region_def()


TOY = Dialect("toy", [PadOp, GroupsOp, LoopOp])

NATIVES = NativeFunctions()


@NATIVES.native_constraint("is_large")
def is_large(value: SSAValue) -> bool:
    """Takes one value."""
    return value.has_one_use()


@NATIVES.native_rewrite("twice")
def twice(data: DataAttr) -> Attribute:
    """Takes one attribute."""
    return data


def context() -> CorelowerContext:
    """A context that knows nn, trained and the toy dialect, but not PDL."""
    ctx = CorelowerContext()
    for dialect in (Builtin, Nn, Trained, TOY):
        ctx.load_dialect(dialect)
    return ctx


def rule(match: str = "", rewrite: str = "", root: str = "") -> str:
    """A rule that drops a ReLU, with lines added to its two parts or another root."""
    return f"""pdl.pattern @drop : benefit(1) {{
  %type = pdl.type
  %x = pdl.operand
  {match}
  {root or '%root = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)'}
  pdl.rewrite %root {{
    {rewrite or "pdl.replace %root with (%x : !pdl.value)"}
  }}
}}
"""


def refusal(text: str) -> str:
    """The message with which a rule file is refused."""
    with pytest.raises(CorelowerError) as caught:
        parse_rules(context(), text, NATIVES, "rules.mlir")
    return str(caught.value)


# Where the lines that `rule` takes begin in its text.
MATCH = "rules.mlir:4:3: "
ROOT = "rules.mlir:5:3: "
REWRITE = "rules.mlir:6:3: "
STEP = "rules.mlir:7:5: "

IN_THE_MATCH = {
    "negated constraint": (
        'pdl.apply_native_constraint "is_large" (%x : !pdl.value) {isNegated = true}',
        "isNegated is ignored",
    ),
    "unknown constraint": (
        'pdl.apply_native_constraint "is_larg" (%x : !pdl.value)',
        "'is_larg' is not registered; did you mean 'is_large'?",
    ),
    "wrong number of arguments": (
        'pdl.apply_native_constraint "is_large" (%x, %x : !pdl.value, !pdl.value)',
        "'is_large' does not take 2 arguments",
    ),
    "constraint with results": (
        '%t = pdl.apply_native_constraint "is_large" (%x : !pdl.value) : !pdl.type',
        "gives no results",
    ),
    "unbound value": ("%o = pdl.operand", "never matched: it is not reached"),
    "value apart from the root": (
        '%o = pdl.operand pdl.apply_native_constraint "is_large" (%o : !pdl.value)',
        "never matched: it is not reached from the root",
    ),
}


@pytest.mark.parametrize(("line", "message"), IN_THE_MATCH.values(), ids=IN_THE_MATCH.keys())
def test_a_match_that_would_be_misread_is_refused(line: str, message: str) -> None:
    text = refusal(rule(match=line))
    assert text.startswith(MATCH)
    assert message in text
    assert "\n" not in text


ROOTS = {
    "operands range": (
        '%o = pdl.operands  %root = pdl.operation "toy.loop" (%o : !pdl.range<value>) '
        "-> (%type : !pdl.type)",
        "pdl.operands: ranges never match",
    ),
    "types range": (
        '%t = pdl.types  %root = pdl.operation "nn.relu" (%x : !pdl.value) '
        "-> (%t : !pdl.range<type>)",
        "pdl.types: ranges never match",
    ),
    "omitted result types": (
        '%root = pdl.operation "nn.relu" (%x : !pdl.value)',
        "omitted result types mean no results, but 'nn.relu' has some",
    ),
    "unregistered operation": (
        '%root = pdl.operation "nn.rely" (%x : !pdl.value) -> (%type : !pdl.type)',
        "'nn.rely' is not registered; did you mean 'nn.relu'?",
    ),
    "root without a name": (
        "%root = pdl.operation (%x : !pdl.value) -> (%type : !pdl.type)",
        "the root needs an operation name",
    ),
    "too many operands": (
        '%root = pdl.operation "nn.relu" (%x, %x : !pdl.value, !pdl.value) -> (%type : !pdl.type)',
        "'nn.relu' has 1 operands, the rule gives 2",
    ),
    "too few operands": (
        '%root = pdl.operation "nn.dense" (%x : !pdl.value) -> (%type : !pdl.type)',
        "'nn.dense' has 2 to 3 operands, the rule gives 1",
    ),
    "too many results": (
        '%root = pdl.operation "nn.relu" (%x : !pdl.value) '
        "-> (%type, %type : !pdl.type, !pdl.type)",
        "'nn.relu' has 1 results, the rule gives 2",
    ),
    "ambiguous operands": (
        '%root = pdl.operation "toy.groups" (%x : !pdl.value) -> (%type : !pdl.type)',
        "give the attribute 'operandSegmentSizes' too",
    ),
    "unknown attribute": (
        '%a = pdl.attribute = 1 : i32  %root = pdl.operation "toy.pad" (%x : !pdl.value) '
        '{"amout" = %a} -> (%type : !pdl.type)',
        "'toy.pad' has no attribute 'amout'; did you mean 'amount'?",
    ),
    "attribute value of another type": (
        '%a = pdl.attribute = 1 : i64  %root = pdl.operation "toy.pad" (%x : !pdl.value) '
        '{"amount" = %a} -> (%type : !pdl.type)',
        "attribute 'amount' is never 1 : i64",
    ),
    "typed attribute": (
        '%a = pdl.attribute : %type  %root = pdl.operation "toy.pad" (%x : !pdl.value) '
        '{"amount" = %a} -> (%type : !pdl.type)',
        "a type that the attribute must have is not checked",
    ),
    "attribute left at its default": (
        '%a = pdl.attribute = 0 : i32  %root = pdl.operation "toy.pad" (%x : !pdl.value) '
        '{"mode" = %a} -> (%type : !pdl.type)',
        "never matches an operation that leaves 'mode' at its default",
    ),
}


@pytest.mark.parametrize(("root", "message"), ROOTS.values(), ids=ROOTS.keys())
def test_an_operation_that_would_never_match_is_refused(root: str, message: str) -> None:
    text = refusal(rule(root=root))
    assert text.startswith("rules.mlir:5:")
    assert message in text


MAKE = '%new = pdl.operation "{}" (%x : !pdl.value) {}-> (%type : !pdl.type)'

IN_THE_REWRITE = {
    "external rewrite's native name": (
        '%a = pdl.apply_native_rewrite "thrice" (%x : !pdl.value) : !pdl.value',
        "'thrice' is not registered; did you mean 'twice'?",
    ),
    "wrong number of arguments": (
        '%a = pdl.apply_native_rewrite "twice" (%x, %x : !pdl.value, !pdl.value) : !pdl.value',
        "'twice' does not take 2 arguments",
    ),
    "native rewrite without results": (
        'pdl.apply_native_rewrite "twice" (%x : !pdl.value)',
        "without results does nothing",
    ),
    "native rewrite of a range": (
        '%a = pdl.apply_native_rewrite "twice" (%x : !pdl.value) : !pdl.range<value>',
        "gives single values, no range",
    ),
    "results": ("%r = pdl.results of %root", "ranges never match"),
    "range": ("%r = pdl.range %x : !pdl.value", "ranges never match"),
    "type without value": ("%t = pdl.type", "in pdl.rewrite a type needs its value"),
    "missing result": (
        "%r = pdl.result 1 of %root",
        "result 1 of an operation for which the rule names 1 result types",
    ),
    "result before the first": (
        "%r = pdl.result 4294967295 of %root",
        "of an operation for which the rule names 1 result types",
    ),
    "created without result types": (
        '%new = pdl.operation "nn.relu" (%x : !pdl.value)',
        "omitted result types mean no results",
    ),
    "created with a region": (MAKE.format("toy.loop", ""), "has regions or successors"),
    "created with optional groups": (
        MAKE.format("toy.groups", ""),
        "has several optional groups",
    ),
    "created without an attribute": (
        MAKE.format("toy.pad", ""),
        "would lack its attribute 'amount'",
    ),
    "erased root": ("pdl.erase %root", "must be the last step"),
}


@pytest.mark.parametrize(("line", "message"), IN_THE_REWRITE.values(), ids=IN_THE_REWRITE.keys())
def test_a_rewrite_that_would_fail_is_refused(line: str, message: str) -> None:
    text = refusal(rule(rewrite=f"{line}\n    pdl.replace %root with (%x : !pdl.value)"))
    assert text.startswith(STEP)
    assert message in text
    assert "\n" not in text


def test_a_rewrite_must_replace_its_root() -> None:
    text = refusal(rule(rewrite=MAKE.format("nn.relu", "")))
    assert (
        text == f"{REWRITE}pdl.rewrite: neither replaces nor erases its root, so it would never end"
    )


def test_a_root_with_results_is_replaced_not_erased() -> None:
    assert "use pdl.replace" in refusal(rule(rewrite="pdl.erase %root"))


def test_the_replacement_has_as_many_results_as_the_root() -> None:
    text = refusal(rule(rewrite="pdl.replace %root with (%x, %x : !pdl.value, !pdl.value)"))
    assert text == f"{STEP}pdl.replace: replaces 1 results by 2 results"


def test_only_the_root_is_replaced() -> None:
    root = """%inner = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %inner
  %root = pdl.operation "nn.relu" (%y : !pdl.value) -> (%type : !pdl.type)"""
    text = refusal(rule(root=root, rewrite="pdl.replace %inner with (%x : !pdl.value)"))
    assert text.startswith("rules.mlir:9:5: pdl.replace: only the root is replaced or erased")


def test_a_constant_of_the_rewrite_belongs_there() -> None:
    step = '%new = pdl.operation "toy.pad" (%x : !pdl.value) {"amount" = %a} -> (%type : !pdl.type)'
    text = refusal(
        rule(
            match="%a = pdl.attribute = 1 : i32",
            rewrite=f"{step}\n    pdl.replace %root with %new",
        )
    )
    assert text.startswith(MATCH)
    assert "belongs in pdl.rewrite" in text


def test_a_rewrite_uses_what_it_has_made_already() -> None:
    step = '%t = pdl.apply_native_rewrite "twice" (%a : !pdl.attribute) : !pdl.attribute'
    text = refusal(
        rule(
            rewrite=f"{step}\n    %a = pdl.attribute = 1 : i32\n"
            "    pdl.replace %root with (%x : !pdl.value)"
        )
    )
    assert text == f"{STEP}pdl.apply_native_rewrite: uses what is named only later"


def test_a_match_names_operations_before_their_users() -> None:
    root = """%root = pdl.operation "nn.relu" (%y : !pdl.value) -> (%type : !pdl.type)
  %inner = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
  %y = pdl.result 0 of %inner"""
    assert "pdl.operation: uses what is named only later" in refusal(rule(root=root))


def test_blocks_with_arguments_are_refused() -> None:
    steps = "^body(%z: !pdl.value):\n    pdl.replace %root with (%z : !pdl.value)"
    assert (
        refusal(rule(rewrite=steps)) == "rules.mlir:1:1: pdl.pattern: its blocks take no arguments"
    )


HEAD = """pdl.pattern : benefit(1) {
  %type = pdl.type
  %x = pdl.operand
  %root = pdl.operation "nn.relu" (%x : !pdl.value) -> (%type : !pdl.type)
"""


def test_an_external_rewrite_is_refused() -> None:
    text = refusal(HEAD + '  pdl.rewrite %root with "mine"\n}')
    assert text.startswith(
        'rules.mlir:5:3: pdl.rewrite: an external rewrite (with "mine") does noth'
    )


def test_a_rewrite_without_a_root_is_refused() -> None:
    text = refusal(HEAD + "  pdl.rewrite {\n    pdl.erase %root\n  }\n}")
    assert text.startswith("rules.mlir:5:3: pdl.rewrite: names no root")


def test_a_negative_benefit_is_refused() -> None:
    assert "a benefit is not negative" in refusal(rule().replace("benefit(1)", "benefit(-1)"))


def test_a_benefit_beyond_16_bits_is_refused() -> None:
    assert refusal(rule().replace("benefit(1)", "benefit(70000)")).startswith("rules.mlir:")


def test_two_rules_of_one_name_are_refused() -> None:
    text = refusal(rule() + rule())
    assert text == "rules.mlir:10:1: pdl.pattern: a second rule named 'drop'"


def test_other_operations_beside_rules_are_refused() -> None:
    text = refusal(rule() + "module {\n}")
    assert text == "rules.mlir:10:1: builtin.module: a rule file holds only pdl.pattern operations"


def test_all_problems_of_a_file_are_reported_together() -> None:
    first = rule(root='%root = pdl.operation "nn.rely" (%x : !pdl.value) -> (%type : !pdl.type)')
    second = rule(rewrite="pdl.erase %root").replace("@drop", "@erase")
    head, *lines = refusal(first + second).splitlines()
    assert head == "rules.mlir: 2 problems:"
    assert [line.split(" ")[0] for line in lines] == ["rules.mlir:5:3:", "rules.mlir:16:5:"]


def test_an_unregistered_operation_is_refused_even_where_the_context_allows_it() -> None:
    ctx = context()
    ctx.allow_unregistered = True
    root = '%root = pdl.operation "mine.op" (%x : !pdl.value) -> (%type : !pdl.type)'
    with pytest.raises(CorelowerError, match=r"'mine\.op' is not registered"):
        parse_rules(ctx, rule(root=root), NATIVES)


def test_a_text_that_does_not_parse_is_located() -> None:
    assert refusal("pdl.pattern @drop benefit").startswith("rules.mlir:1:19: ")
    assert refusal('pdl.pattern : benefit(1) {\n  "my.op"() : () -> ()\n}').startswith(
        "rules.mlir:2:"
    )


def test_text_nested_without_end_is_refused() -> None:
    deep = rule(match=f"%a = pdl.attribute = {'[' * 100_000}")
    assert refusal(deep) == "rules.mlir: nested too deeply"


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorelowerError, match=r"missing.mlir: cannot read: No such file"):
        load_rules(context(), tmp_path / "missing.mlir", NATIVES)
    (tmp_path / "binary.mlir").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorelowerError, match=r"binary.mlir: not a text in UTF-8"):
        load_rules(context(), tmp_path / "binary.mlir", NATIVES)


def test_a_file_gives_its_rules_in_order(tmp_path: Path) -> None:
    path = tmp_path / "rules.mlir"
    unnamed = rule().replace(" @drop", "").replace("benefit(1)", "benefit(7)")
    path.write_text(f"module {{\n{rule()}{unnamed}}}\n")
    named, other = load_rules(context(), path, NATIVES)
    assert (named.name, named.root_name, named.benefit) == ("drop", "nn.relu", 1)
    assert (other.name, other.benefit) == (f"{path}:11:1", 7)


def test_loading_leaves_the_context_as_it_is() -> None:
    ctx = context()
    parse_rules(ctx, rule(), NATIVES)
    assert "pdl" not in ctx.registered_dialect_names


def test_attributes_of_a_dialect_and_golden_names_may_stand_on_any_operation() -> None:
    root = (
        '%g = pdl.attribute %root = pdl.operation "nn.relu" (%x : !pdl.value) '
        '{"golden" = %g, "my.note" = %g} -> (%type : !pdl.type)'
    )
    assert len(parse_rules(context(), rule(root=root), NATIVES)) == 1
