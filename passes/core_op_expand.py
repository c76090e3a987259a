"""The pass `core-op-expand`: every dot product within one core's rows and columns."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, UnitAttr, f32
from xdsl.pattern_rewriter import PatternRewriter, RewritePattern, op_type_rewrite_pattern

from ..dialects import core_op
from ..dialects.core_op import Activation
from ..dialects.nn import shape_of
from ..dialects.support.cores import merges_in_a_core, rows_beside_biases, tiles_of
from ..dialects.support.target import Target
from .layer_modes import set_mode_of_partial
from .merge_trees import merge_partial_sums, tiles_of_merge
from .packing import PackGroups, is_trained, rows_of_weights
from .pass_base import CorelowerPass, lowered_functions, run_patterns
from .product_rewriting import (
    copy_auxiliary,
    cut_axis,
    real_parameters,
    replace_product,
)
from .shortcuts import SeparateShortcut
from .tile_sources import cut_matrices, parts_of_channels, tile_sources
from .unrolled_counts import best_tiling, layer_of
from .weight_steps import FEW_LEVELS
from .weight_units import MOST_UNITS
from .wiring import PARTIAL, constant, reshape

FloatArray = np.typing.NDArray[np.float32]


@dataclass(frozen=True)
class CoreOpExpand(CorelowerPass):
    """
    Splits dot products that exceed a core into tiles, with merge stages for split rows.

    Needs a target and weights that are not quantised yet. Tiles are groups, so the number of
    operations does not grow with them. A partial sum gets a code like any signal: calibrate and
    re-encode after this pass, and run it again where partial sums may have got several units: what
    one core cannot merge then is merged in stages, whose sums are partial sums again. In a mixed
    network those of a product that reads, or gives, graded numbers are graded. Each unit of a
    value takes a row, or a column, of its own. Where weights have few levels, tiles are so small
    that each can have several rows, whose weights add up to it, see `weight-units`. Windows are
    split by channels, so that every tile is a convolution. Groups that are small are packed,
    several to a core. Where positions do not share cores, tiles are chosen for the fewest cores
    that `core-op-unroll` then needs, those that merge partial sums among them.
    """

    name = "core-op-expand"

    pack: bool = field(
        default=True,
        metadata={"help": "several small groups, as of a depthwise convolution, in a core"},
    )

    weight_units: int | Literal["auto"] = field(
        default="auto",
        metadata={
            "help": "rows that are kept for each weight; auto: more than one where it would lose "
            "too much by rounding, and positions share cores"
        },
    )

    def __post_init__(self) -> None:
        if self.weight_units != "auto" and not 1 <= self.weight_units <= MOST_UNITS:
            raise ValueError(f"weight-units must be 1 to {MOST_UNITS}, not {self.weight_units}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = self.required_target(op)
        for function in lowered_functions(op):
            separate = SeparateShortcut(target, self.weight_units)
            run_patterns(function, [separate, SplitMatrix(target, self.weight_units)], ctx)
            if self.pack:
                run_patterns(function, [PackGroups(ctx, target, self.weight_units)], ctx)


@dataclass(frozen=True)
class SplitMatrix(RewritePattern):
    """
    A matrix that exceeds a core becomes tiles: groups that see parts of the inputs.

    Where inputs are split, the tiles compute partial sums, and a merge stage adds them. The tiles
    are balanced. The bias is shared out evenly, so that every partial sum stays small.
    """

    target: Target
    weight_units: int | Literal["auto"]

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: core_op.VmmOp, rewriter: PatternRewriter) -> None:
        parts, stripes = _tile_counts(op, self.target, self.weight_units)
        if parts == stripes == 1:
            return
        weight, bias = real_parameters(op)
        columns = -(-op.outputs // stripes)
        positions = shape_of(op.input)[:-2]
        parts = parts_of_channels(op, parts, self.target)
        sources = tile_sources(op, parts, self.target)
        parts = max(source.tiles_needed(parts) for source in sources)
        layout = [(source.run, source.channels) for source in sources]
        values = [source.tiles(rewriter, parts, stripes) for source in sources]
        value = values[0]
        if len(values) > 1:
            concat = core_op.ConcatOp(values, len(positions) + 1)
            value = rewriter.insert(concat).result
        bias_value = None
        if bias is not None:
            shares = np.repeat(bias[:, None] / np.float32(parts), parts, axis=1)
            tiles = cut_matrices(shares, [(1, parts)], parts, columns)
            bias_value = constant(rewriter, tiles.reshape(-1, columns))
        is_partial = parts > 1
        product = core_op.VmmOp(
            Activation.LINEAR if is_partial else op.activation.data,
            value,
            constant(rewriter, cut_matrices(weight, layout, parts, columns)),
            bias_value,
            element=f32 if is_partial else core_op.element_of(op.result),
            same_code=op.same_code is not None and not is_partial,
        )
        copy_auxiliary(op, product)
        if is_partial:
            product.attributes[PARTIAL] = UnitAttr()
            set_mode_of_partial(op, product)
        rewriter.insert(product)
        tiled = (*positions, op.groups * parts, stripes * columns)
        value = cut_axis(rewriter, reshape(rewriter, product.result, tiled), -1, op.outputs)
        if is_partial:
            value = merge_partial_sums(rewriter, value, op, parts)
        replace_product(op, value, rewriter)


def _tile_counts(
    op: core_op.VmmOp, target: Target, weight_units: int | Literal["auto"]
) -> tuple[int, int]:
    """
    Row tiles and column tiles: as few as fit, or as take the fewest cores.

    The latter where positions do not share cores. What is a tile already is cut only to fit.
    """
    if (merges := tiles_of_merge(op, target)) > 1:
        return merges, 1
    units = core_op.units_of(op.input), core_op.units_of(op.result)
    least = tiles_of(op.fan_in, op.outputs, target, units)
    if PARTIAL in op.attributes and least[0] == 1:
        return least
    if target.shares_positions:
        if not is_trained(op):
            return least
        rows = rows_of_weights(op, target, weight_units)
        parts, stripes = tiles_of(op.fan_in, op.outputs, target, (units[0] * rows, units[1]))
        while rows > 1 and not merges_in_a_core(parts, target):
            rows -= 1
            parts, stripes = tiles_of(op.fan_in, op.outputs, target, (units[0] * rows, units[1]))
        beside = rows_beside_biases(op.fan_in, units, target, signed=_is_signed(op))
        # Of many levels the weights can do without some.
        if op.unit_rows > beside and target.largest_weight <= FEW_LEVELS:
            parts = max(parts, min(2, op.fan_in))
        return parts, stripes
    if op.positions == 1:
        return least
    layer = layer_of(op)
    if layer.fan_in != op.fan_in:
        return least
    best = best_tiling(layer, target)
    return best.parts, best.stripes


def _is_signed(op: core_op.VmmOp) -> bool:
    """Whether zero is known to lie between the codes of the results, so that they need biases."""
    code = core_op.code_of(op.result)
    return op.activation.data is Activation.LINEAR and code is not None and code.zero.data > 0
