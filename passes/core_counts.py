"""What a linear operation costs on a target: the measure by which exact forms are chosen."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from xdsl.ir import Operation

from ..dialects.core_op import target_of
from ..dialects.support.cores import cores_of, tiles_of
from ..dialects.support.target import Target
from ..dialects.support.window import Window
from .unrolled_counts import Layer, best_tiling

ANY_CORE = Target("any", fan_in=256, fan_out=256, signal_bits=8, weights=(-127, 127))
"""The core by which is counted where the module names no target."""


class Cost(NamedTuple):
    """Cores, then multiplications: compared in this order, and added by `plus`."""

    cores: int
    multiplications: int

    def plus(self, other: "Cost") -> "Cost":
        """The cost of both."""
        return Cost(self.cores + other.cores, self.multiplications + other.multiplications)


Sliding = tuple[Window, Sequence[int]]
"""A window, and the extents that it slides over."""


def counting_target(op: Operation) -> Target:
    """The target that the module around `op` names, else a core of 256 inputs and outputs."""
    return target_of(op) or ANY_CORE


def linear_cost(
    target: Target,
    groups: int,
    fan_in: int,
    outputs: int,
    positions: int,
    sliding: Sliding | None = None,
) -> Cost:
    """
    The cost of `groups` matrices of `fan_in` x `outputs`, each used at every position.

    A matrix takes a core for each tile of the target's rows (bias rows left out) and columns;
    merging of partial sums is not counted. Where positions cannot use a core in turn, as many as
    fit share one at once: neighbours of a `sliding` window, whose inputs overlap, above all. Their
    partial sums, of which more than necessary may pay then, are counted.
    """
    multiplications = fan_in * outputs * groups * positions
    if target.shares_positions:
        cores = prod(tiles_of(fan_in, outputs, target)) * cores_of(groups, (positions,), target)
        return Cost(cores, multiplications)
    layer = Layer(groups, fan_in, outputs, positions)
    if sliding is not None:
        window, spatial = sliding
        channels = fan_in // window.size
        layer = Layer(groups, channels, outputs, positions, window, tuple(spatial))
    return Cost(best_tiling(layer, target).cores, multiplications)
