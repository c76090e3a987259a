"""The folder in which the finished stages of a compilation are kept, for a run that goes on."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp, UnknownLoc
from xdsl.printer import Printer

from ..dialects.support.context import CorelowerContext
from ..dialects.support.errors import CorelowerError
from ..dialects.support.files import write_text
from ..dialects.support.tensor_file import read_tensors, write_tensors
from .ir_files import module_tensors, read_module
from .json_entry import JsonEntry, is_list

FINGERPRINT = "compilation.json"


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


def _read_result(path: Path, name: str) -> StageResult | None:
    entry = JsonEntry.parse(path.read_bytes())
    if entry is None or entry.text("name") != name:
        return None
    remarks, sqnr = entry.values.get("remarks"), entry.entry("sqnr_db")
    return StageResult(
        name,
        entry.number("accuracy"),
        entry.number("disagreement"),
        entry.number("seconds") or 0.0,
        tuple(map(str, remarks)) if is_list(remarks) else (),
        sqnr_db={value: sqnr.number(value) for value in sqnr.values},
    )
