"""Overrides of a target's fields, as given on a command line: `signal_bits=4,weights=-7:7`."""

from collections.abc import Mapping
from dataclasses import fields
from typing import get_type_hints

from ..dialects.support.errors import CorelowerError
from ..dialects.support.target import FieldValue, Target


def parse_overrides(text: str) -> dict[str, FieldValue]:
    """
    Fields and values from `name=value,...`; several values of a field are joined by `:`.

    `weight_bits=n` stands for symmetric weights of n bits. Raises `CorelowerError` for what is no
    field or no value of one.
    """
    overrides: dict[str, FieldValue] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, separator, value = part.partition("=")
        name = name.strip().replace("-", "_")
        if not separator or not value.strip():
            raise CorelowerError(f"override '{part}' is not of the form name=value")
        if name == "weight_bits":
            largest = (1 << (_integer(name, value) - 1)) - 1 if _integer(name, value) > 1 else 0
            overrides["weights"] = (-largest, largest)
        else:
            overrides[name] = _value(name, value.strip())
    return overrides


def _value(name: str, text: str) -> FieldValue:
    hints = get_type_hints(Target)
    known = [field.name for field in fields(Target) if field.name != "name"]
    if name not in known:
        raise CorelowerError(
            f"no field '{name}' of a target; there are {', '.join([*known, 'weight_bits'])}"
        )
    kind = hints[name]
    if kind is bool:
        if text not in ("true", "false"):
            raise CorelowerError(f"{name} is true or false, not '{text}'")
        return text == "true"
    if kind is int:
        return _integer(name, text)
    if kind is str:
        return text
    parts = text.split(":")
    if kind == tuple[int, ...]:
        return tuple(_integer(name, part) for part in parts)
    return tuple(parts)


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise CorelowerError(f"{name} is a whole number, not '{text}'") from None


def format_overrides(overrides: Mapping[str, FieldValue]) -> str:
    """Fields and values as `parse_overrides` reads them."""
    return ",".join(f"{name}={_text(value)}" for name, value in overrides.items())


def _text(value: FieldValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ":".join(map(str, value)) if isinstance(value, tuple) else str(value)
