"""
The chips that are known by name.

A chip registers itself by one line in the table: its name, and where its `Target` is. Nothing is
imported before a chip is asked for.
"""

import difflib
from dataclasses import asdict
from importlib import import_module

from ..dialects.support.errors import CorelowerError
from ..dialects.support.target import Target

TARGETS: dict[str, str] = {
    "prime": "prime.constants:PRIME",
    "tianji": "tianji.constants:TIANJI_ANN",
}
"""Name of a chip to `module:NAME`, the module inside `corelower.targets`."""

MODES: dict[str, dict[str, str]] = {
    "tianji": {"ann": "tianji.constants:TIANJI_ANN", "snn": "tianji.constants:TIANJI_SNN"}
}
"""The same of each mode, of the chips that have some; without a mode a chip is as in `TARGETS`."""


def find_target(name: str, mode: str | None = None) -> Target:
    """
    The constraints of the chip `name`, in one of its modes where it has some.

    Raises `CorelowerError`, naming the known chips or the chip's modes.
    """
    if (place := TARGETS.get(name)) is None:
        close = difflib.get_close_matches(name, TARGETS, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise CorelowerError(
            f"no target '{name}' (targets: {', '.join(sorted(TARGETS))}){hint}; "
            "describe another chip in a file and use set-target{file=...}"
        )
    if mode is not None:
        modes = MODES.get(name, {})
        if mode not in modes:
            known = f"its modes are {', '.join(modes)}" if modes else "it has no modes"
            raise CorelowerError(f"target '{name}' has no mode '{mode}'; {known}")
        place = modes[mode]
    return _load(place)


def modes_of(name: str) -> tuple[str, ...]:
    """The modes of the chip `name`; none where it computes in one way only."""
    return tuple(MODES.get(name, {}))


def mode_of(target: Target) -> str | None:
    """The mode of its chip that a target is in, whatever was changed; `None` of a single one."""
    fields = asdict(target)

    def changed(place: str) -> int:
        return sum(fields[name] != value for name, value in asdict(_load(place)).items())

    modes = MODES.get(target.name, {})
    return min(modes, key=lambda mode: changed(modes[mode]), default=None)


def _load(place: str) -> Target:
    module, member = place.split(":")
    target = getattr(import_module(f"{__package__}.{module}"), member)
    assert isinstance(target, Target)
    return target
