"""What a part's outputs ought to be, and how far they are from it."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from xdsl.ir import SSAValue

from ...dialects import core_op
from .typed import float32


class Quality(NamedTuple):
    """How far a part is from golden on what is held back; less is better."""

    distance: float
    """See `distance_of`."""
    disagreement: float
    """The fraction of decisions that differ; 0 where nothing is decided."""

    def is_no_worse_than(self, other: "Quality") -> bool:
        """In both respects."""
        return self.distance <= other.distance and self.disagreement <= other.disagreement


class Measures(NamedTuple):
    """
    What makes an output and a golden value comparable, and their difference a part of the latter.

    The output in codes is `scale` times its difference from `zero`; the golden value, in its own
    layout, is multiplied with `factor`, and cut off at `least` and `largest`.
    """

    scale: jax.Array
    zero: jax.Array
    factor: jax.Array
    least: jax.Array
    largest: jax.Array
    variance: jax.Array


@dataclass(frozen=True)
class Goal:
    """
    What an output of a segment ought to be: golden values of all samples, or of some to see them.

    These have the golden value's layout; `order` is that of its axes here, `factor` what it is
    multiplied with here. Where it `decides`, only the decision counts that the output is.
    """

    golden: npt.NDArray[np.float32]
    order: tuple[int, ...] | None = None
    factor: npt.NDArray[np.float32] | None = None
    decides: bool = False
    timed: bool = False
    """Whether the output is trains of spikes, which are counted."""
    units: int = 1
    """So many neighbours in the output's last axis add up to a number."""

    def numbers(self, codes: jax.Array) -> jax.Array:
        """A batch of outputs as the numbers that golden values are compared with."""
        codes = codes.sum(axis=1) if self.timed else codes
        if self.units == 1:
            return codes
        return codes.reshape(*codes.shape[:-1], -1, self.units).sum(axis=-1)

    def aligned(self, golden: jax.Array, factor: jax.Array) -> jax.Array:
        """A batch of golden values as they are here, but for their shape."""
        golden = golden * factor
        if self.order is None:
            return golden
        return jnp.transpose(golden, (0, *(axis + 1 for axis in self.order)))


def measures_of(value: SSAValue, goal: Goal) -> Measures:
    """How the output `value`, as the chip has it, is compared with its goal."""
    code = core_op.code_of(value)
    scale, zero, ends = 1.0, 0.0, (-np.inf, np.inf)
    if code is not None:
        scale, zero = code.scale.data, code.zero.data * goal.units
        if goal.decides:
            low, high = code.interval
            ends = low * goal.units, high * goal.units
    factor = np.ones((), np.float32) if goal.factor is None else goal.factor
    variance = max(float(np.var(np.clip(goal.golden * factor, *ends))), 1e-12)
    return Measures(*(float32(number) for number in (scale, zero, factor, *ends, variance)))


def distance_of(codes: jax.Array, golden: jax.Array, measures: Measures, kind: Goal) -> jax.Array:
    """
    Mean squared error of results, as the chip has them, over the golden variance.

    Of decisions too: by how much logits are off says how likely the decision is another one. The
    divergence of the softmax is mostly that of a few samples, too noisy to choose by. What lies
    beyond the ends of their code saturates by intent and is not missed.
    """
    found = (kind.numbers(codes) - measures.zero) * measures.scale
    golden = kind.aligned(golden, measures.factor).reshape(found.shape)
    golden = jnp.clip(golden, measures.least, measures.largest)
    return jnp.mean(jnp.square(found - golden)) / measures.variance


def divergence_of(codes: jax.Array, golden: jax.Array, measures: Measures, kind: Goal) -> jax.Array:
    """The mean Kullback-Leibler divergence of the softmax of results from that of golden values."""
    found = ((kind.numbers(codes) - measures.zero) * measures.scale).reshape(len(codes), -1)
    golden = kind.aligned(golden, measures.factor).reshape(found.shape)
    wanted = jax.nn.log_softmax(golden)
    return jnp.mean(jnp.sum(jnp.exp(wanted) * (wanted - jax.nn.log_softmax(found)), axis=-1))
