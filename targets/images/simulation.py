"""What simulators of chip images share: batches, and what leaves the chip."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .ports import Port, check_inputs
from .program import Instruction
from .steps import Decode, Value

Array = npt.NDArray[np.generic]
Progress = Callable[[int, int], None]
"""Called with the samples done and all samples."""


class HostedImage(Protocol):
    """An image of any chip, as the host sees it."""

    @property
    def inputs(self) -> tuple[Port, ...]: ...
    @property
    def outputs(self) -> tuple[Port, ...]: ...
    @property
    def values(self) -> tuple[Value, ...]: ...
    @property
    def program(self) -> tuple[Instruction, ...]: ...


class ImageSimulator(ABC):
    """Runs the program of an image on batches."""

    def __init__(self, image: HostedImage, batch_size: int):
        self._hosted = image
        self._batch_size = batch_size

    def run(self, *inputs: Array, progress: Progress | None = None) -> tuple[Array, ...]:
        """
        The outputs on a batch: arrays [N, ...] in, an array [N, ...] for each output of the image.

        Raises `CorelowerError` where the inputs do not fit the image, or are not finite.
        """
        wanted = [port.value for port in self._hosted.outputs]
        return self.values(wanted, *inputs, progress=progress)

    def chip_outputs(self, *inputs: Array, progress: Progress | None = None) -> tuple[Array, ...]:
        """
        The numbers that leave the chip, before the host decodes them, in the program's order.

        Codes, or of spiking neurons how often they spiked. Where units carry a number, it is the
        number.
        """
        decoding = [
            (instruction.step, instruction.operands[0])
            for instruction in self._hosted.program
            if isinstance(instruction.step, Decode)
        ]
        wanted = [operand for _, operand in decoding]
        codes = self.values(wanted, *inputs, progress=progress)
        return tuple(step.numbers(code) for (step, _), code in zip(decoding, codes, strict=True))

    def values(
        self, wanted: Sequence[int], *inputs: Array, progress: Progress | None = None
    ) -> tuple[Array, ...]:
        """Any values of the program by their numbers, on a batch; codes as bytes."""
        total = check_inputs(inputs, self._hosted.inputs, self._hosted.values)
        results: list[list[Array]] = [[] for _ in wanted]
        for start in range(0, total, self._batch_size):
            batch = [array[start : start + self._batch_size] for array in inputs]
            for kept, value in zip(results, self._run_batch(wanted, batch), strict=True):
                kept.append(value)
            if progress is not None:
                progress(min(total, start + self._batch_size), total)
        return tuple(np.concatenate(parts) for parts in results)

    @abstractmethod
    def _run_batch(self, wanted: Sequence[int], inputs: Sequence[Array]) -> list[Array]:
        """The wanted values on one batch."""
