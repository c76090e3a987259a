"""
What PRIME costs: PRIME's paper publishes no absolute figure, so each is modelled by others.

Energies are per core operation: one 256 x 256 vector-matrix product with 6-bit signals and 8-bit
weights, all four mats.
"""

from ..facts import Fact, Mark, fact

CORE_OP_TIME = fact(3064.7, "ns", Mark.MODEL, "Ji et al., FPSA, ASPLOS'19, their model of PRIME")

CORE_OP_ENERGY = Fact(
    31.0,
    62.0,
    "nJ",
    Mark.MODEL,
    "2.10 TOPs/W with data movement, Li et al., TIMELY, ISCA'20; a multiplication and an addition "
    "as two operations or as one",
)

ARRAY_ENERGY = Fact(
    0.75, 12.0, "nJ", Mark.MODEL, "about 3 nJ from the parts of ISAAC's Table I, a factor of 4"
)
"""The arrays and their converters alone, without data movement."""

CORE_AREA = fact(34_802.0, "um2", Mark.MODEL, "Ji et al., FPSA, ASPLOS'19, their model of PRIME")
