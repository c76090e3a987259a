"""What a linear operation costs on a target: the measure by which exact forms are chosen."""

from math import prod
from typing import NamedTuple

from xdsl.ir import Operation

from ..dialects.core_op import target_of
from ..dialects.support.cores import cores_of, tiles_of
from ..dialects.support.target import Target

ANY_CORE = Target("any", fan_in=256, fan_out=256, signal_bits=8, weights=(-127, 127))
"""The core by which is counted where the module names no target."""


class Cost(NamedTuple):
    """Cores, then multiplications: compared in this order, and added by `plus`."""

    cores: int
    multiplications: int

    def plus(self, other: "Cost") -> "Cost":
        """The cost of both."""
        return Cost(self.cores + other.cores, self.multiplications + other.multiplications)


def counting_target(op: Operation) -> Target:
    """The target that the module around `op` names, else a core of 256 inputs and outputs."""
    return target_of(op) or ANY_CORE


def linear_cost(target: Target, groups: int, fan_in: int, outputs: int, positions: int) -> Cost:
    """
    The cost of `groups` matrices of `fan_in` x `outputs`, each used at every position.

    A matrix takes a core for each tile of the target's rows (bias rows left out) and columns;
    where positions cannot use a core in turn, each has its own. Merging of partial sums is not
    counted.
    """
    cores = prod(tiles_of(fan_in, outputs, target)) * cores_of(groups, (positions,), target)
    return Cost(cores, fan_in * outputs * groups * positions)
