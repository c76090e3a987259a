"""
What a chip image holds, and the frame around it. `docs/prime_image.md` gives every byte.

NumPy and the standard library are all that is needed here, as in everything that reads an image.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..images.frame import Frame
from ..images.ports import Port
from ..images.program import Instruction
from .steps import Value

FRAME = Frame("PRIME", b"PRIMEIMG", version=3, readable=(1, 2, 3))
"""Version 1 lacks some steps, 1 and 2 lack units, and all else is the same."""

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
class Image:
    """A chip image in memory; its arrays are views of the mapped file."""

    chip: Chip
    mats: tuple[Mats, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    values: tuple[Value, ...]
    """Of every number: the inputs', then one for each instruction."""
    program: tuple[Instruction, ...]
