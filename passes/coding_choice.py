"""Which coding carries a signal's numbers: what each would cost, and which of them are possible."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, SSAValue

from ..dialects import core_op, trained
from ..dialects.nn import shape_of
from ..dialects.support.cores import product_cores, tiles_of
from ..dialects.support.target import Target
from .approximated_functions import ApproximatedFunction
from .coding_fits import Distribution, fit_digits, fit_units, relative_error
from .coding_losses import decoder_loss, digits_loss, parallel_loss
from .codings import Chip, Coding, Digits, ParallelUnits
from .core_op_reencode import code_for
from .product_rewriting import real_parameters
from .signal_classes import SignalClass
from .signal_ranges import LIMITS, range_of, units_noted
from .unit_choice import merges_of, needs_one_unit

SEEN = 1 << 13
"""Numbers on which the loss of weights is measured."""


@dataclass(frozen=True)
class Candidate:
    """A coding, the cores of all that computes and reads its numbers, and its error."""

    coding: Coding | None
    """`None` for the thermometer that the calibration noted."""
    units: int
    cores: int
    error: float


@dataclass(frozen=True)
class Signals:
    """A function's signals, by value."""

    function: FuncOp
    target: Target
    of: dict[SSAValue, SignalClass]

    @staticmethod
    def in_function(function: FuncOp, target: Target, classes: Sequence[SignalClass]) -> "Signals":
        """What `signal_classes` found."""
        return Signals(function, target, {v: signal for signal in classes for v in signal.values})

    def units(self, value: SSAValue) -> int:
        """The units that are to carry a value, or do."""
        if core_op.code_of(value) is not None:
            return core_op.units_of(value)
        return units_noted(self.of[value].roots, self.function)

    def code(self, signal: SignalClass) -> core_op.CodeType:
        """The code that a signal has, or is to get."""
        if (code := core_op.code_of(signal.roots[0])) is not None:
            return code
        low, high = range_of(signal.roots, self.function) or (0.0, 0.0)
        units = units_noted(signal.roots, self.function)
        bits = self.target.signal_bits
        return code_for(low, high, bits, rectified=signal.is_rectified, units=units)


