"""Objects from JSON files that are not trusted: a value has the type that is asked for, or none."""

import json
from math import isfinite
from pathlib import Path
from typing import TypeGuard

from ..dialects.support.errors import CorelowerError

LARGEST_FILE = 16 << 20
"""Bytes of a JSON file that is read at all; what the tools write is far smaller."""


class JsonEntry:
    """One JSON object. What is missing, and what is of another type, reads as `None`."""

    def __init__(self, values: dict[str, object]):
        self.values = values

    @staticmethod
    def parse(text: str | bytes) -> "JsonEntry | None":
        """The object that a text is, or `None` where it is none."""
        try:
            value: object = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return JsonEntry(value) if is_object(value) else None

    def text(self, key: str) -> str | None:
        """A string."""
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def integer(self, key: str) -> int | None:
        """A whole number."""
        value = self.values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def number(self, key: str) -> float | None:
        """A finite number."""
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            return None
        return float(value)

    def flag(self, key: str) -> bool | None:
        """True or false."""
        value = self.values.get(key)
        return value if isinstance(value, bool) else None

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of numbers; empty where it is none."""
        values = self.values.get(key)
        if not is_list(values):
            return ()
        return tuple(float(value) for value in values if isinstance(value, int | float))

    def entry(self, key: str) -> "JsonEntry":
        """An object inside; empty where there is none."""
        value = self.values.get(key)
        return JsonEntry(value if is_object(value) else {})

    def entries(self, key: str) -> list["JsonEntry"]:
        """The objects of a list."""
        values = self.values.get(key)
        return [JsonEntry(v) for v in values if is_object(v)] if is_list(values) else []


def read_json_text(path: Path) -> str:
    """A JSON file's text. Raises `CorelowerError` where it cannot be read or is far too large."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise CorelowerError(f"larger than {LARGEST_FILE >> 20} MiB", str(path))
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CorelowerError(f"cannot read: {error.strerror}", str(path)) from error
    except UnicodeDecodeError as error:
        raise CorelowerError(f"not a text in UTF-8 (byte {error.start})", str(path)) from None


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a value from JSON is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a value from JSON is a list."""
    return isinstance(value, list)


def is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    """Whether a value is a tuple, as one has it where JSON has a list."""
    return isinstance(value, tuple)
