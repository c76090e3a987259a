"""The reference of the nn and trained dialects shows every operation, in text that is valid."""

import re
from pathlib import Path

import pytest
from xdsl.ir import Operation

from corelower.dialects.nn import Nn
from corelower.dialects.support.location import parse_module
from corelower.dialects.trained import Trained
from corelower.tools.ir_files import make_context

TEXT = (Path(__file__).parents[2] / "docs" / "dialect_nn.md").read_text("utf-8")
EXAMPLES: list[str] = re.findall(r"```mlir\n(.*?)```", TEXT, re.DOTALL)
OPERATIONS: list[type[Operation]] = [*Nn.operations, *Trained.operations]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_valid(example: str) -> None:
    module = parse_module(make_context(), example, "dialect_nn.md")
    module.verify()
    assert module.is_structurally_equivalent(parse_module(make_context(), str(module), "again"))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_has_a_section_with_an_example(operation: type[Operation]) -> None:
    sections = re.split(r"^### ", TEXT, flags=re.MULTILINE)
    (section,) = (part for part in sections if part.startswith(f"`{operation.name}`"))
    assert re.search(rf"```mlir\n[^`]*= {re.escape(operation.name)} ", section)
