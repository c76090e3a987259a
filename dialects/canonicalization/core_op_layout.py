"""
Canonicalization of layouts: a permute moves towards the operands until it meets its inverse.

Images are channels first in `nn` and channels last here, so each layer brings permutes along. What
stands between two of them works on axes, and on permuted axes as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .. import core_op
from ..nn import Shape, shape_of
from ..support.functions import GOLDEN_FUNCTION, find_function
from ..support.provenance import (
    GOLDEN_DECODER,
    GOLDEN_ORDER,
    GOLDEN_UNITS,
    GOLDEN_VALUE,
    golden_attributes,
    golden_name,
    golden_order,
)

Order = tuple[int, ...]

DEEPEST = 64
"""Operations that a permute is moved through at once."""


class HoistPermute(RewritePattern):
    """
    A permute moves through what it permutes where that leaves fewer permutes.

    It moves through operations that nobody else uses: wiring along axes, maxima, reshapes that keep
    the moved axes apart, and dot products whose positions it permutes.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.PermuteOp, rewriter: PatternRewriter) -> None:
        if golden_name(op) is not None:
            return
        plan = _plan(op.input, tuple(op.permutation.get_values()))
        if plan.cost < 1:
            rewriter.replace(op, [], [plan.build(rewriter)])


@dataclass(frozen=True)
class _Plan:
    """A way to compute a permuted value."""

    cost: int
    """The permutes that it inserts, less those that are left without a use."""
    build: Callable[[PatternRewriter], SSAValue]


def _plan(value: SSAValue, order: Order, depth: int = 0, alone: bool = True) -> _Plan:
    """How to have `value` permuted; `alone` says that all that leads from it goes."""
    here = _permuted_here(value, order)
    through = _permuted_before(value, order, depth, alone and value.has_one_use())
    return through if through is not None and through.cost < here.cost else here


def _permuted_here(value: SSAValue, order: Order) -> _Plan:
    shape = shape_of(value)
    moving = [axis for axis in order if shape[axis] != 1]
    if list(order) == sorted(order):
        return _Plan(0, lambda rewriter: value)
    if moving == sorted(moving):
        permuted = _permuted(shape, order)
        return _Plan(0, lambda rewriter: rewriter.insert(core_op.ReshapeOp(value, permuted)).result)
    return _Plan(1, lambda rewriter: rewriter.insert(core_op.PermuteOp(value, order)).result)


def _permuted_before(value: SSAValue, order: Order, depth: int, alone: bool) -> _Plan | None:
    """Permute the operands of what computes `value` instead; `None` where that is not the same."""
    op = value.owner
    if not isinstance(op, core_op.CoreOperation) or depth == DEEPEST:
        return None
    if isinstance(op, core_op.PermuteOp):
        if golden_name(op) is not None:
            return None
        inner = op.permutation.get_values()
        plan = _plan(op.input, tuple(inner[axis] for axis in order), depth + 1, alone)
        return _Plan(plan.cost - alone, plan.build)
    # A reshape costs nothing, so that it may stay for others too.
    if not alone and not isinstance(op, core_op.ReshapeOp):
        return None
    before = _order_of_operands(op, order)
    if before is None:
        return None
    operands = op.inputs if isinstance(op, core_op.ConcatOp) else op.operands[:1]
    plans = [_plan(operand, before, depth + 1, alone) for operand in operands]

    def build(rewriter: PatternRewriter) -> SSAValue:
        moved = _on_permuted(op, [plan.build(rewriter) for plan in plans], order)
        moved.location = op.location
        moved.attributes.update(_permuted_attributes(op, order))
        return rewriter.insert(moved).result

    return _Plan(sum(plan.cost for plan in plans), build)


def _order_of_operands(op: core_op.CoreOperation, order: Order) -> Order | None:
    """The order of the operands' axes that permutes the result; `None` where there is none."""
    match op:
        case (
            core_op.PadOp()
            | core_op.SliceOp()
            | core_op.ConcatOp()
            | core_op.RepeatOp()
            | core_op.GatherOp()
        ):
            return order
        case core_op.MaxOp():
            return (*order, len(order))
        case core_op.VmmOp():
            return order if order[-2:] == (len(order) - 2, len(order) - 1) else None
        case core_op.ReshapeOp():
            return order_before_reshape(shape_of(op.input), shape_of(op.result), order)
        case _:
            return None


