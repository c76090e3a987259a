"""MLIR itself parses the generic form of our dialects, and prints what we read back."""

from io import StringIO
from pathlib import Path

import pytest
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import builtin
from xdsl.dialects.builtin import ModuleOp
from xdsl.printer import Printer

from corelower.dialects.support.location import parse_module
from corelower.tools.ir_files import make_context, read_module

FILECHECK = Path(__file__).parents[1] / "filecheck"
FILES = [
    *(FILECHECK / "dialects").glob("*/ops.mlir"),
    *(FILECHECK / "passes").glob("nn-*.mlir"),
]
SOUND = sorted(path for path in FILES if "// -----" not in path.read_text("utf-8"))


def generic(module: ModuleOp) -> str:
    """The module in generic form, with locations."""
    stream = StringIO()
    Printer(stream, print_generic_format=True, print_debuginfo=True).print_op(module)
    return stream.getvalue()


@pytest.mark.parametrize("path", SOUND, ids=lambda path: "/".join(path.parts[-2:]))
def test_mlir_parses_our_generic_form(path: Path) -> None:
    module = read_module(make_context(), path)
    module.verify()
    with ir.Context() as context:
        context.allow_unregistered_dialects = True
        parsed = builtin.ModuleOp.parse(generic(module))
        assert parsed.operation.verify()
        text = str(parsed.operation.get_asm(print_generic_op_form=True, use_local_scope=True))
    back = parse_module(make_context(), text, "mlir.mlir")
    back.verify()
    assert module.is_structurally_equivalent(back)
