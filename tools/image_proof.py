"""An image beside the levels of IR that it came from: the same codes, bit for bit."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from xdsl.dialects.func import FuncOp

from ..dialects import core_op
from ..dialects.support.samples import Samples
from .chips import ChipSimulator, Progress

Array = npt.NDArray[np.generic]

BATCH = 2048
"""Samples simulated at a time; of a larger set, not all are in memory."""


def is_bit_exact(simulator: ChipSimulator, levels: Sequence[FuncOp], samples: Samples) -> bool:
    """Whether the image and all `levels` let the same codes leave the chip."""
    codes = [_ChipCodes(function) for function in levels]
    for batch in _batches(samples):
        wanted, *others = [*(level.run(batch) for level in codes), simulator.chip_outputs(batch)]
        for other in others:
            if not all(np.array_equal(*pair) for pair in zip(wanted, other, strict=True)):
                return False
    return True


def simulated_outputs(
    simulator: ChipSimulator, samples: Samples, progress: Progress
) -> list[Sequence[Array]]:
    """The network's outputs on the chip, a batch after the other."""
    found: list[Sequence[Array]] = []
    for number, batch in enumerate(_batches(samples)):
        progress(number * BATCH, len(samples))
        found.append(simulator.run(batch))
    return found


def _batches(samples: Samples) -> Iterator[Array]:
    for start in range(0, len(samples), BATCH):
        yield samples[start : start + BATCH]


class _ChipCodes:
    """The codes that leave the chip: what `core_op.decode` takes, in order."""

    def __init__(self, function: FuncOp):
        from ..targets.jax.evaluator import Evaluator

        self.evaluator = Evaluator(function)
        decodes = [op for op in function.body.block.ops if isinstance(op, core_op.DecodeOp)]
        self.wanted = [op.input for op in decodes]
        self.units = [op.unit_count for op in decodes]

    def run(self, batch: Array) -> tuple[Array, ...]:
        """The codes of a batch; where units carry a number, the number."""
        codes = self.evaluator.values(self.wanted, batch, codes=True)
        return tuple(
            code.sum(axis=-1) if units > 1 else code
            for code, units in zip(codes, self.units, strict=True)
        )
