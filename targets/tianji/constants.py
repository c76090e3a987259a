"""
What TianJi allows, in both modes: every constant with its source and mark.

TianJi is a fabricated digital chip (Shi et al., IEDM'15) whose cores compute as those of an
artificial network, on 8-bit codes, or of a spiking one. Its number formats as a spiking chip are
those of its authors' own compiler, NEUTRAMS (Ji et al., MICRO'16).
"""

from ...dialects.support.target import Target
from ..facts import Mark, fact

_CHIP_PAPER = "Shi et al., IEDM'15"
_NEUTRAMS = "Ji et al., NEUTRAMS, MICRO'16, and its code"

AXONS = fact(256, "inputs a core", Mark.PUBLISHED, _CHIP_PAPER)
NEURONS = fact(256, "outputs a core", Mark.PUBLISHED, _CHIP_PAPER)
WEIGHT_BITS = fact(8, "bits, two's complement", Mark.PUBLISHED, _CHIP_PAPER)
SIGNAL_BITS = fact(8, "bits, unsigned, cut out of the sum", Mark.PUBLISHED, _CHIP_PAPER)
SUM_BITS = fact(24, "bits of the sum in ANN mode", Mark.PUBLISHED, _CHIP_PAPER)
POTENTIAL_BITS = fact(24, "bits of the membrane potential", Mark.ASSUMED, "as wide as the sum")
BIAS_BITS = fact(16, "bits of a bias register a neuron", Mark.ASSUMED, "as wide as the leak")
LEAK_BITS = fact(16, "bits of the leak", Mark.AUTHORS, _NEUTRAMS)
THRESHOLD_BITS = fact(16, "bits of the threshold", Mark.AUTHORS, _NEUTRAMS)
SYNAPSE_BITS = fact(
    256 * 256 * 8,
    "bits of synapses a core",
    Mark.ASSUMED,
    "a dense matrix; its successor Tianjic has about 22 KB a core and shared weights",
)
CORES_PER_CHIP = fact(6, "cores a chip", Mark.PUBLISHED, _CHIP_PAPER)
WEIGHT_VALUES = 0
"""A weight a synapse; cores of its successor Tianjic share 32 [pub: Pei et al., Nature 2019]."""
NEURON_FAN_OUT = 0
"""[assumed] Multicast without a limit."""
CORES = 0
"""As many chips as a network needs; `cores` limits them."""
WINDOW = 16
"""Ticks of a window: a choice of who compiles, not a fact about the chip."""

_WEIGHTS = (-(1 << (int(WEIGHT_BITS.value) - 1)), (1 << (int(WEIGHT_BITS.value) - 1)) - 1)

TIANJI_ANN = Target(
    name="tianji",
    fan_in=int(AXONS.value),
    fan_out=int(NEURONS.value),
    signal_bits=int(SIGNAL_BITS.value),
    weights=_WEIGHTS,
    weight_values=WEIGHT_VALUES,
    accumulator_bits=int(SUM_BITS.value),
    bias_bits=int(BIAS_BITS.value),
    gain="core",
    gain_values="power_of_two",
    rounding="floor",
    functions=("linear", "relu"),
    shares_positions=False,
    neuron_fan_out=NEURON_FAN_OUT,
    synapse_bits=int(SYNAPSE_BITS.value),
    cores=CORES,
)
"""The constraints of one core in ANN mode: 8-bit codes, cut out of a 24-bit sum."""

TIANJI_SNN = Target(
    name="tianji",
    fan_in=int(AXONS.value),
    fan_out=int(NEURONS.value),
    signal_bits=1,
    weights=_WEIGHTS,
    weight_values=WEIGHT_VALUES,
    accumulator_bits=int(POTENTIAL_BITS.value),
    bias_bits=int(LEAK_BITS.value),
    gain="neuron",
    gain_values="reciprocal",
    rounding="floor",
    functions=("linear", "relu"),
    neuron="lif",
    window=WINDOW,
    reset="zero",
    firing="window",
    threshold_bits=int(THRESHOLD_BITS.value),
    shares_positions=False,
    neuron_fan_out=NEURON_FAN_OUT,
    synapse_bits=int(SYNAPSE_BITS.value),
    cores=CORES,
)
"""
The constraints of one core in SNN mode: spikes, a leak, a threshold a neuron [assumed], reset to
zero [auth]; `reset=subtract` is an option [assumed]. That a neuron only fires in the window behind
the one that it integrates is [assumed] too; `firing=tick` is the other way.
"""
