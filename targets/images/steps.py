"""
The steps that a chip image's program may have for any chip: what each needs, what it gives.

A step works on one sample; values are numbered, the inputs first and then one for each step.
NumPy and the standard library are all that is needed here, as in everything that reads an image.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, prod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

Shape = tuple[int, ...]

LARGEST_VALUE = 1 << 28
"""Elements of a value of one sample; a larger one is refused before it takes memory."""

LARGEST_AXES = 16

LARGEST_UNITS = 256

UNITS_SINCE = {"since": 3}
"""Metadata of a field that version 3 of the format brought; others with a default are of 2."""


class StepError(ValueError):
    """A step that does not fit its operands or the chip; the message names no place."""


@dataclass(frozen=True)
class Value:
    """A value of the program: codes of so many bits in the buffer, or (no bits) host numbers."""

    shape: Shape
    bits: int | None = None


@dataclass(frozen=True)
class Step(ABC):
    """One step. Fields are integers, tuples of them, or for `scale` a number."""

    name: ClassVar[str]
    operands: ClassVar[int | None] = 1
    """How many; `None` for one or more."""
    since: ClassVar[int] = 1
    """The version of the format that brought it."""

    @abstractmethod
    def infer(self, values: Sequence[Value]) -> Value:
        """The result. Raises `StepError` where the step does not fit."""


@dataclass(frozen=True)
class Encode(Step):
    """
    Host numbers to codes, on the host: `clamp(rint(x * float32(1 / scale)) + zero, ...)`.

    With several units the number, whose zero point is that of all of them, is dealt out to a
    trailing axis: `floor((number + u) / units)`.
    """

    name = "encode"
    bits: int
    scale: float
    zero: int
    units: int = field(default=1, metadata=UNITS_SINCE)

    def infer(self, values: Sequence[Value]) -> Value:
        need_host(values[0])
        check_code(self.bits, self.scale, self.zero)
        return Value((*values[0].shape, *_unit_axis(self.units)), self.bits)


@dataclass(frozen=True)
class Decode(Step):
    """
    Codes to host numbers, on the host: `(q - zero) * float32(scale)`.

    With several units the number is their sum along the last axis, and so is its zero point.
    """

    name = "decode"
    scale: float
    zero: int
    units: int = field(default=1, metadata=UNITS_SINCE)

    def infer(self, values: Sequence[Value]) -> Value:
        bits, shape, axis = need_codes(values[0]), values[0].shape, _unit_axis(self.units)
        check_code(bits, self.scale, self.zero)
        if axis and shape[-1:] != axis:
            raise StepError(f"{self.units} units on the last axis of {list(shape)}")
        return Value(shape[:-1] if axis else shape)

    def numbers(self, codes: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
        """What the codes of a batch stand for in steps of the scale, the zero point included."""
        real = codes.astype(np.float32)
        return real.sum(axis=-1) if self.units > 1 else real


@dataclass(frozen=True)
class Window(Step):
    """Space.. x groups x C to positions.. x groups x (kernel * C), the channel fastest."""

    name = "window"
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[int, ...]
    """All begins, then all ends."""
    dilations: tuple[int, ...]
    fill: int

    @property
    def pad_pairs(self) -> list[tuple[int, int]]:
        """(before, after) a spatial axis."""
        rank = len(self.kernel)
        return list(zip(self.pads[:rank], self.pads[rank:], strict=True))

    def infer(self, values: Sequence[Value]) -> Value:
        shape, rank = values[0].shape, len(self.kernel)
        _check_fill(self.fill, values[0])
        if len(shape) != rank + 2 or len(self.pads) != 2 * rank:
            raise StepError(f"a kernel of {rank} axes on {list(shape)}")
        if len(self.strides) != rank or len(self.dilations) != rank:
            raise StepError("strides and dilations need a number each axis of the kernel")
        if min((*self.kernel, *self.strides, *self.dilations), default=1) < 1:
            raise StepError("kernel, strides and dilations are 1 or more")
        if min(self.pads, default=0) < 0:
            raise StepError("pads are 0 or more")
        positions: list[int] = []
        for axis, (before, after) in enumerate(self.pad_pairs):
            padded = shape[axis] + before + after
            reach = self.dilations[axis] * (self.kernel[axis] - 1) + 1
            if reach > padded:
                raise StepError(f"a window of {reach} on axis {axis} of {padded}")
            positions.append((padded - reach) // self.strides[axis] + 1)
        return Value((*positions, shape[-2], prod(self.kernel) * shape[-1]), values[0].bits)


@dataclass(frozen=True)
class Pad(Step):
    """`fill`, `low` times before and `high` times behind each axis."""

    name = "pad"
    low: tuple[int, ...]
    high: tuple[int, ...]
    fill: int

    def infer(self, values: Sequence[Value]) -> Value:
        shape = values[0].shape
        _check_fill(self.fill, values[0])
        if not len(shape) == len(self.low) == len(self.high):
            raise StepError(f"low and high need a count for each axis of {list(shape)}")
        if min((*self.low, *self.high), default=0) < 0:
            raise StepError("pads are 0 or more")
        padded = tuple(a + n + z for a, n, z in zip(self.low, shape, self.high, strict=True))
        return Value(padded, values[0].bits)


@dataclass(frozen=True)
class Slice(Step):
    """From `offsets`, `sizes` elements an axis."""

    name = "slice"
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]

    def infer(self, values: Sequence[Value]) -> Value:
        shape = values[0].shape
        if not len(shape) == len(self.offsets) == len(self.sizes) or any(
            offset < 0 or size < 0 or offset + size > extent
            for offset, size, extent in zip(self.offsets, self.sizes, shape, strict=True)
        ):
            raise StepError(
                f"offsets {list(self.offsets)} and sizes {list(self.sizes)} are not a part of "
                f"{list(shape)}"
            )
        return Value(self.sizes, values[0].bits)


@dataclass(frozen=True)
class Concat(Step):
    """Its operands, one behind the other along `axis`."""

    name = "concat"
    operands = None
    axis: int

    def infer(self, values: Sequence[Value]) -> Value:
        first, axis = values[0], self.axis
        _check_axis(axis, first.shape)
        for value in values:
            same = (*value.shape[:axis], *first.shape[axis : axis + 1], *value.shape[axis + 1 :])
            if same != first.shape or len(value.shape) != len(first.shape):
                raise StepError(f"{list(first.shape)} and {list(value.shape)} on axis {axis}")
            if value.bits != first.bits:
                raise StepError("operands with different codes")
        extent = sum(value.shape[axis] for value in values)
        return Value((*first.shape[:axis], extent, *first.shape[axis + 1 :]), first.bits)


@dataclass(frozen=True)
class Permute(Step):
    """Axis `i` of the result is axis `order[i]` of the operand."""

    name = "permute"
    order: tuple[int, ...]

    def infer(self, values: Sequence[Value]) -> Value:
        shape = values[0].shape
        if sorted(self.order) != list(range(len(shape))):
            raise StepError(f"{list(self.order)} is not an order of the axes of {list(shape)}")
        return Value(tuple(shape[axis] for axis in self.order), values[0].bits)


@dataclass(frozen=True)
class Reshape(Step):
    """The same elements in row-major order under the shape `to`."""

    name = "reshape"
    to: tuple[int, ...]

    def infer(self, values: Sequence[Value]) -> Value:
        shape = values[0].shape
        if prod(shape) != prod(self.to) or min(self.to, default=1) < 0:
            raise StepError(f"{list(shape)} as {list(self.to)}")
        return Value(self.to, values[0].bits)


@dataclass(frozen=True)
class Repeat(Step):
    """Every slice along `axis`, `times` times in a row."""

    name = "repeat"
    axis: int
    times: int

    def infer(self, values: Sequence[Value]) -> Value:
        shape, axis = values[0].shape, self.axis
        _check_axis(axis, shape)
        if self.times < 1:
            raise StepError(f"{self.times} times")
        extent = shape[axis] * self.times
        return Value((*shape[:axis], extent, *shape[axis + 1 :]), values[0].bits)


@dataclass(frozen=True)
class Gather(Step):
    """The slices along `axis` at `indices`, in any order, each as often as named."""

    name = "gather"
    since = 2
    axis: int
    indices: tuple[int, ...]

    def infer(self, values: Sequence[Value]) -> Value:
        shape, axis = values[0].shape, self.axis
        _check_axis(axis, shape)
        if max(self.indices, default=-1) >= shape[axis]:
            raise StepError(f"index {max(self.indices)} of axis {axis} of {list(shape)}")
        return Value((*shape[:axis], len(self.indices), *shape[axis + 1 :]), values[0].bits)


@dataclass(frozen=True)
class Softmax(Step):
    """`exp(x) / sum(exp(x))` along `axis`, on the host."""

    name = "softmax"
    axis: int

    def infer(self, values: Sequence[Value]) -> Value:
        need_host(values[0])
        _check_axis(self.axis, values[0].shape)
        return Value(values[0].shape)


@dataclass(frozen=True)
class LogSoftmax(Softmax):
    """The logarithm of the softmax along `axis`, on the host."""

    name = "log_softmax"
    since = 2


@dataclass(frozen=True)
class ArgMax(Step):
    """
    The index of the largest along `axis`, on the host: the first of equals, with `last` the last.

    The axis goes; with `keep` its extent is 1.
    """

    name = "argmax"
    axis: int
    keep: bool = False
    last: bool = False

    def infer(self, values: Sequence[Value]) -> Value:
        need_host(values[0])
        shape = values[0].shape
        _check_axis(self.axis, shape)
        if not shape[self.axis]:
            raise StepError(f"no largest along axis {self.axis} of {list(shape)}")
        kept = (1,) if self.keep else ()
        return Value((*shape[: self.axis], *kept, *shape[self.axis + 1 :]))


WIRING: tuple[type[Step], ...] = (
    Window,
    Pad,
    Slice,
    Concat,
    Permute,
    Reshape,
    Repeat,
    Gather,
)
"""What moves numbers or codes, and computes nothing."""

ENDS: tuple[type[Step], ...] = (Softmax, LogSoftmax, ArgMax)
"""What the host computes behind a network."""


def check_size(shape: Shape) -> None:
    """Raise `StepError` for a value that is too large."""
    if len(shape) > LARGEST_AXES or prod(shape) > LARGEST_VALUE:
        raise StepError(f"a value of shape {list(shape[:LARGEST_AXES])} is too large")


def need_host(value: Value) -> None:
    """Raise `StepError` where a value is not host numbers."""
    if value.bits is not None:
        raise StepError("its operand is codes; the host takes numbers")


def need_codes(value: Value) -> int:
    """The bits of a value. Raises `StepError` where it is not codes."""
    if value.bits is None:
        raise StepError("its operand is host numbers; it takes codes")
    return value.bits


def check_code(bits: int, scale: float, zero: int) -> None:
    """Raise `StepError` for what is no code."""
    if not 1 <= bits <= 8:
        raise StepError(f"a code of {bits} bits")
    if not (isfinite(scale) and 1e-38 < scale < 3e38):
        raise StepError(f"a scale of {scale}")
    if not 0 <= zero < 1 << bits:
        raise StepError(f"a zero point of {zero} in {bits} bits")


def _unit_axis(units: int) -> tuple[int, ...]:
    if not 1 <= units <= LARGEST_UNITS:
        raise StepError(f"{units} units")
    return (units,) if units > 1 else ()


def _check_fill(fill: int, value: Value) -> None:
    if not 0 <= fill < 1 << (value.bits or 0):
        raise StepError(f"a fill of {fill}")


def _check_axis(axis: int, shape: Shape) -> None:
    if not 0 <= axis < len(shape):
        raise StepError(f"axis {axis} of {list(shape)}")
