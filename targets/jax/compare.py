"""How far one function's values are from another's, on the same samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
from xdsl.dialects import func
from xdsl.ir import Operation, SSAValue

from ...dialects import trained
from ...dialects.nn import shape_of
from ...dialects.support.errors import CorelowerError, describe_location
from ...dialects.support.golden_scale import golden_scale
from ...dialects.support.provenance import golden_decoder, golden_order, golden_units
from ..measures import Comparison, ComparisonRecord, ValuePlace
from .evaluator import (
    BATCH_BYTES,
    LARGEST_BATCH,
    Evaluator,
    Progress,
    SampleSource,
)

Array = npt.NDArray[np.generic]
Shape = tuple[int, ...]
Decoder = tuple[float, ...] | None


def compare_functions(
    function: func.FuncOp,
    golden: func.FuncOp,
    *inputs: SampleSource,
    progress: Progress | None = None,
) -> Comparison:
    """
    Every value of `function` against the value of the same golden name, and the results.

    `golden` may be of any level, of the same module or another. No more than a batch of values is
    held at a time. Raises `CorelowerError` where the samples fit neither function.
    """
    ours, theirs = Evaluator(function), Evaluator(golden)
    results = _pair_results(ours, theirs)
    named, skipped = pair_values(ours, theirs)
    pairs = [*results, *named]
    ours.batch_size = theirs.batch_size = _batch_size(pairs, ours, theirs)
    record = ComparisonRecord(len(pairs), len(results))
    for (_, actual), (_, reference) in zip(
        ours.batches([pair.value for pair in pairs], *inputs),
        theirs.batches([pair.golden for pair in pairs], *inputs),
        strict=True,
    ):
        aligned = [pair.align(array) for pair, array in zip(pairs, reference, strict=True)]
        record.add([p.number(array) for p, array in zip(pairs, actual, strict=True)], aligned)
        if progress is not None:
            progress(record.samples, len(inputs[0]))
    return record.comparison([pair.place for pair in pairs], skipped)


@dataclass(frozen=True)
class ValuePair:
    """A value, and the golden value of its name with the same elements."""

    name: str
    value: SSAValue
    golden: SSAValue
    order: tuple[int, ...] | None = None
    """The golden value's axes, where they run in another order in `value`."""
    scale: npt.NDArray[np.float32] | None = None
    """What the golden value is multiplied with in `value`, where channels were scaled."""
    units: tuple[int, int] = (1, 1)
    """How many neighbours add up to a number, in `value` and in `golden`."""

    decoders: tuple[Decoder, Decoder] = (None, None)
    """What each unit's number counts, in `value` and in `golden`; all the same where `None`."""

    def number(self, actual: Array) -> Array:
        """A batch of values, each the sum of its units."""
        return _sum_of_units(actual, self.units[0], self.decoders[0])

    def align(self, golden: Array) -> Array:
        """A batch of golden values, their elements in the order of `value`."""
        golden = _sum_of_units(golden, self.units[1], self.decoders[1])
        if self.scale is not None:
            golden = np.multiply(golden.astype(np.float32), self.scale)
        if self.order is None:
            return golden
        return np.transpose(golden, (0, *(axis + 1 for axis in self.order)))

    @property
    def place(self) -> ValuePlace:
        owner = self.value.owner
        where = describe_location(owner.location) if isinstance(owner, Operation) else None
        return ValuePlace(self.name, where, shape_of(self.value))


def _pair_results(ours: Evaluator, theirs: Evaluator) -> list[ValuePair]:
    shapes = [[shape_of(value) for value in evaluator.returned] for evaluator in (ours, theirs)]
    if list(map(prod, shapes[0])) != list(map(prod, shapes[1])):
        names = [evaluator.function.sym_name.data for evaluator in (ours, theirs)]
        raise CorelowerError(
            f"the results differ: @{names[0]} returns {_shapes_text(shapes[0])}, "
            f"@{names[1]} {_shapes_text(shapes[1])}"
        )
    pairs = zip(ours.returned, theirs.returned, strict=True)
    return [ValuePair(f"result {index}", *pair) for index, pair in enumerate(pairs)]


def pair_values(ours: Evaluator, theirs: Evaluator) -> tuple[list[ValuePair], dict[str, str]]:
    """The values that both have, by name, and the names of those that cannot be compared: why."""
    golden_values = theirs.named_values()
    pairs: list[ValuePair] = []
    skipped: dict[str, str] = {}
    for name, (op, value) in ours.named_values().items():
        if name not in golden_values or isinstance(op, trained.TensorOp):
            continue
        golden_op, golden = golden_values[name]
        units = golden_units(op), golden_units(golden_op)
        sizes = prod(shape_of(value)) // units[0], prod(shape_of(golden)) // units[1]
        golden_shape = shape_of(golden)
        order = golden_order(op)
        if order == golden_order(golden_op):
            order = None
        elif golden_order(golden_op) is not None:
            skipped[name] = "its axes run in another order on each side"
            continue
        if golden_scale(golden_op) is not None:
            skipped[name] = "its channels are scaled on the other side"
            continue
        if sizes[0] != sizes[1]:
            skipped[name] = f"{sizes[0]} elements stand for {sizes[1]}"
        elif order is not None and sorted(order) != list(range(len(golden_shape))):
            skipped[name] = f"golden_order {list(order)} does not fit shape {list(golden_shape)}"
        elif order is not None and units[1] > 1:
            skipped[name] = "its axes run in another order than the units on the other side"
        else:
            decoders = golden_decoder(op), golden_decoder(golden_op)
            pairs.append(ValuePair(name, value, golden, order, golden_scale(op), units, decoders))
    return pairs, skipped


def _sum_of_units(array: Array, units: int, decoder: Decoder) -> Array:
    if units == 1 and decoder is None:
        return array
    numbers = array.reshape(len(array), -1, units)
    if decoder is None:
        return numbers.sum(axis=-1)
    return numbers.astype(np.float32) @ np.array(decoder, np.float32)


def _batch_size(pairs: Sequence[ValuePair], ours: Evaluator, theirs: Evaluator) -> int:
    sample_bytes = sum(8 * prod(shape_of(pair.value)) for pair in pairs)
    fitting = BATCH_BYTES // max(1, sample_bytes)
    return max(1, min(LARGEST_BATCH, ours.batch_size, theirs.batch_size, fitting))


def _shapes_text(shapes: Sequence[Shape]) -> str:
    return ", ".join(str(list(shape)) for shape in shapes) or "nothing"
