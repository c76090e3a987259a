"""Where a coded network loses accuracy: cases of single causes, measured and put together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from ..dialects import core_op
from ..dialects.nn import shape_of
from ..dialects.support.errors import OperationError
from ..dialects.support.golden_scale import golden_scale
from ..dialects.support.provenance import golden_name, golden_order
from ..dialects.support.samples import Samples
from ..targets.attribution import (
    APPROXIMATION,
    BIT_KINDS,
    CAUSES,
    CLIPPING,
    PARTIAL_SUMS,
    SIGNAL,
    WEIGHTS,
    Attribution,
    BitGain,
    CauseLoss,
    CauseTotal,
    Distance,
    LayerLoss,
    decibels,
)
from .function_clusters import find_clusters
from .loss_cases import CaseMaker
from .loss_places import BitPlace, gains, places_for_a_bit
from .real_parameters import real_parameters_of
from .tuned_network import chip_output
from .wiring import AUXILIARY, FIXED

if TYPE_CHECKING:
    from ..targets.jax.attribution import Measured
    from ..targets.jax.compare import ValuePair

FloatArray = npt.NDArray[np.float64]
WeightArray = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]

EXACT_MISMATCH = 0.01
"""Mean distance in codes below which a function counts as exact on codes; ties may differ."""

ON_GRID = 1e-9
"""Error over signal power below which golden values lie on the code's own grid."""

NEGLIGIBLE = 1e-9
"""Error over signal power below which a cause is none: float32 has no less."""

FEWEST_SAMPLES = 32
"""Where even so few are too much work, only the errors of layers are measured."""


def _say_nothing(done: int, total: int) -> None:
    pass


def attribute_loss(
    function: FuncOp,
    golden: FuncOp,
    samples: Samples,
    *,
    decisions: bool,
    most_products: float | None = None,
    progress: Progress = _say_nothing,
) -> Attribution:
    """
    Measure what each cause costs in each layer of `function`, and what a further bit would give.

    With `decisions` the outputs count as a softmax reads them. `most_products` bounds the work, in
    multiplications: of fewer samples, and where that is not enough, without the cases that run the
    whole network for each cause and bit. Raises `OperationError` where nothing is coded.
    """
    work = LossMeasurement(function, golden, decisions)
    return work.run(samples, most_products, progress)


