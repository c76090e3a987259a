"""Options that several commands of `corelower` share."""

from enum import StrEnum

from ..dialects.support.errors import CorelowerError


class Layout(StrEnum):
    """The order of an image's axes in the data."""

    nchw = "nchw"
    nhwc = "nhwc"


class MaxPool(StrEnum):
    """How a maximum is computed."""

    auto = "auto"
    relu = "relu"
    native = "native"


class Coding(StrEnum):
    """How units share out a number, see `core-op-choose-codings`."""

    auto = "auto"
    thermometer = "thermometer"
    coarse_fine = "coarse-fine"
    trained = "trained"


class Output(StrEnum):
    """What counts of the network's outputs."""

    decisions = "decisions"
    values = "values"


def numbers(text: str) -> tuple[float, ...]:
    """Numbers with commas between them. Raises `CorelowerError`."""
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise CorelowerError(f"'{text}' is not a list of numbers, as 0.5 or 0.4,0.5,0.6") from None
