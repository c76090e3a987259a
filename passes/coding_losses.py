"""What a coding loses beside the rounding of its numbers: what it asks of weights of few bits."""

import numpy as np
import numpy.typing as npt

from ..dialects.support.target import Target
from .codings import Chip, Digits, FloatArray, ParallelUnits
from .weight_units import spread_weights

WeightArray = npt.NDArray[np.float32]


def decoder_loss(
    weights: list[WeightArray],
    values: FloatArray,
    decoder: FloatArray,
    codes: FloatArray,
    target: Target,
) -> float:
    """
    What rounding the readers' weights costs more than with a thermometer: mean squared error of the
    number, as a part of its mean square.

    `codes` are those of `values`, values x units. A unit that stands for little has small weights
    beside the others, of which a step of the weights is a larger part.
    """
    power = float(np.mean(np.square(values)))
    squares = np.square(codes).mean(axis=0)
    lost = total = 0.0
    for weight in weights:
        wide = (weight[:, :, None, :] * decoder[:, None]).astype(np.float32)
        groups, fan_in, units, outputs = wide.shape
        flat = wide.reshape(groups, fan_in * units, outputs)
        error = np.square(_rounded(flat, target) - flat).reshape(wide.shape)
        plain = np.square(_rounded(weight, target) - weight).sum()
        lost += max(0.0, float(error.sum(axis=(0, 1, 3)) @ squares) - float(plain) * power)
        total += float(np.square(weight).sum()) * power
    return lost / total if total > 0 else 0.0


def parallel_loss(
    weights: list[WeightArray],
    values: FloatArray,
    coding: ParallelUnits,
    chip: Chip,
    target: Target,
) -> float:
    """The same of the weights that compute the units, whose slopes differ."""
    plain = [_relative(weight, target) for weight in weights]
    slopes, decoder = np.array(coding.slopes), np.array(coding.decoder)
    numbers = np.maximum(values + coding.shift, 0)[:, None]
    arguments = numbers * slopes + np.array(coding.offsets)
    active = ((arguments > -chip.half) & (arguments < chip.largest + 1 - chip.half)).mean(axis=0)
    worst = 0.0
    for weight, before in zip(weights, plain, strict=True):
        wide = (weight[..., None] * slopes).astype(np.float32)
        flat = wide.reshape(*weight.shape[:2], -1)
        error = np.square(_rounded(flat, target) - flat).reshape(wide.shape).sum(axis=(0, 1, 2))
        relative = error / np.maximum(np.square(wide).sum(axis=(0, 1, 2)), 1e-30)
        after = float(np.square(decoder * slopes) * active @ relative)
        worst = max(worst, after - before)
    return worst


def digits_loss(
    weights: list[WeightArray],
    values: FloatArray,
    digits: Digits,
    unit: float,
    chip: Chip,
    target: Target,
) -> float:
    """
    The same of the fine stage, where the coarse digit's row stands beside the trained weights.

    `unit` is the real number that a step of the inputs' code stands for.
    """
    fine, coarse = digits.fine_units(chip), digits.coarse_units(chip)
    slope, worst = fine.slopes[0], 0.0
    codes = coarse.codes(values, chip)
    power = float(np.mean(np.square(values)))
    for weight in weights:
        groups, rows, outputs = weight.shape
        across = np.zeros((groups, outputs, digits.coarse, outputs), np.float32)
        across[:, np.arange(outputs), :, np.arange(outputs)] = -slope * digits.step
        across = across.reshape(groups, -1, outputs)
        joint = np.concatenate([weight * np.float32(slope * unit), across], axis=1)
        rounded = _rounded(joint.astype(np.float32), target)
        error = np.square(rounded[:, :rows] - joint[:, :rows]).sum()
        trained = error / max(float(np.square(joint[:, :rows]).sum()), 1e-30)
        apart = np.square(rounded[:, rows:] - across).sum() / max(groups * outputs, 1)
        moved = apart / digits.coarse * float(np.square(codes).sum(axis=-1).mean()) / slope**2
        worst = max(worst, float(trained) + moved / power - _relative(weight, target))
    return worst


def _relative(weight: WeightArray, target: Target) -> float:
    power = float(np.square(weight).sum())
    return float(np.square(_rounded(weight, target) - weight).sum()) / power if power else 0.0


def _rounded(weight: WeightArray, target: Target) -> FloatArray:
    """Weights G x M x N as the target's integers would have them, in as many rows as are free."""
    spread = spread_weights(weight, target, target.inputs)
    limits = spread.units[:, :, None] * np.array(target.weights)[:, None, None, None]
    return np.clip(np.rint(weight / spread.step), *limits) * spread.step
