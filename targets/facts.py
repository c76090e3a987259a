"""Constants about hardware: a number or a range with its unit, its mark and its source."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """Where a constant comes from; a report shows the mark beside whatever rests on it."""

    PUBLISHED = "pub"
    """Published in the chip's own paper."""
    AUTHORS = "auth"
    """From the authors' own later work or code."""
    MODEL = "model"
    """Modelled by somebody other than the chip's authors."""
    DERIVED = "derived"
    """Arithmetic on other constants."""
    ASSUMED = "assumed"
    """Not published; chosen here, and a parameter."""


@dataclass(frozen=True)
class Fact:
    """A constant of a chip, `low` to `high` where it is known as a range only."""

    low: float
    high: float
    unit: str
    mark: Mark
    source: str

    @property
    def value(self) -> float:
        """The constant, or the middle of its range."""
        return (self.low + self.high) / 2


def fact(value: float, unit: str, mark: Mark, source: str) -> Fact:
    """A constant that is one number."""
    return Fact(value, value, unit, mark, source)
