"""How many cores an operation takes: the one place where cores are counted."""

from math import prod

from .target import Target


def rows_needed(fan_in: int, has_bias: bool, target: Target) -> int:
    """The rows of a core that a dot product takes, those that carry its bias included."""
    return fan_in + (target.bias_rows if has_bias and not target.bias_bits else 0)


def tiles_of(rows: int, outputs: int, target: Target) -> int:
    """The cores that a matrix is spread over: 1 where it fits into a core."""
    return -(-rows // target.fan_in) * -(-outputs // target.fan_out)


def cores_of(groups: int, positions: tuple[int, ...], target: Target) -> int:
    """
    The cores of a `core_op.vmm` whose matrices fit into a core each.

    Every group has a core of its own; positions take turns on it where the chip shares cores in
    time, and otherwise have copies of it.
    """
    return groups if target.shares_positions else groups * prod(positions)
