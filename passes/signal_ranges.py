"""Calibrated ranges of signals: what `core-op-calibrate` writes and `core-op-reencode` reads."""

from collections.abc import Iterable

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    Float64Type,
    IntegerAttr,
    f64,
    i64,
)
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue
from xdsl.utils.hints import isa

RANGE = "core_op.range"
"""Attribute of a dot product, or of a function's input: the least and the largest number."""

UNITS = "core_op.units"
"""Attribute beside the range: how many units are to carry each number; 1 where there is none."""

LIMITS = "core_op.limits"
"""Attribute of a dot product: the interval that a quantizer of the network keeps it within."""


def set_limits(op: Operation, low: float, high: float) -> None:
    """Note the interval beyond which the result of `op` saturates in the network itself."""
    op.attributes[LIMITS] = DenseArrayBase.from_list(f64, [low, high])


def limits_of(values: Iterable[SSAValue]) -> tuple[float, float]:
    """The interval that contains those of all values; infinite where one has none."""
    found = [_limits(value) for value in values]
    return min(low for low, _ in found), max(high for _, high in found)


def _limits(value: SSAValue) -> tuple[float, float]:
    attribute = None
    if isinstance(value.owner, Operation):
        attribute = value.owner.attributes.get(LIMITS)
    if not isa(attribute, DenseArrayBase[Float64Type]) or len(attribute) != 2:
        return float("-inf"), float("inf")
    low, high = attribute.get_values()
    return float(low), float(high)


def set_range(value: SSAValue, low: float, high: float, function: FuncOp, units: int = 1) -> None:
    """Note the interval that the code of `value` is to span, and the units that are to carry it."""
    noted: dict[str, Attribute] = {RANGE: DenseArrayBase.from_list(f64, [low, high])}
    if units != 1:
        noted[UNITS] = IntegerAttr(units, i64)
    if isinstance(value, BlockArgument):
        attributes = _argument_attributes(function)
        attributes[value.index].pop(UNITS, None)
        attributes[value.index].update(noted)
        _set_argument_attributes(function, attributes)
        return
    assert isinstance(value.owner, Operation)
    value.owner.attributes.pop(UNITS, None)
    value.owner.attributes.update(noted)


def units_noted(values: Iterable[SSAValue], function: FuncOp) -> int:
    """The most units that are noted at one of the values; 1 where none are."""
    found = (_noted(value, function).get(UNITS) for value in values)
    return max((int(a.value.data) for a in found if isa(a, IntegerAttr)), default=1)


def range_of(values: Iterable[SSAValue], function: FuncOp) -> tuple[float, float] | None:
    """The interval over all values that have one, or `None`."""
    found = [interval for value in values if (interval := _range(value, function)) is not None]
    if not found:
        return None
    return min(low for low, _ in found), max(high for _, high in found)


def clear_ranges(function: FuncOp) -> None:
    """Drop every range: codes say it now."""
    for op in function.walk():
        op.attributes.pop(RANGE, None)
        op.attributes.pop(UNITS, None)
        op.attributes.pop(LIMITS, None)
    attributes = _argument_attributes(function)
    for entry in attributes:
        entry.pop(RANGE, None)
        entry.pop(UNITS, None)
    _set_argument_attributes(function, attributes)


def _range(value: SSAValue, function: FuncOp) -> tuple[float, float] | None:
    attribute = _noted(value, function).get(RANGE)
    if not isa(attribute, DenseArrayBase[Float64Type]) or len(attribute) != 2:
        return None
    low, high = attribute.get_values()
    return float(low), float(high)


def _noted(value: SSAValue, function: FuncOp) -> dict[str, Attribute]:
    """The attributes at a value: those of the argument, or of the operation that computes it."""
    if isinstance(value, BlockArgument):
        return _argument_attributes(function)[value.index]
    assert isinstance(value.owner, Operation)
    return value.owner.attributes


def _argument_attributes(function: FuncOp) -> list[dict[str, Attribute]]:
    if function.arg_attrs is None:
        return [{} for _ in function.body.block.args]
    return [dict(entry.data) for entry in function.arg_attrs.data]


def _set_argument_attributes(function: FuncOp, attributes: list[dict[str, Attribute]]) -> None:
    if not any(attributes):
        function.arg_attrs = None
        return
    function.arg_attrs = ArrayAttr([DictionaryAttr(entry) for entry in attributes])
