"""A coded network cut into parts: what lies between values that stand for golden ones."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TypeGuard

from xdsl.ir import Operation, SSAValue

from ...dialects import core_op
from ...dialects.support.errors import describe_location
from ..attribution import INPUT
from .compare import ValuePair, pair_values
from .core_op import number_of, required_code
from .evaluator import Evaluator

Coding = core_op.EncodeOp | core_op.VmmOp


@dataclass(frozen=True)
class Part:
    """
    The operations that compute one golden value's counterpart from those before it.

    `pair` says which golden value that is; it is missing for a code that the host makes: that
    stands for the real number from which it is made.
    """

    name: str
    value: SSAValue
    pair: ValuePair | None
    signal: tuple[Coding, ...]
    """Those whose codes, moved by wiring, are the value's."""
    inner: tuple[Coding, ...]
    """The others, such as partial sums."""
    sources: tuple[int, ...]
    """The parts whose values it reads."""
    exact: tuple[Operation, ...] = ()
    """Golden operations that compute the value itself, where this part only approximates them."""
    exact_inputs: tuple[ValuePair, ...] = ()
    """The values that these operations read."""

    @property
    def operations(self) -> tuple[Coding, ...]:
        """All that give codes."""
        return (*self.inner, *self.signal)

    @property
    def units(self) -> int:
        """How many neighbours in memory add up to a number of the value."""
        if self.pair is not None:
            return self.pair.units[0]
        (op,) = self.signal
        return op.unit_count if isinstance(op, core_op.EncodeOp) else 1

    @property
    def code(self) -> core_op.CodeType:
        """The code of the value's numbers."""
        return number_of(required_code(self.value), self.units)

    @property
    def where(self) -> str | None:
        """The location, as a user reads it."""
        return describe_location(self.signal[0].location)


def cut_into_parts(
    ours: Evaluator,
    golden: Evaluator,
    output: ValuePair,
    curved: Set[Operation],
    untrained: Set[Operation],
) -> list[Part]:
    """
    The parts of a coded network, in order; `output` is what it is for.

    Each operation that gives codes is in one; what nothing named depends on is in none. `curved`
    are the golden operations that dot products can only approximate, `untrained` the dot products
    whose weights are part of a construction.
    """
    pairs = {output.value: output} | {pair.value: pair for pair in pair_values(ours, golden)[0]}
    cutting = _Cutting(ours, golden, curved, untrained)
    for op in ours.program.operations:
        pair = pairs.get(op.results[0]) if op.results else None
        # Units that count differently have no code together: they belong to what reads them.
        if pair is not None and pair.decoders[0] is None:
            cutting.add_value(pair)
        elif isinstance(op, core_op.EncodeOp):
            cutting.add_input(op)
    return cutting.parts


class _Cutting:
    """The parts so far, and what is known behind them."""

    def __init__(
        self,
        ours: Evaluator,
        golden: Evaluator,
        curved: Set[Operation],
        untrained: Set[Operation],
    ):
        self.parts: list[Part] = []
        self.curved = curved
        self.untrained = untrained
        self._numbers: dict[SSAValue, int] = {}
        self._taken = set[Operation]()
        self._known: dict[SSAValue, ValuePair] = {}
        for theirs, value in zip(golden.arguments, ours.arguments, strict=True):
            self._known[theirs] = ValuePair(INPUT, value, theirs)

    def add_input(self, op: core_op.EncodeOp) -> None:
        """What the host encodes is a part of its own."""
        self._add(Part(INPUT, op.result, None, (op,), (), ()))

    def add_value(self, pair: ValuePair) -> None:
        """What computes a value that stands for a golden one; nothing where wiring does."""
        self._known, known = {**self._known, pair.golden: pair}, self._known
        inside, sources = _operations_behind(pair.value, self._numbers)
        coding = [op for op in inside if gives_codes(op) and op not in self._taken]
        signal = tuple(op for op in _signals_of(pair.value) if op in coding)
        if core_op.code_of(pair.value) is None or not signal:
            return
        inner = tuple(op for op in coding if op not in signal)
        # A trained product has errors of its own, which are not the curve's.
        is_function = all(op in self.untrained for op in coding)
        exact = _exact_operations(pair, known, self.curved) if is_function else ((), ())
        self._add(Part(pair.name, pair.value, pair, signal, inner, sources, *exact))

    def _add(self, part: Part) -> None:
        self._numbers[part.value] = len(self.parts)
        self._taken.update(part.operations)
        self.parts.append(part)


def gives_codes(op: Operation) -> TypeGuard[Coding]:
    """Whether an operation rounds numbers to codes."""
    return isinstance(op, Coding) and core_op.code_of(op.result) is not None


def _operations_behind(
    value: SSAValue, known: dict[SSAValue, int]
) -> tuple[list[Operation], tuple[int, ...]]:
    """What computes `value` from the known ones, in order, and the numbers of those it uses."""
    pending, seen, used = [value], set[Operation](), set[int]()
    while pending:
        current = pending.pop()
        if current in known:
            used.add(known[current])
        elif isinstance(op := current.owner, Operation) and op not in seen:
            seen.add(op)
            pending.extend(op.operands)
    return _in_order(seen), tuple(sorted(used))


def _signals_of(value: SSAValue) -> Iterator[Coding]:
    """The operations whose codes wiring moves to `value`."""
    pending, seen = [value], set[Operation]()
    while pending:
        op = pending.pop().owner
        if not isinstance(op, Operation) or op in seen:
            continue
        seen.add(op)
        if isinstance(op, core_op.WiringOperation | core_op.MaxOp):
            pending.extend(op.operands)
        elif gives_codes(op):
            yield op


def _exact_operations(
    pair: ValuePair, known: Mapping[SSAValue, ValuePair], curved: Set[Operation]
) -> tuple[tuple[Operation, ...], tuple[ValuePair, ...]]:
    """The golden operations from known values to this one, if they curve, and these values."""
    pending, seen, used = [pair.golden], set[Operation](), dict[SSAValue, ValuePair]()
    while pending:
        value = pending.pop()
        if value in known:
            used[value] = known[value]
        elif isinstance(op := value.owner, Operation) and op not in seen:
            seen.add(op)
            pending.extend(op.operands)
    if not seen & curved:
        return (), ()
    return tuple(_in_order(seen)), tuple(used.values())


def _in_order(operations: Set[Operation]) -> list[Operation]:
    """Operations of one block, as they stand in it."""
    block = next(iter(operations)).parent_block() if operations else None
    return [op for op in block.ops if op in operations] if block is not None else []
