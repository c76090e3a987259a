"""The points of a study: the product of its axes, or a list, each point with all that it needs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from pathlib import Path

from ..dialects.support.errors import CorelowerError
from ..dialects.support.target import FieldValue, Target
from ..targets.registry import find_target
from .explore_settings import CODINGS, Settings, as_text
from .json_entry import is_list, is_object, read_json_text
from .target_overrides import parse_overrides

LARGEST_GRID = 10_000
"""Points of a study at most; more than that is a slip, and weeks of work."""

AXES = ("signal_bits", "weight_bits", "crossbar", "units", "coding", "samples", "tune", "seed")
"""The axes by name, in the order in which they vary; fields of the target come before `units`."""

ON_OFF = {"on": True, "true": True, "off": False, "false": False}


@dataclass(frozen=True)
class Change:
    """What one value of an axis changes."""

    fields: Mapping[str, FieldValue] = field(default_factory=dict[str, FieldValue])
    units: str | None = None
    coding: str | None = None
    samples: int | None = None
    tune: bool | None = None
    seed: int | None = None

    @property
    def names(self) -> set[str]:
        """The names of what is changed."""
        names = ("units", "coding", "samples", "tune", "seed")
        return {*self.fields, *(name for name in names if getattr(self, name) is not None)}


def grid(
    target: str, axes: Mapping[str, Sequence[object]], mode: str | None = None
) -> list[Settings]:
    """
    Every combination of the axes' values, each once.

    `axes` has values by the name of an axis (`AXES`) or of a field of the target; an axis that is
    not there has one value, the target's. Values may be texts, as on the command line. The seed of
    what is not tuned decides nothing and is 0; so does the coding of one unit, or of equal units
    that are asked for, and is `auto`. Raises `CorelowerError` for what is no value, and
    for axes that change the same.
    """
    changes: dict[str, list[Change]] = {}
    for axis, values in axes.items():
        name = axis.replace("-", "_")
        if name in changes:
            raise CorelowerError(f"axis {name} is given twice")
        if not values:
            raise CorelowerError(f"axis {name} has no values")
        changes[name] = [_change(name, as_text(value)) for value in values]
    _require_apart(changes)
    count = prod(map(len, changes.values()))
    if count > LARGEST_GRID:
        raise CorelowerError(f"a grid of {count:,} points; {LARGEST_GRID:,} are allowed")
    ordered = sorted(changes, key=_order)
    chip = find_target(target, mode)
    combinations = product(*(changes[name] for name in ordered))
    return list(dict.fromkeys(_settings(chip, combination) for combination in combinations))


def listed(
    target: str, points: Sequence[Mapping[str, object]], mode: str | None = None
) -> list[Settings]:
    """
    The points of a list, each once: each has one value for some of the axes.

    Raises `CorelowerError` that says which point is at fault.
    """
    found: dict[Settings, None] = {}
    for number, point in enumerate(points, start=1):
        try:
            found |= dict.fromkeys(grid(target, {name: [point[name]] for name in point}, mode))
        except CorelowerError as error:
            raise CorelowerError(f"point {number}: {error.message}", error.where) from None
    if not found:
        raise CorelowerError("no points are listed")
    return list(found)


def read_points(path: Path) -> list[dict[str, object]]:
    """The objects of a JSON list, see `listed`. Raises `CorelowerError`."""
    try:
        content: object = json.loads(read_json_text(path))
    except (ValueError, RecursionError) as error:
        raise CorelowerError(f"not JSON: {error}", str(path)) from None
    if not is_list(content):
        raise CorelowerError('not a list of points, as [{"signal_bits": 6}]', str(path))
    points = [point for point in content if is_object(point)]
    if len(points) != len(content):
        raise CorelowerError("not every point in it is an object", str(path))
    return points


def split_values(name: str, text: str) -> list[str]:
    """The values of an axis as given on the command line, with commas between them."""
    values = [part.strip() for part in text.split(",")]
    if not all(values):
        raise CorelowerError(f"axis {name}: '{text}' has an empty value")
    return values


def _change(name: str, text: str) -> Change:
    match name:
        case "crossbar":
            return Change(_crossbar(text))
        case "units":
            if text != "auto" and not _is_count(text, 1):
                raise CorelowerError(f"units is auto or 1 or more, not '{text}'")
            return Change(units=text if text == "auto" else str(int(text)))
        case "coding":
            if text not in CODINGS:
                raise CorelowerError(f"coding is {', '.join(CODINGS)}, not '{text}'")
            return Change(coding=text)
        case "samples":
            return Change(samples=_count(name, text, 2))
        case "tune":
            if text not in ON_OFF:
                raise CorelowerError(f"tune is on or off, not '{text}'")
            return Change(tune=ON_OFF[text])
        case "seed":
            return Change(seed=_count(name, text, 0))
        case "weight_bits":
            _count(name, text, 2)
            return Change(parse_overrides(f"{name}={text}"))
        case _:
            if "," in text:
                raise CorelowerError(f"{name}: '{text}' is not one value")
            return Change(parse_overrides(f"{name}={text}"))


def _crossbar(text: str) -> dict[str, FieldValue]:
    rows, separator, columns = text.replace(":", "x").partition("x")
    return {
        "fan_in": _count("crossbar", rows, 1),
        "fan_out": _count("crossbar", columns if separator else rows, 1),
    }


def _count(name: str, text: str, least: int) -> int:
    if not _is_count(text, least):
        raise CorelowerError(f"{name} is a whole number of at least {least}, not '{text}'")
    return int(text)


def _is_count(text: str, least: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least


def _require_apart(changes: Mapping[str, Sequence[Change]]) -> None:
    seen: dict[str, str] = {}
    for axis, values in changes.items():
        for changed in sorted(set[str]().union(*(value.names for value in values))):
            if changed in seen:
                raise CorelowerError(f"{changed} is given twice: by {seen[changed]} and by {axis}")
            seen[changed] = axis


def _order(axis: str) -> float:
    return AXES.index(axis) if axis in AXES else AXES.index("units") - 0.5


def _settings(chip: Target, combination: Sequence[Change]) -> Settings:
    changed = {name: value for one in combination for name, value in one.fields.items()}
    settings = Settings(chip.with_fields(changed))
    for one in combination:
        settings = Settings(
            settings.target,
            settings.units if one.units is None else one.units,
            settings.coding if one.coding is None else one.coding,
            settings.samples if one.samples is None else one.samples,
            settings.tune if one.tune is None else one.tune,
            settings.seed if one.seed is None else one.seed,
        )
    if not settings.tune:
        settings = replace(settings, seed=0)
    is_thermometer = settings.units != "auto" and settings.coding in ("auto", "thermometer")
    return replace(settings, coding="auto") if settings.units == "1" or is_thermometer else settings
