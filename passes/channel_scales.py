"""Which channels of a network can be scaled freely, since only dot products see their scale."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from ..dialects import core_op, trained
from ..dialects.nn import shape_of
from .approximated_functions import FUNCTION
from .moves import Integers, move
from .signal_ranges import LIMITS
from .wiring import AUXILIARY

NOTHING, FIXED_SCALE = 0, 1
"""The channels of what padding adds, which any scale suits, and of what must stay as it is."""


@dataclass
class ChannelScales:
    """
    The channels of a function's real signals.

    A channel is what one factor scales: an output of a dot product with trained weights, at all
    its positions, and whatever merges, pools and residual additions tie to it. `inputs` (groups x
    fan-in) and `outputs` (groups x outputs) are each product's channels; `FIXED_SCALE` is the one
    that must not be scaled, and `count` their number.
    """

    inputs: dict[core_op.VmmOp, Integers] = field(default_factory=dict[core_op.VmmOp, Integers])
    outputs: dict[core_op.VmmOp, Integers] = field(default_factory=dict[core_op.VmmOp, Integers])
    values: dict[SSAValue, Integers] = field(default_factory=dict[SSAValue, Integers])
    """The channel of every element of every value."""
    count: int = FIXED_SCALE + 1


def channel_scales(function: FuncOp) -> ChannelScales:
    """The channels of `function`, whose signals are real."""
    return _Walk(function).found()


class _Walk:
    """Channels get numbers where they are computed; what is tied is united in the end."""

    def __init__(self, function: FuncOp):
        self.scales = ChannelScales()
        self.ties: list[tuple[Integers, Integers]] = []
        values = self.scales.values
        for argument in function.body.block.args:
            values[argument] = np.full(shape_of(argument), FIXED_SCALE)
        for op in function.body.block.ops:
            operands = [values[value] for value in op.operands if value in values]
            if isinstance(op, trained.TensorOp):
                continue
            if isinstance(op, core_op.VmmOp):
                values[op.result] = self._product(op, values[op.input])
            elif isinstance(op, core_op.MaxOp):
                values[op.result] = self._tied(operands[0])
            elif isinstance(op, core_op.WindowOp) and _feeds_trained_weights(op):
                values[op.result] = self._windows(op, operands[0])
            elif isinstance(op, core_op.WiringOperation):
                values[op.result] = move(op, operands)
            else:
                # The host's: it takes values as they are, and what it gives is none of the chip's.
                for array in operands:
                    self._tie(array, np.full(array.shape, FIXED_SCALE))
                for result in op.results:
                    values[result] = np.full(shape_of(result), FIXED_SCALE)
            if LIMITS in op.attributes:
                self._tie(values[op.results[0]], np.full(shape_of(op.results[0]), FIXED_SCALE))

    def found(self) -> ChannelScales:
        scales = self.scales
        pairs = [np.stack([a.reshape(-1), b.reshape(-1)]) for a, b in self.ties]
        edges = np.unique(np.concatenate([*pairs, np.zeros((2, 1), np.int64)], axis=1), axis=1)
        edges = edges[:, (edges != NOTHING).all(axis=0)]
        name = _united(edges, scales.count)
        return ChannelScales(
            {op: name[array] for op, array in scales.inputs.items()},
            {op: name[array] for op, array in scales.outputs.items()},
            {value: name[array] for value, array in scales.values.items()},
            scales.count,
        )

    def _product(self, op: core_op.VmmOp, x: Integers) -> Integers:
        positions = x.shape[:-2]
        weight, bias = trained.constant_of(op.weight), op.bias
        coded = core_op.code_of(op.input) or core_op.code_of(op.result)
        if coded or weight is None or FUNCTION in op.attributes:
            self._tie(x, np.full(x.shape, FIXED_SCALE))
            return np.full(shape_of(op.result), FIXED_SCALE)
        if AUXILIARY in op.attributes:
            used = np.asarray(weight.array) != 0
            added = trained.constant_of(bias) if bias is not None else None
            return self._sums(x, used, bias is None or added is None or not added.array.any())
        flat = _distinct(x).reshape(-1, *x.shape[-2:])
        self.scales.inputs[op] = flat.max(axis=0)
        self._tie(flat, np.broadcast_to(flat.max(axis=0), flat.shape))
        channels = self._new((op.groups, op.outputs))
        self.scales.outputs[op] = channels
        return np.broadcast_to(channels, (*positions, op.groups, op.outputs))

    def _sums(self, x: Integers, used: npt.NDArray[np.bool_], is_homogeneous: bool) -> Integers:
        """Of a fixed product: all that an output adds has one scale, which is its own."""
        seen = np.zeros((*x.shape[:-1], used.shape[2]), np.int64)
        for column in range(used.shape[2]):
            kept = np.where(used[:, :, column], x, NOTHING)
            seen[..., column] = kept.max(axis=-1)
            self._tie(kept, np.broadcast_to(seen[..., column, None], kept.shape))
        if not is_homogeneous:
            # Where all weights are zero, too: what a constant is must not be taken for padding.
            fixed = np.full(seen.shape, FIXED_SCALE)
            self._tie(seen, fixed)
            return fixed
        return seen

    def _windows(self, op: core_op.WindowOp, x: Integers) -> Integers:
        """
        The channels under windows, which are not written out: nine times the largest layer.

        Weights are the same at all positions, so a channel has one scale at all of them.
        """
        flat = _distinct(x).reshape(-1, *x.shape[-2:])
        channels = flat.max(axis=0)
        self._tie(flat, np.broadcast_to(channels, flat.shape))
        return np.broadcast_to(np.tile(channels, op.window.size), shape_of(op.result))

    def _tied(self, x: Integers) -> Integers:
        most = x.max(axis=-1)
        self._tie(x, np.broadcast_to(most[..., None], x.shape))
        return most

    def _new(self, shape: tuple[int, ...]) -> Integers:
        first = self.scales.count
        self.scales.count += int(np.prod(shape))
        return np.arange(first, self.scales.count).reshape(shape)

    def _tie(self, some: Integers, others: Integers) -> None:
        differs = some != others
        if differs.any():
            edges = np.unique(np.stack([some[differs], others[differs]]), axis=1)
            self.ties.append((edges[0], edges[1]))


def _feeds_trained_weights(op: core_op.WindowOp) -> bool:
    user = op.result.get_user_of_unique_use()
    return isinstance(user, core_op.VmmOp) and AUXILIARY not in user.attributes


def _distinct(x: Integers) -> Integers:
    """Of an array that repeats itself along positions, as one that was broadcast does, one each."""
    repeats = [stride == 0 for stride in x.strides[:-2]]
    return x[tuple(slice(0, 1) if repeat else slice(None) for repeat in repeats)]


def _united(edges: Integers, count: int) -> Integers:
    """The least of the channels that each is tied to: `FIXED_SCALE` stays what it is."""
    name = np.arange(count)
    while True:
        before = name.copy()
        least = np.minimum(name[edges[0]], name[edges[1]])
        for side in edges:
            np.minimum.at(name, name[side], least)
            np.minimum.at(name, side, least)
        name = name[name]
        if np.array_equal(name, before):
            return name
