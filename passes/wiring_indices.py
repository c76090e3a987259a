"""Wiring as indices: which computed number each element of a value is."""

from collections.abc import Callable

import numpy as np
from xdsl.ir import SSAValue

from ..dialects import core_op
from ..dialects.nn import shape_of
from .moves import Integers, move

ZERO = -1
"""The index of what wiring adds: the constant code that stands for zero."""


def is_computed(value: SSAValue) -> bool:
    """Whether a value is more than wiring of others: an operation's result, or an argument."""
    return not isinstance(value.owner, core_op.WiringOperation)


class WiringIndices:
    """
    Where every element of the values of one function comes from, through all wiring.

    The elements of the values that count as sources have consecutive numbers: those of the source
    that was met first from 0 on, in row-major order, then those of the next. What wiring adds is
    `ZERO`: the zero point of the code that the value has. `is_source` says where looking back ends;
    it must hold for every value that is not wiring.
    """

    def __init__(self, is_source: Callable[[SSAValue], bool] = is_computed):
        self._is_source = is_source
        self._first: dict[SSAValue, int] = {}
        self._moved: dict[SSAValue, Integers] = {}
        self.size = 0
        """The elements of all sources that were met so far."""

    @property
    def sources(self) -> tuple[SSAValue, ...]:
        """The sources, in the order in which their elements are numbered."""
        return tuple(self._first)

    def first(self, source: SSAValue) -> int:
        """The number of a source's first element."""
        return self._first[source]

    def of(self, value: SSAValue) -> Integers:
        """The number of each element of `value`, in its shape; do not write to it."""
        # Numbers are kept one higher, since what wiring adds to an array is 0. Not recursive:
        # wiring of an unrolled recurrence may be deep.
        waiting = [value]
        while waiting:
            current = waiting[-1]
            if current in self._moved:
                waiting.pop()
                continue
            if self._is_source(current):
                self._moved[current] = self._numbered(current)
                continue
            op = current.owner
            assert isinstance(op, core_op.WiringOperation)
            missing = [operand for operand in op.operands if operand not in self._moved]
            if missing:
                waiting.extend(missing)
                continue
            self._moved[current] = move(op, [self._moved[operand] for operand in op.operands])
        return self._moved[value] - 1

    def locate(self, indices: Integers) -> tuple[Integers, Integers]:
        """
        Of every number the source, as a place in `sources`, and the element of it.

        Both are `ZERO` for what wiring adds.
        """
        starts = np.array(list(self._first.values()) or [0], np.int64)
        sources = np.searchsorted(starts, indices, side="right") - 1
        # Sources without elements start where their successor does, which is the last of equals.
        elements = np.where(sources < 0, ZERO, indices - starts[sources])
        return sources, elements

    def _numbered(self, source: SSAValue) -> Integers:
        shape = shape_of(source)
        first = self._first.setdefault(source, self.size)
        count = int(np.prod(shape, dtype=np.int64))
        self.size = max(self.size, first + count)
        return np.arange(first + 1, first + count + 1, dtype=np.int64).reshape(shape)