def _on_permuted(
    op: core_op.CoreOperation, operands: Sequence[SSAValue], order: Order
) -> core_op.CoreOperation:
    """The operation that gives the permuted result of `op` from operands that are permuted."""
    value = operands[0]
    match op:
        case core_op.PadOp():
            low, high = op.low.get_values(), op.high.get_values()
            return core_op.PadOp(value, _permuted(low, order), _permuted(high, order))
        case core_op.SliceOp():
            offsets, sizes = op.offsets.get_values(), op.sizes.get_values()
            return core_op.SliceOp(value, _permuted(offsets, order), _permuted(sizes, order))
        case core_op.ConcatOp():
            return core_op.ConcatOp(operands, order.index(op.axis.value.data))
        case core_op.RepeatOp():
            axis = order.index(op.axis.value.data)
            return core_op.RepeatOp(value, axis, op.times.value.data)
        case core_op.GatherOp():
            axis = order.index(op.axis.value.data)
            return core_op.GatherOp(value, axis, op.indices.get_values())
        case core_op.MaxOp():
            return core_op.MaxOp(value)
        case core_op.VmmOp():
            return core_op.VmmOp(
                op.activation.data,
                value,
                op.weight,
                op.bias,
                op.gain,
                potential=op.potential,
                element=core_op.element_of(op.result),
                same_code=op.same_code is not None,
            )
        case core_op.ReshapeOp():
            return core_op.ReshapeOp(value, _permuted(shape_of(op.result), order))
        case _:
            raise AssertionError(op)


def order_before_reshape(source: Shape, target: Shape, order: Order) -> Order | None:
    """
    The order of a reshape's input that, reshaped, gives its result permuted by `order`.

    `None` where the reshape joins or splits axes that `order` moves apart. Axes of extent one hold
    nothing; those of the input stay where they are.
    """
    if 0 in source:
        return None
    moving = [axis for axis in order if target[axis] != 1]
    blocks = {block[1][0]: block for block in _blocks(source, target)}
    arranged: list[int] = []
    while moving:
        before, after = blocks.get(moving[0], ([], []))
        if not after or moving[: len(after)] != after:
            return None
        arranged += before
        del moving[: len(after)]
    axes = iter(arranged)
    return tuple(axis if extent == 1 else next(axes) for axis, extent in enumerate(source))


def _blocks(source: Shape, target: Shape) -> list[tuple[list[int], list[int]]]:
    """The smallest runs of axes, without those of extent one, that a reshape turns into another."""
    left = [axis for axis, extent in enumerate(source) if extent != 1]
    right = [axis for axis, extent in enumerate(target) if extent != 1]
    blocks: list[tuple[list[int], list[int]]] = []
    while left:
        before, after = [left.pop(0)], [right.pop(0)]
        while (a := prod(source[i] for i in before)) != (b := prod(target[i] for i in after)):
            if a < b:
                before.append(left.pop(0))
            else:
                after.append(right.pop(0))
        blocks.append((before, after))
    return blocks


def _permuted_attributes(op: Operation, order: Order) -> dict[str, Attribute]:
    """The attributes of `op` for its permuted result; without the name where it would be wrong."""
    name, attributes = golden_name(op), dict(op.attributes)
    if name is None:
        return attributes
    attributes.pop(GOLDEN_VALUE)
    attributes.pop(GOLDEN_ORDER, None)
    attributes.pop(GOLDEN_UNITS, None)
    attributes.pop(GOLDEN_DECODER, None)
    shape = shape_of(op.results[0])
    golden = _golden_shape(op, name)
    # Where it is not known, it has the axes of the result.
    first = golden_order(op) or tuple(range(len(golden or shape)))
    if sorted(first) != list(range(len(golden or shape))):
        return attributes
    laid_out = _permuted(golden, first) if golden is not None else shape
    if prod(laid_out) != prod(shape):
        return attributes
    before = order_before_reshape(laid_out, shape, order)
    if before is not None:
        attributes.update(golden_attributes(name, _permuted(first, before)))
    return attributes


def _golden_shape(op: Operation, name: str) -> Shape | None:
    """The shape of the golden value; `None` where the module does not hold it."""
    function: Operation | None = op
    while function is not None and not isinstance(function, FuncOp):
        function = function.parent_op()
    if function is None or not isinstance(module := function.parent_op(), ModuleOp):
        return None
    reference = function.attributes.get(GOLDEN_FUNCTION)
    if not isinstance(reference, SymbolRefAttr):
        return None
    golden = find_function(module, reference.root_reference.data)
    found = (inner for inner in golden.body.walk() if golden_name(inner) == name)
    value = next(found, None)
    return shape_of(value.results[0]) if value is not None else None


def _permuted(values: Sequence[int], order: Order) -> tuple[int, ...]:
    return tuple(values[axis] for axis in order)
