"""
What PRIME allows: every constant with its source and mark.

PRIME is a ReRAM main memory whose subarrays also compute (Chi et al., ISCA'16; simulated by its
authors, not fabricated). A *core* here is one signed 8-bit 256 x 256 matrix: four physical mats,
since a weight is two 4-bit cells and each sign has mats of its own. See `docs/rationale_prime.md`.
"""

from ...dialects.support.target import Target
from ..facts import Mark, fact

_PRIME_PAPER = "Chi et al., PRIME, ISCA'16"

MAT_ROWS = fact(256, "wordlines", Mark.PUBLISHED, _PRIME_PAPER)
MAT_COLUMNS = fact(256, "bitlines", Mark.PUBLISHED, _PRIME_PAPER)
CELL_BITS = fact(4, "bits a cell in compute mode", Mark.PUBLISHED, _PRIME_PAPER)
CELLS_PER_WEIGHT = fact(2, "cells on adjacent bitlines", Mark.PUBLISHED, _PRIME_PAPER)
MATS_PER_CORE = fact(
    4, "mats of one signed 8-bit 256 x 256 core", Mark.DERIVED, "2 signs x 2 cells a weight"
)
SIGNAL_BITS = fact(6, "bits, unsigned, in and out", Mark.PUBLISHED, _PRIME_PAPER)
INPUT_PASS_BITS = fact(3, "bits of an input a pass", Mark.PUBLISHED, _PRIME_PAPER)
MAX_POOL_INPUTS = fact(4, "inputs of the max-pooling unit", Mark.PUBLISHED, _PRIME_PAPER)
LARGEST_WEIGHT = fact(
    127,
    "magnitude of a weight",
    Mark.ASSUMED,
    "sign-magnitude with the sign among the 8 bits; the paper leaves 255 possible",
)
BIAS_ROWS = fact(2, "wordlines", Mark.ASSUMED, "the paper: one or more, driven with a constant")
ROUNDING = "nearest"
"""[assumed] The paper does not say how its sense amplifiers round."""
GAIN = "core"
"""[assumed] The range of the sense amplifiers is configurable [pub]; here one setting a core."""
CORES = fact(
    4096,
    "cores in a rank of 16 GB",
    Mark.DERIVED,
    f"2^28 synapses, the largest network it claims, / 256^2; {_PRIME_PAPER}",
)

PRIME = Target(
    name="prime",
    fan_in=int(MAT_ROWS.value),
    fan_out=int(MAT_COLUMNS.value),
    signal_bits=int(SIGNAL_BITS.value),
    weights=(-int(LARGEST_WEIGHT.value), int(LARGEST_WEIGHT.value)),
    accumulator_bits=0,
    bias_rows=int(BIAS_ROWS.value),
    spare_bias_rows=True,
    gain=GAIN,
    gain_values="free",
    rounding=ROUNDING,
    functions=("linear", "relu"),
    max_inputs=int(MAX_POOL_INPUTS.value),
    neuron="rate",
    shares_positions=True,
    cores=int(CORES.value),
)
"""The constraints of one PRIME core, and how many cores a rank has."""
