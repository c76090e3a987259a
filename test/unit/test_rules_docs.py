"""The rules that the documentation shows do what it says."""

import re
from pathlib import Path

from corelower.dialects.support.location import parse_module
from corelower.passes.natives import NATIVES
from corelower.passes.rules import apply_rules
from corelower.passes.rules_loader import parse_rules
from corelower.tools.ir_files import make_context

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_example_of_the_documentation_does_what_it_shows() -> None:
    rule, before, after = re.findall(r"```mlir\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    context = make_context()
    module = parse_module(context, before, "before.mlir")
    apply_rules(context, module, parse_rules(context, rule, NATIVES, "rules.md"))
    module.verify()
    assert module.is_structurally_equivalent(parse_module(context, after, "after.mlir"))


def test_every_native_function_is_documented() -> None:
    documented = set(re.findall(r"^\| `([\w.]+)\(", DOCUMENT.read_text("utf-8"), re.MULTILINE))
    assert documented == {*NATIVES.constraints, *NATIVES.rewrites}
