"""
Packets between chips: multicast along XY routes, counted in hops and on every link.

A packet runs along its source's row first, and branches off into the column of each chip that it
goes to: a tree. Every signal sends one packet a sample in ANN mode, up to one a tick in SNN mode.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

HOST = -1
"""The number of the host among the cores."""


@dataclass(frozen=True)
class Deliveries:
    """
    Which signal goes to which core, one row each, without repetition.

    Cores are numbered by place in the program, and -1 is the host, which also receives.
    """

    cores: int
    source: Integers
    """The core that a signal comes from."""
    signal: Integers
    """Its number among all signals."""
    target: Integers
    """The core that it goes to."""

    def weights(self) -> Integers:
        """Signals between every two cores in either direction; the last row is the host."""
        size = self.cores + 1
        flat = (self.source % size) * size + self.target % size
        counts = np.bincount(flat, minlength=size * size).reshape(size, size)
        both = counts + counts.T
        np.fill_diagonal(both, 0)
        return both

    def fan_out(self) -> Integers:
        """Cores that each signal goes to, by the signal's number; the host does not count."""
        return np.bincount(self.signal[self.target >= 0], minlength=1)


@dataclass(frozen=True)
class Traffic:
    """What a placement sends between chips."""

    hops: int
    """Links that packets of one sample pass, were each signal to send one packet."""
    loads: Integers
    """Packets on each link: chips x 4 directions (right, left, down, up)."""

    @property
    def busiest(self) -> int:
        """The packets on the busiest link."""
        return int(self.loads.max(initial=0))


def route(deliveries: Deliveries, chip_of: Integers, columns: int, rows: int) -> Traffic:
    """
    The traffic of all signals; `chip_of` has the chip of each core, and the host's last.

    Chips are numbered along the rows of the mesh.
    """
    chips = columns * rows
    if not len(deliveries.signal):
        return Traffic(0, np.zeros((chips, 4), np.int64))
    pairs = np.unique(deliveries.signal * chips + chip_of[deliveries.target])
    signal, there = pairs // chips, pairs % chips
    source_of = np.zeros(int(deliveries.signal.max(initial=-1)) + 1, np.int64)
    source_of[deliveries.signal] = chip_of[deliveries.source]
    here = source_of[signal]
    loads = np.zeros((chips, 4), np.int64)
    # Along the source's row, as far as the outermost column on either side.
    column, row = here % columns, here // columns
    to_column, to_row = there % columns, there // columns
    first = _starts(signal)
    start, from_row = column[first], row[first]
    rightmost = np.maximum(np.maximum.reduceat(to_column, first), start)
    leftmost = np.minimum(np.minimum.reduceat(to_column, first), start)
    _add_runs(loads, 0, from_row * columns + start, rightmost - start, 1)
    _add_runs(loads, 1, from_row * columns + start, start - leftmost, -1)
    # Then along each column, as far as the outermost row on either side.
    branch = signal * columns + to_column
    order = np.argsort(branch, kind="stable")
    first = _starts(branch[order])
    corner_row, corner_column, to_row = row[order][first], to_column[order][first], to_row[order]
    lowest = np.maximum(np.maximum.reduceat(to_row, first), corner_row)
    highest = np.minimum(np.minimum.reduceat(to_row, first), corner_row)
    corner = corner_row * columns + corner_column
    _add_runs(loads, 2, corner, lowest - corner_row, columns)
    _add_runs(loads, 3, corner, corner_row - highest, -columns)
    return Traffic(int(loads.sum()), loads)


def _starts(keys: Integers) -> Integers:
    """Where a run of equal keys begins."""
    return np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))


def _add_runs(
    loads: Integers, direction: int, start: Integers, length: Integers, step: int
) -> None:
    """A packet on every link of runs that leave the chips `start` in one direction."""
    for distance in range(int(length.max(initial=0))):
        passed = start[length > distance] + distance * step
        loads[:, direction] += np.bincount(passed, minlength=len(loads))
