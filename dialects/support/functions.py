"""Functions of a module, by name."""

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.dialects.func import FuncOp

from .errors import CorelowerError, OperationError

GOLDEN_FUNCTION = "core_op.golden"
"""The attribute of a lowered function that names the function it must keep the meaning of."""


def find_function(module: ModuleOp, name: str = "main") -> FuncOp:
    """The function of this name. Raises `CorelowerError`, naming those that exist."""
    functions = [op for op in module.ops if isinstance(op, FuncOp)]
    for function in functions:
        if function.sym_name.data == name:
            return function
    names = ", ".join(f"@{function.sym_name.data}" for function in functions) or "none"
    raise CorelowerError(f"the module has no function @{name}; it has {names}")


def golden_function(module: ModuleOp, function: FuncOp) -> FuncOp:
    """The function that `function` must keep the meaning of, from its attribute."""
    reference = function.attributes.get(GOLDEN_FUNCTION)
    if not isinstance(reference, SymbolRefAttr):
        raise OperationError(
            function,
            f"@{function.sym_name.data} names no golden function ({GOLDEN_FUNCTION}); run "
            "nn-keep-golden before lowering, or give another file to compare with",
        )
    return find_function(module, reference.root_reference.data)
