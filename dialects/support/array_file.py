"""
Arrays from files: `.npy`, `.npz`, IDX (MNIST's format), each gzipped or not; the content decides.

No file is trusted: nothing is unpickled, and what a header claims is compared with the file's size
before memory is taken.
"""

import gzip
import os
import zipfile
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, NoReturn

import numpy as np

from .errors import CorelowerError
from .tensor_data import Array

Stream = IO[bytes] | gzip.GzipFile

GZIP_MAGIC = b"\x1f\x8b"
NPY_MAGIC = b"\x93NUMPY"
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")

IDX_ELEMENTS = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The third byte of an IDX file, and NumPy's element type."""

LARGEST_RATIO = 1032
"""What DEFLATE packs into one byte at most, from zlib's technical details."""

LARGEST_NPY_HEADER = 10_000
"""NumPy's own limit, in bytes."""

SMALLEST_READ = 1 << 20


@dataclass(frozen=True)
class ArrayHeader:
    """What a file says about the array in it; the data begins `offset` bytes from its start."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    column_major: bool
    offset: int

    @property
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return prod(self.shape) * self.dtype.itemsize


def split_array_spec(spec: str) -> tuple[Path, str | None]:
    """
    `FILE` or `FILE:array` as path and name; a colon may also be part of either.

    Raises `CorelowerError` where there is no such file.
    """
    if Path(spec).is_file():
        return Path(spec), None
    for at in range(len(spec) - 1, 0, -1):
        if spec[at] == ":" and Path(spec[:at]).is_file():
            return Path(spec[:at]), spec[at + 1 :]
    path, _, name = spec.rpartition(":")
    path = path if path and "/" not in name else spec
    kind = "a folder, not a file" if Path(path).is_dir() else "no such file"
    raise CorelowerError(f"cannot read the data: {kind}", path)


def read_array(spec: str) -> Array:
    """
    The array in `FILE` or `FILE:array`; read-only, mapped where the file is not compressed.

    Raises `CorelowerError` for a file that is missing, damaged, of another format or too large, and
    for a name that is missing or does not belong to it.
    """
    path, name = split_array_spec(spec)
    where = str(path)
    try:
        with path.open("rb") as stream:
            packed_bytes = os.fstat(stream.fileno()).st_size
            if stream.peek(2)[:2] != GZIP_MAGIC:
                array = _ArrayReader(where, name, packed_bytes).read(stream, mapped=path)
            else:
                limit = packed_bytes * LARGEST_RATIO
                with gzip.GzipFile(fileobj=stream) as unpacked:
                    array = _ArrayReader(where, name, limit).read(unpacked, mapped=None)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise CorelowerError(f"damaged or truncated: {error}", where) from error
    except OSError as error:
        raise CorelowerError(f"cannot read the data: {error.strerror or error}", where) from error
    array.flags.writeable = False
    return array


@dataclass(frozen=True)
class _ArrayReader:
    """Reads the array `name` from a stream that has at most `limit` bytes."""

    where: str
    name: str | None
    limit: int

    def read(self, stream: Stream, mapped: Path | None) -> Array:
        """The array; mapped from a file, where the stream is its plain content."""
        magic = stream.read(6)
        stream.seek(0)
        if magic[:4] in ZIP_MAGICS:
            return self._from_archive(stream)
        if self.name is not None:
            self._fail(f"only an .npz file has named arrays: leave out ':{self.name}'")
        header = self._header(stream, magic)
        if mapped is None:
            return self._from_stream(stream, header)
        needed = header.offset + header.nbytes
        if self.limit != needed:
            self._fail_size(self.limit, needed)
        if not header.nbytes:
            return np.empty(header.shape, header.dtype)
        order = "F" if header.column_major else "C"
        return np.memmap(mapped, header.dtype, "r", header.offset, header.shape, order)

    def _from_archive(self, stream: Stream) -> Array:
        with zipfile.ZipFile(stream) as archive:
            names = [entry.removesuffix(".npy") for entry in archive.namelist()]
            entries = dict(zip(names, archive.infolist(), strict=True))
            if not names:
                self._fail("the .npz file holds no array")
            if self.name is None and len(names) > 1:
                self._fail(
                    f"the .npz file holds several arrays ({', '.join(names)}): name one, as in "
                    f"{Path(self.where).name}:{names[0]}"
                )
            name = names[0] if self.name is None else self.name
            if name not in entries:
                self._fail(f"no array '{name}' in the .npz file; it holds {', '.join(names)}")
            entry = entries[name]
            if entry.flag_bits & 1:
                self._fail(f"array '{name}' is encrypted")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                self._fail(f"array '{name}' is packed by a method that NumPy never writes")
            limit = min(entry.file_size, entry.compress_size * LARGEST_RATIO)
            member = _ArrayReader(self.where, None, limit)
            with archive.open(entry) as unpacked:
                magic = unpacked.read(6)
                unpacked.seek(0)
                header = member._header(unpacked, magic)
                return member._from_stream(unpacked, header)

    def _from_stream(self, stream: Stream, header: ArrayHeader) -> Array:
        if header.offset + header.nbytes > self.limit:
            self._fail_size(None, header.offset + header.nbytes)
        if header.nbytes > (limit := _largest_in_memory()):
            self._fail(
                f"the array takes {header.nbytes} bytes of memory, the limit is {limit}; "
                "unpack the file: a plain .npy is mapped, not read"
            )
        data = np.empty(header.nbytes, np.uint8)
        view = data.data
        filled = 0
        # In pieces: memory is taken as data arrives, however much the header claims.
        while filled < len(view):
            piece = stream.read(min(len(view) - filled, SMALLEST_READ))
            if not piece:
                self._fail_size(header.offset + filled, header.offset + header.nbytes)
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
        # Reading on to the end is also what compares the checksum.
        if stream.read(1):
            self._fail("longer than its header says: not a file of this format, or damaged")
        array = data.view(header.dtype)
        return array.reshape(header.shape, order="F" if header.column_major else "C")

    def _header(self, stream: Stream, magic: bytes) -> ArrayHeader:
        if magic == NPY_MAGIC:
            header = self._npy_header(stream)
        elif magic[:2] == b"\0\0" and len(magic) > 3 and magic[2] in IDX_ELEMENTS and magic[3]:
            header = self._idx_header(stream)
        else:
            self._fail("neither .npy, .npz nor IDX (MNIST's format), gzipped or not")
        if header.dtype.kind not in "buif":
            self._fail(f"elements are {header.dtype}; the data must be plain numbers")
        if not header.shape:
            self._fail("a single number; the first axis must count samples")
        return header

    def _npy_header(self, stream: Stream) -> ArrayHeader:
        try:
            version = np.lib.format.read_magic(stream)
            if version == (1, 0):
                fields = np.lib.format.read_array_header_1_0(stream, LARGEST_NPY_HEADER)
            elif version == (2, 0):
                fields = np.lib.format.read_array_header_2_0(stream, LARGEST_NPY_HEADER)
            else:
                form = ".".join(map(str, version))
                self._fail(f".npy format {form}; plain numbers are in 1.0 or 2.0")
        except ValueError as error:
            self._fail(f"damaged .npy header: {' '.join(str(error).split())[:120]}")
        shape, column_major, dtype = fields
        if any(extent < 0 for extent in shape) or len(shape) > 32:
            self._fail(f"damaged .npy header: shape {list(shape)[:33]}")
        return ArrayHeader(dtype, shape, column_major, stream.tell())

    def _idx_header(self, stream: Stream) -> ArrayHeader:
        magic = stream.read(4)
        extents = stream.read(4 * magic[3])
        if len(extents) < 4 * magic[3] or magic[3] > 32:
            self._fail("damaged IDX header")
        shape = tuple(int(extent) for extent in np.frombuffer(extents, ">u4"))
        return ArrayHeader(np.dtype(IDX_ELEMENTS[magic[2]]), shape, False, stream.tell())

    def _fail_size(self, actual: int | None, needed: int) -> NoReturn:
        if actual is not None and actual > needed:
            self._fail(f"longer than its header says: {actual} bytes instead of {needed}")
        have = "the file cannot hold that" if actual is None else f"there are {actual}"
        self._fail(f"truncated: the header needs {needed} bytes, {have}")

    def _fail(self, message: str) -> NoReturn:
        raise CorelowerError(message, self.where)


def _largest_in_memory() -> int:
    """Half of the machine's memory, in bytes."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return 4 << 30
