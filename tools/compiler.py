"""The whole compiler as one call: a trained model to a chip image, simulated and reported."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import ModuleOp

from ..dialects.support.errors import CorelowerError
from ..dialects.support.samples import Preprocessing, Samples, load_labels, load_samples
from ..dialects.support.target import FieldValue
from ..passes.codings import CodingName
from .chips import ChipSimulator, ChipTools
from .compilation import Compilation, Progress
from .compile_options import CompileOptions
from .compile_report import Report
from .output_folder import place_output, require_replaceable
from .stage_folder import StageResult

if TYPE_CHECKING:
    import onnx

Array = npt.NDArray[np.generic]
Data = str | Path | Samples | npt.NDArray[np.generic]


class CompiledNetwork:
    """A network on a chip: its IR, its image, a simulator that runs the image, and the report."""

    def __init__(
        self,
        module: ModuleOp,
        report: Report,
        folder: Path,
        chip: ChipTools,
        temporary: tempfile.TemporaryDirectory[str] | None = None,
    ):
        self.module = module
        self.report = report
        self.folder = folder
        self._chip = chip
        # Held so that the folder lives as long as the network does.
        self._temporary = temporary
        self._simulator: ChipSimulator | None = None

    @property
    def image_path(self) -> Path:
        """The chip image."""
        return self.folder / self._chip.image_name

    def run(self, inputs: npt.ArrayLike) -> tuple[Array, ...]:
        """
        The network's outputs on a batch, by the simulator on the image.

        `inputs` is [N, ...] as the model takes it; each output has the batch as its first axis.
        """
        if self._simulator is None:
            self._simulator = self._chip.load(self.image_path)
        return self._simulator.run(np.asarray(inputs, np.float32))

    def save(self, folder: str | Path) -> Path:
        """Put everything (IR of each stage, weights, image, report) into `folder`."""
        target = Path(folder)
        require_replaceable(target)
        place_output(self.folder, target, move=False)
        return target


def compile_model(
    model: "str | Path | bytes | onnx.ModelProto",
    *,
    calibration: Data,
    target: str = "prime",
    test: Data | None = None,
    labels: str | Path | npt.NDArray[np.integer] | None = None,
    preprocessing: Preprocessing | None = None,
    out: str | Path | None = None,
    overrides: Mapping[str, FieldValue] | None = None,
    tune: bool = True,
    seed: int = 0,
    samples: int = 1024,
    max_pool: str = "auto",
    output: str = "decisions",
    error: float = 0.001,
    units: int | Literal["auto"] = 1,
    coding: CodingName = "auto",
    verify_all: bool = False,
    attribution: bool = False,
    mode: str | None = None,
    graded_layers: Sequence[str] = (),
    spiking_layers: Sequence[str] = (),
    steps: int | None = None,
    simulate: int | None = None,
    weight_units: int | Literal["auto"] = "auto",
    progress: Progress | None = None,
    on_stage: Callable[[StageResult], None] | None = None,
) -> CompiledNetwork:
    """
    Compile an ONNX model to a chip.

    `calibration` and `test` are arrays [N, ...] as the model takes them, or files (`FILE:array`)
    with `preprocessing`; `labels` the class of each test sample. The first `samples` of the
    calibration data are used; without `test` they tell the disagreement too. `overrides` changes
    fields of the target, in the `mode` of a chip that has several. With `output="values"` all
    outputs count, not only which is the largest. `error` bounds that of each approximated function,
    as a part of its span over the data. `units` neurons carry each signal; with "auto" as many as
    its code needs, where the chip's bits are few, and `coding` says how these share out a number,
    see `core-op-choose-codings`. `weight_units` rows are kept for each weight, with "auto" several
    where weights have few levels, see `core-op-expand`. On a chip whose cores have two modes
    `graded_layers` and `spiking_layers` name the layers that are not in that of the others, see
    `core-op-assign-modes`. `steps` are those of tuning a layer; more of them, in proportion, tune
    all together. The simulator runs the first `simulate` test samples, all without it; what the
    chip makes of the others the compiler's own levels compute. With `out`, that folder gets
    everything that was made, whole or not at all, and a run that was killed goes on after its last
    finished stage. The image is compared bit for bit with the compiler's own levels, on all
    simulated samples with `verify_all`. With `attribution` the report says where the accuracy went.
    `progress` is told what is being done, `on_stage` each stage's result. Raises `CorelowerError`.
    """
    started = perf_counter()
    if labels is not None and test is None:
        raise CorelowerError("labels need test samples")
    options = CompileOptions(
        target=target,
        overrides=overrides or {},
        tune=tune,
        seed=seed,
        samples=samples,
        max_pool=max_pool,
        output=output,
        error=error,
        verify_all=verify_all,
        units=units,
        attribution=attribution,
        mode=mode,
        coding=coding,
        graded_layers=tuple(graded_layers),
        spiking_layers=tuple(spiking_layers),
        steps=steps,
        simulate=simulate,
        weight_units=weight_units,
    )
    if out is not None:
        require_replaceable(Path(out))
    work = Compilation(model, options, progress, on_stage)
    recipe = preprocessing or Preprocessing()
    test_samples = as_samples(test, recipe) if test is not None else None
    work.use_data(as_samples(calibration, recipe), test_samples)
    if labels is not None:
        assert test_samples is not None
        work.use_labels(as_labels(labels, len(test_samples)))
    if out is None:
        temporary = tempfile.TemporaryDirectory(prefix="corelower-")
        folder = Path(temporary.name) / "out"
        report = work.run(folder, started)
        return CompiledNetwork(work.module, report, folder, work.chip, temporary)
    final = Path(out)
    partial = partial_folder(final)
    report = work.run(partial, started)
    place_output(partial, final, move=True)
    return CompiledNetwork(work.module, report, final, work.chip)


def partial_folder(out: Path) -> Path:
    """Where the finished stages of an unfinished compilation into `out` are kept."""
    return out.with_name(f"{out.name}.partial")


def as_samples(data: Data, preprocessing: Preprocessing) -> Samples:
    """The samples that a caller means; `Samples` keep their own preprocessing."""
    if isinstance(data, Samples):
        return data
    if isinstance(data, str | Path):
        return load_samples(str(data), preprocessing)
    return Samples(np.asarray(data), preprocessing)


def as_labels(labels: str | Path | npt.NDArray[np.integer], count: int) -> npt.NDArray[np.int64]:
    """The class of each of `count` samples, from an array or a file."""
    if isinstance(labels, str | Path):
        return load_labels(str(labels), count)
    return np.asarray(labels, np.int64)
