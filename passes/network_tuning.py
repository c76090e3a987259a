"""One function's tuning towards the golden network: layers, blocks, then end to end."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from ..dialects import core_op, trained
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import OperationError
from ..dialects.support.golden_scale import golden_scale
from ..dialects.support.provenance import golden_decoder, golden_order, golden_units
from ..dialects.support.samples import Samples
from ..dialects.support.target import Target
from .layer_modes import target_of_product
from .real_parameters import real_weight_in_steps
from .reform_limits import HOST_OPERATIONS
from .remarks import remark
from .tuning_schedules import Schedules
from .weight_units import row_units
from .weight_values import value_table
from .wiring import AUXILIARY, FIXED

if TYPE_CHECKING:
    from ..targets.jax.evaluator import Evaluator
    from ..targets.jax.goals import Goal, Quality
    from ..targets.jax.layers import Layer
    from ..targets.jax.segments import Segment, Stream
    from ..targets.jax.tuning import Part, Schedule, State
    from .core_op_tune import CoreOpTune

Array = npt.NDArray[np.generic]
NEAR = 0.02
"""Distance of the untuned network below which end to end starts from its weights too."""

SEEN = 64
"""Samples that show how much a golden value varies."""


class NetworkTuning:
    """One function's tuning: its layers, the golden values, the state."""

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
        from ..targets.jax.evaluator import Evaluator
        from ..targets.jax.segments import Segments
        from ..targets.jax.sharding import Devices
        from ..targets.jax.tuning import PartCache

        self.options = options
        self.function = function
        self.ctx = ctx
        self.samples = samples
        self.timed = timed
        self.evaluator = Evaluator(function, timed=timed)
        self.golden = Evaluator(golden)
        self.target = target
        self.validation = max(1, min(len(samples) - 1, round(len(samples) * options.validation)))
        self.layers: dict[int, Layer] = {}
        self.state: State = {}
        for op in self.evaluator.program.operations:
            if isinstance(op, core_op.VmmOp) and op.is_quantized and not self._is_fixed(op):
                self._add_layer(op)
        self.output = chip_output(function)
        self.decisive = before_wiring(self.output)
        decodes = [use.operation for use in self.output.uses]
        units = [op.unit_count for op in decodes if isinstance(op, core_op.DecodeOp)]
        self.output_units = max(units, default=1)
        self.cache = PartCache(Devices())
        self.segments = Segments()
        self.goals = self._goals()
        self.schedules = Schedules(options, timed)
        self.untuned = self.state
        self.starts_again = self._starts_again()
        self.total, self.done = self._planned_steps(), 0

    def search_thresholds(self) -> None:
        """Layer by layer, thresholds with which spikes one by one come near to golden values."""
        from ..targets.jax.threshold_search import search_thresholds

        network = self._network()
        before = network.quality(self.state)
        ours, theirs = self._stream(self.evaluator, 0), self._stream(self.golden, 1)
        for value, golden in self.goals:
            segment = theirs.segment(golden)
            (array,) = self.segments.run(segment, self.golden.parameters, theirs.arrays(segment))
            theirs.advance(array)
            part = self._part(ours, value, self._goal(value, array))
            self.state = search_thresholds(part, self.state)
            ours.advance(part.compute(self.state))
        self._remark("thresholds for spikes", before, network.quality(self.state))

    def tune_parts(self) -> None:
        """Layer by layer and block by block, each fed by the tuned ones before it."""
        network = self._network()
        before = quality = network.quality(self.state)
        ours, theirs = self._stream(self.evaluator, 0), self._stream(self.golden, 1)
        block, layers = ours.copy(), 0
        best, best_quality = self.state, before
        for value, golden in self.goals:
            segment = theirs.segment(golden)
            (array,) = self.segments.run(segment, self.golden.parameters, theirs.arrays(segment))
            theirs.advance(array)
            goal = self._goal(value, array)
            part = self._part(ours, value, goal)
            if part.layers and "layerwise" in self.options.method:
                quality = self._tune_part(part, network, quality, self.schedules.layer())
            layers += len(part.layers)
            ours.advance(part.compute(self.state))
            if ours.is_at_a_cut:
                if len(part.layers) < layers and "blockwise" in self.options.method:
                    whole = self._part(block, value, goal)
                    quality = self._tune_part(whole, network, quality, self.schedules.block())
                    if value in ours.known:
                        ours.known[value] = whole.compute(self.state)
                block, layers = ours.copy(), 0
            if quality.is_no_worse_than(best_quality):
                best, best_quality = self.state, quality
        self.state = best
        self._remark("layer by layer", before, best_quality)

    def tune_end_to_end(self, *, last: bool = False) -> None:
        """All layers together, towards the golden network's outputs; `last` takes its time."""
        part, schedule = self._network(taught=True), self.schedules.end_to_end(last=last)
        before = part.quality(self.state)
        best = self.state | part.tune(self.state, schedule, self._progress)
        after = part.quality(best)
        if self.starts_again:
            other = self.untuned | part.tune(self.untuned, schedule, self._progress)
            quality = part.quality(other)
            if quality.distance < after.distance and quality.is_no_worse_than(before):
                best, after = other, quality
        self.state = best
        self._remark("end to end", before, after)

    def write_back(self) -> None:
        """Replace the constants of every layer by what was learned."""
        from ..targets.jax.layers import realize

        for index, layer in self.layers.items():
            realized = realize(layer, self.state[index], layer.frozen, self.evaluator.parameters)
            op = layer.op
            weight = np.asarray(realized[layer.weight])
            narrow = np.abs(weight).max(initial=0) <= 127
            values: list[Array] = [weight.astype(np.int8 if narrow else np.int16)]
            for key in (layer.bias, layer.potential):
                if key is not None:
                    added = np.asarray(realized[key]).astype(np.int32)
                    values.append(
                        added if layer.potential else representable_bias(added, layer.target)
                    )
            values.append(np.asarray(realized[layer.gain], np.float32))
            builder = Builder(InsertPoint.before(op))
            for at, array in enumerate(values, start=1):
                constant = trained.TensorOp(array)
                constant.location = op.location
                op.operands[at] = builder.insert(constant).result
        for op in list(self.function.body.block.ops):
            if isinstance(op, trained.TensorOp) and not list(op.result.uses):
                op.detach()
                op.erase()

    def _goals(self) -> list[tuple[SSAValue, SSAValue]]:
        """Values that dot products compute, with the golden ones that they stand for, in order."""
        from ..targets.jax.segments import segment_of

        golden, goals = self.golden.named_values(), list[tuple[SSAValue, SSAValue]]()
        known = set[SSAValue](self.evaluator.arguments)
        for name, (op, value) in self.evaluator.named_values().items():
            if name not in golden or golden_decoder(op) is not None:
                continue
            segment = segment_of(self.evaluator.program, [value], known)
            if any(isinstance(op, core_op.VmmOp) for op in segment.program.operations):
                goals.append((value, golden[name][1]))
                known.add(value)
        return goals

    def _stream(self, evaluator: "Evaluator", side: int) -> "Stream":
        from ..targets.jax.segments import Stream

        wanted = [pair[side] for pair in self.goals]
        return Stream(evaluator.program, wanted, {evaluator.arguments[0]: self.samples[:]})

    def _goal(self, value: SSAValue, golden: Array) -> "Goal":
        """Golden values of all samples, or some, as the goal of `value`."""
        from ..targets.jax.goals import Goal

        op = value.owner
        assert isinstance(op, Operation)
        # What saturates by intent has no golden value to come near to, only a decision.
        order, factor = golden_order(op), golden_scale(op)
        decides = value is self.output or (value is self.decisive and order is None)
        decides = decides and self.options.output == "decisions" and golden[0].size > 1
        timed = self.timed and core_op.ticks_of(value) > 1
        units = self.output_units if value is self.output else golden_units(op)
        return Goal(np.asarray(golden, np.float32), order, factor, decides, timed, units)

    def _part(self, stream: "Stream", value: SSAValue, goal: "Goal") -> "Part":
        """What lies between the known values and `value`, whose golden value is `goal`."""
        from ..targets.jax.tuning import Part

        segment = stream.segment(value)
        inputs = stream.arrays(segment)
        parameters, layers = self.evaluator.parameters, self._layers_in(segment)
        return Part(segment, parameters, layers, inputs, [goal], self.validation, self.cache)

    def _tune_part(
        self, part: "Part", network: "Part", quality: "Quality", schedule: "Schedule"
    ) -> "Quality":
        """
        Tune one part, and keep that only where the network's outputs are not further away for it.

        Nearer to its golden value can be further from the golden output. Few samples' decisions say
        little about one part: they decide about all parts. The network's quality after it.
        """
        state = self.state | part.tune(self.state, schedule, self._progress)
        after = network.quality(state)
        if after.distance > quality.distance:
            return quality
        self.state = state
        return after

    def _network(self, *, taught: bool = False) -> "Part":
        """
        The whole network as one part, with the golden outputs as its goal.

        `taught` adds the golden values on the way as goals, and the golden network itself.
        """
        from ..targets.jax.segments import segment_of
        from ..targets.jax.tuning import Part, Teacher

        pairs = [(self.output, chip_output(self.golden.function))]
        if taught:
            ends = (self.output, self.decisive)
            pairs = [*(pair for pair in self.goals if pair[0] not in ends), *pairs]
        segment = segment_of(
            self.evaluator.program,
            [value for value, _ in pairs],
            set[SSAValue](self.evaluator.arguments),
        )
        theirs = [value for _, value in pairs]
        arguments = set[SSAValue](self.golden.arguments)
        teacher = segment_of(self.golden.program, theirs, arguments)
        last = segment_of(self.golden.program, theirs[-1:], arguments)
        inputs, parameters = [self.samples[:]], self.golden.parameters
        # Of what is on the way the variance is needed only: a few samples say it.
        some = [array[:SEEN] for array in inputs]
        seen = self.segments.run(teacher, parameters, some)[:-1]
        arrays = [*seen, *self.segments.run(last, parameters, inputs)]
        goals = [self._goal(value, array) for (value, _), array in zip(pairs, arrays, strict=True)]
        return Part(
            segment,
            self.evaluator.parameters,
            self._layers_in(segment),
            inputs,
            goals,
            self.validation,
            self.cache,
            Teacher(teacher, parameters) if taught else None,
        )

    def _layers_in(self, segment: "Segment") -> "dict[int, Layer]":
        inside = set(segment.program.operations)
        return {index: layer for index, layer in self.layers.items() if layer.op in inside}

    def _starts_again(self) -> bool:
        """
        Whether end to end starts from the untuned network too, beside the one of tuned layers.

        Near to the golden network, layers that learned to repair each other know the samples rather
        than the task, and what all layers learn together from there is less.
        """
        phases = set(self.options.method)
        is_first = bool(phases & {"layerwise", "blockwise"}) and "end-to-end" in phases
        if self.timed or not self.layers or not is_first:
            return False
        return self._network().quality(self.state).distance < NEAR

    def _planned_steps(self) -> int:
        """Steps of all phases, for who is told of the progress."""
        count, inside = 0, 0
        stream, methods = self._stream(self.evaluator, 0), self.options.method
        for value, _ in self.goals:
            layers = len(self._layers_in(stream.segment(value)))
            inside += layers
            count += bool(layers and "layerwise" in methods)
            stream.advance(self.samples[:1])
            if stream.is_at_a_cut:
                count += bool(layers < inside and "blockwise" in methods)
                inside = 0
        steps = self.options.steps * count
        if "end-to-end" in methods:
            steps += self.schedules.end_to_end().steps * (1 + self.starts_again)
        if "spikes" in methods and self.timed:
            steps += self.schedules.end_to_end(last=True).steps
        return steps

    def _add_layer(self, op: core_op.VmmOp) -> None:
        from ..targets.jax.layers import Layer

        keys = self.evaluator.program.keys
        names: list[str] = []
        for operand in op.operands[1:]:
            if not isinstance(operand.owner, trained.TensorOp):
                raise OperationError(op, "its weights are computed; only constants can be tuned")
            names.append(keys[operand.owner])
        target = target_of_product(op, self.target)
        parameters = self.evaluator.parameters
        weight = np.asarray(parameters[names[0]])
        layer = Layer.of(
            op,
            names,
            parameters,
            target,
            row_units(op),
            values=value_table(op, weight, target),
            timed=self.timed,
        )
        index = len(self.layers)
        self.layers[index] = layer
        self.state[index] = layer.start(self.evaluator.parameters, real_weight_in_steps(op))

    def _is_fixed(self, op: core_op.VmmOp) -> bool:
        """
        Whether the weights are part of a construction, or were trained as the integers they are.

        What a construction promises of numbers of spikes it does not keep of spikes one by one.
        """
        return FIXED in op.attributes or (AUXILIARY in op.attributes and not self.timed)

    def _progress(self, count: int) -> None:
        self.done += count
        if isinstance(self.ctx, CorelowerContext) and self.ctx.progress is not None:
            self.ctx.progress(self.options.name, self.done, self.total)

    def _remark(self, phase: str, before: "Quality", after: "Quality") -> None:
        remark(
            self.ctx,
            self.function,
            f"{phase}: on {self.validation} samples held back, distance "
            f"{before.distance:.2g} to {after.distance:.2g}, disagreement "
            f"{before.disagreement:.2%} to {after.disagreement:.2%}",
        )


def chip_output(function: FuncOp) -> SSAValue:
    """The last value before what the host computes: decoding, softmax, argmax."""
    returned = function.body.block.last_op
    assert returned is not None
    value = returned.operands[0]
    while isinstance(op := value.owner, (core_op.DecodeOp, *HOST_OPERATIONS)):
        value = op.operands[0]
    return value


def before_wiring(value: SSAValue) -> SSAValue:
    """What `value` only has in another shape or order."""
    while isinstance(op := value.owner, core_op.ReshapeOp | core_op.PermuteOp):
        value = op.operands[0]
    return value
