"""
The chips that are known by name.

A chip registers itself by one line in the table: its name, and where its `Target` is. Nothing is
imported before a chip is asked for.
"""

import difflib
from dataclasses import asdict
from importlib import import_module

from ..dialects.support.errors import CorelowerError
from ..dialects.support.target import FieldValue, Target, change_both

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


def find_targets(
    name: str, mode: str | None, alternate: str | None, changes: dict[str, FieldValue]
) -> tuple[Target, Target | None]:
    """
    The constraints of the chip `name` in `mode` with some fields changed, see `change_both`.

    With `alternate`, those of its cores that work in that mode too. Raises `CorelowerError`.
    """
    target = find_target(name, mode)
    if alternate is None:
        return target.with_fields(changes), None
    both = change_both(target, find_target(name, alternate), changes)
    both[0].require_alternate(both[1])
    return both


def modes_of(name: str) -> tuple[str, ...]:
    """The modes of the chip `name`; none where it computes in one way only."""
    return tuple(MODES.get(name, {}))


def other_mode(name: str, mode: str | None) -> str:
    """The other kind of mode of the chip `name`. Raises `CorelowerError` where there is none."""
    target = find_target(name, mode)
    others = (one for one in modes_of(name) if find_target(name, one).spikes != target.spikes)
    found = next(others, None)
    if found is None:
        raise CorelowerError(
            f"target '{name}' has cores of one kind only: no layers can be graded, or spiking, "
            "among others"
        )
    return found


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
