"""How far one function's values are from another's, on the same samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log10, nan, prod

import numpy as np
import numpy.typing as npt
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.ir import Operation, SSAValue

from ...dialects import trained
from ...dialects.core_op import GOLDEN_ATTRIBUTE
from ...dialects.nn import shape_of
from ...dialects.support.errors import CorelowerError, OperationError, describe_location
from ...dialects.support.provenance import golden_order
from .evaluator import (
    BATCH_BYTES,
    LARGEST_BATCH,
    Evaluator,
    Progress,
    SampleSource,
    find_function,
)

Array = npt.NDArray[np.generic]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class ValueDifference:
    """How far a value is from the golden one of the same name, over all samples."""

    name: str
    """The golden value's name."""
    where: str | None
    """The location of the operation that computes the value, as a user reads it."""
    shape: Shape
    sqnr: float
    """Signal power over error power in dB; infinite where the values are equal."""
    maximum: float
    """The largest absolute error."""
    relative: float
    """The largest absolute error over the largest golden magnitude."""


@dataclass(frozen=True)
class Comparison:
    """What `compare_functions` found."""

    samples: int
    values: list[ValueDifference]
    """In the order in which the function computes them."""
    skipped: dict[str, str]
    """Names of values that cannot be compared, and why."""
    outputs: list[ValueDifference]
    """The function's results, by position."""
    classes: npt.NDArray[np.int64] | None
    """The class that the function's results name for each sample, see `predictions`."""
    golden_classes: npt.NDArray[np.int64] | None

    @property
    def disagreement(self) -> float | None:
        """See `disagreement`; `None` where the results name no class."""
        if self.classes is None or self.golden_classes is None:
            return None
        return _fraction(self.classes != self.golden_classes)


class ErrorStatistics:
    """The error of one value, gathered batch by batch."""

    def __init__(self) -> None:
        self.signal_power = 0.0
        self.error_power = 0.0
        self.largest_signal = 0.0
        self.largest_error = 0.0

    def add(self, actual: Array, golden: Array) -> None:
        """Take a batch into account; both arrays have the same elements in the same order."""
        wanted = golden.astype(np.float64).reshape(-1)
        error = actual.astype(np.float64).reshape(-1) - wanted
        self.signal_power += float(wanted @ wanted)
        self.error_power += float(error @ error)
        # np.maximum, not max: NaN must stay.
        largest_signal = np.maximum(self.largest_signal, np.max(np.abs(wanted), initial=0.0))
        largest_error = np.maximum(self.largest_error, np.max(np.abs(error), initial=0.0))
        self.largest_signal, self.largest_error = float(largest_signal), float(largest_error)

    @property
    def sqnr(self) -> float:
        """Signal power over error power in dB."""
        if not np.isfinite(self.error_power) or not np.isfinite(self.signal_power):
            return nan
        if not self.error_power:
            return inf
        return 10 * log10(self.signal_power / self.error_power) if self.signal_power else -inf


def predictions(outputs: Sequence[Array]) -> npt.NDArray[np.int64] | None:
    """
    The class that each sample's outputs name: an index that the network itself returns, otherwise
    the argmax of the first output, the first of equals. `None` where neither says a class.
    """
    for output in outputs:
        if output.dtype.kind in "iu" and prod(output.shape[1:]) == 1:
            return output.reshape(len(output)).astype(np.int64)
    if not outputs or prod(outputs[0].shape[1:]) < 2:
        return None
    return np.argmax(outputs[0].reshape(len(outputs[0]), -1), axis=1).astype(np.int64)


def accuracy(outputs: Sequence[Array], labels: npt.NDArray[np.integer]) -> float:
    """
    The fraction of samples whose outputs name the class in `labels`, see `predictions`.

    Raises `CorelowerError` where the outputs name no class, or the numbers of samples differ.
    """
    return _fraction(_classes(outputs) == _same_length(labels, outputs))


def disagreement(first: Sequence[Array], second: Sequence[Array]) -> float:
    """The fraction of samples whose class differs between two networks' outputs."""
    return _fraction(_classes(first) != _same_length(_classes(second), first))


