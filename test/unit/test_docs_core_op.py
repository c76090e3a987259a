"""The reference of the core_op dialect shows every operation and field, in text that is valid."""

import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from xdsl.ir import Operation

from corelower.dialects.core_op import CoreOp
from corelower.dialects.support.location import parse_module
from corelower.dialects.support.target import FieldValue, Target
from corelower.tools.ir_files import make_context

TEXT = (Path(__file__).parents[2] / "docs" / "dialect_core_op.md").read_text("utf-8")
EXAMPLES: list[str] = re.findall(r"```mlir\n(.*?)```", TEXT, re.DOTALL)
OPERATIONS: list[type[Operation]] = list(CoreOp.operations)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_valid(example: str) -> None:
    module = parse_module(make_context(), example, "dialect_core_op.md")
    module.verify()
    assert module.is_structurally_equivalent(parse_module(make_context(), str(module), "again"))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_has_a_section_with_an_example(operation: type[Operation]) -> None:
    sections = re.split(r"^### ", TEXT, flags=re.MULTILINE)
    (section,) = (part for part in sections if part.startswith(f"`{operation.name}`"))
    assert re.search(rf"```mlir\n[^`]*= {re.escape(operation.name)} ", section)


def test_every_field_of_a_target_has_a_row_with_its_default() -> None:
    rows = dict[str, str]()
    for row in re.findall(r"^\| (`[a-z_`, ]+) \|.*\| (.*?) \|$", TEXT, re.MULTILINE):
        for name in re.findall(r"`([a-z_]+)`", row[0]):
            rows[name] = row[1].strip("`")
    for field in fields(Target):
        if field.name == "name":
            continue
        if field.default is MISSING:
            assert rows[field.name] == "required", field.name
            continue
        value: FieldValue = field.default
        text = f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)
        assert rows[field.name] == (text.lower() if isinstance(value, bool) else text), field.name
