"""The pass `nn-keep-golden`."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr, SymbolRefAttr
from xdsl.dialects.func import CallOp, FuncOp

from ..dialects.support.errors import OperationError
from ..dialects.support.functions import GOLDEN_FUNCTION
from .pass_base import CorelowerPass, lowered_functions

SUFFIX = "_golden"


@dataclass(frozen=True)
class NnKeepGoldenPass(CorelowerPass):
    """
    Copies each function `@f` to `@f_golden`, the reference that later passes leave as it is.

    `@f` names its copy in the attribute `core_op.golden`; one that has the attribute already is
    left alone. The copy shares the trained tensors, and calls the copies of what `@f` calls.
    """

    name = "nn-keep-golden"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = [
            function
            for function in lowered_functions(op)
            if not function.is_declaration and GOLDEN_FUNCTION not in function.attributes
        ]
        _refuse_taken_names(op, functions)
        copies = [_insert_golden(op, function) for function in functions]
        golden = _golden_names(op)
        for copy in copies:
            _call_golden(copy, golden)


def _refuse_taken_names(module: ModuleOp, functions: list[FuncOp]) -> None:
    names = {op.sym_name.data for op in module.ops if isinstance(op, FuncOp)}
    for function in functions:
        name = function.sym_name.data + SUFFIX
        if name in names:
            raise OperationError(
                function,
                f"@{name} exists, but is not the golden function of @{function.sym_name.data}; "
                "rename it",
            )


def _insert_golden(module: ModuleOp, function: FuncOp) -> FuncOp:
    golden = function.clone()
    golden.sym_name = StringAttr(function.sym_name.data + SUFFIX)
    golden.sym_visibility = StringAttr("private")
    for original, copy in zip(function.walk(), golden.walk(), strict=True):
        copy.location = original.location
    module.body.block.insert_op_after(golden, function)
    function.attributes[GOLDEN_FUNCTION] = SymbolRefAttr(golden.sym_name)
    return golden


def _golden_names(module: ModuleOp) -> dict[str, str]:
    """The golden function's name of each function that has one."""
    return {
        op.sym_name.data: reference.root_reference.data
        for op in module.ops
        if isinstance(op, FuncOp)
        and isinstance(reference := op.attributes.get(GOLDEN_FUNCTION), SymbolRefAttr)
    }


def _call_golden(copy: FuncOp, golden: dict[str, str]) -> None:
    for call in copy.walk():
        if isinstance(call, CallOp) and (name := golden.get(call.callee.string_value())):
            call.callee = SymbolRefAttr(name)
