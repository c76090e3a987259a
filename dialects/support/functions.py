"""Functions of a module, by name."""

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp

from .errors import CorelowerError


def find_function(module: ModuleOp, name: str = "main") -> FuncOp:
    """The function of this name. Raises `CorelowerError`, naming those that exist."""
    functions = [op for op in module.ops if isinstance(op, FuncOp)]
    for function in functions:
        if function.sym_name.data == name:
            return function
    names = ", ".join(f"@{function.sym_name.data}" for function in functions) or "none"
    raise CorelowerError(f"the module has no function @{name}; it has {names}")
