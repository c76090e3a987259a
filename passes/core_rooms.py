"""How much of a dot product a core has room for, where every position needs cores of its own."""

import numpy as np
import numpy.typing as npt

from ..dialects.support.bias_rows import representable_bias
from ..dialects.support.target import Target
from .core_regions import Room
from .target_checks import synapse_width

ROOMS = 8
"""Shapes of a core's part that are tried where its synapses are fewer than inputs x outputs."""


def rooms_of(target: Target, fan_in: int, bias: npt.NDArray[np.integer] | None) -> list[Room]:
    """
    The shapes that a core's matrix may have, the largest first, for products of `fan_in`.

    `bias` are all biases, in any shape. They must still be exact beside the inputs: where rows that
    are left free carry them too, a core may not be filled. Where a core has fewer synapses than
    inputs x outputs, there is a choice between more of the ones and of the others.
    """
    rows = 0 if bias is None or target.bias_bits else target.bias_rows
    inputs = target.fan_in - rows
    if bias is not None and rows:
        inputs = _inputs_beside(bias, target, fan_in)
    if not target.synapse_bits:
        return [Room(inputs, target.fan_out)]
    synapses = target.synapse_bits // synapse_width(target)
    if (inputs + rows) * target.fan_out <= synapses:
        return [Room(inputs, target.fan_out)]
    rooms: list[Room] = []
    for wanted in np.geomspace(max(1, inputs), max(1, fan_in), ROOMS).round().astype(int).tolist():
        outputs = min(target.fan_out, synapses // max(1, wanted + rows))
        if outputs and wanted <= inputs and Room(wanted, outputs) not in rooms:
            rooms.append(Room(wanted, outputs))
    return rooms


def _inputs_beside(bias: npt.NDArray[np.integer], target: Target, fan_in: int) -> int:
    """The most inputs, at least `fan_in`, beside which the rows of a core hold every bias."""
    wanted = np.unique(bias.astype(np.int64))[None]
    if target.bias_rows == 1 or not target.spare_bias_rows:
        return target.inputs
    least, most = min(fan_in, target.inputs), target.inputs
    # Fewer inputs leave more rows, and these hold more biases.
    while least < most:
        middle = (least + most + 1) // 2
        if np.array_equal(representable_bias(wanted, target.for_inputs(middle)), wanted):
            least = middle
        else:
            most = middle - 1
    return least
