"""
The part of `convert-nn-to-core-op` for element-wise sums, products with constants, and rectifiers.

Rectified values of the same units are one dot product at every element, and so is each other value
that something else uses.
"""

from collections import defaultdict
from collections.abc import Iterable, KeysView, Sequence

import numpy as np
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import LocationAttr, UnknownLoc
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint
from xdsl.transforms.dead_code_elimination import is_trivially_dead

from ..dialects import core_op, nn
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.location import fused_location
from ..dialects.support.provenance import golden_name, set_golden
from .affine_forms import AffineForm
from .core_counts import counting_target
from .pass_base import remark
from .pointwise_plan import PointwisePlan
from .pointwise_products import Order, PointwiseMatrices, Stack, insert_product
from .rectified_layers import RectifiedLayer
from .wiring import channels_last_order, reshape

MOST_SOURCES = 4
"""Units from which rectified values are computed at once because they are used at once."""


def convert_pointwise(function: FuncOp, ctx: Context) -> None:
    """
    Replace element-wise operations by `core_op.vmm`; layers stay, with what they take in.

    Raises `OperationError` where shapes differ, and where constants are not at hand.
    """
    plan = PointwisePlan(function)
    conversion = _Conversion(plan, function, ctx)
    for op in list(function.body.block.ops):
        if op.results and op.results[0] in plan.outputs:
            conversion.replace(op)
    for op in reversed(list(function.body.block.ops)):
        if is_trivially_dead(op):
            op.detach()
            op.erase()


