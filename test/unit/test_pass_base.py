"""Passes keep locations, leave golden functions alone, and fail and remark with a place."""

import pytest
from xdsl.context import Context
from xdsl.dialects.arith import AddiOp, Arith, ConstantOp, MuliOp
from xdsl.dialects.builtin import Builtin, FileLineColLoc, ModuleOp
from xdsl.dialects.func import Func
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern
from xdsl.utils.exceptions import VerifyException

from corelower.dialects.support.context import CorelowerContext
from corelower.dialects.support.errors import CorelowerError, OperationError
from corelower.dialects.support.location import parse_module
from corelower.passes.pass_base import lowered_functions, remark, run_patterns

TEXT = """
func.func @main(%x: i32) -> i32 attributes {core_op.golden = @main_golden} {
  %double = arith.addi %x, %x : i32
  %named = arith.addi %double, %x : i32 loc("layer")
  func.return %named : i32
}
func.func @main_golden(%x: i32) -> i32 {
  func.return %x : i32
}
"""


class MultiplyBySelf(RewritePattern):
    """`x + x` becomes `x * 2`, which is two operations."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AddiOp, rewriter: PatternRewriter, /) -> None:
        if op.lhs is op.rhs:
            two = ConstantOp.from_int_and_width(2, 32)
            rewriter.replace(op, [two, MuliOp(op.lhs, two)])


class RefuseNamed(RewritePattern):
    """Fails on the operation named `named`, in the way it was told to."""

    def __init__(self, error: Exception):
        self.error = error

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AddiOp, _: PatternRewriter, /) -> None:
        if op.result.name_hint == "named":
            raise self.error


@pytest.fixture
def ctx() -> CorelowerContext:
    """A context that knows the dialects of `TEXT`."""
    ctx = CorelowerContext()
    for dialect in (Builtin, Func, Arith):
        ctx.load_dialect(dialect)
    return ctx


@pytest.fixture
def module(ctx: CorelowerContext) -> ModuleOp:
    """`TEXT`, parsed as the file net.mlir."""
    return parse_module(ctx, TEXT, "net.mlir")


def test_inserted_operations_inherit_the_location_of_the_matched_one(
    module: ModuleOp, ctx: CorelowerContext
):
    assert run_patterns(module, [MultiplyBySelf()], ctx)
    inserted = [op for op in module.walk() if isinstance(op, ConstantOp | MuliOp)]
    assert len(inserted) == 2
    for op in inserted:
        assert isinstance(op.location, FileLineColLoc)
        assert (op.location.filename.data, op.location.line.data) == ("net.mlir", 3)


def test_nothing_to_rewrite_changes_nothing(module: ModuleOp, ctx: CorelowerContext):
    before = str(module)
    assert not run_patterns(module, [RefuseNamed(AssertionError())][:0], ctx)
    assert str(module) == before


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (VerifyException("is wrong"), "node 'layer': arith.addi: is wrong"),
        (CorelowerError("is wrong", "net.onnx"), "net.onnx: is wrong"),
    ],
)
def test_a_pattern_that_fails_is_told_with_its_place(
    module: ModuleOp, ctx: CorelowerContext, error: Exception, line: str
):
    with pytest.raises(CorelowerError) as caught:
        run_patterns(module, [RefuseNamed(error)], ctx)
    assert str(caught.value) == line
    # xDSL would add the whole module as a note.
    assert not hasattr(caught.value, "__notes__")


def test_golden_functions_are_not_worked_on(module: ModuleOp):
    assert [function.sym_name.data for function in lowered_functions(module)] == ["main"]


def test_a_remark_has_the_place_and_is_collected(module: ModuleOp, ctx: CorelowerContext):
    (function,) = lowered_functions(module)
    remark(ctx, function, "error 0.1")
    assert ctx.remarks == ["net.mlir:2:1: remark: error 0.1"]


def test_under_a_stock_context_a_remark_is_printed(
    module: ModuleOp, capsys: pytest.CaptureFixture[str]
):
    remark(Context(), module.body.block.first_op or module, "error 0.1")
    assert capsys.readouterr().err == "net.mlir:2:1: remark: error 0.1\n"


def test_an_operation_error_names_the_operation(module: ModuleOp):
    (function,) = lowered_functions(module)
    assert str(OperationError(function, "too large")) == "net.mlir:2:1: func.func: too large"
