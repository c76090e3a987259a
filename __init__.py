"""Corelower lowers trained neural networks, step by step, to the cores of an accelerator chip."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tools.compiler import CompiledNetwork as CompiledNetwork
    from .tools.compiler import compile_model as compile
    from .tools.explore import explore as explore
    from .tools.explore_study import Study as Study

__version__ = "0.1.0"
__all__ = ["CompiledNetwork", "Study", "__version__", "compile", "explore"]

_LAZY = {
    "CompiledNetwork": ("compiler", "CompiledNetwork"),
    "Study": ("explore_study", "Study"),
    "compile": ("compiler", "compile_model"),
    "explore": ("explore", "explore"),
}
"""Module inside `tools`, and the name there."""


def __getattr__(name: str) -> object:
    # Deferred: the compiler brings JAX, which nothing that only reads or writes text should load.
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, member = _LAZY[name]
    return getattr(import_module(f"{__name__}.tools.{module}"), member)
