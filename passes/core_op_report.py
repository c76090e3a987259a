"""The pass `core-op-report`: where a coded network loses what the golden one has."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation

from ..dialects import core_op
from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import CorelowerError
from ..dialects.support.files import write_text
from ..dialects.support.functions import golden_function
from ..dialects.support.provenance import golden_name
from ..targets.attribution import INPUT, Attribution, BitGain, CauseLoss, decibels
from .calibration_base import OUTPUT_HELP, CalibrationPass, OutputMeaning
from .loss_attribution import attribute_loss
from .pass_base import lowered_functions, remark

SAID = 5
"""Layers, and places for a bit, that remarks name."""

CAUSE_TITLES = {
    "signal": "rounding of its code",
    "clipping": "clipping",
    "partial_sums": "partial sums",
    "weights": "weights",
    "approximation": "approximation",
}
"""What a cause of error is called."""

PLACE_TITLES = {"signal": "its code", "partial_sums": "its partial sums", "weights": "its weights"}
"""What a place for a further bit is called."""


@dataclass(frozen=True)
class CoreOpReport(CalibrationPass):
    """
    Requires codes and a golden function, changes nothing, and says where the accuracy went.

    For each layer and cause (rounding of its code, clipping, partial sums, weights, approximation):
    the error of that cause alone, and by how much the outputs come nearer to the golden ones
    without it; and what one bit more in one place would give. Weights are compared with those that
    `core-op-quantize-weights{keep-real}` kept; `core-op-split-weights` and `core-op-split-units`
    drop these. Remarks name the worst, `file` gets everything as JSON.
    """

    name = "core-op-report"

    samples: int = field(default=256, metadata={"help": "samples used, from the first on"})
    output: OutputMeaning = field(default="decisions", metadata={"help": OUTPUT_HELP})
    file: str = field(default="", metadata={"help": "JSON file for all that was found"})

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = list(lowered_functions(op))
        if self.file and len(functions) != 1:
            raise CorelowerError(
                f"{self.name}: {len(functions)} functions and one file; leave out file"
            )
        for function in functions:
            found = attribute_loss(
                function,
                golden_function(op, function),
                self.load(ctx, function),
                decisions=self.output == "decisions",
                progress=lambda done, total: self._progress(ctx, done, total),
            )
            places = _places(function)
            for name, line in describe_attribution(found):
                remark(ctx, places.get(name, function), line)
            if self.file:
                text = json.dumps(asdict(found), indent=1, allow_nan=False)
                write_text(self.file, f"{text}\n")

    def _progress(self, ctx: Context, done: int, total: int) -> None:
        if isinstance(ctx, CorelowerContext) and ctx.progress is not None:
            ctx.progress(self.name, done, total)


def describe_attribution(found: Attribution) -> Iterator[tuple[str, str]]:
    """
    A short table in lines, each with the name of the layer that it is about, or none.

    First the whole network, then the worst layers and causes, then the best places for a bit.
    """
    yield "", f"on {found.samples} samples, {_outputs_text(found.distance, found.disagreement)}"
    if not found.knows_weights:
        keeper = "core-op-quantize-weights{keep-real} keeps those before rounding"
        yield "", f"weights are not compared: {keeper}"
    for layer, cause in found.worst()[:SAID]:
        yield layer.name, f"{layer.name}: {_cause_text(cause)}"
    for bit in found.bits[:SAID]:
        yield bit.name, f"{bit.name}: {_bit_text(bit)}"


def _places(function: FuncOp) -> dict[str, Operation]:
    """What computes each layer's value, by name."""
    places: dict[str, Operation] = {}
    for op in function.walk():
        name = golden_name(op)
        if isinstance(op, core_op.EncodeOp):
            name = name or INPUT
        if name is not None:
            places.setdefault(name, op)
    return places


def _cause_text(cause: CauseLoss) -> str:
    alone = f"{CAUSE_TITLES[cause.cause]} alone, SQNR {decibels(cause.error) or 0.0:.1f} dB"
    if cause.distance_gain is None:
        return alone
    return f"{alone}; without it {_gain_text(cause.distance_gain, cause.disagreement_gain)}"


def _bit_text(bit: BitGain) -> str:
    gain = _gain_text(bit.distance_gain, bit.disagreement_gain)
    return f"{PLACE_TITLES[bit.kind]} with {bit.bits + 1} bits for {bit.bits}: {gain}"


def _outputs_text(distance: float, disagreement: float | None) -> str:
    text = f"distance {distance:.2g}"
    return text if disagreement is None else f"{text}, disagreement {disagreement:.2%}"


def _gain_text(distance: float, disagreement: float | None) -> str:
    text = f"distance {-distance:+.2g}"
    return text if disagreement is None else f"{text}, disagreement {-disagreement or 0:+.2%}"
