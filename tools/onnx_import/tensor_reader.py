"""Tensors of a model as arrays; every claimed size is held against the bytes at hand first."""

import mmap
import os
import stat
from math import prod
from pathlib import Path, PureWindowsPath

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from ...dialects.support.errors import CorelowerError
from ...dialects.support.tensor_data import Array

_DTYPES: dict[int, np.dtype[np.generic]] = {
    TensorProto.FLOAT: np.dtype("<f4"),
    TensorProto.DOUBLE: np.dtype("<f8"),
    TensorProto.FLOAT16: np.dtype("<f2"),
    TensorProto.BFLOAT16: helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16),
    TensorProto.INT8: np.dtype("i1"),
    TensorProto.INT16: np.dtype("<i2"),
    TensorProto.INT32: np.dtype("<i4"),
    TensorProto.INT64: np.dtype("<i8"),
    TensorProto.UINT8: np.dtype("u1"),
    TensorProto.UINT16: np.dtype("<u2"),
    TensorProto.UINT32: np.dtype("<u4"),
    TensorProto.UINT64: np.dtype("<u8"),
    TensorProto.BOOL: np.dtype("?"),
}

_PACKED_BITS: dict[int, int] = {
    TensorProto.INT4: 4,
    TensorProto.UINT4: 4,
    TensorProto.INT2: 2,
    TensorProto.UINT2: 2,
}
"""Types of which several elements share a byte."""

_MAXIMUM_RANK = 32


class TensorReader:
    """
    Reads `TensorProto`s of one model.

    External data must lie in a regular file inside the model's folder; such files are mapped, not
    read, and each once.
    """

    def __init__(self, path: Path | None):
        self._where = None if path is None else str(path)
        self._folder = None if path is None else path.parent
        self._files: dict[Path, memoryview] = {}

    def read(self, tensor: TensorProto, name: str) -> Array:
        """The tensor's content. Raises `CorelowerError` that names it by `name`."""
        dtype = _DTYPES.get(tensor.data_type)
        if (bits := _PACKED_BITS.get(tensor.data_type)) is not None:
            return self._packed(tensor, name, bits)
        if dtype is None:
            raise self._error(name, f"element type {_type_name(tensor.data_type)} is not supported")
        shape = self._shape(tensor, name)
        if tensor.data_location == TensorProto.EXTERNAL:
            return np.frombuffer(self._external(tensor, name, dtype), dtype).reshape(shape)
        if tensor.HasField("raw_data"):
            data = tensor.raw_data
            self._check(name, shape, prod(shape) * dtype.itemsize, len(data), "bytes")
            return np.frombuffer(data, dtype).reshape(shape)
        self._check(name, shape, prod(shape), _element_count(tensor), "elements")
        return numpy_helper.to_array(tensor)

    def _shape(self, tensor: TensorProto, name: str) -> tuple[int, ...]:
        if tensor.HasField("segment"):
            raise self._error(name, "data in segments is not supported")
        shape = tuple(tensor.dims)
        if len(shape) > _MAXIMUM_RANK or any(extent < 0 for extent in shape):
            raise self._error(name, f"shape {list(shape)[:_MAXIMUM_RANK]} is impossible")
        return shape

    def _packed(self, tensor: TensorProto, name: str, bits: int) -> Array:
        shape = self._shape(tensor, name)
        if tensor.data_location == TensorProto.EXTERNAL:
            raise self._error(name, f"external data of {bits} bits an element is not supported")
        there = len(tensor.raw_data if tensor.HasField("raw_data") else tensor.int32_data)
        self._check(name, shape, -(-prod(shape) * bits // 8), there, "bytes")
        return numpy_helper.to_array(tensor)

    def _check(
        self, name: str, shape: tuple[int, ...], claimed: int, there: int, unit: str
    ) -> None:
        if claimed != there:
            raise self._error(
                name, f"shape {list(shape)} needs {claimed} {unit}, the model holds {there}"
            )

    def _error(self, name: str, message: str) -> CorelowerError:
        return CorelowerError(f"initializer '{name}': {message}", self._where)

    def _external(
        self, tensor: TensorProto, name: str, dtype: np.dtype[np.generic]
    ) -> memoryview | bytes:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        file = self._map(entries.get("location", ""), name)
        claimed = prod(tensor.dims) * dtype.itemsize
        offset = self._number(entries.get("offset", "0"), name)
        length = self._number(entries.get("length", str(claimed)), name)
        if length != claimed:
            raise self._error(name, f"{length} external bytes, its shape needs {claimed}")
        if offset + length > len(file):
            raise self._error(
                name,
                f"its external data ends at byte {offset + length}, the file at {len(file)}",
            )
        return file[offset : offset + length]

    def _number(self, text: str, name: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise self._error(name, f"external data at '{text[:40]}' is not a position")
        return int(text)

    def _map(self, location: str, name: str) -> memoryview:
        path = self._inside(location, name)
        if path in self._files:
            return self._files[path]
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise self._error(name, f"external data '{location}' is not a regular file")
            with path.open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        except OSError as error:
            message = f"cannot read external data '{location}': {error.strerror}"
            raise self._error(name, message) from error
        self._files[path] = memoryview(mapped)
        return self._files[path]

    def _inside(self, location: str, name: str) -> Path:
        if self._folder is None:
            raise self._error(name, "its data is in another file: import the model by its path")
        parts = PureWindowsPath(location)
        if not location or "\0" in location or parts.anchor or ".." in parts.parts:
            raise self._error(
                name, f"external data '{location}' is not a path inside the model's folder"
            )
        try:
            folder = self._folder.resolve()
            path = (folder / location).resolve()
        except (OSError, RuntimeError) as error:
            raise self._error(name, f"cannot follow external data '{location}'") from error
        if not path.is_relative_to(folder):
            raise self._error(name, f"external data '{location}' leads out of the model's folder")
        return path


def _element_count(tensor: TensorProto) -> int:
    match tensor.data_type:
        case TensorProto.FLOAT:
            return len(tensor.float_data)
        case TensorProto.DOUBLE:
            return len(tensor.double_data)
        case TensorProto.INT64:
            return len(tensor.int64_data)
        case TensorProto.UINT32 | TensorProto.UINT64:
            return len(tensor.uint64_data)
        case _:
            return len(tensor.int32_data)


def _type_name(data_type: int) -> str:
    known = data_type in TensorProto.DataType.values()
    return TensorProto.DataType.Name(data_type) if known else str(data_type)
