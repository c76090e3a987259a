"""The options of a pass, read by the type of the field that holds each."""

import dataclasses
import difflib
import inspect
import math
import re
from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from xdsl.utils.arg_spec import ParameterListType, ParameterType

OptionValue = ParameterType | tuple["OptionValue", ...] | None

_KINDS: dict[object, str] = {bool: "true|false", int: "integer", float: "number", str: "text"}


class PassOption(NamedTuple):
    """What a user is told about one option of a pass."""

    name: str
    """As written in a pipeline, with dashes."""
    expected: str
    """The kind of value, in words."""
    default: str | None
    """As it would be written in a pipeline; `None` where the option is required."""
    help: str


def describe_options(pass_type: type) -> tuple[PassOption, ...]:
    """Every option of a pass: the fields of its dataclass, with `field(metadata={"help": ...})`."""
    hints = get_type_hints(pass_type)
    return tuple(
        PassOption(
            field.name.replace("_", "-"),
            expected_value(hints[field.name]),
            _default_text(field),
            str(field.metadata.get("help", "")),
        )
        for field in dataclasses.fields(pass_type)
        if field.init
    )


def read_option(values: ParameterListType, kind: object) -> OptionValue:
    """
    The option's value as its field holds it: `1` and `1e-3` are numbers, a bare flag is true.

    `kind` is the field's type: `int`, `float`, `bool`, `str`, a `Literal`, a tuple or union of
    these, or `None` beside them. Raises `ValueError` where the values are of another kind.
    """
    arguments = get_args(kind)
    match get_origin(kind):
        case origin if origin is Union or origin is UnionType:
            return _read_alternative(values, arguments)
        case origin if origin is tuple:
            kinds = arguments[:1] * len(values) if arguments[-1] is Ellipsis else arguments
            return tuple(
                read_option((value,), kind) for value, kind in zip(values, kinds, strict=True)
            )
        case origin if origin is Literal:
            return _read_choice(_only_text(values), arguments)
        case _:
            return True if kind is bool and not values else _read_text(_only_text(values), kind)


def expected_value(kind: object) -> str:
    """The kind of value an option takes, in words for help and errors."""
    arguments = get_args(kind)
    match get_origin(kind):
        case origin if origin is Union or origin is UnionType:
            return " or ".join(expected_value(a) for a in arguments if a is not NoneType)
        case origin if origin is tuple and arguments[-1] is Ellipsis:
            return f"list of {expected_value(arguments[0])}"
        case origin if origin is tuple:
            return ",".join(expected_value(argument) for argument in arguments)
        case origin if origin is Literal:
            return "|".join(str(argument) for argument in arguments)
        case _:
            return _KINDS[kind]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean '...'?` where a known word is close, else nothing."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def first_sentence(docstring: str) -> str:
    """The first sentence of a docstring, on one line."""
    paragraph = " ".join(inspect.cleandoc(docstring).split("\n\n")[0].split())
    return re.split(r"(?<=\.)\s(?=[A-Z`])", paragraph, maxsplit=1)[0]


def value_text(value: ParameterType) -> str:
    """One value as it is written in a pipeline, without quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_alternative(values: ParameterListType, kinds: tuple[object, ...]) -> OptionValue:
    if not values and NoneType in kinds and bool not in kinds:
        return None
    for kind in kinds:
        try:
            return read_option(values, kind)
        except ValueError:
            continue
    raise ValueError


def _only_text(values: ParameterListType) -> str:
    if len(values) != 1:
        raise ValueError
    return value_text(values[0])


def _read_choice(text: str, choices: tuple[ParameterType, ...]) -> ParameterType:
    for choice in choices:
        if text == value_text(choice):
            return choice
    raise ValueError


def _read_text(text: str, kind: object) -> ParameterType:
    if kind is str:
        return text
    if kind is bool and text in ("true", "1"):
        return True
    if kind is bool and text in ("false", "0"):
        return False
    if kind is int and re.fullmatch(r"[-+]?[0-9]+", text):
        return int(text)
    if kind is float and math.isfinite(number := float(text)):
        return number
    raise ValueError


def _default_text(field: "dataclasses.Field[OptionValue]") -> str | None:
    if field.default is not dataclasses.MISSING:
        return _written(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return _written(field.default_factory())
    return None


def _written(value: OptionValue) -> str:
    if value is None or value == ():
        return "none"
    if value == "":
        return '""'
    if isinstance(value, tuple):
        return ",".join(_written(item) for item in value)
    return value_text(value)
