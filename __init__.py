"""Corelower lowers trained neural networks, step by step, to the cores of an accelerator chip."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tools.compiler import CompiledNetwork as CompiledNetwork
    from .tools.compiler import compile_model as compile

__version__ = "0.1.0"
__all__ = ["CompiledNetwork", "__version__", "compile"]


def __getattr__(name: str) -> object:
    # Deferred: the compiler brings JAX, which nothing that only reads or writes text should load.
    if name not in ("CompiledNetwork", "compile"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .tools import compiler

    return compiler.CompiledNetwork if name == "CompiledNetwork" else compiler.compile_model