@dataclass(frozen=True)
class Choice:
    """What is known of one signal that a thermometer of several units would carry."""

    signal: SignalClass
    signals: Signals
    values: npt.NDArray[np.float32]
    """Numbers that occurred."""
    functions: Sequence[ApproximatedFunction]

    @cached_property
    def chip(self) -> Chip:
        """What codes are made with."""
        return Chip.of(self.signals.target)

    @cached_property
    def products(self) -> list[core_op.VmmOp]:
        """The dot products that compute the signal."""
        return [root.owner for root in self.signal.roots if isinstance(root.owner, core_op.VmmOp)]

    @cached_property
    def shift(self) -> float:
        """What keeps the number that is coded from being negative."""
        low, _ = range_of(self.signal.roots, self.signals.function) or (0.0, 0.0)
        return 0.0 if self.signal.is_rectified else max(0.0, -low)

    @cached_property
    def distribution(self) -> Distribution:
        """How the numbers that are coded are spread."""
        return Distribution.of(self.values, self.shift)

    def refusal(self) -> str | None:
        """Why nothing but a thermometer will do; `None` where there is no reason."""
        if (reason := needs_one_unit(self.signal, self.functions)) is not None:
            return reason
        if any(LIMITS in op.attributes for op in self.products):
            return "the network's own quantizer prescribes its numbers"
        users = [use.operation for value in self.signal.values for use in value.uses]
        if not all(isinstance(op, core_op.CoreOperation) for op in users):
            return "the host decodes it, and knows sums of units only"
        trainable = [*self.products, *merges_of(self.signal)]
        if any(trained.constant_of(op.weight) is None for op in trainable):
            return "the weights beside it are computed"
        low, _ = range_of(self.signal.roots, self.signals.function) or (0.0, 0.0)
        if low < 0 and self.signal.is_rectified:
            return "some of it is rectified, and some may be negative"
        if self.shift and any(_pads(op) for op in users):
            return "it may be negative, and pads stand for zero"
        return None

    @property
    def is_merged(self) -> bool:
        """Whether tiles compute its sums: each unit would merge partial sums of its own."""
        for op in self.products:
            units = self.signals.units(op.input), 1
            if tiles_of(op.fan_in, op.outputs, self.signals.target, units)[0] > 1:
                return True
        return False

    def digits_refusal(self, *, strict: bool) -> str | None:
        """Why it cannot have two digits; where `strict`, or why they would lose too much."""
        if any(isinstance(value.owner, core_op.MaxOp) for value in self.signal.values):
            return "a maximum takes whole numbers, not digits"
        sources = self.sources()
        if len(sources) != 1:
            return "what computes it reads signals of several codes"
        (source,) = sources
        code = self.signals.code(source)
        if code.zero.data:
            return "what computes it reads numbers that may be negative"
        if code.units.data > 1:
            return self._spelling_refusal(source, strict=strict)
        return None

    def sources(self) -> list[SignalClass]:
        """The other signals that the dot products read."""
        found = {id(s): s for op in self.products if (s := self.signals.of[op.input])}
        return [signal for signal in found.values() if signal is not self.signal]

    def thermometer(self) -> Candidate:
        """The code that was calibrated, as many units as were noted."""
        code = self.signals.code(self.signal)
        scale, zero = code.scale.data, code.zero.data
        wide = self.values.astype(np.float64)
        coded = (np.clip(np.rint(wide / scale) + zero, 0, code.largest) - zero) * scale
        power = float(wide @ wide)
        error = float(np.sqrt(np.square(coded - wide).sum() / power)) if power else 0.0
        units = code.units.data
        return Candidate(None, units, self._cores(units, None), error)

    def trained(self, units: int) -> Candidate:
        """Trained units, so many."""
        largest = float(self.distribution.numbers[-1])
        known = self.signals.code(self.signal)
        scale = known.scale.data * known.units.data / units
        scale = min(scale, largest / (units * self.chip.largest)) or scale
        coding = fit_units(self.distribution, units, scale, self.chip, self.shift)
        return self._candidate(coding, np.array(coding.decoder))

    def digits(self, units: int) -> Iterator[Candidate]:
        """Two digits of so many units together."""
        for coarse in range(1, units):
            coding = fit_digits(self.distribution, coarse, units - coarse, self.chip, self.shift)
            yield self._candidate(coding, np.array(coding.decoder(self.chip)))

    def _candidate(self, coding: Coding, decoder: npt.NDArray[np.float64]) -> Candidate:
        chip, target = self.chip, self.signals.target
        few = self.values[:: -(-len(self.values) // SEEN)].astype(np.float64)
        codes = coding.codes(few, chip)
        read = [real_parameters(op)[0] for op in merges_of(self.signal)]
        made = [real_parameters(op)[0] for op in self.products]
        lost = decoder_loss(read, few, decoder, codes, target)
        if isinstance(coding, Digits):
            unit = self.signals.code(self.sources()[0]).unit.scale.data
            lost += digits_loss(made, few, coding, unit, chip, target)
        else:
            lost += parallel_loss(made, few, coding, chip, target)
        error = relative_error(self.values, coding, chip)
        error = float(np.sqrt(error**2 + max(lost, 0.0)))
        return Candidate(coding, coding.units, self._cores(coding.units, coding), error)

    def _cores(self, units: int, coding: Coding | None) -> int:
        """Of everything that computes or reads the signal, where so many units carry it."""
        total = 0
        for op in dict.fromkeys([*self.products, *merges_of(self.signal)]):
            reads, makes = op.input in self.signal.values, op.result in self.signal.values
            rows = units if reads else self.signals.units(op.input)
            columns = units if makes else self.signals.units(op.result)
            if coding is None:
                total += self._cores_of(op, op.fan_in, op.outputs, (rows, columns))
                continue
            fan_in, rows = (op.fan_in * rows, 1) if reads else (op.fan_in, rows)
            if not makes:
                total += self._cores_of(op, fan_in, op.outputs, (rows, columns))
            elif isinstance(coding, ParallelUnits):
                total += self._cores_of(op, fan_in, op.outputs * columns, (rows, 1))
            else:
                # The fine stage reads the coarse digit beside what the product reads.
                fan_in, coarse = fan_in * rows, op.outputs * coding.coarse
                total += self._cores_of(op, fan_in, coarse, (1, 1))
                total += self._cores_of(op, fan_in + coarse, op.outputs * coding.fine, (1, 1))
        return total

    def _cores_of(
        self, op: core_op.VmmOp, fan_in: int, outputs: int, units: tuple[int, int]
    ) -> int:
        """Of a product where `op` is, with other rows and columns."""
        positions = shape_of(op.input)[:-2]
        return product_cores(op.groups, positions, fan_in, outputs, self.signals.target, units)

    def _spelling_refusal(self, source: SignalClass, *, strict: bool) -> str | None:
        """Why the units of what is read cannot be values of their own."""
        known = "what computes it reads units that cannot be told apart"
        if source.is_coded or needs_one_unit(source, self.functions) is not None:
            return known
        roots = source.roots
        is_sent = all(isinstance(root, BlockArgument) for root in roots)
        if not is_sent and any(isinstance(root, BlockArgument) for root in roots):
            return known
        other = Choice(source, self.signals, self.values[:1], self.functions)
        if is_sent:
            return None
        if strict and other.is_merged:
            return "what computes it reads units that are merged from tiles"
        return known if other.refusal() is not None else None


def _pads(op: object) -> bool:
    return isinstance(op, core_op.PadOp) or (
        isinstance(op, core_op.WindowOp) and op.window.has_padding
    )
