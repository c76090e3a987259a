"""How one point of a study is compiled, and what it has on each axis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import get_args

from ..dialects.support.target import FieldValue, Target
from ..passes.codings import CodingName
from ..targets.registry import find_target, mode_of
from .json_entry import is_list, is_tuple

CODINGS: tuple[CodingName, ...] = get_args(CodingName)


@dataclass(frozen=True)
class Settings:
    """How one point is compiled."""

    target: Target
    """The chip, with this point's constraints."""
    units: str = "1"
    """Units that carry a value: a number, or `auto`."""
    coding: str = "auto"
    """How these share out a number, see `core-op-choose-codings`."""
    samples: int = 1024
    tune: bool = True
    seed: int = 0

    @property
    def mode(self) -> str | None:
        """The chip's mode, of one that has several."""
        return mode_of(self.target)

    @property
    def overrides(self) -> dict[str, FieldValue]:
        """The target's fields that differ from the chip's own."""
        chip = find_target(self.target.name, self.mode)
        return {
            one.name: getattr(self.target, one.name)
            for one in fields(Target)
            if getattr(self.target, one.name) != getattr(chip, one.name)
        }


@dataclass(frozen=True, order=True)
class Choice:
    """What a point has on an axis: its text, behind what sorts it among the others."""

    order: tuple[float, ...]
    text: str


def weight_bits(target: Target) -> int:
    """Bits that tell the target's weights apart."""
    return (target.weights[1] - target.weights[0]).bit_length()


def choices(settings: Settings) -> dict[str, Choice]:
    """What a point has on every axis, fields of the target included, by the axis's name."""
    target = settings.target
    bits = weight_bits(target)
    usual = (1 << (bits - 1)) - 1
    known = {
        "signal_bits": _choice(target.signal_bits),
        "weight_bits": Choice((bits, *target.weights), str(bits)),
        "crossbar": Choice((target.fan_in, target.fan_out), f"{target.fan_in}x{target.fan_out}"),
    }
    if target.weights != (-usual, usual):
        known["weight_bits"] = Choice((bits, *target.weights), as_text(target.weights))
    names = [one.name for one in fields(Target)]
    for name in (n for n in names if n not in ("name", *known, "weights", "fan_in", "fan_out")):
        known[name] = _choice(getattr(target, name))
    units = settings.units
    number = float(units) if units.isdigit() else float("inf")
    return {
        **known,
        "units": Choice((number,), units),
        "coding": Choice((float(CODINGS.index(settings.coding)),), settings.coding),
        "samples": _choice(settings.samples),
        "tune": Choice((settings.tune,), "on" if settings.tune else "off"),
        "seed": _choice(settings.seed),
    }


def varying(points: Sequence[Settings]) -> list[str]:
    """The axes on which the points differ."""
    return [name for name, values in _columns(points) if len(values) > 1]


def _columns(points: Sequence[Settings]) -> Iterator[tuple[str, set[Choice]]]:
    rows = [choices(settings) for settings in points]
    for name in rows[0] if rows else ():
        yield name, {row[name] for row in rows}


def _choice(value: FieldValue) -> Choice:
    number = float(value) if isinstance(value, int) else 0.0
    return Choice((number,), as_text(value))


def as_text(value: object) -> str:
    """A value as it is written on the command line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ":".join(map(str, value)) if is_list(value) or is_tuple(value) else str(value)