def golden_function(module: ModuleOp, function: func.FuncOp) -> func.FuncOp:
    """The function that `function` must keep the meaning of, from its attribute."""
    reference = function.attributes.get(GOLDEN_ATTRIBUTE)
    if not isinstance(reference, SymbolRefAttr):
        raise OperationError(
            function,
            f"@{function.sym_name.data} names no golden function ({GOLDEN_ATTRIBUTE}); "
            "give another file to compare with",
        )
    return find_function(module, reference.root_reference.data)


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
    named, skipped = _pair_values(ours, theirs)
    pairs = [*results, *named]
    ours.batch_size = theirs.batch_size = _batch_size(pairs, ours, theirs)
    statistics = [ErrorStatistics() for _ in pairs]
    classes: list[npt.NDArray[np.int64] | None] = []
    golden_classes: list[npt.NDArray[np.int64] | None] = []
    done = 0
    for (count, actual), (_, reference) in zip(
        ours.batches([pair.value for pair in pairs], *inputs),
        theirs.batches([pair.golden for pair in pairs], *inputs),
        strict=True,
    ):
        for pair, gathered, array, other in zip(pairs, statistics, actual, reference, strict=True):
            gathered.add(array, pair.align(other))
        classes.append(predictions(actual[: len(results)]))
        golden_classes.append(predictions(reference[: len(results)]))
        done += count
        if progress is not None:
            progress(done, len(inputs[0]))
    rows = [pair.difference(gathered) for pair, gathered in zip(pairs, statistics, strict=True)]
    return Comparison(
        samples=done,
        values=rows[len(results) :],
        skipped=skipped,
        outputs=rows[: len(results)],
        classes=_together(classes),
        golden_classes=_together(golden_classes),
    )


@dataclass(frozen=True)
class _Pair:
    name: str
    value: SSAValue
    golden: SSAValue
    order: tuple[int, ...] | None = None
    """The golden value's axes, where they run in another order in `value`."""

    def align(self, golden: Array) -> Array:
        """A batch of golden values, their elements in the order of `value`."""
        if self.order is None:
            return golden
        return np.transpose(golden, (0, *(axis + 1 for axis in self.order)))

    def difference(self, gathered: ErrorStatistics) -> ValueDifference:
        owner = self.value.owner
        where = describe_location(owner.location) if isinstance(owner, Operation) else None
        largest_error, largest = gathered.largest_error, gathered.largest_signal
        relative = largest_error / largest if largest else (inf if largest_error else 0.0)
        return ValueDifference(
            self.name, where, shape_of(self.value), gathered.sqnr, largest_error, relative
        )


def _pair_results(ours: Evaluator, theirs: Evaluator) -> list[_Pair]:
    shapes = [[shape_of(value) for value in evaluator.returned] for evaluator in (ours, theirs)]
    if list(map(prod, shapes[0])) != list(map(prod, shapes[1])):
        names = [evaluator.function.sym_name.data for evaluator in (ours, theirs)]
        raise CorelowerError(
            f"the results differ: @{names[0]} returns {_shapes_text(shapes[0])}, "
            f"@{names[1]} {_shapes_text(shapes[1])}"
        )
    pairs = zip(ours.returned, theirs.returned, strict=True)
    return [_Pair(f"result {index}", *pair) for index, pair in enumerate(pairs)]


def _pair_values(ours: Evaluator, theirs: Evaluator) -> tuple[list[_Pair], dict[str, str]]:
    golden_values = theirs.named_values()
    pairs: list[_Pair] = []
    skipped: dict[str, str] = {}
    for name, (op, value) in ours.named_values().items():
        if name not in golden_values or isinstance(op, trained.TensorOp):
            continue
        golden_op, golden = golden_values[name]
        shape, golden_shape = shape_of(value), shape_of(golden)
        order = golden_order(op)
        if order == golden_order(golden_op):
            order = None
        elif golden_order(golden_op) is not None:
            skipped[name] = "its axes run in another order on each side"
            continue
        if prod(shape) != prod(golden_shape):
            skipped[name] = f"{prod(shape)} elements stand for {prod(golden_shape)}"
        elif order is not None and sorted(order) != list(range(len(golden_shape))):
            skipped[name] = f"golden_order {list(order)} does not fit shape {list(golden_shape)}"
        else:
            pairs.append(_Pair(name, value, golden, order))
    return pairs, skipped


def _batch_size(pairs: Sequence[_Pair], ours: Evaluator, theirs: Evaluator) -> int:
    sample_bytes = sum(8 * prod(shape_of(pair.value)) for pair in pairs)
    fitting = BATCH_BYTES // max(1, sample_bytes)
    return max(1, min(LARGEST_BATCH, ours.batch_size, theirs.batch_size, fitting))


def _shapes_text(shapes: Sequence[Shape]) -> str:
    return ", ".join(str(list(shape)) for shape in shapes) or "nothing"


def _together(
    batches: Sequence[npt.NDArray[np.int64] | None],
) -> npt.NDArray[np.int64] | None:
    known = [batch for batch in batches if batch is not None]
    return np.concatenate(known) if known and len(known) == len(batches) else None


def _classes(outputs: Sequence[Array]) -> npt.NDArray[np.int64]:
    classes = predictions(outputs)
    if classes is None:
        raise CorelowerError("the outputs name no class: neither an index nor several numbers")
    return classes


def _same_length(
    labels: npt.NDArray[np.integer], outputs: Sequence[Array]
) -> npt.NDArray[np.integer]:
    if len(labels) != len(outputs[0]):
        raise CorelowerError(f"{len(labels)} labels or classes for {len(outputs[0])} samples")
    return labels


def _fraction(hits: npt.NDArray[np.bool_]) -> float:
    return float(np.mean(hits))
