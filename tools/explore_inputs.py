"""What all points of a study share: model and data, read once, and a digest of all that decides."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto

from .. import __version__
from ..dialects.support.errors import CorelowerError
from ..dialects.support.samples import Preprocessing
from .chips import find_chip
from .compilation import Compilation
from .compile_options import CompileOptions
from .compiler import Data, as_labels, as_samples
from .explore_settings import Settings

if TYPE_CHECKING:
    import onnx

Array = npt.NDArray[np.generic]

MODEL, CALIBRATION, TEST, LABELS = "model", "calibration.npy", "test.npy", "labels.npy"
"""Names of the inputs in the folder that a point's process reads."""

MODEL_FILE = "corelower-study-model.onnx"
"""The model's file among them; no external data of a model has this name."""

CHECKED_SAMPLES = 4096
"""Samples looked at together for NaN and infinity."""

NAME_LENGTH = 20
"""Hexadecimal digits of a point's name."""


@dataclass(frozen=True)
class Bundle:
    """The inputs as bytes and arrays, for the processes that compile, here or elsewhere."""

    files: Mapping[str, bytes]
    """The model's file, and those with its external data, by their place in its folder."""
    arrays: Mapping[str, Array]
    """Calibration, test and labels as they were read, by file name."""

    def write(self, folder: Path) -> None:
        """Write everything into a new folder."""
        folder.mkdir()
        for place, content in self.files.items():
            path = folder / MODEL / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name, array in self.arrays.items():
            np.save(folder / name, array, allow_pickle=False)


@dataclass(frozen=True)
class StudyOptions:
    """What all points have in common; see `compiler.compile_model`."""

    target: str = "prime"
    max_pool: str = "auto"
    output: str = "decisions"
    error: float = 0.001
    mode: str | None = None


class StudyInputs:
    """
    A study's model and data, as they were when it began.

    Raises `CorelowerError` for what cannot be read, is not supported, or does not fit together.
    """

    def __init__(
        self,
        model: "str | Path | bytes | onnx.ModelProto",
        options: StudyOptions,
        *,
        calibration: Data,
        test: Data | None,
        labels: str | Path | npt.NDArray[np.integer] | None,
        preprocessing: Preprocessing | None,
    ):
        if labels is not None and test is None:
            raise CorelowerError("labels need test samples")
        find_chip(options.target)
        self.options = options
        self.preprocessing = preprocessing or Preprocessing()
        self.calibration = as_samples(calibration, self.preprocessing)
        self.test = None if test is None else as_samples(test, self.preprocessing)
        self.labels: npt.NDArray[np.int64] | None = None
        if labels is not None and self.test is not None:
            self.labels = as_labels(labels, len(self.test))
        # The whole import, so that what stands in every point's way is said before the first.
        work = Compilation(
            model,
            CompileOptions(
                options.target,
                max_pool=options.max_pool,
                output=options.output,
                mode=options.mode,
            ),
        )
        work.use_data(self.calibration, self.test)
        if self.labels is not None:
            work.use_labels(self.labels)
        self.model = work.name
        self.files = dict(_model_files(model))
        self._data = {
            "model": [[place, _digest(content)] for place, content in sorted(self.files.items())],
            "calibration": _array_digest(self.calibration.raw),
            "test": None if self.test is None else _array_digest(self.test.raw),
            "labels": None if self.labels is None else _array_digest(self.labels),
            "calibration_recipe": asdict(self.calibration.preprocessing),
            "test_recipe": None if self.test is None else asdict(self.test.preprocessing),
            "options": asdict(options),
        }

    def name(self, settings: Settings) -> str:
        """A digest of all that decides what compiling with these settings gives."""
        content = {
            "version": __version__,
            **self._data,
            "target": asdict(settings.target),
            "units": settings.units,
            "coding": settings.coding,
            "samples": settings.samples,
            "tune": settings.tune,
            "seed": settings.seed,
        }
        return _digest(json.dumps(content, sort_keys=True).encode())[:NAME_LENGTH]

    def verify_data(self, samples: int) -> None:
        """Raise `CorelowerError` where a sample that is used holds NaN or infinity."""
        for data in (self.calibration.first(samples), self.test):
            for start in range(0, len(data) if data is not None else 0, CHECKED_SAMPLES):
                assert data is not None
                _ = data[start : start + CHECKED_SAMPLES]

    def bundle(self, samples: int) -> Bundle:
        """What points with at most so many calibration samples need."""
        arrays = {CALIBRATION: _plain(self.calibration.raw[:samples])}
        if self.test is not None:
            arrays[TEST] = _plain(self.test.raw)
        if self.labels is not None:
            arrays[LABELS] = self.labels
        return Bundle(self.files, arrays)


def _model_files(model: "str | Path | bytes | onnx.ModelProto") -> Iterator[tuple[str, bytes]]:
    if isinstance(model, bytes):
        yield MODEL_FILE, model
        return
    if isinstance(model, ModelProto):
        yield MODEL_FILE, model.SerializeToString(deterministic=True)
        return
    path = Path(model)
    content = path.read_bytes()
    yield MODEL_FILE, content
    parsed = ModelProto.FromString(content)
    for place in sorted({*_external_places(parsed)} - {MODEL_FILE}):
        file = path.parent / place
        # What is not there, or lies outside, the import has not read either.
        if ".." in PurePosixPath(place).parts or not file.is_file():
            continue
        if file.resolve().is_relative_to(path.parent.resolve()):
            yield place, file.read_bytes()


def _external_places(model: ModelProto) -> Iterator[str]:
    tensors = [*_graph_tensors(model.graph)]
    for function in model.functions:
        for node in function.node:
            tensors += (t for attribute in node.attribute for t in _attribute_tensors(attribute))
    for tensor in tensors:
        if tensor.data_location == TensorProto.EXTERNAL:
            yield from (one.value for one in tensor.external_data if one.key == "location")


def _graph_tensors(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    yield from (sparse.values for sparse in graph.sparse_initializer)
    for node in graph.node:
        for attribute in node.attribute:
            yield from _attribute_tensors(attribute)


def _attribute_tensors(attribute: AttributeProto) -> Iterator[TensorProto]:
    yield from (attribute.t, *attribute.tensors)
    for graph in (attribute.g, *attribute.graphs):
        yield from _graph_tensors(graph)


def _plain(array: Array) -> Array:
    # Not the file that it is mapped from, which other machines do not have.
    return np.ascontiguousarray(np.asarray(array))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _array_digest(array: Array) -> str:
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data.cast("B"))
    return digest.hexdigest()
