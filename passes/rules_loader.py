"""Reads PDL rule files, and refuses whatever would silently do something else than it says."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from xdsl.context import Context
from xdsl.dialects import pdl
from xdsl.dialects.builtin import Builtin, ModuleOp

from ..dialects.nn import Nn
from ..dialects.support.errors import CorelowerError, describe_location
from ..dialects.support.location import parse_module
from ..dialects.trained import Trained
from .native_functions import NativeFunctions
from .rules import Rule
from .rules_checks import RuleChecker

_PROJECT_RULES = Path(__file__).parent / "rules"

LARGEST_FILE = 16 * 2**20
"""Bytes; no rule file written by a person comes near."""


def load_rules(ctx: Context, path: str | os.PathLike[str], natives: NativeFunctions) -> list[Rule]:
    """
    The rules of a file of `pdl.pattern` operations, in the order of the file.

    Raises `CorelowerError` where the file cannot be read or parsed, and where xDSL would ignore
    or misread what a rule says; all such places of a file are in one message, a line for each.
    """
    try:
        if Path(path).stat().st_size > LARGEST_FILE:
            raise CorelowerError(f"larger than {LARGEST_FILE} bytes", os.fspath(path))
        text = Path(path).read_text("utf-8")
    except OSError as error:
        raise CorelowerError(f"cannot read: {error.strerror}", os.fspath(path)) from error
    except UnicodeDecodeError as error:
        raise CorelowerError("not a text in UTF-8", os.fspath(path)) from error
    return parse_rules(ctx, text, natives, os.fspath(path))


def load_project_rules(ctx: Context, name: str, natives: NativeFunctions) -> list[Rule]:
    """
    The rules of `passes/rules/<name>.mlir`, which come with the project.

    They are read once: what they name is the same in every context.
    """
    return list(_read_project_rules(name, natives))


@cache
def _read_project_rules(name: str, natives: NativeFunctions) -> tuple[Rule, ...]:
    ctx = Context()
    for dialect in (Builtin, Nn, Trained):
        ctx.load_dialect(dialect)
    return tuple(load_rules(ctx, _PROJECT_RULES / f"{name}.mlir", natives))


def parse_rules(
    ctx: Context, text: str, natives: NativeFunctions, name: str = "<rules>"
) -> list[Rule]:
    """As `load_rules`, from a text; `name` stands for the file in messages."""
    # An own context: only here must every operation be known, and only here is PDL needed.
    ctx = ctx.clone()
    ctx.allow_unregistered = False
    if pdl.PDL.name not in ctx.registered_dialect_names:
        ctx.load_dialect(pdl.PDL)
    module = _parse(ctx, text, name)
    checker = RuleChecker(ctx, natives)
    for op in module.ops:
        checker.check(op)
    if checker.problems:
        raise _one_error(checker.problems, name)
    return [
        Rule(op, describe_location(op.location) or name, ctx, natives)
        for op in module.ops
        if isinstance(op, pdl.PatternOp)
    ]


def _parse(ctx: Context, text: str, name: str) -> ModuleOp:
    try:
        return parse_module(ctx, text, name)
    except RecursionError:
        raise CorelowerError("nested too deeply", name) from None


def _one_error(problems: Sequence[CorelowerError], name: str) -> CorelowerError:
    if len(problems) == 1:
        return problems[0]
    lines = [f"{len(problems)} problems:", *map(str, problems)]
    return CorelowerError("\n".join(lines), name)
