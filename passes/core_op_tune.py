"""The pass `core-op-tune`: repair what quantisation lost, against the golden network's values."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import InsertPoint

from ..dialects import core_op, trained
from ..dialects.nn import shape_of
from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import CorelowerError, OperationError
from ..dialects.support.functions import golden_function
from ..dialects.support.provenance import golden_order, golden_units
from ..dialects.support.samples import Samples
from ..dialects.support.target import Target
from .calibration_base import OUTPUT_HELP, CalibrationPass, OutputMeaning
from .core_op_quantize_weights import REAL_WEIGHT
from .pass_base import lowered_functions
from .reform_limits import HOST_OPERATIONS
from .remarks import remark
from .wiring import AUXILIARY, FIXED

if TYPE_CHECKING:
    from ..targets.jax.tuning import Layer, Phase, State

Array = npt.NDArray[np.generic]
END_TO_END_RATE = 0.1
"""The rate when all layers move at once, as a part of that of a single one."""

END_TO_END_STEPS = 3
"""Steps end to end, as a multiple of those of a layer."""

Method = Literal["layerwise", "end-to-end"]


@dataclass(frozen=True)
class CoreOpTune(CalibrationPass):
    """
    Tunes integer weights, biases and gains towards the golden network's values, without labels.

    Needs quantised dot products and a golden function. `layerwise` goes through the network in
    order: each layer sees what the already tuned ones before it compute, its goal is the golden
    value. `end-to-end` then tunes all towards the golden outputs. A part of the samples is held
    back; a phase is kept only where it brings the network closer to the golden one on these.
    """

    name = "core-op-tune"

    method: tuple[Method, ...] = field(
        default=("layerwise", "end-to-end"), metadata={"help": "the phases, in order"}
    )
    steps: int = field(
        default=120, metadata={"help": "steps a layer; three times as many at the end"}
    )
    learning_rate: float = field(
        default=0.03, metadata={"help": "of the weights, in steps of an integer weight"}
    )
    batch: int = field(default=64, metadata={"help": "samples a step"})
    validation: float = field(default=0.25, metadata={"help": "part of the samples held back"})
    seed: int = field(default=0, metadata={"help": "of the order of samples"})
    output: OutputMeaning = field(default="decisions", metadata={"help": OUTPUT_HELP})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 1 or self.batch < 1:
            raise ValueError("steps and batch must be 1 or more")
        if not 0 < self.validation < 1:
            raise ValueError(f"validation must be between 0 and 1, not {self.validation:g}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning-rate must be above 0, not {self.learning_rate:g}")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = core_op.target_of(op)
        if target is None:
            raise CorelowerError(f"{self.name}: the module has no target; run set-target before")
        for function in lowered_functions(op):
            samples = self.load(ctx, function)
            if len(samples) < 2:
                raise CorelowerError(f"{self.name}: needs 2 samples or more, one is held back")
            golden = golden_function(op, function)
            tuning = _Tuning(self, function, golden, samples, target, ctx)
            if not tuning.layers:
                continue
            if "layerwise" in self.method:
                tuning.tune_layers()
            if "end-to-end" in self.method:
                tuning.tune_end_to_end()
            tuning.write_back()


class _Tuning:
    """One function's tuning: its layers, the golden values, the state."""

    def __init__(
        self,
        options: CoreOpTune,
        function: FuncOp,
        golden: FuncOp,
        samples: Samples,
        target: Target,
        ctx: Context,
    ):
        from ..targets.jax.evaluator import Evaluator

        self.options = options
        self.function = function
        self.ctx = ctx
        self.samples = samples
        self.evaluator = Evaluator(function)
        self.golden = Evaluator(golden)
        self.target = target
        self.validation = max(1, min(len(samples) - 1, round(len(samples) * options.validation)))
        self.layers: dict[int, Layer] = {}
        self.state: State = {}
        for op in self.evaluator.program.operations:
            if isinstance(op, core_op.VmmOp) and op.is_quantized and not _is_fixed(op):
                self._add_layer(op)
        phases = len(self.layers) if "layerwise" in options.method else 0
        phases += END_TO_END_STEPS if "end-to-end" in options.method else 0
        self.total = options.steps * phases
        self.done = 0

    def tune_layers(self) -> None:
        """Layer by layer, each fed by the tuned ones before it."""
        wanted = self.golden.named_values()
        found = {
            name: (op, value)
            for name, (op, value) in self.evaluator.named_values().items()
            if name in wanted and golden_units(op) == 1
        }
        network = self._network()
        before = quality = network.quality(self.state)
        known: dict[SSAValue, Array] = {self.evaluator.arguments[0]: self.samples[:]}
        for name, (op, value) in found.items():
            goal = self._golden_value(wanted[name][1], op)
            # What saturates by intent has no golden value to come near to, only a decision.
            decides = network.decisions and name == list(found)[-1]
            part = self._part(known, value, goal, decides)
            if part.layers:
                quality = self._tune_part(part, network, quality)
            state = {index: self.state[index] for index in part.layers}
            known = self._still_needed({**known, value: part.compute(state)}, value)
        self._remark("layer by layer", before, quality)

    def tune_end_to_end(self) -> None:
        """All layers together, towards the golden network's outputs."""
        phase = self._network()
        before = phase.quality(self.state)
        self.state = phase.tune(
            self.state,
            self.options.steps * END_TO_END_STEPS,
            self.options.learning_rate * END_TO_END_RATE,
            self.options.batch,
            self.options.seed + 1,
            self._progress,
        )
        self._remark("end to end", before, phase.quality(self.state))

    def write_back(self) -> None:
        """Replace the constants of every layer by what was learned."""
        for index, layer in self.layers.items():
            realized = layer.realize(self.state[index], self.evaluator.parameters)
            op = layer.op
            weight = np.asarray(realized[layer.weight])
            narrow = np.abs(weight).max(initial=0) <= 127
            values: list[Array] = [weight.astype(np.int8 if narrow else np.int16)]
            if layer.bias is not None:
                bias = np.asarray(realized[layer.bias]).astype(np.int32)
                values.append(representable_bias(bias, layer.target))
            values.append(np.asarray(realized[layer.gain], np.float32))
            builder = Builder(InsertPoint.before(op))
            for at, array in enumerate(values, start=1):
                constant = trained.TensorOp(array)
                constant.location = op.location
                op.operands[at] = builder.insert(constant).result
            op.attributes.pop(REAL_WEIGHT, None)
        for op in list(self.function.body.block.ops):
            if isinstance(op, trained.TensorOp) and not list(op.result.uses):
                op.detach()
                op.erase()

    def _part(
        self, known: dict[SSAValue, Array], value: SSAValue, goal: Array, decisions: bool
    ) -> "Phase":
        """What lies between the known values and `value`, whose golden value is `goal`."""
        from ..targets.jax.tuning import Phase, slice_operations

        operations, used = slice_operations(value, set(known))
        inside = set(operations)
        return Phase(
            self.evaluator.program.part(operations),
            self.evaluator.parameters,
            {i: layer for i, layer in self.layers.items() if layer.op in inside},
            {name: known[name] for name in used},
            value,
            goal.astype(np.float32),
            self.validation,
            decisions,
        )

    def _tune_part(
        self, part: "Phase", network: "Phase", quality: tuple[float, float]
    ) -> tuple[float, float]:
        """
        Tune one part, and keep that only where the network's outputs are not further away for it.

        Nearer to its golden value can be further from the golden output. The network's quality
        after it.
        """
        state = self.state | part.tune(
            {index: self.state[index] for index in part.layers},
            self.options.steps,
            self.options.learning_rate,
            self.options.batch,
            self.options.seed,
            self._progress,
        )
        after = network.quality(state)
        if after[0] > quality[0] or after[1] > quality[1]:
            return quality
        self.state = state
        return after

    def _still_needed(self, known: dict[SSAValue, Array], last: SSAValue) -> dict[SSAValue, Array]:
        """Only what operations behind `last` need: a few layers' activations, not the network's."""
        operations = self.evaluator.program.operations
        assert isinstance(last.owner, Operation)
        behind = operations[operations.index(last.owner) + 1 :]
        pending = [operand for op in behind for operand in op.operands]
        seen: set[SSAValue] = set()
        while pending:
            value = pending.pop()
            if value in seen:
                continue
            seen.add(value)
            # Wiring may stand before `last` and be used behind it.
            if value not in known and isinstance(value.owner, Operation):
                pending.extend(value.owner.operands)
        return {value: array for value, array in known.items() if value in seen}

    def _network(self) -> "Phase":
        """The whole network as one phase, with the golden outputs as its goal."""
        from ..targets.jax.tuning import Phase, slice_operations

        output = _chip_output(self.function)
        goal = self.golden.values([_chip_output(self.golden.function)], self.samples[:])[0]
        operations, used = slice_operations(output, set(self.evaluator.arguments))
        return Phase(
            self.evaluator.program.part(operations),
            self.evaluator.parameters,
            self.layers,
            dict.fromkeys(used, self.samples[:]),
            output,
            goal.reshape(len(goal), *shape_of(output)).astype(np.float32),
            self.validation,
            decisions=self.options.output == "decisions" and goal[0].size > 1,
        )

    def _golden_value(self, value: SSAValue, op: Operation) -> Array:
        (array,) = self.golden.values([value], self.samples[:])
        order = golden_order(op)
        if order is not None:
            array = array.transpose(0, *(axis + 1 for axis in order))
        return array.reshape(len(array), *shape_of(op.results[0]))

    def _add_layer(self, op: core_op.VmmOp) -> None:
        from ..targets.jax.tuning import Layer

        keys = self.evaluator.program.keys
        code = core_op.code_of(op.input)
        assert op.gain is not None and code is not None
        names: list[str] = []
        for operand in op.operands[1:]:
            if not isinstance(operand.owner, trained.TensorOp):
                raise OperationError(op, "its weights are computed; only constants can be tuned")
            names.append(keys[operand.owner])
        layer = Layer(
            op,
            names[0],
            names[1] if op.bias else None,
            names[-1],
            code.zero.data,
            self.target.for_inputs(op.unit_rows),
        )
        real = op.attributes.get(REAL_WEIGHT)
        weight = (
            np.asarray(real.data.array, np.float32) if isinstance(real, trained.DataAttr) else None
        )
        index = len(self.layers)
        self.layers[index] = layer
        self.state[index] = layer.start(self.evaluator.parameters, weight)

    def _progress(self, count: int) -> None:
        self.done += count
        if isinstance(self.ctx, CorelowerContext) and self.ctx.progress is not None:
            self.ctx.progress(self.options.name, self.done, self.total)

    def _remark(self, phase: str, before: tuple[float, float], after: tuple[float, float]) -> None:
        remark(
            self.ctx,
            self.function,
            f"{phase}: on {self.validation} samples held back, distance {before[0]:.2g} to "
            f"{after[0]:.2g}, disagreement {before[1]:.2%} to {after[1]:.2%}",
        )


def _is_fixed(op: core_op.VmmOp) -> bool:
    """Whether the weights are part of a construction, or were trained as the integers they are."""
    return AUXILIARY in op.attributes or FIXED in op.attributes


def _chip_output(function: FuncOp) -> SSAValue:
    """The last value before what the host computes: decoding, softmax, argmax."""
    returned = function.body.block.last_op
    assert returned is not None
    value = returned.operands[0]
    while isinstance(op := value.owner, (core_op.DecodeOp, *HOST_OPERATIONS)):
        value = op.operands[0]
    return value
