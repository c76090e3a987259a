"""
What mapping needs to know of TianJi's chips beside their cores: the mesh, its links, its host.

The chip's paper says that several chips make a board and that neurons send packets; it publishes no
numbers of the network between chips. What is assumed is an option of `tianji-map`.
"""

from ..facts import Mark, fact

PHASE_CYCLES = fact(
    5050, "cycles a phase", Mark.PUBLISHED, "Pei et al., Tianjic, Nature 2019: the successor"
)

LINK_PACKETS = fact(
    5050, "packets a link a phase or tick", Mark.ASSUMED, "one a cycle of Tianjic's phase"
)

HOST_CHIP = 0
"""[assumed] The host's packets come in and leave at the first chip, the mesh's corner."""
