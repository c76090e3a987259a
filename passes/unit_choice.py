"""How many units are to carry each number of a signal, so that its code loses little enough."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.ir import BlockArgument, Operation, SSAValue

from ..dialects import core_op
from ..dialects.nn import shape_of
from ..dialects.support.target import Target
from .approximated_functions import ApproximatedFunction
from .merge_trees import merge_holds, merged_at_once
from .signal_classes import SignalClass
from .wiring import PARTIAL

MOST_UNITS = 16
"""What `auto` gives a signal at most."""

NEARLY = 1.02
"""Of the least error within reach: what fewer units may have in its place."""

FREE = 3 / 4
"""Of a core's rows: what units of the network's input take at most; the others are for biases."""

PARTIAL_LOSS = 1 / 4
"""Of the merged sum's own rounding error: what its partial sums may lose together, as variance."""


@dataclass(frozen=True)
class Fitted:
    """A code's interval, its units, and its error: of whatever kind it was asked for."""

    low: float
    high: float
    units: int
    error: float


Fit = Callable[[int], Fitted]
"""The best interval for a number of units, and its error."""


def fewest_units(fit: Fit, wanted: float, most: int) -> Fitted:
    """
    The fewest units whose error is at most `wanted`; out of reach, that of `most`, or nearly so.

    The error falls about as the number of units grows: that is where the search starts.
    """
    found = {1: fit(1)}

    def at(units: int) -> Fitted:
        if units not in found:
            found[units] = fit(units)
        return found[units]

    if most <= 1 or found[1].error <= wanted:
        return found[1]
    if at(most).error > wanted:
        # A code that gains nothing by units, as of one bit with a sign, is to have none.
        wanted = at(most).error * NEARLY
        if found[1].error <= wanted:
            return found[1]
    units = min(most, max(2, round(found[1].error / max(wanted, 1e-9))))
    while at(units).error > wanted:
        units += 1
    while units > 2 and at(units - 1).error <= wanted:
        units -= 1
    return at(units)


def is_partial(signal: SignalClass) -> bool:
    """Whether all of a signal is partial sums."""
    owners = [root.owner for root in signal.roots]
    return all(isinstance(op, core_op.VmmOp) and PARTIAL in op.attributes for op in owners)


def is_input(signal: SignalClass) -> bool:
    """Whether all of a signal is what the host encodes."""
    return all(isinstance(root, BlockArgument) for root in signal.roots)


def free_rows(signal: SignalClass, target: Target) -> int:
    """
    The most units that each number of a signal can have without a core more to read them.

    Without sharing, a core reads several positions: no row is free. More units take larger biases,
    which need rows too, or must be held exactly.
    """
    readers = merges_of(signal)
    if not readers or not target.shares_positions or not target.units_possible:
        return 1
    return min(_units_within_tiles(op.fan_in, target.inputs) for op in readers)


def free_columns(signal: SignalClass, target: Target) -> int:
    """
    The most units that each number of what leaves the chip can have without a core more.

    Without sharing, the columns of a core serve several positions: only those of vectors are free.
    """
    products = _products(signal)
    if not products or not target.units_possible or any(op.groups > 1 for op in products):
        return 1
    if not target.shares_positions and any(_positions(op) > 1 for op in products):
        return 1
    return room_for_units(signal, target, free_columns=True)


def _positions(op: core_op.VmmOp) -> int:
    return prod(shape_of(op.result)[:-2])


def _units_within_tiles(fan_in: int, rows: int) -> int:
    """The most rows for each of `fan_in` inputs that need no more cores than one row for each."""
    tiles = -(-fan_in // rows)
    return max(1, int(FREE * rows) // -(-fan_in // tiles)) if fan_in else 1


def needs_one_unit(signal: SignalClass, functions: Sequence[ApproximatedFunction]) -> str | None:
    """Why a signal is to have one unit, whatever its error; `None` where it may have several."""
    owners = {value.owner for value in signal.values}
    users = {use.operation for value in signal.values for use in value.uses}
    products = [op for op in owners | users if isinstance(op, core_op.VmmOp)]
    if any(op.same_code is not None and op in owners for op in products):
        return "a maximum built from rectifiers is exact in the steps of one code"
    layers = {layer for function in functions for layer in function.layers}
    if any(op in layers for op in products):
        return "it belongs to an approximated function"
    return None


def merges_of(signal: SignalClass) -> list[core_op.VmmOp]:
    """The dot products that read a signal."""
    users = {use.operation: None for value in signal.values for use in value.uses}
    return [op for op in users if isinstance(op, core_op.VmmOp)]


def room_for_units(signal: SignalClass, target: Target, *, free_columns: bool) -> int:
    """
    The most units for which no consumer's rows are exceeded; with `free_columns` nor, on the cores
    that compute the signal, the columns.
    """
    rooms = [target.inputs // merge.fan_in for merge in merges_of(signal)]
    if free_columns:
        rooms += [target.fan_out // op.outputs for op in _products(signal)]
    rooms.append(MOST_UNITS if free_columns else core_op.LARGEST_UNITS)
    return max(1, min([*rooms, core_op.LARGEST_NUMBER // target.largest_number]))


def partial_error(signal: SignalClass, steps: dict[SSAValue, float]) -> float | None:
    """
    The root mean squared error that each partial sum may have; `None` where nothing merges them.

    `steps` are those of the merged sums' codes. Rounding to a step has the variance `step^2 / 12`.
    """
    wanted: list[float] = []
    for merge in merges_of(signal):
        code = core_op.code_of(merge.result)
        step = code.scale.data if code is not None else steps.get(merge.result)
        if step is not None:
            wanted.append(step * (PARTIAL_LOSS / 12 / merge.fan_in) ** 0.5)
    return min(wanted, default=None)


def merges_hold(
    signal: SignalClass,
    code: core_op.CodeType,
    spans: dict[SSAValue, float],
    target: Target,
    stages: int,
) -> bool:
    """
    Whether the cores that merge partial sums in `code` hold them and their biases.

    `spans` are those of merged sums that have no code yet. With several `stages` of merges, as many
    as these need not be added by one core.
    """
    for merge in merges_of(signal):
        merged = core_op.code_of(merge.result)
        span = (
            spans.get(merge.result, 0.0) if merged is None else merged.scale.data * merged.largest
        )
        reach = merged_at_once(merge, code, target) ** stages if stages > 1 else 0
        if reach < merge.fan_in and not merge_holds(merge, code, span, target):
            return False
    return True


def place_of(signal: SignalClass) -> Operation | None:
    """The operation that first computes a signal; `None` for the function's input."""
    return next((r.owner for r in signal.roots if isinstance(r.owner, Operation)), None)


def _products(signal: SignalClass) -> list[core_op.VmmOp]:
    return [root.owner for root in signal.roots if isinstance(root.owner, core_op.VmmOp)]
