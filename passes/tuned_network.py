"""What is tuned of a function: its layers and their state, golden values, and parts of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from xdsl.builder import Builder
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from ..dialects import core_op, trained
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.errors import OperationError
from ..dialects.support.golden_scale import golden_scale
from ..dialects.support.provenance import golden_decoder, golden_order, golden_units
from ..dialects.support.samples import Samples
from ..dialects.support.target import Target
from .layer_modes import target_of_product
from .real_parameters import real_weight_in_steps
from .reform_limits import HOST_OPERATIONS
from .weight_units import row_units
from .weight_values import value_table
from .wiring import AUXILIARY, FIXED

if TYPE_CHECKING:
    from ..targets.jax.compiled_parts import State, Task
    from ..targets.jax.evaluator import Evaluator
    from ..targets.jax.goals import Goal
    from ..targets.jax.layers import Layer
    from ..targets.jax.segments import Segment, Stream
    from ..targets.jax.tuning import Part
    from .core_op_tune import CoreOpTune

Array = npt.NDArray[np.generic]

SEEN = 64
"""Samples that show how much a golden value varies."""


class TunedNetwork:
    """A function beside its golden one: what is learned of it, and what it ought to compute."""

    def __init__(
        self,
        options: "CoreOpTune",
        function: FuncOp,
        golden: FuncOp,
        samples: Samples,
        target: Target,
        *,
        timed: bool,
    ):
        from ..targets.jax.compiled_parts import PartCache
        from ..targets.jax.evaluator import Evaluator
        from ..targets.jax.segments import Segments
        from ..targets.jax.sharding import Devices

        self.function = function
        self.samples = samples
        self.timed = timed
        self.validation = max(1, min(len(samples) - 1, round(len(samples) * options.validation)))
        self.layers: dict[int, Layer] = {}
        self.start: State = {}
        """What layers begin with."""
        self._decides = options.output == "decisions"
        self._target = target
        self._evaluator = Evaluator(function, timed=timed)
        self._golden = Evaluator(golden)
        for op in self._evaluator.program.operations:
            if isinstance(op, core_op.VmmOp) and op.is_quantized and not self._is_fixed(op):
                self._add_layer(op)
        self._output = chip_output(function)
        self._decisive = before_wiring(self._output)
        decodes = [use.operation for use in self._output.uses]
        units = [op.unit_count for op in decodes if isinstance(op, core_op.DecodeOp)]
        self._output_units = max(units, default=1)
        self._cache = PartCache(Devices())
        self._segments = Segments()
        self.goals = self._goals()

    def stream(self) -> "Stream":
        """What the function computes for the goals, in order."""
        return self._stream(self._evaluator, 0)

    def golden_stream(self) -> "Stream":
        """What the golden function computes for the goals, in order."""
        return self._stream(self._golden, 1)

    def golden_values(self, stream: "Stream", value: SSAValue) -> Array:
        """The next of the golden stream's values, which moves on."""
        segment = stream.segment(value)
        (array,) = self._segments.run(segment, self._golden.parameters, stream.arrays(segment))
        stream.advance(array)
        return array

    def goal(self, value: SSAValue, golden: Array) -> "Goal":
        """Golden values of all samples, or some, as the goal of `value`."""
        from ..targets.jax.goals import Goal

        op = value.owner
        assert isinstance(op, Operation)
        # What saturates by intent has no golden value to come near to, only a decision.
        order, factor = golden_order(op), golden_scale(op)
        decides = value is self._output or (value is self._decisive and order is None)
        decides = decides and self._decides and golden[0].size > 1
        timed = self.timed and core_op.ticks_of(value) > 1
        units = self._output_units if value is self._output else golden_units(op)
        return Goal(np.asarray(golden, np.float32), order, factor, decides, timed, units)

    def part(self, stream: "Stream", value: SSAValue, goal: "Goal") -> "Part":
        """What lies between the known values and `value`, whose golden value is `goal`."""
        from ..targets.jax.compiled_parts import Task

        segment = stream.segment(value)
        return self._part(Task(segment, self.layers_in(segment), [goal]), stream.arrays(segment))

    def whole(self, *, taught: bool = False) -> "Part":
        """
        The whole network as one part, with the golden outputs as its goal.

        `taught` adds the golden values on the way as goals, and the golden network itself.
        """
        from ..targets.jax.compiled_parts import Task, Teacher
        from ..targets.jax.segments import segment_of

        pairs = [(self._output, chip_output(self._golden.function))]
        if taught:
            ends = (self._output, self._decisive)
            pairs = [*(pair for pair in self.goals if pair[0] not in ends), *pairs]
        segment = segment_of(
            self._evaluator.program,
            [value for value, _ in pairs],
            set[SSAValue](self._evaluator.arguments),
        )
        theirs = [value for _, value in pairs]
        arguments = set[SSAValue](self._golden.arguments)
        golden = segment_of(self._golden.program, theirs, arguments)
        last = segment_of(self._golden.program, theirs[-1:], arguments)
        inputs, parameters = [self.samples[:]], self._golden.parameters
        # Of what is on the way the variance is needed only: a few samples say it.
        some = [array[:SEEN] for array in inputs]
        seen = self._segments.run(golden, parameters, some)[:-1]
        arrays = [*seen, *self._segments.run(last, parameters, inputs)]
        goals = [self.goal(value, array) for (value, _), array in zip(pairs, arrays, strict=True)]
        teacher = Teacher(golden, parameters) if taught else None
        return self._part(Task(segment, self.layers_in(segment), goals, teacher), inputs)

    def _part(self, task: "Task", inputs: Sequence[Array]) -> "Part":
        from ..targets.jax.tuning import Part

        return Part(task, self._evaluator.parameters, inputs, self.validation, self._cache)

    def layers_in(self, segment: "Segment") -> "dict[int, Layer]":
        """The layers that a part of the function has, by their index."""
        inside = set(segment.program.operations)
        return {index: layer for index, layer in self.layers.items() if layer.op in inside}

    def settled(self, state: "State") -> "State":
        """The same integers, which small moves do not change."""
        from ..targets.jax.layers import settled

        return {
            index: settled(trained, self.layers[index].frozen) for index, trained in state.items()
        }

    def write_back(self, state: "State") -> None:
        """Replace the constants of every layer by the integers of `state`."""
        from ..targets.jax.layers import realize

        for index, layer in self.layers.items():
            realized = realize(layer, state[index], layer.frozen, self._evaluator.parameters)
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

        golden, goals = self._golden.named_values(), list[tuple[SSAValue, SSAValue]]()
        known = set[SSAValue](self._evaluator.arguments)
        for name, (op, value) in self._evaluator.named_values().items():
            if name not in golden or golden_decoder(op) is not None:
                continue
            segment = segment_of(self._evaluator.program, [value], known)
            if any(isinstance(op, core_op.VmmOp) for op in segment.program.operations):
                goals.append((value, golden[name][1]))
                known.add(value)
        return goals

    def _stream(self, evaluator: "Evaluator", side: int) -> "Stream":
        from ..targets.jax.segments import Stream

        wanted = [pair[side] for pair in self.goals]
        return Stream(evaluator.program, wanted, {evaluator.arguments[0]: self.samples[:]})

    def _add_layer(self, op: core_op.VmmOp) -> None:
        from ..targets.jax.layers import Layer

        keys = self._evaluator.program.keys
        names: list[str] = []
        for operand in op.operands[1:]:
            if not isinstance(operand.owner, trained.TensorOp):
                raise OperationError(op, "its weights are computed; only constants can be tuned")
            names.append(keys[operand.owner])
        target = target_of_product(op, self._target)
        parameters = self._evaluator.parameters
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
        self.start[index] = layer.start(self._evaluator.parameters, real_weight_in_steps(op))

    def _is_fixed(self, op: core_op.VmmOp) -> bool:
        """
        Whether the weights are part of a construction, or were trained as the integers they are.

        What a construction promises of numbers of spikes it does not keep of spikes one by one.
        """
        return FIXED in op.attributes or (AUXILIARY in op.attributes and not self.timed)


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
