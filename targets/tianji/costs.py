"""
What TianJi costs, with the published figures of its successor Tianjic where it has none itself.

A phase is one step of every core: 256 x 256 products in ANN mode, a tick in SNN mode.
"""

from ..facts import Fact, Mark, fact

_TIANJIC = "Pei et al., Tianjic, Nature 2019"

PHASE_TIME = fact(16.83, "us", Mark.PUBLISHED, f"{_TIANJIC}: 5050 cycles at 300 MHz")

CORE_POWER = Fact(1.95, 6.29, "mW a core", Mark.PUBLISHED, _TIANJIC)

CORE_PHASE_ENERGY = Fact(
    CORE_POWER.low * PHASE_TIME.value,
    CORE_POWER.high * PHASE_TIME.value,
    "nJ a core and phase",
    Mark.DERIVED,
    "power times time of a phase",
)

SYNAPSE_ENERGY = fact(1.54, "pJ a synaptic operation", Mark.PUBLISHED, _TIANJIC)

HOP_ENERGY = Fact(
    4.4, 5.3, "pJ a packet and hop", Mark.MODEL, "a 32-bit flit of ISAAC's router, 32 nm"
)
"""TianJi's own is not published."""

CORE_AREA = fact(0.0926, "mm2", Mark.DERIVED, f"14.44 mm2 for 156 cores; {_TIANJIC}")


def phases_energy(cores: int, phases: int) -> tuple[float, float]:
    """Nanojoules that so many cores take in so many phases, at least and at most."""
    count = cores * phases
    return count * CORE_PHASE_ENERGY.low, count * CORE_PHASE_ENERGY.high


def spikes_energy(synaptic_operations: float) -> float:
    """Nanojoules of so many synaptic operations: a spike times the synapses that it reaches."""
    return synaptic_operations * SYNAPSE_ENERGY.value / 1000
