"""Locations from text: a parser that gives each operation the place where it was written."""

import re
from bisect import bisect_right

from xdsl.context import Context
from xdsl.dialects.builtin import (
    ArrayAttr,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    ModuleOp,
    NameLoc,
    NoneAttr,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Operation
from xdsl.parser import Parser, ParserState
from xdsl.utils.exceptions import ParseError, UnregisteredConstructException, VerifyException
from xdsl.utils.hints import isa
from xdsl.utils.lexer import Input
from xdsl.utils.mlir_lexer import MLIRLexer

from .errors import CorelowerError


def parse_module(
    ctx: Context, text: str, name: str, *, allow_implicit_module: bool = True
) -> ModuleOp:
    """
    The module in `text`, each operation with its file (`name`), line and column.

    Raises `CorelowerError` with the place of what cannot be parsed. Nothing is verified yet but
    the attributes.
    """
    try:
        module = LocatedParser(ctx, text, name).parse_module(allow_implicit_module)
    except ParseError as error:
        raise CorelowerError(error.msg, str(error.span.get_location())) from None
    if isinstance(module.location, UnknownLoc):
        # Implicit, around all of the text.
        module.location = FileLineColLoc(StringAttr(name), IntAttr(1), IntAttr(1))
    return module


def fused_location(*ops: Operation) -> LocationAttr:
    """The location of an operation that takes the place of several: all of theirs, each once."""
    known = [part for op in ops for part in _parts(op.location)]
    match list(dict.fromkeys(known)):
        case []:
            return UnknownLoc()
        case [only]:
            return only
        case parts:
            return FusedLoc(ArrayAttr(parts), NoneAttr())


def node_names(location: LocationAttr) -> tuple[str, ...]:
    """The names of the model's nodes that an operation comes from, in order."""
    return tuple(part.desc.data for part in _parts(location) if isinstance(part, NameLoc))


def _parts(location: LocationAttr) -> list[LocationAttr]:
    if isinstance(location, UnknownLoc):
        return []
    if isinstance(location, FusedLoc) and isa(location.locations, ArrayAttr[LocationAttr]):
        return [part for inner in location.locations for part in _parts(inner)]
    return [location]


class _Lexer(MLIRLexer):
    # xDSL's expression needs time exponential in the length of a string that is never closed;
    # possessive quantifiers give up at once.
    _unescaped_characters_regex = re.compile(r'"(?:[^"\\\n\v\f]++|\\(?:["nt\\]|[0-9A-Fa-f]{2}))*+"')


class LocatedParser(Parser):
    """Parses IR whose operations know where they were written; a `loc(...)` in the text wins."""

    # Widths to seven digits, about MLIR's own limit: xDSL computes the largest value of a type.
    _builtin_integer_type_regex = re.compile(r"^[su]?i(\d{1,7})$")

    def __init__(self, ctx: Context, text: str, name: str):
        super().__init__(ctx, "", name)
        self._resume_from(ParserState(_Lexer(Input(text, name))))
        self._file = StringAttr(name)
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def parse_operation(self) -> Operation:
        start = self.pos
        try:
            op = super().parse_operation()
        except (
            VerifyException,
            UnregisteredConstructException,
            # What xDSL raises for some malformed names and numbers.
            ValueError,
            NotImplementedError,
        ) as error:
            self.raise_error(str(error), start)
        except CorelowerError as error:
            if error.where is not None:
                raise
            self.raise_error(error.message, start)
        if isinstance(op.location, UnknownLoc):
            line = bisect_right(self._line_starts, start)
            column = start - self._line_starts[line - 1] + 1
            op.location = FileLineColLoc(self._file, IntAttr(line), IntAttr(column))
        return op
