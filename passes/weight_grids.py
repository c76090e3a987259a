"""Weights that are integers already, times a real number: what was trained with few levels."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
WeightArray = npt.NDArray[np.float32]

TOLERANCE = 1e-4
"""How far from an integer, in steps, a weight may be: what 32-bit rounding leaves, with room."""

SAMPLED = 32
"""Weights of a core that are looked at first: nearly always they show that there is no grid."""


def grid_steps(weight: WeightArray, largest: int) -> FloatArray:
    """
    For each row of `weight` (R x K) the largest step of which every weight is a multiple.

    No multiple exceeds `largest` in magnitude. NaN where there is no such step, and for rows of
    zeros, which have any.
    """
    steps = np.full(len(weight), np.nan)
    if not weight.size:
        return steps
    stride = -(-weight.shape[1] // SAMPLED)
    for row, sample in enumerate(weight[:, ::stride]):
        step = _step_of(sample, largest)
        if step is None and not sample.any():
            step = _step_of(weight[row], largest)
        if step is not None and stride > 1:
            # The sample's step may be a multiple of the whole row's.
            step = _step_of(weight[row], largest)
        if step is not None:
            steps[row] = step
    return steps


def _step_of(weights: WeightArray, largest: int) -> float | None:
    values = np.unique(np.abs(weights)).astype(np.float64)
    values = values[values > 0]
    if not len(values) or len(values) > largest:
        return None
    least, most = values[0], values[-1]
    # The least weight is `divisor` steps; the largest at most `largest`.
    divisors = np.arange(1, int(largest * least / most + 0.5) + 1)
    if not len(divisors):
        return None
    multiples = values[None] * (divisors[:, None] / least)
    nearest = np.rint(multiples)
    fits = (np.abs(multiples - nearest) <= TOLERANCE).all(axis=1)
    if not fits.any():
        return None
    integers = nearest[int(np.argmax(fits))]
    # Each weight was rounded on its own; the step that is nearest to all is the best of them.
    return float(values @ integers / (integers @ integers))
