"""The parts of onnxruntime that the peer needs, with types: its own annotations are incomplete."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType

Array = npt.NDArray[np.generic]
FloatArray = npt.NDArray[np.float32]


class Session(Protocol):
    """A model that onnxruntime runs."""

    def run(self, output_names: None, feed: Mapping[str, FloatArray], /) -> Sequence[object]: ...


class Reader(Protocol):
    """Hands out batches by the input's name, then `None`."""

    def get_next(self) -> dict[str, FloatArray] | None: ...


class _Range(Protocol):
    range_value: tuple[Array, Array]


class _Ranges(Protocol):
    def items(self) -> Iterable[tuple[str, _Range]]: ...


class _LoadRanges(Protocol):
    def __call__(self, path: Path, /) -> _Ranges: ...


class _Prepare(Protocol):
    def __call__(self, given: Path, made: Path, /, *, skip_symbolic_shape: bool) -> None: ...


class _QuantizeStatic(Protocol):
    def __call__(
        self,
        given: Path,
        made: Path,
        reader: Reader,
        /,
        *,
        quant_format: QuantFormat,
        per_channel: bool,
        activation_type: QuantType,
        weight_type: QuantType,
        calibrate_method: CalibrationMethod,
        calibration_cache_path: Path,
        extra_options: Mapping[str, bool | float],
    ) -> None: ...


class _ScaleAndZero(Protocol):
    def __call__(
        self, least: Array, largest: Array, least_code: Array, largest_code: Array, /
    ) -> tuple[Array, Array]: ...


class _Options(Protocol):
    graph_optimization_level: object


class _MakeOptions(Protocol):
    def __call__(self) -> _Options: ...


class _OpenSession(Protocol):
    def __call__(
        self, model: bytes, options: _Options, /, *, providers: Sequence[str]
    ) -> Session: ...


_QUANTIZATION = "onnxruntime.quantization"
prepare: _Prepare = import_module(f"{_QUANTIZATION}.shape_inference").quant_pre_process
"""Folds batch norms and constants, and infers shapes."""
quantize_static: _QuantizeStatic = import_module(_QUANTIZATION).quantize_static
"""A model with a pair of `QuantizeLinear` and `DequantizeLinear` behind every value."""
scale_and_zero: _ScaleAndZero = import_module(f"{_QUANTIZATION}.quant_utils").compute_scale_zp
"""Zero point, then scale, for a range and its codes."""
_load_ranges: _LoadRanges = import_module(f"{_QUANTIZATION}.calibrate").load_tensors_data
_make_options: _MakeOptions = import_module("onnxruntime").SessionOptions
_open_session: _OpenSession = import_module("onnxruntime").InferenceSession
_BASIC: object = import_module("onnxruntime").GraphOptimizationLevel.ORT_ENABLE_BASIC


def load_ranges(cache: Path) -> dict[str, tuple[float, float]]:
    """The range of each value, from the file in which calibration keeps them."""
    found = {name: value.range_value for name, value in _load_ranges(cache).items()}
    return {name: (_number(least), _number(largest)) for name, (least, largest) in found.items()}


def open_session(model: bytes) -> Session:
    """The model, run in float arithmetic on the values that codes stand for."""
    options = _make_options()
    # More would make integer kernels of it, and some processors' saturate where others' do not.
    options.graph_optimization_level = _BASIC
    return _open_session(model, options, providers=["CPUExecutionProvider"])


def _number(value: Array) -> float:
    return float(np.asarray(value, np.float64).reshape(()))
