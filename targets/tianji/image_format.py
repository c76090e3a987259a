"""
What a TianJi image holds. `docs/tianji_image.md` gives every byte.

NumPy and the standard library are all that is needed here, as in everything that reads an image.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..images.frame import Frame
from ..images.ports import Port
from ..images.program import Instruction
from .steps import Value

FRAME = Frame("TianJi", b"TIANJIMG", version=1, readable=(1, 2))

TABLE_FRAME = replace(FRAME, version=2)
"""Of images whose synapses are indices into tables: version 1 has no such thing."""

RESETS = ("zero", "subtract")
FIRINGS = ("tick", "window")

NOTHING = -1
"""The signal of an axon that listens to nothing."""

LARGEST_SUM = (1 << 23) - 1
"""The largest magnitude in a 24-bit sum or potential."""

LARGEST_CUT = 23

LARGEST_SIGNALS = 1 << 26

Integers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Chip:
    """The chips that an image is for."""

    axons: int
    neurons: int
    signal_bits: int
    cores_per_chip: int
    columns: int
    rows: int
    window: int
    """Ticks of a window; 1 where nothing spikes."""
    reset: str
    firing: str
    weight_values: int = 0
    """Weights in a core's table, to which synapses are indices; 0 where they are weights."""

    @property
    def index_bits(self) -> int:
        """Bits of an index into a core's table."""
        return (self.weight_values - 1).bit_length()

    @property
    def cores(self) -> int:
        """All cores of the mesh."""
        return self.cores_per_chip * self.columns * self.rows


@dataclass(frozen=True)
class Layer:
    """
    Cores that work in the same phase and have as many axons and neurons each.

    `synapses` are cores x axons x neurons; `hears`, cores x axons, is the signal that each axon is
    sent by the routes. Graded neurons have a `cut` a core, spiking ones a threshold and an initial
    potential each.
    """

    phase: int
    places: tuple[int, ...]
    first_signal: int
    """The number of the first neuron's signal; those of a layer follow one another."""
    bits: int
    """Of a graded result, or 1."""
    ticks: int
    """In which a result is counted; 1 where it is graded."""
    synapses: npt.NDArray[np.int8]
    hears: Integers
    bias: Integers
    cut: Integers | None
    threshold: Integers | None
    initial: Integers | None

    @property
    def neurons(self) -> int:
        """All neurons."""
        return self.synapses.shape[0] * self.synapses.shape[2]

    @property
    def largest(self) -> int:
        """The largest number that a neuron carries."""
        return self.ticks * ((1 << self.bits) - 1)


@dataclass(frozen=True)
class Image:
    """A TianJi image in memory."""

    chip: Chip
    layers: tuple[Layer, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    values: tuple[Value, ...]
    """Of every number: the inputs', then one for each instruction."""
    program: tuple[Instruction, ...]
    indices: dict[int, Integers]
    """The signals that each reading step takes, by the number of its section."""
    host_signals: int
    """Signals that the host sends: the first ones."""
    signals: int
