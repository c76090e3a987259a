"""What every pass of Corelower shares: its options, its rewriting, the functions it works on."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self, get_type_hints

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr, UnknownLoc
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, Region
from xdsl.passes import ModulePass
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriterListener,
    PatternRewriteWalker,
    RewritePattern,
)
from xdsl.utils.arg_spec import ArgSpec
from xdsl.utils.exceptions import DiagnosticException

from ..dialects import core_op
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.functions import GOLDEN_FUNCTION
from ..dialects.support.target import Target
from .options import (
    OptionValue,
    PassOption,
    describe_options,
    did_you_mean,
    expected_value,
    first_sentence,
    read_option,
    value_text,
)
from .remarks import remark

__all__ = ["CorelowerPass", "lowered_functions", "remark", "run_patterns"]


@dataclass(frozen=True)
class CorelowerPass(ModulePass):
    """
    A pass whose options are the fields of its frozen dataclass, read as people write them.

    The docstring's first sentence is the pass's help, `field(metadata={"help": ...})` an option's.
    A `__post_init__` that raises `ValueError` refuses an option's value.
    """

    @classmethod
    def summary(cls) -> str:
        """One sentence: what the pass requires and ensures."""
        return first_sentence(cls.__doc__ or "")

    @classmethod
    def options(cls) -> tuple[PassOption, ...]:
        """Every option of the pass, in the order of its fields."""
        return describe_options(cls)

    @classmethod
    def from_spec(cls, spec: ArgSpec) -> Self:
        """The pass with the options of `spec`; raises `CorelowerError` where one is wrong."""
        given = spec.normalize_parameter_names().parameters
        hints = get_type_hints(cls)
        fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
        for name in given:
            if name not in fields:
                raise CorelowerError(f"{cls.name}: no option '{name}' {cls._options_text(name)}")
        for name in cls.required_fields():
            if name not in given:
                raise CorelowerError(f"{cls.name}: option '{name.replace('_', '-')}' is required")
        values = dict[str, OptionValue]()
        for name, parameters in given.items():
            try:
                values[name] = read_option(parameters, hints[name])
            except ValueError:
                text = ",".join(value_text(parameter) for parameter in parameters)
                got = f"'{text}'" if parameters else "no value"
                raise CorelowerError(
                    f"{cls.name}: option '{name.replace('_', '-')}' expects "
                    f"{expected_value(hints[name])}, got {got}"
                ) from None
        try:
            return cls(**values)
        except ValueError as error:
            raise CorelowerError(f"{cls.name}: {error}") from None

    def required_target(self, module: ModuleOp) -> Target:
        """The module's target. Raises `CorelowerError` where there is none."""
        target = core_op.target_of(module)
        if target is None:
            raise CorelowerError(f"{self.name}: the module has no target; run set-target before")
        return target

    @classmethod
    def _options_text(cls, wrong: str) -> str:
        names = [option.name for option in cls.options()]
        hint = did_you_mean(wrong.replace("_", "-"), names)
        return f"(options: {', '.join(names) or 'none'}){hint}"


def run_patterns(
    scope: Operation,
    patterns: Sequence[RewritePattern],
    ctx: Context,
    *,
    fold: bool = False,
    after_walk: Callable[[Region, PatternRewriterListener], bool] | None = None,
) -> bool:
    """
    Rewrite the operations inside `scope` by the first pattern that matches, until none does.

    An operation that a pattern inserts gets the location of the one it was matched on, where it
    has none of its own; operations left without uses or effects go. With `fold`, folders run
    before patterns. An error in a pattern stops the rewriting and names the operation. Returns
    whether anything changed.
    """
    keeper = _KeepLocation(GreedyRewritePatternApplier(list(patterns), ctx, folding_enabled=fold))
    walker = PatternRewriteWalker(
        keeper,
        post_walk_func=after_walk,
        listener=PatternRewriterListener(operation_insertion_handler=[keeper.adopt]),
    )
    changed = False
    for region in scope.regions:
        changed |= walker.rewrite_region(region)
        if keeper.failure is not None:
            raise keeper.failure
    return changed


def lowered_functions(module: ModuleOp) -> Iterator[FuncOp]:
    """The functions that passes work on: all but those kept as another one's golden reference."""
    functions = [op for op in module.ops if isinstance(op, FuncOp)]
    golden = golden_function_names(module)
    return (function for function in functions if function.sym_name.data not in golden)


def golden_function_names(module: ModuleOp) -> set[str]:
    """The functions that another one names as its golden reference; no pass changes them."""
    references = (op.attributes.get(GOLDEN_FUNCTION) for op in module.ops)
    return {
        reference.root_reference.data
        for reference in references
        if isinstance(reference, SymbolRefAttr)
    }


class _KeepLocation(RewritePattern):
    """Applies a pattern and lets what it inserts inherit the matched operation's location."""

    def __init__(self, pattern: RewritePattern):
        self.pattern = pattern
        self.matched: Operation | None = None
        self.failure: CorelowerError | None = None

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        # xDSL's walker would print the whole module into an exception that passes through it, so
        # the first failure is kept and the rest of the walk does nothing.
        if self.failure is not None:
            return
        self.matched = op
        try:
            self.pattern.match_and_rewrite(op, rewriter)
        except OperationError as error:
            self.failure = error
        except CorelowerError as error:
            self.failure = OperationError(op, error.message) if error.where is None else error
        except DiagnosticException as error:
            self.failure = OperationError(op, str(error))

    def adopt(self, inserted: Operation) -> None:
        """Give the matched operation's location to an inserted one without its own."""
        if self.matched is None:
            return
        for op in inserted.walk():
            if isinstance(op.location, UnknownLoc):
                op.location = self.matched.location