class _Conversion:
    """Computes each rectified value when it is first needed, with what else has its units."""

    def __init__(self, plan: PointwisePlan, function: FuncOp, ctx: Context):
        self.plan = plan
        self.ctx = ctx
        self.target = counting_target(function)
        self._readers: defaultdict[SSAValue, list[SSAValue]] = defaultdict(list)
        for value, form in plan.rectified.items():
            for unit in form.factors:
                self._readers[unit].append(value)
        self._replaced: dict[SSAValue, SSAValue] = {}
        # Where each rectified value is, and what each stack holds.
        self._stacks: dict[SSAValue, Stack] = {}
        self._members: dict[Stack, list[SSAValue]] = {}

    def replace(self, op: Operation) -> None:
        """Let dot products compute the result of `op` for all that use it."""
        value = op.results[0]
        form = self.plan.outputs[value]
        self._compute_rectified(form.factors, op)
        builder = _builder(op, op.location)
        unit = form.unit
        if unit is None:
            is_nonnegative = self.plan.is_form_nonnegative(form)
            activation = Activation.RELU if is_nonnegative else Activation.LINEAR
            new = self._product([form], activation, golden_name(op), builder).only_value(builder)
        elif unit in self._stacks:
            new = self._member(unit, golden_name(op), builder).only_value(builder)
        else:
            new = self._replaced.get(unit, unit)
        self._replaced[value] = new
        value.replace_all_uses_with(new)

    def _member(self, unit: SSAValue, golden: str | None, builder: Builder) -> Stack:
        """A rectified value as a stack of its own, which may stand for a golden value."""
        stack = self._stacks[unit]
        member = stack.member(self._members[stack].index(unit), builder)
        if member is not stack and isinstance(op := member.value.owner, Operation):
            set_golden(op, golden, member.order)
        return member

    def _compute_rectified(self, units: Iterable[SSAValue], op: Operation) -> None:
        """Compute what is rectified of the units, before `op`."""
        missing = [unit for unit in units if self._is_missing(unit)]
        while missing:
            ready = [unit for unit in missing if not any(map(self._is_missing, self._from(unit)))]
            if ready:
                self._compute_from(self._sources(ready), op)
            else:
                self._compute_rectified(self._from(missing[0]), op)
            missing = [unit for unit in missing if self._is_missing(unit)]

    def _is_missing(self, unit: SSAValue) -> bool:
        return unit in self.plan.rectified and unit not in self._stacks

    def _from(self, rectified: SSAValue) -> KeysView[SSAValue]:
        return self.plan.rectified[rectified].factors.keys()

    def _sources(self, ready: Sequence[SSAValue]) -> dict[SSAValue, None]:
        """
        Units from which at least one of the rectified values can be computed, better several.

        They share a code, so rectified units stay among themselves.
        """
        largest = max(ready, key=lambda unit: len(self._from(unit)))
        sources = dict.fromkeys(self._from(largest))
        for unit in ready:
            more = {**sources, **dict.fromkeys(self._from(unit))}
            kinds = {source in self.plan.rectified for source in more}
            if len(more) <= MOST_SOURCES and len(kinds) == 1:
                sources = more
        return sources

    def _compute_from(self, sources: dict[SSAValue, None], op: Operation) -> None:
        """Compute, before `op`, all rectified values that read these sources only."""
        found = dict.fromkeys(value for unit in sources for value in self._readers[unit])
        values = [
            value
            for value in found
            if self._is_missing(value) and self._from(value) <= sources.keys()
        ]
        owners = [value.owner for value in values if isinstance(value.owner, Operation)]
        builder = _builder(op, fused_location(*owners))
        forms = [self.plan.rectified[value] for value in values]
        stack = self._rectified_by_layer(sources, values, builder)
        if stack is None:
            golden = golden_name(owners[0]) if len(values) == 1 else None
            stack = self._product(forms, Activation.RELU, golden, builder)
        self._members[stack] = values
        self._stacks.update(dict.fromkeys(values, stack))

    def _rectified_by_layer(
        self, sources: Iterable[SSAValue], values: Sequence[SSAValue], builder: Builder
    ) -> Stack | None:
        """The values from the layer that computes their only unit, where that is no dearer."""
        unit, *others = sources
        if others or self.plan.rectified_from(unit) != set(values):
            return None
        matrices = _matrices([self.plan.rectified[value] for value in values], [unit])
        layer = RectifiedLayer.of(unit, matrices)
        if layer is None:
            return None
        together, apart = layer.cores(self.target)
        taken = together <= apart
        figures = (together, apart) if taken else (apart, together)
        remark(
            self.ctx,
            layer.op,
            f"{matrices.outputs} rectified forms of the {layer.op.name} computed "
            f"{'with' if taken else 'behind'} it: {figures[0]} instead of {figures[1]} cores",
        )
        return layer.insert(builder) if taken else None

    def _product(
        self,
        forms: Sequence[AffineForm],
        activation: Activation,
        golden: str | None,
        builder: Builder,
    ) -> Stack:
        """The values of the forms, by one dot product at every element."""
        units = list(dict.fromkeys(unit for form in forms for unit in form.factors))
        order = self._order(units, _matrices(forms, units).group_axes())
        rows, units = self._stacked(units, order, builder)
        matrices = _matrices(forms, units)
        op = insert_product(rows, order, matrices, activation, builder)
        if matrices.outputs == 1:
            set_golden(op, golden, order)
        extents = tuple(matrices.shape[axis] for axis in order)
        return Stack(reshape(builder, op.result, (*extents, 1, matrices.outputs)), order)

    def _order(self, units: Sequence[SSAValue], groups: Order) -> Order:
        """The axes of groups last; where there are none, as the units have them already."""
        rank = len(shape_of(units[0]))
        if groups:
            return (*(axis for axis in range(rank) if axis not in groups), *groups)
        for unit in units:
            if (stack := self._stacks.get(unit)) is not None:
                return stack.order
        if any(_is_channels_last(self._replaced.get(unit, unit)) for unit in units):
            return channels_last_order(rank)
        return tuple(range(rank))

    def _stacked(
        self, units: Sequence[SSAValue], order: Order, builder: Builder
    ) -> tuple[SSAValue, list[SSAValue]]:
        """The units side by side, and in which order they stand there."""
        parts: list[SSAValue] = []
        stacked: list[SSAValue] = []
        for unit in units:
            if unit in stacked:
                continue
            stack = self._stacks.get(unit)
            members = [unit] if stack is None else self._members[stack]
            if stack is None:
                stack = Stack.of(self._replaced.get(unit, unit), order, builder)
            elif not set(members) <= set(units):
                members, stack = [unit], self._member(unit, None, builder)
            parts.append(stack.in_order(order, builder))
            stacked += members
        if len(parts) == 1:
            return parts[0], stacked
        return builder.insert(core_op.ConcatOp(parts, len(order) + 1)).result, stacked


def _matrices(forms: Sequence[AffineForm], units: Sequence[SSAValue]) -> PointwiseMatrices:
    """From the units, as inputs, to the forms, as outputs."""
    none = np.zeros(())
    factors = [[form.factors.get(unit, none) for form in forms] for unit in units]
    return PointwiseMatrices(shape_of(units[0]), factors, [form.constant for form in forms])


def _is_channels_last(value: SSAValue) -> bool:
    """Whether a value that is an image here is about to be, or was, one with its channels last."""
    op = value.owner
    if isinstance(op, core_op.PermuteOp):
        rank = len(shape_of(value))
        return list(op.permutation.get_values()) == [rank - 1, *range(rank - 1)]
    return isinstance(op, nn.ConvOp) or (
        isinstance(op, nn.ReluOp) and isinstance(op.input.owner, nn.ConvOp)
    )


def _builder(op: Operation, location: LocationAttr) -> Builder:
    """Inserts before `op`; what has no location gets this one."""

    def adopt(inserted: Operation) -> None:
        if isinstance(inserted.location, UnknownLoc):
            inserted.location = location

    return Builder(InsertPoint.before(op), operation_insertion_handler=[adopt])
