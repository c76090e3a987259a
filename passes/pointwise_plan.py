"""Which element-wise values become dot products: what `nn_pointwise_to_core_op` works off."""

from collections.abc import Hashable

import numpy as np
from xdsl.builder import Builder
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from ..dialects import nn, trained
from ..dialects.support.errors import CorelowerError, OperationError
from .affine_forms import AffineForm, constant_of_step, is_form_nonnegative, step_form
from .nn_layers import has_constant_weights
from .wiring import is_nonnegative

MOST_UNITS = 4
"""Units of a sum; beyond them, partial sums with other users are computed by themselves."""


class PointwisePlan:
    """
    The element-wise values of a function as affine forms of units.

    A unit is a rectified value, in `rectified` with what it rectifies; an output of several units;
    or whatever is not element-wise. `outputs` are the values that anything else uses, each with
    its form. Only those rectified values are kept that an output needs.
    """

    def __init__(self, function: FuncOp):
        self.rectified: dict[SSAValue, AffineForm] = {}
        self.outputs: dict[SSAValue, AffineForm] = {}
        self._forms: dict[SSAValue, AffineForm] = {}
        self._nonnegative: dict[SSAValue, bool] = {}
        self._rectifiers: dict[Hashable, SSAValue] = {}
        for op in function.body.block.ops:
            if is_pointwise(op):
                self._add(op)
        self._split_signed_units()
        self.rectified = self._needed()

    def is_nonnegative(self, unit: SSAValue) -> bool:
        """Whether it is certain that no element of a unit is below zero."""
        if unit in self.rectified:
            return True
        known = self._nonnegative.get(unit)
        return is_nonnegative(unit) if known is None else known

    def is_form_nonnegative(self, form: AffineForm) -> bool:
        """The same of a form."""
        return is_form_nonnegative(form, self.is_nonnegative, self.rectified.get)

    def rectified_from(self, unit: SSAValue) -> set[SSAValue] | None:
        """The rectified values that read a unit; `None` where something else does, too."""
        if any(unit in form.factors for form in self.outputs.values()):
            return None
        if not all(is_pointwise(use.operation) for use in unit.uses):
            return None
        return {value for value, form in self.rectified.items() if unit in form.factors}

    def _add(self, op: Operation) -> None:
        result = op.results[0]
        form = self._rectified_form(op) if isinstance(op, nn.ReluOp) else self._sum_form(op)
        self._forms[result] = form
        if all(is_pointwise(use.operation) for use in result.uses):
            return
        if len(form.factors) == 1:
            self.outputs[result] = form
        else:
            self._compute_by_itself(result)

    def _sum_form(self, op: Operation) -> AffineForm:
        _check_operands(op)
        form = step_form(op, self._form)
        assert form is not None, "shapes and constants were checked"
        if len(form.factors) <= MOST_UNITS:
            return form
        for operand in op.operands:
            if not operand.has_one_use() and len(self._form(operand).factors) > 1:
                self._compute_by_itself(operand)
        return step_form(op, self._form) or form

    def _rectified_form(self, op: nn.ReluOp) -> AffineForm:
        inner = self._form(op.input)
        if self.is_form_nonnegative(inner):
            return inner
        # What was rectified before is not rectified again.
        unit = self._rectifiers.setdefault(inner.key, op.result)
        self.rectified.setdefault(unit, inner)
        return AffineForm.of(unit)

    def _form(self, value: SSAValue) -> AffineForm:
        return self._forms.get(value) or AffineForm.of(value)

    def _compute_by_itself(self, value: SSAValue) -> None:
        """Let a value be a unit for whoever uses it from here on."""
        form = self._forms[value]
        self.outputs[value], self._forms[value] = form, AffineForm.of(value)
        self._nonnegative[value] = self.is_form_nonnegative(form)

    def _split_signed_units(self) -> None:
        """
        Let `relu(x) - relu(-x)` stand for a unit that may be negative beside a rectified one.

        All inputs of a dot product share a code, and zero is code 0 for what a rectifier gives: the
        other would have to be brought to a code of that kind, which takes a core as well.
        """
        for forms in (self.outputs, self.rectified):
            for value, form in list(forms.items()):
                if any(unit in self.rectified for unit in form.factors):
                    forms[value] = self._without_signed_units(form)

    def _without_signed_units(self, form: AffineForm) -> AffineForm:
        for unit, factor in form.factors.items():
            if not factor.any() or self.is_nonnegative(unit):
                continue
            positive, negative = self._part(unit, 1.0), self._part(unit, -1.0)
            form = form.without(unit)
            form = form.plus(positive.times(factor)).plus(negative.times(-factor))
        return form

    def _part(self, unit: SSAValue, sign: float) -> AffineForm:
        """`relu(sign * unit)`; the operations that are made only give it a name."""
        inner = AffineForm.of(unit).times(np.asarray(sign))
        found = self._rectifiers.get(inner.key)
        if found is None:
            op = unit.owner
            is_operation = isinstance(op, Operation)
            builder = Builder(InsertPoint.after(op) if is_operation else InsertPoint.at_start(op))
            constant = builder.insert(trained.TensorOp(np.asarray(sign, np.float32)))
            part = builder.insert(nn.BinaryOp(nn.BinaryFunction.MUL, unit, constant.result))
            rectifier = builder.insert(nn.ReluOp(part.result))
            if is_operation:
                rectifier.location = op.location
            found = self._rectifiers[inner.key] = rectifier.result
        self.rectified.setdefault(found, inner)
        return AffineForm.of(found)

    def _needed(self) -> dict[SSAValue, AffineForm]:
        """The rectified values that an output reads, or one of these."""
        readers = list(self.outputs.values())
        needed: dict[SSAValue, AffineForm] = {}
        while readers:
            for unit in readers.pop().factors:
                if unit in self.rectified and unit not in needed:
                    needed[unit] = self.rectified[unit]
                    readers.append(needed[unit])
        return needed


def is_pointwise(op: Operation) -> bool:
    """
    Whether an operation is a sum, a product with a constant, or a rectifier by itself.

    A rectifier that alone uses a layer is part of the layer.
    """
    match op:
        case nn.ReluOp():
            layer = op.input.owner
            is_layer = isinstance(layer, nn.ConvOp | nn.DenseOp) and has_constant_weights(layer)
            return not (is_layer and op.input.has_one_use())
        case nn.AddOp():
            return any(trained.constant_of(operand) is None for operand in op.operands)
        case _:
            return constant_of_step(op) is not None


def _check_operands(op: Operation) -> None:
    """Raise `OperationError` where a constant is not at hand."""
    constants = [data for operand in op.operands if (data := trained.constant_of(operand))]
    try:
        for data in constants:
            _ = data.array
    except CorelowerError as error:
        raise OperationError(op, error.message) from error
