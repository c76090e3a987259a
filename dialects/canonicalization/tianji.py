"""Canonicalization patterns of the `tianji` dialect."""

from math import prod

import numpy as np
from xdsl.ir import Operation, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from .. import tianji
from ..nn import shape_of
from ..trained import TensorOp


class SilenceUselessAxons(RewritePattern):
    """An axon whose synapses are all zero need not be sent anything."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tianji.CoresOp, rewriter: PatternRewriter) -> None:
        synapses, axons = tianji.known(op.synapses), tianji.known(op.axons)
        if synapses is None or axons is None:
            return
        useless = (axons != tianji.NOTHING) & ~synapses.any(axis=2)
        if not useless.any():
            return
        silenced = TensorOp(np.where(useless, np.int32(tianji.NOTHING), axons))
        rewriter.replace(op, [silenced, op.rebuilt(axons=silenced.result)])


class DropEmptyRegisters(RewritePattern):
    """A bias or an initial potential of zeros adds nothing."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: tianji.CoresOp, rewriter: PatternRewriter) -> None:
        bias, initial = tianji.known(op.bias), tianji.known(op.initial)
        has_bias = bias is None or bool(bias.any())
        has_initial = initial is None or bool(initial.any())
        if not (has_bias and has_initial):
            rewriter.replace(op, op.rebuilt(has_bias=has_bias, has_initial=has_initial))


class DropUnusedSources(RewritePattern):
    """Sources that nothing listens to go, and so does the second of two that are one."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        if not isinstance(op, tianji.CoresOp | tianji.ReadOp):
            return
        indices = tianji.known(op.listens)
        if indices is None:
            return
        places = list(op.source_offsets())
        starts = np.array([start for _, start in places])
        heard = np.searchsorted(starts, indices[indices >= 0], side="right") - 1
        used: list[int] = np.flatnonzero(np.bincount(heard)).tolist()
        kept = list(dict.fromkeys(places[index][0] for index in used))
        if len(kept) == len(places) or not kept:
            return
        listens = TensorOp(_moved(places, kept)[indices])
        new: tianji.CoresOp | tianji.ReadOp
        if isinstance(op, tianji.CoresOp):
            new = op.rebuilt(sources=kept, axons=listens.result)
        else:
            new = tianji.ReadOp(kept, listens.result)
            new.attributes.update(op.attributes)
        rewriter.replace(op, [listens, new])


def _moved(places: list[tuple[SSAValue, int]], kept: list[SSAValue]) -> np.typing.NDArray[np.int32]:
    """The new index of every old one; the last, which is that of -1, is no signal."""
    first: dict[SSAValue, int] = {}
    total = 0
    for source in kept:
        first[source] = total
        total += prod(shape_of(source))
    last, start = places[-1]
    moved = np.full(start + prod(shape_of(last)) + 1, tianji.NOTHING, np.int32)
    for source, start in places:
        if source in first:
            size = prod(shape_of(source))
            moved[start : start + size] = np.arange(first[source], first[source] + size)
    return moved
