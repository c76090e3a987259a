"""How many cores an operation takes: the one place where cores are counted."""

from math import ceil, prod, sqrt

from .errors import CorelowerError
from .target import Target


def rows_needed(fan_in: int, has_bias: bool, target: Target) -> int:
    """The rows of a core that a dot product takes, those that carry its bias included."""
    return fan_in + (target.bias_rows if has_bias and not target.bias_bits else 0)


def tiles_of(
    fan_in: int, outputs: int, target: Target, units: tuple[int, int] = (1, 1)
) -> tuple[int, int]:
    """
    Row tiles and column tiles of a matrix that is cut to the target's cores.

    Every tile's core has bias rows, since the bias and zero points are shared out. `units` carry
    each input and each output: they take so many rows and columns, all in one core. Where inputs
    are split, rows are left for biases, since partial sums have a sign; see `rows_beside_biases`.
    Raises `CorelowerError` where a core has not that many.
    """
    rows, columns = units
    for needed, there, what in (
        (rows, target.inputs, "rows"),
        (columns, target.fan_out, "columns"),
    ):
        if needed > there:
            raise CorelowerError(
                f"a value of {needed} units does not fit a core of {there} {what}; "
                "use core-op-calibrate with fewer units"
            )
    fitting = target.inputs // rows
    if fan_in > fitting and holds_biases_beside_inputs(target):
        # With its biases a tile of n inputs needs about n + m sqrt(n) times the rows of an input.
        m = biases_beside_units(rows)
        fitting = max(1, int(((sqrt(m * m + 4 * fitting) - m) / 2) ** 2))
    return -(-fan_in // fitting), -(-outputs // (target.fan_out // columns))


def rows_beside_biases(fan_in: int, units: tuple[int, int], target: Target, *, signed: bool) -> int:
    """
    The rows for inputs in a core whose columns add up `fan_in` of them.

    Rows that are left free carry biases. The zero point of a `signed` result is about half of its
    range, and its units are up to half a step apart. As many rows as numbers near the largest add
    up to half a range: about the square root of the inputs, for each unit that these have. Without
    these rows the weights would have to be smaller integers.
    """
    if not holds_biases_beside_inputs(target) or (units[1] == 1 and not signed):
        return target.inputs
    part = 1 if signed else 1 / target.largest_code
    return target.inputs - ceil(biases_beside_units(units[0]) * units[0] * sqrt(fan_in) * part)


def biases_beside_units(units: int) -> float:
    """
    What the rows for biases are more than estimated where units carry each input.

    All units of an input are high or low together, and their few codes put zero at a third of the
    range or at two thirds of it, not at half.
    """
    return 1.5 if units > 1 else 1.0


def merges_in_a_core(parts: int, target: Target) -> bool:
    """
    Whether a core can add so many partial sums, of one unit each.

    Their zero points, half of a number's range each, take rows where biases do: one for as many of
    the largest numbers as the largest weight says.
    """
    if not holds_biases_beside_inputs(target):
        return parts <= target.inputs
    return parts + (parts / 2 + 1) / max(1, target.largest_weight) <= target.inputs


def holds_merge(parts: int, units: int, zero: int, span: float, target: Target) -> bool:
    """
    Whether a core that adds so many partial sums, of so many units, has rows for them and biases.

    What it adds beside them is the zero points of all, which are subtracted, and that of the sum,
    which is not: less than `span`, all that the sum's code spans in steps of theirs. Units of the
    sum are set apart by up to half of it.
    """
    rows = parts * units
    if rows > target.inputs:
        return False
    chip = target.for_inputs(rows)
    return chip.holds_every_bias and max(parts * zero + span / 2, span) <= chip.largest_bias


def parts_in_a_merge(parts: int, units: int, zero: int, largest: int, target: Target) -> int:
    """
    How many of so many partial sums one core can add, whose numbers reach from 0 to `largest`.

    What some of them add up to is a partial sum too. Its code spans the more the more are added,
    but they are rarely at one end together.
    """
    counts = range(min(parts, target.inputs // units), 1, -1)
    spans = {count: min(count, 2 * sqrt(count)) * largest for count in counts}
    return next((n for n in counts if holds_merge(n, units, zero, spans[n], target)), 1)


def holds_biases_beside_inputs(target: Target) -> bool:
    """Whether biases take rows, and as many as inputs leave free."""
    return target.spare_bias_rows and not target.bias_bits and not target.spikes


def cores_of(groups: int, positions: tuple[int, ...], target: Target) -> int:
    """
    The cores of a `core_op.vmm` whose matrices fit into a core each.

    Every group has a core of its own; positions take turns on it where the chip shares cores in
    time, and otherwise have copies of it.
    """
    return groups if target.shares_positions else groups * prod(positions)


def product_cores(
    groups: int,
    positions: tuple[int, ...],
    fan_in: int,
    outputs: int,
    target: Target,
    units: tuple[int, int] = (1, 1),
) -> int:
    """
    The cores of a dot product after expansion: its tiles, and the merges of their partial sums.

    Groups that fit share a core, along its diagonal; `units` are those of `tiles_of`.
    """
    parts, stripes = tiles_of(fan_in, outputs, target, units)
    if parts == stripes == 1:
        rows, columns = max(1, fan_in * units[0]), max(1, outputs * units[1])
        copies = max(1, min(target.inputs // rows, target.fan_out // columns, groups))
        return cores_of(-(-groups // copies), positions, target)
    cores = cores_of(groups * parts * stripes, positions, target)
    if parts == 1:
        return cores
    # A merge is one small product, the same for every sum: several of them fit a core.
    copies = max(1, min(target.inputs // parts, target.fan_out // units[1]))
    sums = prod(positions) * groups * outputs
    return cores + cores_of(1, (-(-sums // copies),), target)
