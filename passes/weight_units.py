"""Weights spread over several rows: how many each input gets, and the step that this allows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..dialects import core_op
from ..dialects.support.errors import OperationError
from ..dialects.support.target import Target
from ..dialects.trained import DataAttr
from .weight_steps import FEW_LEVELS, WeightArray, weight_step

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ROW_UNITS = "core_op.row_units"
"""Attribute of a dot product: over how many rows the weights of each input (G x M) are spread."""

FINER_STEPS = np.geomspace(1.3, 1 / 24, 36)
"""Candidates of the step, as a part of the one that needs no more rows."""

MOST_UNITS = 32
"""Rows of one weight: a step that asks for more gains nothing that a code could show."""


LARGEST_ERROR = 0.2
"""RMS rounding error of weights, as a part of theirs, that tuning repairs, as 3 bits lose it."""

MOST_WANTED = 4
"""Rows a weight that are worth further cores; two already make nine levels of three."""

JUDGED = 1 << 18
"""Weights that tell how many rows all want."""


@dataclass(frozen=True)
class SpreadWeights:
    """`units` (G x M) rows for each input, and `step` (G x 1 x 1 or G x 1 x N) of the weights."""

    units: IntArray
    step: FloatArray

    @property
    def rows(self) -> int:
        """The most rows that a core has for them."""
        return int(self.units.sum(axis=1).max(initial=0))


def row_units(op: core_op.VmmOp) -> IntArray | None:
    """
    Over how many rows the weights of each input are spread, G x M; `None` for one each.

    Raises `OperationError` where the attribute does not say that.
    """
    noted = op.attributes.get(ROW_UNITS)
    if noted is None:
        return None
    units = np.asarray(noted.data.array) if isinstance(noted, DataAttr) else np.zeros(0)
    inputs = (op.groups, op.fan_in)
    if units.shape != inputs or units.dtype.kind != "i":
        shapes = ["x".join(map(str, shape)) for shape in (units.shape, inputs)]
        raise OperationError(
            op, f"{ROW_UNITS} is {shapes[0]}, the weights have {shapes[1]} inputs of integer rows"
        )
    if units.size and not 1 <= units.min() <= units.max() <= MOST_UNITS:
        raise OperationError(op, f"{ROW_UNITS} has 1 to {MOST_UNITS} rows for an input")
    return units.astype(np.int64)


def spread_weights(real: WeightArray, target: Target, rows: int) -> SpreadWeights:
    """
    The step of the least squared error of weights G x M x N, where a core has `rows` rows for them.

    An input that is given to several rows has a weight that is the sum of theirs. So large weights,
    as a residual connection's beside a convolution's, do not force a coarse step on the small ones.
    Where the target's weights have many levels there is nothing to gain, and each input has a row.
    """
    step = weight_step(real, target)
    groups, fan_in, _ = real.shape
    units = np.ones((groups, fan_in), np.int64)
    # The shares of a spread weight would be values of their own in a core's table.
    is_useless = target.largest_weight > FEW_LEVELS or target.weight_values > 0
    if is_useless or target.largest_weight < 1 or rows <= fan_in:
        return SpreadWeights(units, step)
    step = step.copy()
    for group in range(groups):
        part = _divided(real[group], step[group])
        best, chosen = np.inf, 1.0
        for factor in FINER_STEPS:
            scaled = part / factor
            needed = _units_within(scaled, target.largest_weight, rows)
            limit = needed[:, None] * target.largest_weight
            nearest = np.clip(np.rint(scaled), -limit, limit)
            weighted = (nearest - scaled) * step[group]
            error = float(np.square(weighted).sum()) * factor**2
            if error < best:
                best, units[group], chosen = error, needed, factor
        step[group] *= chosen
    return SpreadWeights(units, step)


def rows_wanted(real: WeightArray, target: Target) -> int:
    """
    The fewest rows for each of the weights G x M x N, on average, that round them well enough.

    One where the target's weights have many levels, or a core's table would have to hold more.
    """
    few = real[: max(1, JUDGED // max(1, real[0].size))] if len(real) else real
    few = few[:, :: max(1, few.size // JUDGED)]
    power = float(np.square(few, dtype=np.float64).sum())
    if not power or target.weight_values or not 1 <= target.largest_weight <= FEW_LEVELS:
        return 1
    for rows in range(1, MOST_WANTED):
        spread = spread_weights(few, target, rows * few.shape[1])
        limit = spread.units[..., None] * target.largest_weight
        nearest = np.clip(np.rint(few / spread.step), -limit, limit)
        error = float(np.square(nearest * spread.step - few).sum())
        if error <= LARGEST_ERROR**2 * power:
            return rows
    return MOST_WANTED


def _divided(matrix: WeightArray, step: FloatArray) -> FloatArray:
    return matrix.astype(np.float64) / step


def _units_within(scaled: FloatArray, largest: int, rows: int) -> IntArray:
    """Rows for weights M x N in steps: as many as each input's largest asks for, if all fit."""
    wanted = np.ceil(np.rint(np.abs(scaled).max(axis=1, initial=0)) / largest)
    wanted = np.clip(wanted, 1, MOST_UNITS).astype(np.int64)
    if wanted.sum() <= rows:
        return wanted
    # The highest limit at which the sum fits; the largest weights beyond it are cut off.
    limit = max(limit for limit in range(1, MOST_UNITS) if np.minimum(wanted, limit).sum() <= rows)
    return np.minimum(wanted, limit)
