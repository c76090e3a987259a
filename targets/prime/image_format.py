"""
What a chip image holds, and the frame around it. `docs/prime_image.md` gives every byte.

NumPy and the standard library are all that is needed here, as in everything that reads an image.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .steps import Step, Value

MAGIC = b"PRIMEIMG"
VERSION = 3
"""What is written."""

READABLE_VERSIONS = (1, 2, 3)
"""What is read: version 1 lacks some steps, 1 and 2 lack units, and all else is the same."""

ALIGNMENT = 64
"""Bytes; where every section starts."""

PREAMBLE_BYTES = 64
CHECKSUM_AT = 32
LARGEST_PROGRAM = 64 << 20
"""Bytes of the program's text."""

ROUNDINGS = ("nearest", "floor")

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Chip:
    """The chip that an image is for."""

    rows: int
    columns: int
    signal_bits: int
    cell_bits: int
    max_inputs: int
    cores: int
    """0 for no limit."""
    rounding: str


@dataclass(frozen=True)
class Mats:
    """
    Matrices of equal shape, one a group, and the cores that hold them.

    `positive` and `negative` are pairs of cells [groups, rows, columns], `drive` the constants on
    the last rows [groups, bias rows], `gain` is [groups] or [groups, columns].
    """

    core: int
    packed: int
    replicas: int
    positive: Bytes
    negative: Bytes
    drive: Bytes
    gain: npt.NDArray[np.float32]

    @property
    def fan_in(self) -> int:
        """Rows that take signals."""
        return self.positive.shape[1] - self.drive.shape[1]

    @property
    def cores(self) -> int:
        """The cores that all copies take."""
        return -(-self.positive.shape[0] // self.packed) * self.replicas


@dataclass(frozen=True)
class Instruction:
    """A step, the values that it takes, and the one that it gives."""

    step: Step
    operands: tuple[int, ...]
    value: Value


@dataclass(frozen=True)
class Port:
    """An input or an output of the program."""

    name: str
    value: int


@dataclass(frozen=True)
class Image:
    """A chip image in memory; its arrays are views of the mapped file."""

    chip: Chip
    mats: tuple[Mats, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    values: tuple[Value, ...]
    """Of every number: the inputs', then one for each instruction."""
    program: tuple[Instruction, ...]


def checksum(data: memoryview) -> bytes:
    """SHA-256 over the preamble without its checksum, and all that follows it."""
    digest = hashlib.sha256(data[:CHECKSUM_AT])
    digest.update(data[PREAMBLE_BYTES:])
    return digest.digest()


def preamble(total: int, program: int) -> bytes:
    """The first 32 bytes of an image of `total` bytes with a program of `program` bytes."""
    head = MAGIC + VERSION.to_bytes(4, "little") + bytes(4)
    return head + total.to_bytes(8, "little") + program.to_bytes(8, "little")
