"""Merges of partial sums: what they add, and how many stages of them a core's rows ask for."""

import numpy as np
from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import SSAValue
from xdsl.pattern_rewriter import PatternRewriter

from ..dialects import core_op
from ..dialects.nn import shape_of
from ..dialects.support.cores import holds_merge, parts_in_a_merge
from ..dialects.support.target import Target
from .layer_modes import copy_mode
from .wiring import AUXILIARY, PARTIAL, fixed_product, reshape

MOST_STAGES = 3
"""Of merges behind each other: with a handful of sums a core they add more than a hundred."""


def is_merge(op: core_op.VmmOp) -> bool:
    """Whether all that a dot product adds are partial sums."""
    return AUXILIARY in op.attributes and all(map(_is_partial, _sources(op.input)))


def stages_beneath(value: SSAValue) -> int:
    """How many merges lie between partial sums and the tiles of inputs: 0 for sums of these."""
    stages = 0
    while (sources := _sources(value)) and all(map(_is_partial, sources)):
        op = sources[0].owner
        assert isinstance(op, core_op.VmmOp)
        value, stages = op.input, stages + 1
    return stages - 1


def merge_holds(op: core_op.VmmOp, code: core_op.CodeType, span: float, target: Target) -> bool:
    """
    Whether a core that merges partial sums in `code` has the rows for these and its biases.

    `span` is what the code of the sum spans.
    """
    units, zero = code.units.data, code.zero.data
    return holds_merge(op.fan_in, units, zero, span / code.scale.data, target)


def merged_at_once(op: core_op.VmmOp, code: core_op.CodeType, target: Target) -> int:
    """How many of the partial sums in `code` that `op` adds can be added by one core."""
    units, zero = code.units.data, code.zero.data
    return parts_in_a_merge(op.fan_in, units, zero, code.largest, target)


def tiles_of_merge(op: core_op.VmmOp, target: Target) -> int:
    """
    Into how many merges one of partial sums that have codes is cut; 1 where a core holds it.

    One whose sums are partial sums too, as beside a shortcut, is no other than the last.
    """
    code, merged = core_op.code_of(op.input), core_op.code_of(op.result)
    if code is None or merged is None or code.units.data == 1 or not is_merge(op):
        return 1
    if merge_holds(op, code, merged.scale.data * merged.largest, target):
        return 1
    at_once = merged_at_once(op, code, target)
    return -(-op.fan_in // at_once) if at_once > 1 else 1


def merge_partial_sums(
    rewriter: PatternRewriter, value: SSAValue, op: core_op.VmmOp, parts: int
) -> SSAValue:
    """
    The sums, with the function of `op`, of partial sums P.. x (G * `parts`) x N.

    What stands for partial sums itself, as `op` may, is merged to such.
    """
    *positions, _, outputs = shape_of(value)
    rank = len(positions)
    value = reshape(rewriter, value, (*positions, op.groups, parts, outputs))
    order = [*range(rank + 1), rank + 2, rank + 1]
    value = rewriter.insert(core_op.PermuteOp(value, order)).result
    value = reshape(rewriter, value, (*positions, op.groups, outputs, 1, parts))
    element = core_op.element_of(op.result)
    merge = fixed_product(rewriter, value, np.ones((parts, 1)), op.activation.data, element=element)
    if PARTIAL in op.attributes:
        merge.attributes[PARTIAL] = UnitAttr()
        copy_mode(op, merge)
    return merge.result


def _is_partial(value: SSAValue) -> bool:
    return isinstance(value.owner, core_op.VmmOp) and PARTIAL in value.owner.attributes


def _sources(value: SSAValue) -> list[SSAValue]:
    """What `value` only has in another place or shape."""
    sources, seen, waiting = list[SSAValue](), set[SSAValue](), [value]
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        if isinstance(value.owner, core_op.WiringOperation):
            waiting.extend(value.owner.operands)
        else:
            sources.append(value)
    return sources
