"""
Runs a chip image: NumPy on the image alone, no IR and no JAX.

`exact` computes what the compiler's arithmetic says, bit for bit: all sums are integers below 2^24,
which float32 holds, so a float32 matrix product is exact in any order. `composed` models how PRIME
gets there with 3-bit inputs and 4-bit cells (Chi et al., ISCA'16, section III-D), see
`docs/rationale_prime.md`; its results are approximate by design.
"""

import os
from collections.abc import Sequence
from math import prod

import numpy as np
import numpy.typing as npt

from ...dialects.support.user_error import CorelowerError
from ..images.moves import encode, move
from ..images.simulation import ImageSimulator, Progress
from . import steps
from .image import read_image
from .image_format import Image
from .programmed_mats import CELL_BITS, INPUT_PASS_BITS, Faults, Mode, ProgrammedMats

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint8]
BATCH_BYTES = 32 << 20
"""What the largest value of a batch may take, as float32; the batch size follows from it."""

LARGEST_BATCH = 512


class Simulator(ImageSimulator):
    """
    A chip with an image loaded.

    `variation` is the relative standard deviation of a cell's level, `stuck` the fraction of cells
    that cannot be programmed and stay at their lowest or highest level, half of them each. Both are
    drawn once, from `seed`, when the image is loaded.
    """

    def __init__(
        self,
        image: Image,
        mode: Mode = "exact",
        *,
        variation: float = 0.0,
        stuck: float = 0.0,
        seed: int = 0,
        batch_size: int | None = None,
    ):
        if mode not in ("exact", "composed"):
            raise CorelowerError(f"no mode '{mode}' of the simulator; it has exact and composed")
        if not (0 <= variation < 1 and 0 <= stuck <= 1):
            raise CorelowerError("variation is 0 to below 1, stuck a fraction of the cells")
        self.image = image
        self.mode: Mode = mode
        faults = Faults(variation, stuck, seed) if variation or stuck else None
        self._mats = [ProgrammedMats(mats, mode, faults) for mats in image.mats]
        self._round = np.floor if image.chip.rounding == "floor" else np.rint
        super().__init__(image, batch_size or self._default_batch())
        self._last_use = self._find_last_uses()

    def _run_batch(self, wanted: Sequence[int], inputs: Sequence[Array]) -> list[Array]:
        values: dict[int, Array] = {
            number: np.asarray(array, np.float32) for number, array in enumerate(inputs)
        }
        kept = set(wanted)
        count = len(inputs)
        for index, instruction in enumerate(self.image.program):
            operands = [values[number] for number in instruction.operands]
            values[count + index] = self._run_step(instruction.step, operands, instruction.value)
            for number in set(instruction.operands):
                if self._last_use[number] == index and number not in kept:
                    del values[number]
        return [values[number] for number in wanted]

    def _run_step(self, step: steps.Step, operands: Sequence[Array], result: steps.Value) -> Array:
        x = operands[0]
        match step:
            case steps.Encode():
                return encode(np.asarray(x, np.float32), step)
            case steps.Decode():
                zero = np.float32(step.units * step.zero)
                return (step.numbers(x) - zero) * np.float32(step.scale)
            case steps.Mvm():
                return self._multiply(x, self._mats[step.mats], step.bits)
            case steps.Max():
                return x.max(axis=-1)
            case steps.Concat():
                return np.concatenate(operands, axis=step.axis + 1)
            case _:
                return move(step, x, result)

    def _multiply(self, codes: Array, mats: ProgrammedMats, bits: int) -> Codes:
        largest = np.float32((1 << bits) - 1)
        batch, (groups, fan_in) = codes.shape[:-2], codes.shape[-2:]
        x = np.asarray(codes, np.uint8).reshape(prod(batch), groups, fan_in)
        if self.mode == "exact":
            sums = _product(x, mats.weight) + mats.offset
            y = np.clip(self._round(sums * mats.gain), 0, largest)
        else:
            y = self._compose(x, mats, largest)
        return y.astype(np.uint8).reshape(*batch, groups, mats.columns)

    def _compose(self, x: Codes, mats: ProgrammedMats, largest: np.float32) -> Floats:
        """
        The sum of three conversions, each cut at the last bit of the result.

        Input and weight are `8 xh + xl` and `16 wh + wl`. A conversion keeps sign and magnitude,
        drops what is below the result's last bit, and saturates: of a pass worth 2^k less than
        `xh wh` the upper `bits - k` bits count. `xl wl` would count for none, and is not run.
        """
        low_mask = (1 << INPUT_PASS_BITS) - 1
        high, low = x >> INPUT_PASS_BITS, x & low_mask
        total = np.zeros((), np.float32)
        for part, cells, offset, worth in (
            (high, mats.high, mats.offset_high_high, INPUT_PASS_BITS + CELL_BITS),
            (low, mats.high, mats.offset_low_high, CELL_BITS),
            (high, mats.low, mats.offset_high_low, INPUT_PASS_BITS),
        ):
            sums = (_product(part, cells) + offset) * (np.float32(1 << worth) * mats.gain)
            kept = np.minimum(np.floor(np.abs(sums)), largest)
            total = total + np.copysign(kept, sums)
        return np.clip(total, 0, largest)

    def _default_batch(self) -> int:
        largest = max(4 * prod(value.shape) for value in self.image.values)
        return max(1, min(LARGEST_BATCH, BATCH_BYTES // max(1, largest)))

    def _find_last_uses(self) -> dict[int, int]:
        return {
            number: index
            for index, instruction in enumerate(self.image.program)
            for number in instruction.operands
        }


def run_image(
    path: str | os.PathLike[str],
    *inputs: Array,
    mode: Mode = "exact",
    progress: Progress | None = None,
) -> tuple[Array, ...]:
    """Read an image and run it on a batch, see `read_image` and `Simulator.run`."""
    return Simulator(read_image(path), mode).run(*inputs, progress=progress)


def _product(x: Array, weight: Floats) -> Floats:
    """[samples, groups, rows] times [groups, rows, columns], a matrix product for each group."""
    real = x.astype(np.float32)
    if len(weight) == 1:
        return np.matmul(real[:, 0], weight[0])[:, None]
    return np.matmul(real.transpose(1, 0, 2), weight).transpose(1, 0, 2)
