"""
What Corelower adds to xDSL: its dialects and passes, each imported only when it is used.

`xdsl-opt` and other tools built on xDSL find them through the `xdsl.universe` entry point;
Corelower's own tools use them directly and so need no installation.
"""

from collections.abc import Callable
from importlib import import_module

from xdsl.ir import Dialect
from xdsl.passes import ModulePass
from xdsl.universe import Universe

_DIALECTS = ("core_op", "nn", "prime", "tianji", "trained")
"""Each the name of a dialect and of its file in dialects/."""

_PASSES = (
    "apply-rules",
    "convert-core-op-to-prime",
    "convert-core-op-to-tianji",
    "convert-nn-to-core-op",
    "core-op-assign-modes",
    "core-op-calibrate",
    "core-op-choose-codings",
    "core-op-equalize",
    "core-op-exact-functions",
    "core-op-expand",
    "core-op-normalize-thresholds",
    "core-op-insert-copies",
    "core-op-pack",
    "core-op-quantize-weights",
    "core-op-reencode",
    "core-op-report",
    "core-op-split-units",
    "core-op-split-weights",
    "core-op-tune",
    "core-op-unroll",
    "nn-approximate",
    "nn-decompose-convolution",
    "nn-decompose-elementwise",
    "nn-decompose-pooling",
    "nn-decompose-reduction",
    "nn-fold-batch-norm",
    "nn-fuse-linear",
    "nn-hoist-quantize",
    "nn-keep-golden",
    "prime-map",
    "set-target",
    "tianji-map",
    "verify-target",
)
"""Each the name of a pass and, with underscores, of its file in passes/."""

_REPLACED_PASSES = ("canonicalize",)
"""xDSL's names, with Corelower's care for locations and golden functions.

They stay out of the entry point, since xDSL refuses two passes of one name.
"""


def _dialect_factory(name: str) -> Callable[[], Dialect]:
    def load() -> Dialect:
        members: dict[str, object] = vars(import_module(f"{_PACKAGE}.dialects.{name}"))
        return next(
            member
            for member in members.values()
            if isinstance(member, Dialect) and member.name == name
        )

    return load


def _pass_factory(name: str) -> Callable[[], type[ModulePass]]:
    def load() -> type[ModulePass]:
        members: dict[str, object] = vars(import_module(_pass_module(name)))
        return next(
            member
            for member in members.values()
            if isinstance(member, type)
            and issubclass(member, ModulePass)
            and vars(member).get("name") == name
        )

    return load


def _pass_module(name: str) -> str:
    return f"{_PACKAGE}.passes.{name.replace('-', '_')}"


_PACKAGE = __name__.rsplit(".", 2)[0]

CORELOWER_UNIVERSE = Universe(
    all_dialects={name: _dialect_factory(name) for name in _DIALECTS},
    all_passes={name: _pass_factory(name) for name in _PASSES},
)

CORELOWER_PASSES: dict[str, Callable[[], type[ModulePass]]] = {
    **CORELOWER_UNIVERSE.all_passes,
    **{name: _pass_factory(name) for name in _REPLACED_PASSES},
}
"""Corelower's passes, with those that take the place of xDSL's."""


def full_universe() -> Universe:
    """All dialects, passes and targets: Corelower's, and those of xDSL and its other extensions."""
    installed = Universe.get_multiverse()
    return Universe(
        all_dialects={**installed.all_dialects, **CORELOWER_UNIVERSE.all_dialects},
        all_passes={**installed.all_passes, **CORELOWER_PASSES},
        all_targets=installed.all_targets,
    )
