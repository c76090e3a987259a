"""One compilation: import, the stages with their measurements, the image, the proof, the report."""

import gc
import hashlib
import json
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp

from .. import __version__
from ..dialects import core_op
from ..dialects.nn import shape_of
from ..dialects.support.errors import CorelowerError
from ..dialects.support.functions import find_function
from ..dialects.support.samples import Samples, fit_samples
from ..passes.layer_modes import name_layers
from ..passes.pipelines import PIPELINES
from ..targets.attribution import Attribution
from ..targets.registry import find_targets, mode_of, other_mode
from .chips import find_chip
from .compile_options import CompileOptions
from .compile_report import LayerError, Report, write_report
from .diagnostics import verify
from .image_proof import is_bit_exact, simulated_outputs
from .ir_files import make_context, module_tensors
from .loss_measures import forget_real_weights, has_codes, layer_errors, loss_attribution
from .pipeline_spec import build_passes
from .stage_folder import StageFolder, StageResult, module_text
from .stages import Stage, data_options, stages_for
from .universe import full_universe

if TYPE_CHECKING:
    import onnx

Array = npt.NDArray[np.generic]
Progress = Callable[[str, int, int], None]
"""Told what is being done, and how far it is: steps done, steps in all."""

VERIFIED_SAMPLES = 256
"""Samples on which the image is compared bit for bit where not all are asked for."""

COMPARED_SAMPLES = 256
"""Samples on which the error of every value is measured for the report."""