class LossMeasurement:
    """The parts of a network, its causes of error, and the cases that measure them."""

    def __init__(self, function: FuncOp, golden: FuncOp, decisions: bool):
        from ..targets.jax.attribution import SwitchedNetwork
        from ..targets.jax.evaluator import Evaluator
        from ..targets.jax.network_parts import cut_into_parts

        self.function = function
        value, wanted = chip_output(function), chip_output(golden)
        output = _output_pair(value, wanted)
        if prod(shape_of(value)) != output.units[0] * prod(shape_of(wanted)):
            raise OperationError(function, "its outputs are not those of its golden function")
        products = [op for op in function.walk() if isinstance(op, core_op.VmmOp)]
        curved = {op for cluster in find_clusters(golden) for op in cluster.operations}
        untrained = {op for op in products if AUXILIARY in op.attributes}
        ours, theirs = Evaluator(function), Evaluator(golden)
        parts = cut_into_parts(ours, theirs, output, curved, untrained)
        if not parts:
            raise OperationError(
                function, "none of its values is coded; run core-op-reencode before"
            )
        real: dict[Operation, tuple[WeightArray, WeightArray]] = {
            op: (kept.weight, kept.bias)
            for op in products
            if op.is_quantized and (kept := real_parameters_of(op)) is not None
        }
        self.trained = {op for op in products if op not in untrained and FIXED not in op.attributes}
        self.knows_weights = all(op in real or not op.is_quantized for op in self.trained)
        self.decisions = decisions and prod(shape_of(wanted)) > 1
        self.network = SwitchedNetwork(ours, theirs, parts, output, real, decisions=self.decisions)
        self.maker = CaseMaker(tuple(parts), self.network.places)
        self.multiplications = sum(prod(shape_of(op.result)) * op.fan_in for op in products)

    def run(
        self,
        samples: Samples,
        most_products: float | None = None,
        progress: Progress = _say_nothing,
    ) -> Attribution:
        """Measure everything; see `attribute_loss`."""
        samples = samples.first(self._affordable(samples, most_products, len(CAUSES) + 2))
        chip = self.network.measure(samples, [self.maker.chip()])[0]
        is_function = np.array([bool(part.exact) for part in self.maker.parts])
        self.maker = replace(
            self.maker,
            on_grid=_numbers(chip.off_grid < ON_GRID),
            exact=_numbers(is_function & (chip.mismatch < EXACT_MISMATCH)),
        )
        errors, together = self._local_errors(samples)
        causes = list(self._removable(errors))
        found = [cause for cause in CAUSES if any(cause == other for _, other in causes)]
        places = list(self._places(errors))
        cases = [
            self.maker.chip(),
            *(self.maker.without(cause, range(len(self.maker.parts))) for cause in found),
            *(self.maker.without(cause, [number]) for number, cause in causes),
            *(place.case for place in places),
        ]
        count = self._affordable(samples, most_products, len(cases))
        if count < min(len(samples), FEWEST_SAMPLES):
            layers = self._layers(chip, errors, together, {})
            return self._attribution(len(samples), chip.outputs, (), layers, ())
        chip, *measured = self.network.measure(samples.first(count), cases, progress)
        outputs = iter([one.outputs for one in measured])
        totals = [_total(cause, next(outputs)) for cause in found]
        removed = {key: next(outputs) for key in causes}
        bits = [place.gain(chip.outputs, next(outputs)) for place in places]
        layers = self._layers(chip, errors, together, removed)
        return self._attribution(count, chip.outputs, totals, layers, bits)

    def _local_errors(self, samples: Samples) -> tuple[dict[str, FloatArray], FloatArray]:
        """Error over signal power of each cause alone, by part, and of all causes together."""
        # What a part constructs instead of a curve is the same with and without other causes.
        settings = {
            SIGNAL: (SIGNAL,),
            CLIPPING: (CLIPPING,),
            PARTIAL_SUMS: (PARTIAL_SUMS, APPROXIMATION),
            WEIGHTS: (WEIGHTS, APPROXIMATION),
            APPROXIMATION: (APPROXIMATION,),
        }
        cases = [self.maker.local(causes) for causes in (*settings.values(), CAUSES)]
        *measured, together = self.network.measure(samples, cases)
        errors = {c: found.error for c, found in zip(settings, measured, strict=True)}
        for cause in (PARTIAL_SUMS, WEIGHTS):
            errors[cause] = np.maximum(errors[cause] - errors[APPROXIMATION], 0.0)
        errors[APPROXIMATION][list(self.maker.on_grid)] = 0.0
        return errors, together.error

    def _removable(self, errors: Mapping[str, FloatArray]) -> Iterator[tuple[int, str]]:
        """The parts and causes that the network can be run without, and is not already."""
        for number, part in enumerate(self.maker.parts):
            for cause in CAUSES:
                is_built = bool(part.exact) and number not in self.maker.exact
                if errors[cause][number] > NEGLIGIBLE and (cause != APPROXIMATION or is_built):
                    yield number, cause

    def _places(self, errors: Mapping[str, FloatArray]) -> Iterator[BitPlace]:
        """Where one bit more could make a difference."""
        rounded = {kind: _numbers(errors[kind] > NEGLIGIBLE) for kind in BIT_KINDS}
        for place in places_for_a_bit(self.function, self.maker, self.trained):
            if self.maker.parts.index(place.part) in rounded[place.kind]:
                yield place

    def _affordable(self, samples: Samples, most_products: float | None, cases: int) -> int:
        """How many of the samples so many cases may run on."""
        if most_products is None:
            return len(samples)
        fitting = most_products / (max(1, self.multiplications) * cases)
        return max(1, min(len(samples), int(fitting)))

    def _layers(
        self,
        chip: "Measured",
        errors: Mapping[str, FloatArray],
        together: FloatArray,
        removed: Mapping[tuple[int, str], Distance],
    ) -> list[LayerLoss]:
        layers: list[LayerLoss] = []
        for number, part in enumerate(self.maker.parts):
            causes: list[CauseLoss] = []
            for cause in CAUSES:
                error, without = float(errors[cause][number]), removed.get((number, cause))
                if error > NEGLIGIBLE:
                    gain = (None, None) if without is None else gains(chip.outputs, without)
                    causes.append(CauseLoss(cause, error, *gain))
            inherited, local = float(chip.error[number]), float(together[number])
            layers.append(
                LayerLoss(
                    part.name, part.where, decibels(inherited), decibels(local), tuple(causes)
                )
            )
        return layers

    def _attribution(
        self,
        samples: int,
        outputs: Distance,
        causes: Sequence[CauseTotal],
        layers: Sequence[LayerLoss],
        bits: Sequence[BitGain],
    ) -> Attribution:
        return Attribution(
            samples=samples,
            measure="kl_divergence" if self.decisions else "squared_error",
            distance=outputs.distance,
            disagreement=outputs.disagreement,
            knows_weights=self.knows_weights,
            causes=tuple(causes),
            layers=tuple(layers),
            bits=tuple(sorted(bits, key=lambda bit: -bit.distance_gain)),
        )


def _output_pair(value: SSAValue, wanted: SSAValue) -> "ValuePair":
    """What a function is for: its last value before the host's, and the golden one."""
    from ..targets.jax.compare import ValuePair

    readers = [use.operation for use in value.uses if isinstance(use.operation, core_op.DecodeOp)]
    units = readers[0].unit_count if readers else 1
    ours, theirs = value.owner, wanted.owner
    name = golden_name(ours) if isinstance(ours, Operation) else None
    if not isinstance(ours, Operation) or not isinstance(theirs, Operation):
        return ValuePair("result", value, wanted, units=(units, 1))
    if name is None or name != golden_name(theirs):
        return ValuePair(name or "result", value, wanted, units=(units, 1))
    return ValuePair(name, value, wanted, golden_order(ours), golden_scale(ours), (units, 1))


def _total(cause: str, without: Distance) -> CauseTotal:
    return CauseTotal(cause, without.distance, without.disagreement)


def _numbers(marked: npt.NDArray[np.bool_]) -> frozenset[int]:
    return frozenset(np.flatnonzero(marked).tolist())
