"""How long, how fast and on which samples each phase of tuning learns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..targets.jax.tuning import Schedule
    from .core_op_tune import CoreOpTune

END_TO_END_RATE = 0.1
"""The rate when all layers move at once, as a part of that of a single one."""

END_TO_END_STEPS = 3
"""Steps end to end, as a multiple of those of a layer."""

TIMED_STEPS = 4
"""The same where neurons fire at any tick: far from where they start."""

SPIKE_STEPS = 16
"""The same of the last phase there, when each neuron learns for itself."""

SPIKE_RATE = 20.0
"""The rate against these, as a multiple of that of a single layer."""

SPIKE_GAIN_RATE = 0.1
"""Learning rate of a threshold's logarithm then, as a part of a weight's."""

BLOCK_RATE = 0.3
"""The rate in a block of layers, as a part of that of a single one."""

MIXED = 0.5
"""The part of the samples that are mixed with others, where the golden network teaches all."""

SPIKES_MIXED = 1.0
"""The same against spikes one by one, over so many more steps that the samples would be known."""


@dataclass(frozen=True)
class Schedules:
    """Those of one function's phases; `timed` where neurons fire at any tick, one by one."""

    options: "CoreOpTune"
    timed: bool

    def layer(self) -> "Schedule":
        """Of a single layer."""
        return self._of(1, 1.0, order=0)

    def block(self) -> "Schedule":
        """Of a block of layers."""
        return self._of(1, BLOCK_RATE, order=0)

    def end_to_end(self, *, last: bool = False) -> "Schedule":
        """Of all layers; the `last` such phase takes its time."""
        if self.timed:
            steps = SPIKE_STEPS if last else TIMED_STEPS
            return self._of(steps, SPIKE_RATE, order=1, mixed=SPIKES_MIXED)
        return self._of(END_TO_END_STEPS, END_TO_END_RATE, order=1, mixed=MIXED)

    def _of(self, times: float, rate: float, order: int, mixed: float = 0.0) -> "Schedule":
        """`times` as many steps as of a layer, in another `order` of samples, so much faster."""
        from ..targets.jax.tuning import GAIN_RATE, Schedule

        options = self.options
        gain_rate = SPIKE_GAIN_RATE if self.timed else GAIN_RATE
        steps, rate = round(options.steps * times), options.learning_rate * rate
        return Schedule(steps, rate, options.batch, options.seed + order, mixed, gain_rate)
