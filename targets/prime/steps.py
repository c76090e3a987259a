"""
The steps of a PRIME image's program: those of any chip, the mats and the max-pooling unit.

NumPy and the standard library are all that is needed here, as in everything that reads an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..images.steps import (
    ENDS,
    WIRING,
    ArgMax,
    Concat,
    Decode,
    Encode,
    Gather,
    LogSoftmax,
    Pad,
    Permute,
    Repeat,
    Reshape,
    Slice,
    Softmax,
    Step,
    StepError,
    Value,
    Window,
    check_size,
    need_codes,
)

__all__ = [
    "STEPS",
    "ArgMax",
    "Concat",
    "Decode",
    "Encode",
    "Gather",
    "LogSoftmax",
    "Max",
    "Mvm",
    "Pad",
    "Permute",
    "Repeat",
    "Reshape",
    "Slice",
    "Softmax",
    "Step",
    "StepError",
    "Value",
    "Window",
    "check_size",
]


@dataclass(frozen=True)
class Mvm(Step):
    """Every position of the operand through the mats number `mats`; see the simulator."""

    name = "mvm"
    mats: int
    bits: int

    def infer(self, values: Sequence[Value]) -> Value:
        need_codes(values[0])
        if not 1 <= self.bits <= 8:
            raise StepError(f"results of {self.bits} bits")
        # The last two axes are checked, and the last one replaced, by whoever knows the mats.
        if len(values[0].shape) < 2:
            raise StepError(f"an operand {list(values[0].shape)} without groups and rows")
        return Value(values[0].shape, self.bits)


@dataclass(frozen=True)
class Max(Step):
    """The largest code along the last axis, by the max-pooling unit."""

    name = "max"

    def infer(self, values: Sequence[Value]) -> Value:
        bits = need_codes(values[0])
        shape = values[0].shape
        if not shape or not shape[-1]:
            raise StepError(f"no codes to take a maximum of in {list(shape)}")
        return Value(shape[:-1], bits)


STEPS: dict[str, type[Step]] = {
    step.name: step for step in (Encode, Decode, Mvm, Max, *WIRING, *ENDS)
}
"""Every step by its name in the file."""
