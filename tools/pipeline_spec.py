"""
Pass pipelines as text, in xDSL's form and in MLIR's.

    pipeline ::= passes | `builtin.module` `(` passes `)`
    passes   ::= (pass (`,` pass)*)?
    pass     ::= name (`{` (option (space option)*)? `}`)?
    option   ::= name (`=` value (`,` value)*)?
    value    ::= `"` text with escapes `"` | any text without spaces and without , = { } "

Spaces and line breaks may stand around passes, braces and commas between passes. A named pipeline
may stand wherever a pass may.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from xdsl.passes import ModulePass
from xdsl.utils.arg_spec import ArgSpec, ParameterListType, ParameterType

from ..dialects.support.errors import CorelowerError
from ..passes.options import did_you_mean
from ..passes.pass_base import CorelowerPass

PassFactory = Callable[[], type[ModulePass]]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_WORD = re.compile(r'[^\s,={}"]+')
_QUOTED = re.compile(r'"((?:\\[nfvtr"\\]|[^\\"\n])*)"')
_MLIR_PASSES = re.compile(r"\[([^\]\n]*)\]")
_ESCAPES = {"n": "\n", "f": "\f", "v": "\v", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


@dataclass(frozen=True)
class Word:
    """One value of an option as it was written, without its quotes."""

    text: str
    quoted: bool = False

    def typed(self) -> ParameterType:
        """The value by its looks, as xDSL's own passes expect it."""
        if self.quoted:
            return self.text
        if self.text in ("true", "false"):
            return self.text == "true"
        if re.fullmatch(r"[-+]?[0-9]+", self.text):
            return int(self.text)
        if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?", self.text):
            return float(self.text)
        return self.text


@dataclass(frozen=True)
class PassCall:
    """A pass and its options as they stand in a pipeline."""

    name: str
    where: str = field(default="", compare=False)
    """The place in the pipeline, for errors."""
    options: dict[str, tuple[Word, ...]] = field(default_factory=dict[str, tuple[Word, ...]])

    def build(self, pass_type: type[ModulePass]) -> ModulePass:
        """The pass; raises `CorelowerError` where an option is wrong."""
        try:
            return pass_type.from_spec(self.spec(raw=issubclass(pass_type, CorelowerPass)))
        except CorelowerError as error:
            raise CorelowerError(error.message, error.where or self.where) from None
        except ValueError as error:
            raise CorelowerError(f"{self.name}: {error}", self.where) from None

    def spec(self, *, raw: bool) -> ArgSpec:
        """xDSL's form; `raw` keeps every value as text, for passes that read by their own type."""
        parameters: dict[str, ParameterListType] = {
            name: tuple(word.text if raw else word.typed() for word in words)
            for name, words in self.options.items()
        }
        return ArgSpec(self.name, parameters)


def build_passes(
    text: str, available: Mapping[str, PassFactory], pipelines: Mapping[str, str]
) -> Iterator[ModulePass]:
    """Every pass of a pipeline, in order; raises `CorelowerError` for what is unknown or wrong."""
    for call in expand_pipelines(parse_pipeline(text), pipelines):
        if call.name not in available:
            hint = did_you_mean(call.name, [*available, *pipelines])
            raise CorelowerError(
                f"no pass or pipeline '{call.name}'{hint or '; --list-passes shows all'}",
                call.where,
            )
        yield call.build(available[call.name]())


def expand_pipelines(
    calls: list[PassCall], pipelines: Mapping[str, str], within: tuple[str, ...] = ()
) -> Iterator[PassCall]:
    """Put the passes of each named pipeline in its name's place."""
    for call in calls:
        if call.name not in pipelines:
            yield call
            continue
        if call.options:
            raise CorelowerError(f"pipeline '{call.name}' takes no options", call.where)
        if call.name in within:
            raise CorelowerError(f"pipeline '{call.name}' contains itself", call.where)
        nested = parse_pipeline(pipelines[call.name], f"pipeline '{call.name}'")
        yield from expand_pipelines(nested, pipelines, (*within, call.name))


