"""Where a coded network loses accuracy: by layer and cause, and what one bit more would give."""

from dataclasses import dataclass
from math import inf, log10

SIGNAL = "signal"
CLIPPING = "clipping"
PARTIAL_SUMS = "partial_sums"
WEIGHTS = "weights"
APPROXIMATION = "approximation"

CAUSES: tuple[str, ...] = (SIGNAL, CLIPPING, PARTIAL_SUMS, WEIGHTS, APPROXIMATION)
"""Why a value is not the golden one: see `docs/report.md`."""

BIT_KINDS: tuple[str, ...] = (SIGNAL, PARTIAL_SUMS, WEIGHTS)
"""Causes that one bit more makes smaller."""

INPUT = "input"
"""The name of the layer in which the host encodes the network's input."""


@dataclass(frozen=True)
class Distance:
    """How far a network's outputs are from the golden ones."""

    distance: float
    """
    Mean Kullback-Leibler divergence of the softmax in nats, or where the outputs are no decisions
    the mean squared error over the golden variance.
    """
    disagreement: float | None
    """The part of the samples that is decided otherwise; `None` where nothing is decided."""


@dataclass(frozen=True)
class CauseLoss:
    """What one cause does in one layer."""

    cause: str
    error: float
    """Error power over signal power of this cause alone, the layer fed with golden values."""
    distance_gain: float | None
    """By how much the outputs come nearer where this alone is removed; `None` if it cannot be."""
    disagreement_gain: float | None


@dataclass(frozen=True)
class LayerLoss:
    """A layer: what computes one golden value from others, or the code of the network's input."""

    name: str
    """The golden value's name."""
    where: str | None
    sqnr_db: float | None
    """In the network, what it inherits included; `None` where there is no error."""
    local_sqnr_db: float | None
    """Fed with golden values, all causes at work."""
    causes: tuple[CauseLoss, ...]

    @property
    def error(self) -> float:
        """The sum of what the causes do on their own, over signal power."""
        return sum(cause.error for cause in self.causes)


@dataclass(frozen=True)
class CauseTotal:
    """The network without a cause, in all layers at once."""

    cause: str
    distance: float
    disagreement: float | None


@dataclass(frozen=True)
class BitGain:
    """The network with one bit more in one place."""

    kind: str
    """`signal` for the codes of a layer's value, `partial_sums` or `weights` for a layer's."""
    name: str
    """The layer's golden value."""
    where: str | None
    bits: int
    """As it is, without the further one."""
    distance: float
    disagreement: float | None
    distance_gain: float
    disagreement_gain: float | None


@dataclass(frozen=True)
class Attribution:
    """Where the accuracy went, measured on `samples`."""

    samples: int
    measure: str
    """`kl_divergence` or `squared_error`: what `distance` is, see `Distance`."""
    distance: float
    disagreement: float | None
    knows_weights: bool
    """Whether the weights before rounding are known, so that they can be compared."""
    causes: tuple[CauseTotal, ...]
    layers: tuple[LayerLoss, ...]
    bits: tuple[BitGain, ...]
    """The largest gain first."""

    def worst(self) -> list[tuple[LayerLoss, CauseLoss]]:
        """
        Layers and causes, the one first without which the outputs come nearest to the golden ones.

        Only those that cost something. Where that was not measured, all of them by their error.
        """
        pairs = [(layer, cause) for layer in self.layers for cause in layer.causes]
        if not self.causes:
            return sorted(pairs, key=lambda pair: -pair[1].error)
        costly = [pair for pair in pairs if (pair[1].distance_gain or 0.0) > 0]
        return sorted(costly, key=lambda pair: -(pair[1].distance_gain or 0.0))


def decibels(error: float) -> float | None:
    """Signal over error power in dB, from error over signal power; `None` for no error."""
    return -10 * log10(error) if 0 < error < inf else None
