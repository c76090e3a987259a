"""Neurons and the cores that they feed, through all wiring. The host's signals have no limit."""

import numpy as np
import numpy.typing as npt
from xdsl.dialects.func import FuncOp

from ..dialects import core_op, trained
from .wiring_indices import WiringIndices

Integers = npt.NDArray[np.int64]


class FanOut:
    """
    Which neuron of a function feeds which cores.

    A product's neurons are its G x N outputs, whatever the position; its cores are its groups. An
    input whose weights are all zero is not heard. What the host sends, or takes, does not count:
    it addresses as many cores as it likes, and a result that it takes leaves the chip.
    """

    def __init__(self, function: FuncOp):
        self.products = [op for op in function.walk() if isinstance(op, core_op.VmmOp)]
        self.wiring = WiringIndices()
        self.first_core: dict[core_op.VmmOp, int] = {}
        self.cores = 0
        for op in self.products:
            self.first_core[op] = self.cores
            self.cores += op.groups
            self.wiring.of(op.input)
        modulus: list[int] = []
        self.first_neuron: dict[core_op.VmmOp, int] = {}
        for source in self.wiring.sources:
            op = source.owner
            modulus.append(op.groups * op.outputs if isinstance(op, core_op.VmmOp) else 0)
            if isinstance(op, core_op.VmmOp):
                self.first_neuron[op] = self.wiring.first(source)
        self._modulus = np.array([*modulus, 0], np.int64)
        keys = [np.empty(0, np.int64)]
        for op in self.products:
            found = self.keys(op)
            keys.append(np.unique(found[found >= 0]))
        self.pairs = np.unique(np.concatenate(keys))
        """Neuron times `cores`, and core; ascending."""

    def keys(self, op: core_op.VmmOp) -> Integers:
        """
        For each input of a product, in its shape, the pair of who feeds it and its core.

        -1 where that is not heard, or no neuron's.
        """
        sources, elements = self.wiring.locate(self.wiring.of(op.input))
        modulus = self._modulus[sources]
        starts = np.array([*map(self.wiring.first, self.wiring.sources), 0], np.int64)[sources]
        neurons = starts + elements % np.maximum(modulus, 1)
        cores = self.first_core[op] + np.arange(op.groups)[:, None]
        return np.where((modulus > 0) & _heard(op), neurons * max(1, self.cores) + cores, -1)

    def counts(self, op: core_op.VmmOp) -> Integers:
        """The cores that each of a product's neurons feeds, G x N."""
        size = op.groups * op.outputs
        if op not in self.first_neuron:
            return np.zeros((op.groups, op.outputs), np.int64)
        neurons = self.pairs // max(1, self.cores) - self.first_neuron[op]
        inside = neurons[(neurons >= 0) & (neurons < size)]
        return np.bincount(inside, minlength=size).reshape(op.groups, op.outputs)


def exceeded_fan_out(counts: Integers, limit: int) -> str | None:
    """What is wrong with neurons G x N that feed so many cores each."""
    most = int(counts.max(initial=0))
    if most <= limit:
        return None
    group, neuron = divmod(int(counts.argmax()), counts.shape[1])
    others = int(np.count_nonzero(counts > limit)) - 1
    also = f", and {others} other{'s' if others > 1 else ''} too many" if others else ""
    return (
        f"neuron {neuron} of group {group} feeds {most} cores, the target's limit is {limit}{also}"
    )


def _heard(op: core_op.VmmOp) -> npt.NDArray[np.bool_]:
    """Of each input of a group whether a weight is not zero, G x M."""
    data = trained.constant_of(op.weight)
    if data is None or not data.is_resolved:
        return np.ones((op.groups, op.fan_in), np.bool_)
    return np.any(data.array != 0, axis=2)