def parse_pipeline(text: str, source: str = "pass-pipeline") -> list[PassCall]:
    """The passes of a pipeline; raises `CorelowerError` with the place in `source`."""
    return _Scanner(text, source).pipeline()


class _Scanner:
    def __init__(self, text: str, source: str):
        self.text = text
        self.source = source
        self.position = 0

    def pipeline(self) -> list[PassCall]:
        self.spaces()
        if re.match(r"builtin\.module\s*\(", self.text[self.position :]):
            self.position = self.text.index("(", self.position) + 1
            calls = self.passes(end=")")
            if not self.punctuation(")"):
                self.fail("expected ',' or ')' after a pass")
        else:
            calls = self.passes(end="")
        if self.position < len(self.text):
            self.fail("expected ',' between passes")
        return calls

    def passes(self, end: str) -> list[PassCall]:
        calls: list[PassCall] = []
        self.spaces()
        while self.next_character() != end:
            calls.append(self.call())
            self.spaces()
            if not self.punctuation(","):
                break
        return calls

    def call(self) -> PassCall:
        where = self.where()
        name = self.take(_NAME)
        if name is None:
            self.fail("expected a pass name")
        if name == "mlir-opt" and (passes := self.take(_MLIR_PASSES)) is not None:
            return PassCall(name, where, _mlir_opt_arguments(passes[1:-1]))
        self.spaces()
        if self.next_character() == "(":
            self.fail(f"'{name}(...)' cannot nest here: every pass works on the whole module")
        options = self.options(name) if self.punctuation("{") else {}
        return PassCall(name, where, options)

    def options(self, pass_name: str) -> dict[str, tuple[Word, ...]]:
        options: dict[str, tuple[Word, ...]] = {}
        while not self.punctuation("}"):
            name = self.take(_NAME)
            if name is None:
                self.fail(f"expected an option of {pass_name}, or '}}'")
            if name.replace("-", "_") in (known.replace("-", "_") for known in options):
                self.fail(f"option '{name}' is given twice")
            options[name] = self.values(name) if self.punctuation("=", spaces=False) else ()
            if self.next_character() not in (" ", "\t", "\n", "\r", "}"):
                self.fail(f"expected a space or '}}' after option '{name}'")
            self.spaces()
        return options

    def values(self, option: str) -> tuple[Word, ...]:
        words = [self.value(option)]
        while self.punctuation(",", spaces=False):
            words.append(self.value(option))
        if self.next_character() == "=":
            self.fail("a value with '=' needs quotes; options are separated by spaces, not commas")
        return tuple(words)

    def value(self, option: str) -> Word:
        if (quoted := self.take(_QUOTED)) is not None:
            text = re.sub(r"\\(.)", lambda match: _ESCAPES[match[1]], quoted[1:-1])
            return Word(text, quoted=True)
        word = self.take(_WORD)
        if word is None:
            self.fail(f"expected a value of option '{option}'; options are separated by spaces")
        return Word(word)

    def take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        return match[0]

    def punctuation(self, character: str, *, spaces: bool = True) -> bool:
        if self.next_character() != character:
            return False
        self.position += 1
        if spaces:
            self.spaces()
        return True

    def spaces(self) -> None:
        while self.next_character().isspace():
            self.position += 1

    def next_character(self) -> str:
        return self.text[self.position : self.position + 1]

    def where(self) -> str:
        line = self.text.count("\n", 0, self.position) + 1
        column = self.position - (self.text.rfind("\n", 0, self.position) + 1) + 1
        return f"{self.source}:{line}:{column}"

    def fail(self, message: str) -> NoReturn:
        raise CorelowerError(message, self.where())


def _mlir_opt_arguments(passes: str) -> dict[str, tuple[Word, ...]]:
    # The same arguments that xDSL's parser gives its pass `mlir-opt[...]`.
    arguments = ("--mlir-print-op-generic", "--allow-unregistered-dialect", "-p")
    words = (*arguments, f"builtin.module({passes})")
    return {"arguments": tuple(Word(word, quoted=True) for word in words)}
