"""What enters and leaves an image, of whatever chip, and the check of what a user puts in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...dialects.support.user_error import CorelowerError
from .steps import Value


@dataclass(frozen=True)
class Port:
    """An input or an output of the program."""

    name: str
    value: int


def check_inputs(
    inputs: Sequence[npt.NDArray[np.generic]], ports: Sequence[Port], values: Sequence[Value]
) -> int:
    """
    The number of samples, a sample a row of every input.

    Raises `CorelowerError` for inputs that are too many or too few, of another shape, no numbers,
    not finite, or of different numbers of samples.
    """
    if len(inputs) != len(ports):
        raise CorelowerError(f"the image takes {len(ports)} inputs, {len(inputs)} were given")
    for port, array in zip(ports, inputs, strict=True):
        expected = values[port.value].shape
        if array.shape[1:] != expected or not array.ndim:
            raise CorelowerError(
                f"input '{port.name}' takes samples of shape {list(expected)}, the data has "
                f"{list(array.shape[1:])} (batch axis left out)"
            )
        if array.dtype.kind not in "fiub":
            raise CorelowerError(f"input '{port.name}' is not numbers but {array.dtype}")
        if len(array) != len(inputs[0]):
            raise CorelowerError("the inputs have different numbers of samples")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise CorelowerError(f"input '{port.name}' has a number that is not finite")
    if not len(inputs[0]):
        raise CorelowerError("the data has no samples")
    return len(inputs[0])