class Compilation:
    """A model on its way to a chip. Raises `CorelowerError` for everything a user can mend."""

    def __init__(
        self,
        model: "str | Path | bytes | onnx.ModelProto",
        options: CompileOptions,
        progress: Progress | None = None,
        on_stage: Callable[[StageResult], None] | None = None,
    ):
        from .onnx_import import import_onnx

        self.options = options
        self.chip = find_chip(options.target)
        self.progress: Progress = progress or (lambda what, done, total: None)
        self.on_stage: Callable[[StageResult], None] = on_stage or (lambda result: None)
        self.ctx = make_context()
        self.ctx.progress = self.progress
        self.name = str(model) if isinstance(model, str | Path) else "model in memory"
        self.module = import_onnx(model, self.ctx)
        other = other_mode(options.target, options.mode) if options.is_mixed else None
        changes = dict(options.overrides)
        targets = find_targets(options.target, options.mode, other, changes)
        self.targets = [target for target in targets if target is not None]
        for target in self.targets:
            if target.largest_number > self.chip.largest_number:
                raise CorelowerError(
                    f"target '{target.name}': signals are numbers up to {target.largest_number}, "
                    f"its image holds {self.chip.largest_number}; take fewer signal_bits, or a "
                    "shorter window"
                )
        core_op.set_target(self.module, *targets)
        self._run_passes("nn-keep-golden")
        name_layers(self._main(), options.graded_layers, spiking=False)
        name_layers(self._main(), options.spiking_layers, spiking=True)
        self.labels: npt.NDArray[np.int64] | None = None
        self.test: Samples | None = None
        self.golden_outputs: Sequence[Array] = ()
        self._errors: dict[str, tuple[LayerError, ...]] = {}

    def use_data(self, calibration: Samples, test: Samples | None) -> None:
        """The samples to calibrate and to measure on; fitted to what the network takes."""
        arguments = self._main().body.block.args
        if len(arguments) != 1:
            raise CorelowerError(f"the model takes {len(arguments)} inputs; one can be compiled")
        shape = shape_of(arguments[0])
        self.ctx.calibration = fit_samples(calibration, shape)
        self.test = fit_samples(test, shape) if test is not None else None

    def use_labels(self, labels: npt.NDArray[np.int64]) -> None:
        """The class of each test sample."""
        if self.test is None:
            raise CorelowerError("labels need test samples")
        if len(labels) != len(self.test):
            raise CorelowerError(f"{len(labels)} labels for {len(self.test)} test samples")
        self.labels = labels

    def run(self, folder: Path, started: float) -> Report:
        """Compile into `folder`; a run that was killed there goes on after its last stage."""
        stages = self._stages()
        kept = StageFolder(folder, self._fingerprint(stages))
        self.golden_outputs = self._outputs(self._main())
        golden = StageResult("golden", self._accuracy(self.golden_outputs), 0.0, 0.0)
        kept.save(0, golden, self.module)
        # A stage that is read back names the golden network's tensors too.
        for tensor in module_tensors(self.module):
            self.ctx.tensors.add(tensor)
        self.on_stage(golden)
        results = [golden]
        coded: ModuleOp | None = None
        layers: tuple[LayerError, ...] = ()
        attribution: Attribution | None = None
        for index, stage in enumerate(stages, start=1):
            if stage is stages[-1]:
                layers = self._errors.get(results[-1].name) or self._layer_errors()
                attribution = self._attribution() if self.options.attribution else None
                forget_real_weights(self.module)
                coded = self.module.clone()
            results.append(self._stage(index, stage, kept))
        assert coded is not None
        calibration = self.ctx.calibration
        assert calibration is not None
        image = folder / self.chip.image_name
        self.chip.write_image(self.module, image)
        outputs, verified, exact = self._verify(image, coded)
        names = [result.name for result in results]
        kept.finish(self.ctx, names)
        figures = self.chip.figures(self.module)
        target = core_op.target_of(self.module)
        assert target is not None
        report = Report(
            model=self.name,
            target=self.options.target,
            mode=mode_of(target),
            version=__version__,
            calibration=calibration.where,
            calibration_samples=min(len(calibration), self.options.samples),
            measured_on="test" if self.test is not None else "calibration",
            golden_accuracy=golden.accuracy,
            accuracy=self._accuracy(outputs),
            disagreement=self._disagreement(outputs),
            bit_exact=exact,
            verified_samples=verified,
            test_samples=len(self._measured()),
            simulated_samples=len(self._measured().first(self.options.simulate)),
            cores=figures.cores,
            weight_cores=figures.weight_cores,
            utilisation=figures.utilisation,
            tune_seconds=sum(result.seconds for result in results if result.name == "tuned"),
            seconds=perf_counter() - started,
            peak_bytes=_peak_bytes(),
            image=self.chip.image_name,
            stages=tuple(self._with_pipelines(results)),
            layers=layers,
            mapping=figures.details,
            attribution=attribution,
            graded_layers=self.options.graded_layers,
            spiking_layers=self.options.spiking_layers,
        )
        write_report(report, folder)
        return report

    def _stages(self, data: str = "") -> list[Stage]:
        return stages_for(
            self.chip.pipeline,
            self.options,
            fires_at_any_tick=any(one.fires_at_any_tick for one in self.targets),
            data=data,
        )

    def _with_pipelines(self, results: Sequence[StageResult]) -> Iterator[StageResult]:
        """The results with pipelines that name the data, so that `nn-opt` can run them."""
        assert self.ctx.calibration is not None
        pipelines = {s.name: s.pipeline for s in self._stages(data_options(self.ctx.calibration))}
        for result in results:
            yield replace(result, pipeline=pipelines.get(result.name, ""))

    def _stage(self, index: int, stage: Stage, kept: StageFolder) -> StageResult:
        finished = kept.load(index, stage.name, self.ctx)
        if finished is not None:
            self.module = kept.module(index, stage.name, self.ctx)
            verify(self.module)
            self.on_stage(finished)
            return finished
        self.progress(stage.name, 0, 0)
        self.ctx.remarks.clear()
        before = perf_counter()
        self._run_passes(stage.pipeline)
        # Rewriting leaves cycles behind that hold replaced weights.
        gc.collect()
        seconds = perf_counter() - before
        outputs = self._outputs(self._main())
        if self.options.attribution and has_codes(self._main()):
            self._errors[stage.name] = self._layer_errors()
        result = StageResult(
            stage.name,
            self._accuracy(outputs),
            self._disagreement(outputs),
            seconds,
            tuple(self.ctx.remarks),
            sqnr_db={error.name: error.sqnr_db for error in self._errors.get(stage.name, ())},
        )
        kept.save(index, result, self.module)
        self.on_stage(result)
        return result

    def _run_passes(self, pipeline: str) -> None:
        for one in build_passes(pipeline, full_universe().all_passes, PIPELINES):
            one.apply(self.ctx, self.module)
            verify(self.module, after=one.name)

    def _verify(self, image: Path, coded: ModuleOp) -> tuple[Sequence[Array], int, bool]:
        """The image's outputs on what is measured, and whether all levels agree bit for bit."""
        samples = self._measured()
        simulator = self.chip.load(image)
        simulated = samples.first(self.options.simulate)
        compared = simulated.first(None if self.options.verify_all else VERIFIED_SAMPLES)
        exact = is_bit_exact(simulator, [find_function(coded), self._main()], compared)
        parts = simulated_outputs(
            simulator, simulated, lambda done, total: self.progress("simulating", done, total)
        )
        if len(simulated) < len(samples):
            others = self._outputs(self._main())
            parts.append([values[len(simulated) :] for values in others])
        outputs = [np.concatenate(part) for part in zip(*parts, strict=True)]
        return outputs, len(compared), exact

    def _layer_errors(self) -> tuple[LayerError, ...]:
        return layer_errors(self.module, self._measured().first(COMPARED_SAMPLES))

    def _attribution(self) -> Attribution:
        """Where the accuracy went, up to the chip's own level, which changes nothing."""
        return loss_attribution(
            self.module,
            self._measured().first(COMPARED_SAMPLES),
            decisions=self.options.output == "decisions",
            progress=lambda done, total: self.progress("attributing", done, total),
        )

    def _outputs(self, function: FuncOp) -> Sequence[Array]:
        from ..targets.jax.evaluator import Evaluator

        return Evaluator(function).run(
            self._measured(), progress=lambda done, total: self.progress("measuring", done, total)
        )

    def _measured(self) -> Samples:
        if self.test is not None:
            return self.test
        assert self.ctx.calibration is not None
        return self.ctx.calibration.first(self.options.samples)

    def _accuracy(self, outputs: Sequence[Array]) -> float | None:
        from ..targets.measures import accuracy

        return accuracy(outputs, self.labels) if self.labels is not None else None

    def _disagreement(self, outputs: Sequence[Array]) -> float | None:
        from ..targets.measures import disagreement, predictions

        if predictions(outputs) is None:
            return None
        return disagreement(outputs, self.golden_outputs)

    def _main(self) -> FuncOp:
        return find_function(self.module)

    def _fingerprint(self, stages: Sequence[Stage]) -> dict[str, object]:
        """What a resumed run must have in common with the one that was killed."""
        assert self.ctx.calibration is not None
        calibration = self.ctx.calibration.first(self.options.samples)
        return {
            "version": __version__,
            "module": hashlib.sha256(module_text(self.module).encode()).hexdigest(),
            "stages": [asdict(stage) for stage in stages],
            "calibration": _digest(calibration[:]),
            "test": _digest(self.test.raw) if self.test is not None else None,
            "preprocessing": json.dumps(asdict(self._measured().preprocessing)),
            "labels": _digest(self.labels) if self.labels is not None else None,
        }


def _digest(array: Array) -> str:
    digest = hashlib.sha256(f"{array.dtype}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data.cast("B"))
    return digest.hexdigest()


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
