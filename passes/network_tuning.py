"""One function's tuning towards the golden network: layers, blocks, then end to end."""

from functools import cached_property
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.func import FuncOp

from ..dialects.support.context import CorelowerContext
from ..dialects.support.samples import Samples
from ..dialects.support.target import Target
from .remarks import remark
from .tuned_network import TunedNetwork
from .tuning_schedules import Schedules

if TYPE_CHECKING:
    from ..targets.jax.goals import Quality
    from ..targets.jax.tuning import Part, Schedule
    from .core_op_tune import CoreOpTune

NEAR = 0.02
"""Distance of the untuned network below which end to end starts from its weights too."""


class NetworkTuning:
    """One function's tuning: the phases, and the state that they hand on."""

    def __init__(
        self,
        options: "CoreOpTune",
        function: FuncOp,
        golden: FuncOp,
        samples: Samples,
        target: Target,
        ctx: Context,
        *,
        timed: bool = False,
    ):
        self.options = options
        self.ctx = ctx
        self.timed = timed
        self.network = TunedNetwork(options, function, golden, samples, target, timed=timed)
        self.state = self.network.start
        self.schedules = Schedules(options, timed)
        self.total, self.done = self._planned_steps(), 0

    @property
    def has_layers(self) -> bool:
        """Whether there is anything to tune."""
        return bool(self.network.layers)

    def search_thresholds(self) -> None:
        """Layer by layer, thresholds with which spikes one by one come near to golden values."""
        from ..targets.jax.threshold_search import search_thresholds

        network = self.network
        ours, theirs = network.stream(), network.golden_stream()
        for value, golden in network.goals:
            goal = network.goal(value, network.golden_values(theirs, golden))
            part = network.part(ours, value, goal)
            self.state = search_thresholds(part, self.state)
            ours.advance(part.compute(self.state))
        before, after = self._untuned_quality, self._whole.quality(self.state)
        self._remark("thresholds for spikes", before, after)

    def tune_parts(self) -> None:
        """Layer by layer and block by block, each fed by the tuned ones before it."""
        network, methods = self.network, self.options.method
        before = self._untuned_quality
        if self.state is not network.start:
            before = self._whole.quality(self.state)
        ours, theirs = network.stream(), network.golden_stream()
        block, layers = ours.copy(), 0
        quality, best, best_quality = before, self.state, before
        for value, golden in network.goals:
            goal = network.goal(value, network.golden_values(theirs, golden))
            part = network.part(ours, value, goal)
            if part.layers and "layerwise" in methods:
                quality = self._tune_part(part, quality, self.schedules.layer())
            layers += len(part.layers)
            ours.advance(part.compute(self.state))
            if ours.is_at_a_cut:
                if len(part.layers) < layers and "blockwise" in methods:
                    whole = network.part(block, value, goal)
                    quality = self._tune_part(whole, quality, self.schedules.block())
                    if value in ours.known:
                        ours.known[value] = whole.compute(self.state)
                block, layers = ours.copy(), 0
            if quality.is_no_worse_than(best_quality):
                best, best_quality = self.state, quality
        self.state = best
        self._remark("layer by layer", before, best_quality)

    def tune_end_to_end(self, *, last: bool = False) -> None:
        """All layers together, towards the golden network's outputs; `last` takes its time."""
        part, untuned = self.network.whole(taught=True), self.network.start
        before = part.quality(self.state)
        # Where no layer was tuned the weights before rounding say where to go.
        is_tuned = self.state is not untuned and not self.timed
        start = self.network.settled(self.state) if is_tuned else self.state
        schedule = self.schedules.end_to_end(last=last)
        best = self.state | part.tune(start, schedule, self._progress)
        after = part.quality(best)
        if is_tuned and self._starts_again:
            other = untuned | part.tune(untuned, schedule, self._progress)
            quality = part.quality(other)
            if quality.distance < after.distance and quality.is_no_worse_than(before):
                best, after = other, quality
        elif self._starts_again:
            self._progress(schedule.steps)
        self.state = best
        self._remark("end to end", before, after)

    def write_back(self) -> None:
        """Replace the constants of every layer by what was learned."""
        self.network.write_back(self.state)

    @cached_property
    def _whole(self) -> "Part":
        return self.network.whole()

    @cached_property
    def _untuned_quality(self) -> "Quality":
        return self._whole.quality(self.network.start)

    def _tune_part(self, part: "Part", quality: "Quality", schedule: "Schedule") -> "Quality":
        """
        Tune one part, and keep that only where the network's outputs are not further away for it.

        Nearer to its golden value can be further from the golden output. Few samples' decisions say
        little about one part: they decide about all parts. The network's quality after it.
        """
        state = self.state | part.tune(self.state, schedule, self._progress)
        after = self._whole.quality(state)
        if after.distance > quality.distance:
            return quality
        self.state = state
        return after

    @cached_property
    def _starts_again(self) -> bool:
        """
        Whether end to end starts from the untuned network too, beside the one of tuned layers.

        Near to the golden network, layers that learned to repair each other know the samples rather
        than the task, and what all layers learn together from there is less.
        """
        phases = set(self.options.method)
        is_first = bool(phases & {"layerwise", "blockwise"}) and "end-to-end" in phases
        if self.timed or not self.has_layers or not is_first:
            return False
        return self._untuned_quality.distance < NEAR

    def _planned_steps(self) -> int:
        """Steps of all phases, for who is told of the progress."""
        count, inside = 0, 0
        network, methods = self.network, self.options.method
        stream = network.stream()
        for value, _ in network.goals:
            layers = len(network.layers_in(stream.segment(value)))
            inside += layers
            count += bool(layers and "layerwise" in methods)
            stream.advance(network.samples[:1])
            if stream.is_at_a_cut:
                count += bool(layers < inside and "blockwise" in methods)
                inside = 0
        steps = self.options.steps * count
        if "end-to-end" in methods:
            steps += self.schedules.end_to_end().steps * (1 + self._starts_again)
        if "spikes" in methods and self.timed:
            steps += self.schedules.end_to_end(last=True).steps
        return steps

    def _progress(self, count: int) -> None:
        self.done += count
        if isinstance(self.ctx, CorelowerContext) and self.ctx.progress is not None:
            self.ctx.progress(self.options.name, self.done, self.total)

    def _remark(self, phase: str, before: "Quality", after: "Quality") -> None:
        remark(
            self.ctx,
            self.network.function,
            f"{phase}: on {self.network.validation} samples held back, distance "
            f"{before.distance:.2g} to {after.distance:.2g}, disagreement "
            f"{before.disagreement:.2%} to {after.disagreement:.2%}",
        )
