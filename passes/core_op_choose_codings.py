"""The pass `core-op-choose-codings`: how the units that carry a number share it out."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument

from ..dialects import core_op
from ..dialects.support.target import Target
from .approximated_functions import approximated_functions
from .calibration_base import CalibrationPass
from .coding_choice import Candidate, Choice, Signals
from .coding_rewriting import CodingRewriter, InputSpeller
from .codings import Chip, CodingName, Digits, thermometer
from .core_op_reencode import apply_code
from .pass_base import lowered_functions, remark
from .signal_classes import SignalClass, signal_classes
from .signal_ranges import range_of, units_noted
from .unit_choice import is_partial, place_of
from .wiring import decode_for_host

NEARLY = 1.02
"""Of the thermometer's error, where that is more than what is wanted: what another may have."""


@dataclass(frozen=True)
class CoreOpChooseCodings(CalibrationPass):
    """
    Chooses how units share out the numbers that they carry; needs calibrated ranges and units.

    `thermometer` is what `core-op-calibrate` noted: equal units, whose codes add up. `trained`
    units have thresholds of their own, dense where numbers are, and a decoder that melts into the
    weights of what reads them. `coarse-fine` has a digit of whole steps and one that divides them,
    computed in a further stage. `auto` takes what reaches `error`, or the thermometer's where that
    is larger, with the fewest cores, and the thermometer where no other takes fewer, or where a
    value is merged from tiles: each unit would merge for itself, with few bits. What is chosen
    becomes dot products with codes; `core-op-reencode` gives the rest theirs. Remarks say why.
    """

    name = "core-op-choose-codings"

    coding: CodingName = field(
        default="auto", metadata={"help": "how units share out a number, where that is possible"}
    )
    error: float = field(
        default=0.05,
        metadata={"help": "what is wanted: RMS error as a part of the signal's RMS"},
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.error < 1:
            raise ValueError(f"error must lie between 0 and 1, not {self.error:g}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        if self.coding == "thermometer":
            return
        if core_op.spiking_target_of(op) is not None:
            remark(ctx, op, "thermometers carry the numbers of a network that spikes")
            return
        for function in lowered_functions(op):
            _Choosing(self, ctx, function, target).run()


class _Choosing:
    """One function's signals, each decided on behind those that it is computed from."""

    def __init__(
        self, options: CoreOpChooseCodings, ctx: Context, function: FuncOp, target: Target
    ):
        self.options = options
        self.ctx = ctx
        self.function = function
        self.target = target
        self.chip = Chip.of(target)
        self.functions = approximated_functions(function)

    def run(self) -> None:
        """Choose, and rewrite what gets another coding than a thermometer."""
        from ..targets.jax.ranges import observe

        candidates = [s for s in signal_classes(self.function) if self._has_units(s)]
        if not candidates:
            return
        roots = [root for signal in candidates for root in signal.roots]
        samples = self.options.load(self.ctx, self.function)
        found = observe(self.function, roots, samples)
        values = {root: one.values for root, one in zip(roots, found, strict=True)}
        for candidate in candidates:
            signals = self._signals()
            signal = signals.of[candidate.roots[0]]
            if signal.is_coded:
                # As the numbers that a signal of two digits reads.
                continue
            seen = np.concatenate([values[root] for root in signal.roots])
            self._choose(Choice(signal, signals, seen, self.functions))

    def _has_units(self, signal: SignalClass) -> bool:
        if signal.is_coded or is_partial(signal):
            return False
        if any(isinstance(root, BlockArgument) for root in signal.roots):
            return False
        return units_noted(signal.roots, self.function) > 1

    def _signals(self) -> Signals:
        return Signals.in_function(self.function, self.target, signal_classes(self.function))

    def _choose(self, choice: Choice) -> None:
        known = choice.thermometer()
        reason = choice.refusal() if known.error else "it loses nothing"
        if reason is not None:
            self._remark(choice, f"a thermometer of {known.units} units: {reason}")
            return
        wanted = max(self.options.error, known.error * NEARLY)
        is_free = self.options.coding == "auto"
        if is_free and choice.is_merged:
            reason = "it is merged from tiles, for each other unit by itself"
            self._remark(choice, f"a thermometer of {known.units} units: {reason}")
            return
        others: list[Candidate] = []
        if self.options.coding in ("auto", "trained"):
            others += _trained(choice, known.units - is_free, wanted)
        if self.options.coding in ("auto", "coarse-fine"):
            if (reason := choice.digits_refusal(strict=is_free)) is None:
                others += _digits(choice, known.units - is_free, wanted)
            elif not is_free:
                self._remark(choice, f"a thermometer of {known.units} units: {reason}")
                return
        best = min(others, key=lambda one: (one.cores, one.units, one.error), default=None)
        if best is None or (is_free and best.cores >= known.cores):
            why = f"no other coding reaches error {wanted:.2g}"
            if best is not None:
                why = f"{_named(best)} would take {best.cores} cores instead of {known.cores}"
            self._remark(choice, f"a thermometer of {known.units} units: {why}")
            return
        self._remark(
            choice,
            f"{_named(best)} instead of {known.units}: {best.cores} cores instead of "
            f"{known.cores} compute and read it, error {best.error:.2g}, a thermometer's "
            f"{known.error:.2g}",
        )
        self._rewrite(choice, best)

    def _rewrite(self, choice: Choice, best: Candidate) -> None:
        assert best.coding is not None
        code, signal = core_op.CodeType(self.target.signal_bits, 1.0), choice.signal
        if isinstance(best.coding, Digits):
            code = self._spelled(choice.sources()[0], choice.signals)
            signal = self._signals().of[signal.roots[0]]
        CodingRewriter(self.function, signal, best.coding, self.chip, code).run()

    def _spelled(self, source: SignalClass, signals: Signals) -> core_op.CodeType:
        """The code of one unit of a signal, each of whose units becomes a value of its own."""
        code = signals.code(source)
        if source.is_coded:
            return code
        if code.units.data == 1:
            apply_code(source, code, self.function)
            decode_for_host(self.function)
        elif isinstance(source.roots[0], BlockArgument):
            InputSpeller(self.function, source, code, self.chip).run()
        else:
            low, _ = range_of(source.roots, self.function) or (0.0, 0.0)
            assert low >= 0 or source.is_rectified
            units = thermometer(code.units.data, code.scale.data, self.chip)
            code = core_op.CodeType(self.target.signal_bits, 1.0)
            CodingRewriter(self.function, source, units, self.chip, code).run()
        return code.unit

    def _remark(self, choice: Choice, text: str) -> None:
        remark(self.ctx, place_of(choice.signal) or self.function, text)


def _trained(choice: Choice, most: int, wanted: float) -> Iterator[Candidate]:
    """Trained units that reach what is wanted: as few as do."""
    for units in range(most, 0, -1):
        found = choice.trained(units)
        if found.error > wanted:
            return
        yield found


def _digits(choice: Choice, most: int, wanted: float) -> Iterator[Candidate]:
    """Two digits that reach what is wanted: of the fewest units."""
    for units in range(2, max(most, 2) + 1):
        found = [one for one in choice.digits(units) if one.error <= wanted]
        if found:
            yield from found
            return


def _named(candidate: Candidate) -> str:
    coding = candidate.coding
    if isinstance(coding, Digits):
        return f"{coding.coarse} coarse and {coding.fine} fine units"
    return f"{candidate.units} trained units"
