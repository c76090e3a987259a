"""
Element-wise values as sums of units, each times a constant, and a constant.

A unit is the result of a rectifier, or of anything that is not element-wise. What lies between
units is linear, so one dot product an element computes it.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xdsl.ir import Operation, SSAValue

from ..dialects import nn
from ..dialects.nn import shape_of
from ..dialects.trained import constant_of

Float64Array = npt.NDArray[np.float64]

DEEPEST_CASES = 6
"""Rectifiers by whose two cases a sum is shown not to be negative: as many doublings of work."""


@dataclass(frozen=True)
class AffineForm:
    """
    `sum_u factors[u] * unit_u + constant`; the arrays broadcast to the value's shape.

    At least one unit is there, if only with factor zero: a dot product needs an input.
    """

    factors: Mapping[SSAValue, Float64Array]
    constant: Float64Array

    @classmethod
    def of(cls, unit: SSAValue) -> "AffineForm":
        """The unit itself."""
        return cls({unit: np.ones(())}, np.zeros(()))

    def plus(self, other: "AffineForm") -> "AffineForm":
        """The sum of two."""
        factors = dict(self.factors)
        for unit, factor in other.factors.items():
            factors[unit] = factors[unit] + factor if unit in factors else factor
        kept = {unit: factor for unit, factor in factors.items() if factor.any()}
        first = next(iter(factors))
        return AffineForm(kept or {first: factors[first]}, self.constant + other.constant)

    def plus_constant(self, array: Float64Array) -> "AffineForm":
        """The sum with a constant."""
        return AffineForm(self.factors, self.constant + array)

    def times(self, array: Float64Array) -> "AffineForm":
        """The product with a constant."""
        factors = {unit: factor * array for unit, factor in self.factors.items()}
        return AffineForm(factors, self.constant * array)

    def without(self, unit: SSAValue) -> "AffineForm":
        """The form less what it has of `unit`."""
        factors = {other: factor for other, factor in self.factors.items() if other != unit}
        return AffineForm(factors or {unit: np.zeros(())}, self.constant)

    @property
    def unit(self) -> SSAValue | None:
        """The unit that the form is; `None` where it is anything else."""
        (first, factor), *others = self.factors.items()
        is_unit = not others and not self.constant.any() and bool((factor == 1).all())
        return first if is_unit else None

    @property
    def key(self) -> Hashable:
        """Equal for forms that are equal."""
        factors = ((unit, _content(factor)) for unit, factor in self.factors.items())
        return frozenset(factors), _content(self.constant)


def constant_of_step(op: Operation) -> tuple[SSAValue, Float64Array | None] | None:
    """
    The computed operand and the constant of a sum or product with a constant, else `None`.

    No array where the constant is not at hand.
    """
    is_product = isinstance(op, nn.BinaryOp) and op.function.data is nn.BinaryFunction.MUL
    if not is_product and not isinstance(op, nn.AddOp):
        return None
    for value, other in ((op.operands[0], op.operands[1]), (op.operands[1], op.operands[0])):
        data = constant_of(other)
        if data is None or constant_of(value) is not None:
            continue
        return value, data.array.astype(np.float64) if data.is_resolved else None
    return None


def step_form(op: Operation, form: Callable[[SSAValue], AffineForm]) -> AffineForm | None:
    """
    The form of a sum, or of a product with a constant, from the forms of its operands.

    `None` for any other operation, where shapes differ, and where a constant is not at hand.
    """
    if (step := constant_of_step(op)) is not None:
        source, array = step
        if array is None or shape_of(source) != shape_of(op.results[0]):
            return None
        if isinstance(op, nn.AddOp):
            return form(source).plus_constant(array)
        return form(source).times(array)
    if not isinstance(op, nn.AddOp) or shape_of(op.lhs) != shape_of(op.rhs):
        return None
    if any(constant_of(operand) is not None for operand in op.operands):
        return None
    return form(op.lhs).plus(form(op.rhs))


def form_of(value: SSAValue) -> AffineForm:
    """A value of the `nn` level as an affine form; what has no other is a unit."""
    known: dict[SSAValue, AffineForm] = {}
    waiting = [value]
    # No recursion: sums may be longer than Python's stack.
    while waiting:
        current = waiting[-1]
        op = current.owner
        operands = _summed_operands(op) if isinstance(op, Operation) else ()
        unknown = [operand for operand in operands if operand not in known]
        if unknown:
            waiting += unknown
            continue
        found = step_form(op, known.__getitem__) if isinstance(op, Operation) else None
        known[waiting.pop()] = AffineForm.of(current) if found is None else found
    return known[value]


def _summed_operands(op: Operation) -> Sequence[SSAValue]:
    """The operands of whose forms `step_form` makes one."""
    if (step := constant_of_step(op)) is not None:
        return (step[0],)
    return op.operands if isinstance(op, nn.AddOp) else ()


def form_before(unit: SSAValue) -> AffineForm | None:
    """What a unit rectifies; `None` where no rectifier computes it."""
    op = unit.owner
    return form_of(op.input) if isinstance(op, nn.ReluOp) else None


def is_form_nonnegative(
    form: AffineForm,
    is_nonnegative: Callable[[SSAValue], bool],
    before: Callable[[SSAValue], AffineForm | None] = form_before,
    cases: int = DEEPEST_CASES,
) -> bool:
    """
    Whether it is certain that no element is below zero.

    `r - relu(p)` is the lesser of `r` and `r - p`: both must be so. `is_nonnegative` says it of a
    unit, `before` gives what a unit rectifies.
    """
    if bool((form.constant >= 0).all()) and all(
        _keeps_nonnegative(factor, unit, is_nonnegative) for unit, factor in form.factors.items()
    ):
        return True
    for unit, factor in form.factors.items():
        if not cases or bool((factor >= 0).all()) or (inner := before(unit)) is None:
            continue
        rest = form.without(unit)
        other_case = rest.plus(inner.times(np.minimum(factor, 0)))
        return all(
            is_form_nonnegative(case, is_nonnegative, before, cases - 1)
            for case in (rest, other_case)
        )
    return False


def _keeps_nonnegative(
    factor: Float64Array, unit: SSAValue, is_nonnegative: Callable[[SSAValue], bool]
) -> bool:
    if not factor.any():
        return True
    return bool((factor >= 0).all()) and is_nonnegative(unit)


def _content(array: Float64Array) -> Hashable:
    """The same for arrays that are equal, also where one of equal numbers is written out."""
    if array.size and bool((array == array.flat[0]).all()):
        return float(array.flat[0])
    return array.shape, array.tobytes()
