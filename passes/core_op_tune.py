"""The pass `core-op-tune`: repair what quantisation lost, against the golden network's values."""

from dataclasses import dataclass, field
from typing import Literal

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp

from ..dialects.support.errors import CorelowerError
from ..dialects.support.functions import golden_function
from .calibration_base import OUTPUT_HELP, CalibrationPass, OutputMeaning
from .layer_modes import fires_at_any_tick
from .network_tuning import NetworkTuning
from .pass_base import lowered_functions

Method = Literal["layerwise", "blockwise", "end-to-end", "spikes"]


@dataclass(frozen=True)
class CoreOpTune(CalibrationPass):
    """
    Tunes integer weights, biases and gains towards the golden network's values, without labels.

    Needs quantised dot products and a golden function. `layerwise` goes through the network in
    order: each layer sees what the already tuned ones before it compute, its goal is the golden
    value. `blockwise` tunes the layers of a residual block together, where a single value leaves
    it. `end-to-end` then tunes all towards the golden outputs, and the golden values on the way; of
    a network that was near before it does so twice, from the untuned layers too, and keeps the
    nearer. A part of the samples is held back; a phase is kept only where it brings the network
    closer to the golden one on these. Where neurons may spike at any tick all this is done with the
    numbers of their spikes; then thresholds are searched, and all is tuned once more, with spikes
    one by one.

    `spikes` is a phase of such networks alone, which no other needs: end to end with spikes one by
    one, and longer. It is worth most behind `core-op-split-units`, where the neurons that carried
    one number together have weights and thresholds of their own.
    """

    name = "core-op-tune"

    method: tuple[Method, ...] = field(
        default=("layerwise", "blockwise", "end-to-end"),
        metadata={"help": "the phases, in this order"},
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
        target = self.required_target(op)
        for function in lowered_functions(op):
            samples = self.load(ctx, function)
            if len(samples) < 2:
                raise CorelowerError(f"{self.name}: needs 2 samples or more, one is held back")
            golden = golden_function(op, function)
            if set(self.method) != {"spikes"}:
                self._tune(NetworkTuning(self, function, golden, samples, target, ctx))
            if fires_at_any_tick(function):
                # What spikes do one by one is not all that their numbers say.
                timed = NetworkTuning(self, function, golden, samples, target, ctx, timed=True)
                self._tune(timed)

    def _tune(self, tuning: NetworkTuning) -> None:
        if not tuning.has_layers:
            return
        if "layerwise" in self.method or "blockwise" in self.method:
            if tuning.timed:
                tuning.search_thresholds()
            tuning.tune_parts()
        if "end-to-end" in self.method:
            tuning.tune_end_to_end()
        if "spikes" in self.method and tuning.timed:
            tuning.tune_end_to_end(last=True)
        tuning.write_back()
