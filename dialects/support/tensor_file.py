"""Weights files: safetensors, keyed by digest, memory-mapped."""

import json
import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeGuard

import numpy as np

from .errors import CorelowerError
from .files import atomic_write
from .tensor_data import DTYPE_NAMES, TensorData, TensorStore

ALIGNMENT = 64
"""Bytes; what JAX needs to take an array without copying it."""

MAXIMUM_HEADER_BYTES = 100_000_000
"""safetensors' own limit."""

_NAMES_BY_DTYPE = {np.dtype(name).str: key for key, name in DTYPE_NAMES.items()}


def write_tensors(path: str | os.PathLike[str], tensors: Iterable[TensorData]) -> None:
    """
    Write tensors as a safetensors file, each once, keyed by its digest.

    The file is written beside `path` and renamed: what is mapped from an older file of that name
    stays valid.
    """
    unique = {tensor.digest: tensor for tensor in tensors}
    # The format has no holes. Whole multiples of the alignment come first, so that these start
    # aligned; then larger elements first, so that the rest start at multiples of an element.
    ordered = sorted(
        unique.values(),
        key=lambda data: (data.nbytes % ALIGNMENT > 0, -data.dtype.itemsize, data.digest),
    )
    header: dict[str, object] = {}
    offset = 0
    for tensor in ordered:
        header[tensor.digest] = {
            "dtype": _NAMES_BY_DTYPE[tensor.dtype.str],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + tensor.nbytes],
        }
        offset += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    with atomic_write(path) as stream:
        stream.write(len(text).to_bytes(8, "little"))
        stream.write(text)
        for tensor in ordered:
            if tensor.size:
                stream.write(tensor.array.data.cast("B"))


def read_tensors(path: str | os.PathLike[str], store: TensorStore, verify: bool = False) -> None:
    """
    Map every tensor of a safetensors file into `store`; no data is read before it is used.

    Keys must be digests. Each is compared with its data when that is first used, or at once with
    `verify`, which reads the file whole. Raises `CorelowerError` for a file that is missing,
    truncated or not of this form.
    """
    where = str(path)
    for digest, tensor in map_safetensors(Path(path)).items():
        if not is_digest(digest):
            raise CorelowerError(f"tensor name '{digest[:80]}' is not a SHA-256 digest", where)
        data = store.add(TensorData(tensor, digest=digest, source=where))
        if verify:
            # Using it is what compares it.
            _ = data.array


def map_safetensors(path: Path) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    """The arrays of a safetensors file by name, as read-only views of the mapped file."""
    where = str(path)
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size < 8:
                raise CorelowerError("not a safetensors file: shorter than its header", where)
            data = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise CorelowerError(f"cannot read the weights file: {error.strerror}", where) from error
    header_bytes = int.from_bytes(data[:8], "little")
    if header_bytes > min(size - 8, MAXIMUM_HEADER_BYTES):
        raise CorelowerError(
            f"not a safetensors file, or truncated: a header of {header_bytes} bytes in {size}",
            where,
        )
    try:
        header: object = json.loads(bytes(data[8 : 8 + header_bytes]))
    except (ValueError, RecursionError) as error:
        raise CorelowerError("not a safetensors file: its header is not JSON", where) from error
    if not _is_dictionary(header):
        raise CorelowerError("not a safetensors file: its header is not a dictionary", where)
    body = data[8 + header_bytes :]
    return {
        name: _view(entry, body, name, where)
        for name, entry in header.items()
        if name != "__metadata__"
    }


def is_digest(text: str) -> bool:
    """Whether `text` is a SHA-256 digest in lower-case hexadecimal."""
    return len(text) == 64 and all(character in "0123456789abcdef" for character in text)


def _is_dictionary(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_sizes(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(v) is int and v >= 0 for v in value)  # pyright: ignore


def _view(
    entry: object, body: memoryview, name: str, where: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    malformed = CorelowerError(f"the header's entry of tensor '{name[:80]}' is malformed", where)
    if not _is_dictionary(entry):
        raise malformed
    dtype_name, shape, offsets = (entry.get(k) for k in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype_name, str) or not _is_sizes(shape) or not _is_sizes(offsets):
        raise malformed
    if dtype_name not in DTYPE_NAMES:
        raise CorelowerError(f"tensor '{name[:80]}' has element type {dtype_name[:20]}", where)
    if len(offsets) != 2 or len(shape) > 32:
        raise malformed
    dtype = np.dtype(DTYPE_NAMES[dtype_name])
    count = 1
    for dimension in shape:
        count *= dimension
    start, end = offsets
    if end - start != count * dtype.itemsize:
        raise malformed
    if end > len(body):
        raise CorelowerError(
            f"truncated: tensor '{name[:80]}' ends at byte {end} of {len(body)}", where
        )
    try:
        return np.frombuffer(body[start:end], dtype).reshape(shape)
    except ValueError:
        # An extent beyond 64 bits, beside one of zero.
        raise malformed from None
