"""What `nn-opt` tells about its arguments, passes and pipelines."""

import argparse
import shutil
import textwrap
from collections.abc import Iterable
from typing import NoReturn

from xdsl.universe import XDSL_UNIVERSE

from ..dialects.support.errors import CorelowerError
from ..passes.options import PassOption, describe_options, first_sentence
from ..passes.pass_base import CorelowerPass
from ..passes.pipelines import PIPELINES
from .universe import CORELOWER_PASSES

_DESCRIBED_PASSES = {
    **CORELOWER_PASSES,
    **{name: XDSL_UNIVERSE.all_passes[name] for name in ("cse", "dce")},
}
"""Corelower's passes and those of xDSL that belong in its pipelines."""


class NnOptArgumentParser(argparse.ArgumentParser):
    """Ends its help with Corelower's passes, and fails as every other user error does."""

    def format_help(self) -> str:
        return f"{super().format_help()}\n{describe_passes()}"

    def error(self, message: str) -> NoReturn:
        raise CorelowerError(f"{message}; see {self.prog} --help")


def describe_passes() -> str:
    """Each pass of Corelower with its sentence and options, then the named pipelines."""
    lines = ["passes:"]
    for name, factory in sorted(_DESCRIBED_PASSES.items()):
        pass_type = factory()
        lines += [f"  {name}", *_wrap(first_sentence(pass_type.__doc__ or ""), "      ")]
        corelower = issubclass(pass_type, CorelowerPass)
        for option in pass_type.options() if corelower else describe_options(pass_type):
            lines += _wrap(_describe_option(option), "        ", "            ")
    if PIPELINES:
        lines += ["", "pipelines:"]
    for name, passes in sorted(PIPELINES.items()):
        lines += [f"  {name}", *_wrap(passes, "      ")]
    return "\n".join(lines) + "\n"


def list_passes(available: Iterable[str]) -> str:
    """As `describe_passes`, and the names of all other passes that are available."""
    others = ", ".join(sorted(set(available) - set(_DESCRIBED_PASSES)))
    return "\n".join([describe_passes(), "other passes of xDSL:", *_wrap(others, "  "), ""])


def _describe_option(option: PassOption) -> str:
    default = "required" if option.default is None else f"default {option.default}"
    text = f"{option.name}=<{option.expected}>  ({default})"
    return f"{text}  {option.help}" if option.help else text


def _wrap(text: str, indent: str, hanging: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        width=max(shutil.get_terminal_size().columns, 80),
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False,
        break_long_words=False,
    )
