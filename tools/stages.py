"""The stages of a compilation, and the folder in which finished ones are kept for a resume."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path
from typing import TypeGuard

from xdsl.dialects.builtin import ModuleOp, UnknownLoc
from xdsl.printer import Printer

from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import CorelowerError
from ..dialects.support.files import write_text
from ..dialects.support.samples import Samples
from ..dialects.support.tensor_file import read_tensors, write_tensors
from ..passes.merge_trees import MOST_STAGES
from ..passes.pipelines import encode_pipeline, reform_pipeline, tile_pipeline, tune_pipeline
from .ir_files import module_tensors, read_module

FINGERPRINT = "compilation.json"


@dataclass(frozen=True)
class Stage:
    """A name, and the pipeline that leads to it."""

    name: str
    pipeline: str


@dataclass(frozen=True)
class StageResult:
    """How the network stands after a stage; a fraction each, `None` where nothing says it."""

    name: str
    accuracy: float | None
    disagreement: float | None
    seconds: float
    remarks: tuple[str, ...] = ()
    pipeline: str = ""
    """The passes that lead here from the stage before, as for `nn-opt`."""
    sqnr_db: dict[str, float | None] = field(default_factory=dict[str, float | None])
    """Signal over error power of each golden value, by name; `None` where there is no error."""


def stages_for(
    pipeline: str,
    *,
    tune: bool,
    seed: int,
    samples: int,
    max_pool: str,
    output: str,
    error: float,
    units: int | str = 1,
    coding: str = "auto",
    weight_units: int | str = "auto",
    keep_real: bool = False,
    fires_at_any_tick: bool = False,
    mixed: bool = False,
    data: str = "",
    steps: int | None = None,
) -> list[Stage]:
    """
    The stages that lead to a chip with this `pipeline`, in order.

    Tuning keeps the weights before rounding, and `keep_real` does so without it. With
    `fires_at_any_tick` neurons that spike learn each for itself at the end. In a `mixed` network
    the function's attributes name the layers of the other mode. `data` are the options of the
    calibrating passes that say where the data is; without them it is the context's.
    """
    approximate = f"error={error} {data} samples={samples}".replace("  ", " ")
    samples_used = f"{data} samples={samples}".strip()
    data = f"{samples_used} output={output}"
    keeps = str(tune or keep_real).lower()
    calibrate = data if units == 1 else f"{data} units={units}"
    # A number of units that is asked for is one of equal units, unless another coding is too.
    chooses = coding in ("coarse-fine", "trained") or (coding == "auto" and units == "auto")
    codings = f"{samples_used} coding={coding}".strip() if chooses else None
    modes = "core-op-assign-modes," if mixed else ""
    merges = 1 if units == 1 else MOST_STAGES
    rows = "" if weight_units == "auto" else f"weight-units={weight_units}"
    stages = [
        Stage("reformed", reform_pipeline(approximate=approximate, pooling=f"max={max_pool}")),
        Stage("reencoded", modes + encode_pipeline(calibrate, samples_used, codings)),
        Stage("expanded", tile_pipeline(calibrate, stages=merges, expand=rows)),
        Stage("quantized", f"core-op-quantize-weights{{keep-real={keeps}}}"),
    ]
    tuning = f"{data} seed={seed}" if steps is None else f"{data} seed={seed} steps={steps}"
    if tune:
        stages.append(Stage("tuned", tune_pipeline(tuning, spikes=fires_at_any_tick)))
    return [*stages, Stage("mapped", pipeline)]


class StageFolder:
    """
    A folder with the IR after every finished stage.

    Stage `i` is `i-name.mlir`, the tensors that are new in it, and its result. All appear whole,
    the result last: what has one is finished. A folder made for other inputs is emptied.
    """

    def __init__(self, folder: Path, fingerprint: dict[str, object]):
        self.folder = folder
        self._known: set[str] = set()
        text = json.dumps(fingerprint, indent=1, sort_keys=True)
        mark = folder / FINGERPRINT
        if folder.exists() and not mark.is_file() and any(folder.iterdir()):
            raise CorelowerError(
                "the folder for unfinished work holds something else; move it away", str(folder)
            )
        if mark.is_file() and mark.read_text(encoding="utf-8", errors="replace") != text:
            shutil.rmtree(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CorelowerError(f"cannot be made: {error.strerror}", str(folder)) from error
        write_text(mark, text)

    def load(self, index: int, name: str, ctx: CorelowerContext) -> StageResult | None:
        """The result of a finished stage, its tensors read into `ctx`; `None` where it is none."""
        path = self._path(index, name, ".json")
        if not path.is_file():
            return None
        result = _read_result(path, name)
        tensors = self._path(index, name, ".safetensors")
        if result is None or not tensors.is_file():
            return None
        try:
            read_tensors(tensors, ctx.tensors, verify=True)
        except CorelowerError as error:
            remedy = f"remove {self.folder} to start anew"
            raise CorelowerError(f"{error.message}; {remedy}", error.where) from error
        self._known |= {tensor.digest for tensor in ctx.tensors}
        return result

    def module(self, index: int, name: str, ctx: CorelowerContext) -> ModuleOp:
        """The module after a finished stage, whose tensors were loaded."""
        module = read_module(ctx, self._path(index, name, ".mlir"))
        # It was printed without one, and the file that it comes from is nobody's source.
        module.location = UnknownLoc()
        return module

    def save(self, index: int, result: StageResult, module: ModuleOp) -> None:
        """Keep a finished stage."""
        tensors = {tensor.digest: tensor for tensor in module_tensors(module)}
        new = [tensor for digest, tensor in tensors.items() if digest not in self._known]
        write_tensors(self._path(index, result.name, ".safetensors"), new)
        write_text(self._path(index, result.name, ".mlir"), module_text(module))
        write_text(self._path(index, result.name, ".json"), json.dumps(asdict(result)))
        self._known |= set(tensors)

    def finish(self, ctx: CorelowerContext, names: Iterable[str]) -> list[str]:
        """Put every stage's IR under `ir/` with one weights file; the names of the IR files."""
        (self.folder / "ir").mkdir(exist_ok=True)
        files: list[str] = []
        for index, name in enumerate(names):
            source = self._path(index, name, ".mlir")
            target = self.folder / "ir" / source.name
            source.replace(target)
            files.append(f"ir/{source.name}")
            read_tensors(self._path(index, name, ".safetensors"), ctx.tensors)
        write_tensors(self.folder / "weights.safetensors", ctx.tensors)
        for leftover in self.folder.iterdir():
            is_stage = leftover.name[:1].isdigit() and leftover.is_file()
            if is_stage or leftover.name == FINGERPRINT:
                leftover.unlink()
        return files

    def _path(self, index: int, name: str, suffix: str) -> Path:
        return self.folder / f"{index}-{name}{suffix}"


def module_text(module: ModuleOp) -> str:
    """The module as text, locations included: they lead back to the model's nodes."""
    stream = StringIO()
    Printer(stream, print_debuginfo=True).print_op(module)
    return stream.getvalue() + "\n"


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


def digest_file(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_result(path: Path, name: str) -> StageResult | None:
    try:
        entry: object = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    if not _is_entry(entry) or entry.get("name") != name:
        return None
    accuracy, disagreement, seconds = (
        entry.get(key) for key in ("accuracy", "disagreement", "seconds")
    )
    remarks, sqnr = entry.get("remarks"), entry.get("sqnr_db")
    return StageResult(
        name,
        accuracy if isinstance(accuracy, float) else None,
        disagreement if isinstance(disagreement, float) else None,
        seconds if isinstance(seconds, float) else 0.0,
        tuple(map(str, remarks)) if isinstance(remarks, list) else (),  # pyright: ignore
        sqnr_db={
            name: value if isinstance(value, float) else None
            for name, value in (sqnr.items() if _is_entry(sqnr) else ())
        },
    )


def _is_entry(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)
