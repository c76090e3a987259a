"""Which value of the golden network an operation's first result stands for."""

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DenseArrayBase,
    Float64Type,
    IntegerAttr,
    IntegerType,
    StringAttr,
    f64,
    i64,
)
from xdsl.ir import Attribute, Operation
from xdsl.utils.hints import isa

GOLDEN_VALUE = "golden"
"""Attribute: the golden value's name."""

GOLDEN_ORDER = "golden_order"
"""Attribute: the golden value's axes in the order in which they run here; absent where the same."""

GOLDEN_SCALE = "golden_scale"
"""Attribute: what the golden value is multiplied with here, a tensor; absent where it is 1."""


GOLDEN_UNITS = "golden_units"
"""Attribute: so many neighbours in the last axis add up to a number; absent where it is one."""


GOLDEN_DECODER = "golden_decoder"
"""Attribute beside the units: what a unit's number counts, one for each; absent where all are 1."""


def golden_name(op: Operation) -> str | None:
    """The name of the golden value that the first result of `op` stands for, if any."""
    name = op.attributes.get(GOLDEN_VALUE)
    return name.data if isinstance(name, StringAttr) else None


def golden_order(op: Operation) -> tuple[int, ...] | None:
    """
    The axes of the golden value in the order in which they run here.

    The golden value, transposed by it and reshaped, has the shape of the first result.
    """
    order = op.attributes.get(GOLDEN_ORDER)
    return tuple(order.get_values()) if isa(order, DenseArrayBase[IntegerType]) else None


def golden_units(op: Operation) -> int:
    """The units that carry each number of the first result of `op`, neighbours in memory."""
    units = op.attributes.get(GOLDEN_UNITS)
    return units.value.data if isa(units, IntegerAttr[IntegerType]) else 1


def units_attributes(units: int) -> dict[str, Attribute]:
    """The attributes beside the name of a golden value that is carried by units."""
    return {GOLDEN_UNITS: IntegerAttr(units, i64)} if units > 1 else {}


def golden_decoder(op: Operation) -> tuple[float, ...] | None:
    """What the number of each unit is multiplied with before they add up; `None` where by 1."""
    decoder = op.attributes.get(GOLDEN_DECODER)
    return tuple(decoder.get_values()) if isa(decoder, DenseArrayBase[Float64Type]) else None


def decoder_attributes(decoder: Sequence[float]) -> dict[str, Attribute]:
    """The attributes beside the name of a golden value whose units count differently."""
    return {
        GOLDEN_UNITS: IntegerAttr(len(decoder), i64),
        GOLDEN_DECODER: DenseArrayBase.from_list(f64, list(decoder)),
    }


def golden_attributes(name: str, order: tuple[int, ...] | None = None) -> dict[str, Attribute]:
    """The attributes of an operation whose first result stands for the golden value `name`."""
    attributes: dict[str, Attribute] = {GOLDEN_VALUE: StringAttr(name)}
    if order is not None and list(order) != sorted(order):
        attributes[GOLDEN_ORDER] = DenseArrayBase.from_list(i64, list(order))
    return attributes


def set_golden(op: Operation, name: str | None, order: tuple[int, ...] | None = None) -> None:
    """Let the first result of `op` stand for the golden value `name`; nothing where it is none."""
    if name is not None:
        op.attributes.update(golden_attributes(name, order))


def provenance_of(op: Operation) -> dict[str, Attribute]:
    """The attributes to give to an operation whose result takes the place of that of `op`."""
    names = (GOLDEN_VALUE, GOLDEN_ORDER, GOLDEN_SCALE, GOLDEN_UNITS, GOLDEN_DECODER)
    return {name: op.attributes[name] for name in names if name in op.attributes}
