"""How many cores an operation takes: the one place where cores are counted."""

from math import prod

from .target import Target


def rows_needed(fan_in: int, has_bias: bool, target: Target) -> int:
    """The rows of a core that a dot product takes, those that carry its bias included."""
    return fan_in + (target.bias_rows if has_bias and not target.bias_bits else 0)


def tiles_of(fan_in: int, outputs: int, target: Target) -> tuple[int, int]:
    """
    Row tiles and column tiles of a matrix that is cut to the target's cores.

    Every tile's core has bias rows, since the bias and zero points are shared out.
    """
    return -(-fan_in // target.inputs), -(-outputs // target.fan_out)


def cores_of(groups: int, positions: tuple[int, ...], target: Target) -> int:
    """
    The cores of a `core_op.vmm` whose matrices fit into a core each.

    Every group has a core of its own; positions take turns on it where the chip shares cores in
    time, and otherwise have copies of it.
    """
    return groups if target.shares_positions else groups * prod(positions)
