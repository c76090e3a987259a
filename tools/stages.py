"""The stages of a compilation: a name and a pipeline each."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from ..dialects.support.samples import Samples
from ..passes.merge_trees import MOST_STAGES
from ..passes.pipelines import encode_pipeline, reform_pipeline, tile_pipeline, tune_pipeline
from .compile_options import CompileOptions


@dataclass(frozen=True)
class Stage:
    """A name, and the pipeline that leads to it."""

    name: str
    pipeline: str


def stages_for(
    pipeline: str, options: CompileOptions, *, fires_at_any_tick: bool = False, data: str = ""
) -> list[Stage]:
    """
    The stages that lead to a chip with this `pipeline`, in order.

    Tuning keeps the weights before rounding, and attribution does so without it. With
    `fires_at_any_tick` neurons that spike learn each for itself at the end. In a mixed network
    the function's attributes name the layers of the other mode. `data` are the options of the
    calibrating passes that say where the data is; without them it is the context's.
    """
    units, coding = options.units, options.coding
    samples_used = f"{data} samples={options.samples}".strip()
    approximate = f"error={options.error} {samples_used}"
    output = f"{samples_used} output={options.output}"
    calibrate = output if units == 1 else f"{output} units={units}"
    # A number of units that is asked for is one of equal units, unless another coding is too.
    chooses = coding in ("coarse-fine", "trained") or (coding == "auto" and units == "auto")
    codings = f"{samples_used} coding={coding}" if chooses else None
    modes = "core-op-assign-modes," if options.is_mixed else ""
    merges = 1 if units == 1 else MOST_STAGES
    rows = "" if options.weight_units == "auto" else f"weight-units={options.weight_units}"
    keeps = str(options.tune or options.attribution).lower()
    stages = [
        Stage(
            "reformed",
            reform_pipeline(approximate=approximate, pooling=f"max={options.max_pool}"),
        ),
        Stage("reencoded", modes + encode_pipeline(calibrate, samples_used, codings)),
        Stage("expanded", tile_pipeline(calibrate, stages=merges, expand=rows)),
        Stage("quantized", f"core-op-quantize-weights{{keep-real={keeps}}}"),
    ]
    if options.tune:
        steps = "" if options.steps is None else f" steps={options.steps}"
        tuning = f"{output} seed={options.seed}{steps}"
        stages.append(Stage("tuned", tune_pipeline(tuning, spikes=fires_at_any_tick)))
    return [*stages, Stage("mapped", pipeline)]


def data_options(samples: Samples) -> str:
    """The options by which a calibrating pass reads the same samples from a file."""
    recipe = samples.preprocessing
    if samples.where is None:
        # Data in memory goes into a file as the network takes it.
        return "data=calibration.npy"
    where = str(Path.cwd() / samples.where)
    text = where if re.fullmatch(r'[^\s,={}"\\]+', where) else json.dumps(where)
    options = [f"data={text}"]
    if recipe.scale != 1:
        options.append(f"scale={recipe.scale!r}")
    for name, values in (("mean", recipe.mean), ("std", recipe.std)):
        if values:
            options.append(f"{name}={','.join(map(repr, values))}")
    if recipe.layout != "nchw":
        options.append(f"layout={recipe.layout}")
    return " ".join(options)
