"""The Python functions that a rule file may call by name."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.hints import isa

NativeValue = Attribute | SSAValue | Operation
"""What a PDL value stands for while a rule runs."""

NativeConstraint = Callable[..., bool]
NativeRewrite = Callable[..., NativeValue | tuple[NativeValue, ...]]

_Function = TypeVar("_Function", bound=Callable[..., object])
_Constraint = TypeVar("_Constraint", bound=NativeConstraint)
_Rewrite = TypeVar("_Rewrite", bound=NativeRewrite)


@dataclass(frozen=True)
class NativeFunction(Generic[_Function]):
    """A function, and what its signature says about the arguments that it takes."""

    name: str
    call: _Function
    argument_types: tuple[type[NativeValue], ...]
    takes_more: bool
    """Whether the last type stands for any number of arguments (`*arguments`)."""

    def takes(self, count: int) -> bool:
        """Whether the function can be called with `count` arguments."""
        if self.takes_more:
            return count >= len(self.argument_types) - 1
        return count == len(self.argument_types)

    def first_mismatch(self, arguments: Sequence[NativeValue]) -> int | None:
        """The index of the first argument that is not of its annotated type."""
        last = len(self.argument_types) - 1
        for index, argument in enumerate(arguments):
            if not isa(argument, self.argument_types[min(index, last)]):
                return index
        return None


class NativeFunctions:
    """
    Native constraints and native rewrites, each known by the name that rule files use.

    Both are pure functions of attributes, values and operations, annotated with the classes that
    they take. A constraint whose arguments are of other classes does not hold. A rewrite gives
    back one attribute, value or operation, or a tuple of them; what it makes and does not insert
    is inserted before the rule's root.
    """

    def __init__(self) -> None:
        self.constraints: dict[str, NativeFunction[NativeConstraint]] = {}
        self.rewrites: dict[str, NativeFunction[NativeRewrite]] = {}

    def copy(self) -> "NativeFunctions":
        """The same functions; what is added to the copy stays there."""
        copy = NativeFunctions()
        copy.constraints.update(self.constraints)
        copy.rewrites.update(self.rewrites)
        return copy

    def native_constraint(self, name: str) -> Callable[[_Constraint], _Constraint]:
        """Register the decorated function for `pdl.apply_native_constraint "name"`."""

        def register(function: _Constraint) -> _Constraint:
            _refuse_second(name, self.constraints)
            self.constraints[name] = _inspect(name, function)
            return function

        return register

    def native_rewrite(self, name: str) -> Callable[[_Rewrite], _Rewrite]:
        """Register the decorated function for `pdl.apply_native_rewrite "name"`."""

        def register(function: _Rewrite) -> _Rewrite:
            _refuse_second(name, self.rewrites)
            self.rewrites[name] = _inspect(name, function)
            return function

        return register


def _refuse_second(name: str, functions: dict[str, NativeFunction[_Function]]) -> None:
    if name in functions:
        raise ValueError(f"native function '{name}' is registered already")


def _inspect(name: str, function: _Function) -> NativeFunction[_Function]:
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    for parameter in parameters:
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
            raise TypeError(f"native function '{name}': '{parameter.name}' has no position")
        if parameter.annotation is parameter.empty:
            raise TypeError(f"native function '{name}': '{parameter.name}' has no annotation")
    return NativeFunction(
        name,
        function,
        tuple(parameter.annotation for parameter in parameters),
        any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters),
    )
