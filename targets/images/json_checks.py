"""Values out of an image's program, each of the kind that it must be, or a line that says why."""

from typing import NoReturn, TypeGuard, get_origin

Json = dict[str, object]


class BadImageError(ValueError):
    """What is wrong with an image; the path is added further out."""


def number_at(data: memoryview, start: int, width: int) -> int:
    return int.from_bytes(data[start : start + width], "little")


def entry_of(table: Json, name: str) -> Json:
    return dictionary(table.get(name), name)


def dictionary(value: object, what: str) -> Json:
    if not _is_dictionary(value):
        raise BadImageError(f"{what} is not a JSON object")
    return value


def items(value: object, what: str) -> list[object]:
    if not _is_list(value):
        raise BadImageError(f"{what} is not a JSON list")
    return value


def count(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 48:
        raise BadImageError(f"{what} is not a count")
    return value


def counts(value: object, what: str) -> tuple[int, ...]:
    return tuple(count(item, what) for item in items(value, what))


def _is_dictionary(value: object) -> TypeGuard[Json]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def field_value(value: object, kind: object, what: str, name: str) -> int | float | tuple[int, ...]:
    if kind is bool:
        if not isinstance(value, bool):
            raise BadImageError(f"{what}: {name} is not true or false")
        return value
    if kind is int:
        return count(value, f"{what}: {name}")
    if kind is float:
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
            raise BadImageError(f"{what}: {name} is not a number")
        return float(value)
    assert get_origin(kind) is tuple
    return counts(value, f"{what}: {name}")
