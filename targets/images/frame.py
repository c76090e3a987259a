"""
The frame around every chip image: a preamble with lengths and a checksum, a program, sections.

A preamble of 64 bytes, JSON, and arrays at multiples of 64 bytes, see `docs/prime_image.md`. NumPy
and the standard library are all that is needed here, as in everything that reads an image.
"""

import hashlib
import json
import mmap
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ...dialects.support.user_error import CorelowerError
from .json_checks import (
    BadImageError,
    Json,
    counts,
    dictionary,
    items,
    no_constant,
    number_at,
)
from .steps import StepError

ALIGNMENT = 64
"""Bytes; where every section starts."""

PREAMBLE_BYTES = 64
CHECKSUM_AT = 32
LARGEST_PROGRAM = 64 << 20
"""Bytes of the program's text."""

Array = npt.NDArray[np.generic]
T = TypeVar("T")


@dataclass(frozen=True)
class Frame:
    """What an image of one chip begins with."""

    chip: str
    """As errors name it."""
    magic: bytes
    """Eight bytes."""
    version: int
    """What is written."""
    readable: tuple[int, ...]
    """The versions that are read."""

    def preamble(self, total: int, program: int) -> bytes:
        """The first 32 bytes of an image of `total` bytes with a program of `program` bytes."""
        head = self.magic + self.version.to_bytes(4, "little") + bytes(4)
        return head + total.to_bytes(8, "little") + program.to_bytes(8, "little")

    def starts(self, path: str | os.PathLike[str]) -> bool:
        """Whether a file starts as an image does; raises `OSError` where it cannot be read."""
        with Path(path).open("rb") as stream:
            return stream.read(len(self.magic)) == self.magic

    def map(self, path: Path) -> memoryview:
        """The bytes of a file. Raises `OSError`, or `BadImageError` where it is too short."""
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size < PREAMBLE_BYTES:
                raise BadImageError(
                    f"not a {self.chip} image: {size} bytes are fewer than its preamble has"
                )
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))

    def read(self, path: str | os.PathLike[str], reader: Callable[["OpenImage"], T]) -> T:
        """
        What `reader` makes of the image in a file.

        Raises `CorelowerError`, one line, for a file that is missing, damaged or not well-formed.
        """
        where = str(path)
        try:
            return reader(self.open(self.map(Path(path))))
        except OSError as error:
            reason = error.strerror or error
            raise CorelowerError(f"cannot read the image: {reason}", where) from error
        except (BadImageError, StepError) as error:
            raise CorelowerError(str(error), where) from None

    def open(self, data: memoryview) -> "OpenImage":
        """Check the frame and read the program. Raises `BadImageError`."""
        if bytes(data[:8]) != self.magic:
            raise BadImageError(
                f"not a {self.chip} image: it does not start with {self.magic.decode()}"
            )
        version, reserved = number_at(data, 8, 4), number_at(data, 12, 4)
        if version not in self.readable:
            readable = f"{self.readable[0]} to {self.readable[-1]}"
            raise BadImageError(f"version {version} of the format; this reads versions {readable}")
        if reserved:
            raise BadImageError("reserved bytes 12 to 15 are not zero")
        total, length = number_at(data, 16, 8), number_at(data, 24, 8)
        if total != len(data):
            raise BadImageError(
                f"truncated or extended: {len(data)} bytes where {total} were written"
            )
        if length > min(LARGEST_PROGRAM, total - PREAMBLE_BYTES):
            raise BadImageError(f"a program of {length} bytes in a file of {total}")
        if checksum(data) != bytes(data[CHECKSUM_AT:PREAMBLE_BYTES]):
            raise BadImageError("the checksum does not match: the file is damaged")
        end = PREAMBLE_BYTES + length
        try:
            header: object = json.loads(bytes(data[PREAMBLE_BYTES:end]), parse_constant=no_constant)
        except (ValueError, RecursionError):
            raise BadImageError("the program is not JSON") from None
        table = dictionary(header, "the program")
        base = end + -end % ALIGNMENT
        return OpenImage(version, table, _sections(data, base, table.get("sections")))

    def write(self, path: str | os.PathLike[str], header: Json, sections: Sequence[Array]) -> None:
        """Write an image; `path` appears whole or not at all."""
        from ...dialects.support.files import atomic_write

        table = {**header, "sections": layout(sections)}
        text = json.dumps(table, separators=(",", ":"), allow_nan=False).encode()
        parts = [text, *map(_bytes_of, sections)]
        total = PREAMBLE_BYTES
        for part in parts:
            total += -total % ALIGNMENT + len(part)
        frame = self.preamble(total, len(text))
        digest = hashlib.sha256(frame)
        with atomic_write(path) as stream:
            stream.write(frame + bytes(PREAMBLE_BYTES - CHECKSUM_AT))
            position = PREAMBLE_BYTES
            for part in parts:
                padding = bytes(-position % ALIGNMENT)
                for piece in (padding, part):
                    stream.write(piece)
                    digest.update(piece)
                position += len(padding) + len(part)
            stream.seek(CHECKSUM_AT)
            stream.write(digest.digest())


@dataclass(frozen=True)
class OpenImage:
    """An image whose frame is sound: nothing in it has been looked at yet."""

    version: int
    program: Json
    sections: list[memoryview]


def checksum(data: memoryview) -> bytes:
    """SHA-256 over the preamble without its checksum, and all that follows it."""
    digest = hashlib.sha256(data[:CHECKSUM_AT])
    digest.update(data[PREAMBLE_BYTES:])
    return digest.digest()


def layout(sections: Iterable[Array]) -> list[list[int]]:
    """Offset and length of every section, from the first byte behind the program's padding."""
    places: list[list[int]] = []
    position = 0
    for array in sections:
        position += -position % ALIGNMENT
        places.append([position, array.nbytes])
        position += array.nbytes
    return places


def _sections(data: memoryview, base: int, entries: object) -> list[memoryview]:
    sections: list[memoryview] = []
    end = 0
    for index, entry in enumerate(items(entries, "sections")):
        pair = counts(entry, f"section {index}")
        if len(pair) != 2:
            raise BadImageError(f"section {index} is not an offset and a length")
        start, length = pair
        if start % ALIGNMENT or start < end:
            raise BadImageError(f"section {index} starts at byte {start}, inside another part")
        end = start + length
        if base + end > len(data):
            raise BadImageError(f"section {index} ends behind the file")
        sections.append(data[base + start : base + end])
    return sections


def _bytes_of(array: Array) -> memoryview:
    return array.data.cast("B") if array.size else memoryview(b"")
