"""The cores of products whose positions do not share them, and the tiles that take the fewest."""

from dataclasses import dataclass
from functools import lru_cache
from math import prod

from ..dialects import core_op
from ..dialects.nn import shape_of
from ..dialects.support.cores import tiles_of
from ..dialects.support.target import Target
from ..dialects.support.window import Window
from .core_regions import Room, apart_cores, window_cores

MOST_PARTS = 32
"""Row tiles that are tried beyond those that a layer needs in any case."""


@dataclass(frozen=True)
class Layer:
    """
    A product at many positions, by its shape.

    `groups` matrices of `channels` (times the window's elements) inputs and `outputs`. `window`
    slides over `spatial`; without one no input is read at two positions. `units` carry each input
    and each output.
    """

    groups: int
    channels: int
    outputs: int
    positions: int
    window: Window | None = None
    spatial: tuple[int, ...] = ()
    units: tuple[int, int] = (1, 1)

    @property
    def fan_in(self) -> int:
        """Inputs of an output."""
        return self.channels * (self.window.size if self.window is not None else 1)


@dataclass(frozen=True)
class Tiling:
    """Row tiles and column tiles of a layer's matrices, and all cores that these take."""

    parts: int
    stripes: int
    cores: int
    """With those of the merge stage, where there are several parts."""


@lru_cache(maxsize=4096)
def best_tiling(layer: Layer, target: Target) -> Tiling:
    """
    The tiles with the fewest cores, and among these the fewest parts.

    Windows may be cut by channels more often than the rows of a core ask for: regions of more
    positions fit then, at the price of partial sums to merge. Raises `CorelowerError` where the
    units of one value exceed a core.
    """
    parts, stripes = tiles_of(layer.fan_in, layer.outputs, target, layer.units)
    most = parts
    if layer.window is not None and layer.positions > 1:
        most = min(layer.channels, parts + MOST_PARTS)
    best: Tiling | None = None
    for count in range(parts, most + 1):
        cores = _cores_of_tiles(layer, target, count, stripes)
        if cores is not None and (best is None or cores < best.cores):
            best = Tiling(count, stripes, cores)
    if best is None:
        # Tiles are not of whole channels: each position has cores of its own.
        best = Tiling(parts, stripes, layer.groups * layer.positions * parts * stripes)
    return best


def _cores_of_tiles(layer: Layer, target: Target, parts: int, stripes: int) -> int | None:
    """The cores of so many tiles, merges included; `None` where a tile exceeds a core."""
    rows, columns = layer.units
    room = Room(target.inputs // rows, target.fan_out // columns)
    channels, outputs = -(-layer.channels // parts), -(-layer.outputs // stripes)
    # Groups get one gain where they are packed; tiles may get different ones.
    are_alike = target.gain == "neuron" or target.gain_values == "power_of_two"
    times = 1 if are_alike else parts * stripes
    groups = layer.groups * (parts * stripes // times)
    if layer.window is not None and layer.positions > 1:
        cores = window_cores(layer.window, layer.spatial, channels, groups, outputs, room)
    else:
        inputs = channels * (layer.window.size if layer.window is not None else 1)
        cores = apart_cores(inputs, outputs, groups * layer.positions, room)
    if cores is None or parts == 1:
        return cores if cores is None else cores * times
    sums = layer.groups * layer.positions * layer.outputs
    merges = apart_cores(parts, 1, sums, Room(target.inputs, target.fan_out // columns))
    # More partial sums than a core has inputs are merged in several stages.
    return cores * times + (merges if merges is not None else -(-sums * parts // target.inputs))


def layer_of(op: core_op.VmmOp) -> Layer:
    """The shape of a product, whose windows are looked for behind padding and reshapes."""
    units = core_op.units_of(op.input), core_op.units_of(op.result)
    apart = Layer(op.groups, op.fan_in, op.outputs, op.positions, units=units)
    value = op.input
    while isinstance(value.owner, core_op.ReshapeOp | core_op.PadOp):
        value = value.owner.input
    joined = value.owner
    values = [value]
    if isinstance(joined, core_op.ConcatOp):
        is_last = joined.axis.value.data == len(shape_of(joined.result)) - 1
        values = list(joined.inputs) if is_last else values
    windows = [value.owner for value in values if isinstance(value.owner, core_op.WindowOp)]
    shapes = {(window.window, shape_of(window.input)[:-1]) for window in windows}
    if len(windows) != len(values) or len(shapes) != 1:
        return apart
    ((window, (*spatial, groups)),) = shapes
    if prod(window.output(spatial)) != op.positions:
        return apart
    channels = sum(shape_of(window.input)[-1] for window in windows)
    # Several groups may be packed into a matrix, along its diagonal.
    copies = op.fan_in // (window.size * channels)
    if op.fan_in != copies * window.size * channels or op.groups * copies < groups:
        return apart
    return Layer(
        groups if copies > 1 else op.groups,
        channels,
        -(-op.outputs // copies),
        op.positions,
        window,
        tuple(spatial),
        units,
    )


def unrolled_cores(op: core_op.VmmOp, target: Target) -> int:
    """The cores that a product takes when it is unrolled, as far as its shape tells."""
    if op.positions == 1:
        units = core_op.units_of(op.input), core_op.units_of(op.result)
        return op.groups * prod(tiles_of(op.fan_in, op.outputs, target, units))
    return best_tiling(layer_of(op), target).cores
