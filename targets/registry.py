"""
The chips that are known by name.

A chip registers itself by one line in the table: its name, and where its `Target` is. Nothing is
imported before a chip is asked for.
"""

import difflib
from importlib import import_module

from ..dialects.support.errors import CorelowerError
from ..dialects.support.target import Target

TARGETS: dict[str, str] = {"prime": "prime.constants:PRIME"}
"""Name of a chip to `module:NAME`, the module inside `corelower.targets`."""


def find_target(name: str) -> Target:
    """The constraints of the chip `name`. Raises `CorelowerError`, naming the known chips."""
    if (place := TARGETS.get(name)) is None:
        close = difflib.get_close_matches(name, TARGETS, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise CorelowerError(
            f"no target '{name}' (targets: {', '.join(sorted(TARGETS))}){hint}; "
            "describe another chip in a file and use set-target{file=...}"
        )
    module, member = place.split(":")
    target = getattr(import_module(f"{__package__}.{module}"), member)
    assert isinstance(target, Target)
    return target
