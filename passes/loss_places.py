"""Where one bit more could be spent: codes of signals, codes inside a layer, a layer's weights."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from ..dialects import core_op
from ..targets.attribution import PARTIAL_SUMS, SIGNAL, WEIGHTS, BitGain, Distance
from .loss_cases import CaseMaker
from .signal_classes import signal_classes

if TYPE_CHECKING:
    from ..targets.jax.attribution import Case
    from ..targets.jax.network_parts import Coding, Part


@dataclass(frozen=True)
class BitPlace:
    """A place for one bit more, and the case in which it has it; `bits` are without it."""

    kind: str
    part: "Part"
    bits: int
    case: "Case"

    def gain(self, chip: Distance, finer: Distance) -> BitGain:
        """What it gives, `chip` being the outputs without it."""
        gain, decided = gains(chip, finer)
        name, where = self.part.name, self.part.where
        return BitGain(
            self.kind, name, where, self.bits, finer.distance, finer.disagreement, gain, decided
        )


def places_for_a_bit(
    function: FuncOp, maker: CaseMaker, trained: Set[Operation]
) -> Iterator[BitPlace]:
    """
    Each code of layers' values, of each layer the codes inside it as one, and `trained` weights.

    What wiring connects has one code. Codes that are the golden network's own are left out.
    """
    owner = {op: number for number, part in enumerate(maker.parts) for op in part.operations}
    by_result: dict[SSAValue, Coding] = {op.result: op for op in owner}
    inside: dict[int, list[Coding]] = {}
    for signal in signal_classes(function):
        roots = [by_result[root] for root in signal.roots if root in by_result]
        shown = [op for op in roots if op in maker.parts[owner[op]].signal]
        if not roots:
            continue
        first = owner[(shown or roots)[0]]
        if not shown:
            inside.setdefault(first, []).extend(roots)
        elif first not in maker.on_grid:
            case = maker.finer_codes(maker.entries(roots))
            yield BitPlace(SIGNAL, maker.parts[first], _bits(shown[0]), case)
    for number, roots in inside.items():
        case = maker.finer_codes(maker.entries(roots))
        yield BitPlace(PARTIAL_SUMS, maker.parts[number], _bits(roots[0]), case)
    target = core_op.target_of(function)
    if target is None:
        return
    least, largest = target.weights
    for part in maker.parts:
        products = [op for op in part.operations if op in trained]
        if products:
            case = maker.finer_weights(maker.entries(products))
            yield BitPlace(WEIGHTS, part, (largest - least).bit_length(), case)


def gains(chip: Distance, better: Distance) -> tuple[float, float | None]:
    """By how much distance and disagreement fall."""
    gain = chip.distance - better.distance
    if chip.disagreement is None or better.disagreement is None:
        return gain, None
    return gain, chip.disagreement - better.disagreement


def _bits(op: "Coding") -> int:
    code = core_op.code_of(op.result)
    assert code is not None
    return code.bits.data
