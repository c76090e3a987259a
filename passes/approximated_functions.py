"""Functions of one variable that dot products stand for, and what they are exactly."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue

from ..dialects import core_op
from ..dialects.core_op import Activation
from ..dialects.support.errors import OperationError
from ..dialects.support.tensor_data import Array, TensorData
from ..dialects.trained import DataAttr
from .signal_classes import SignalClass
from .wiring import AUXILIARY

FUNCTION_PART = "nn.function_part"
"""Attribute of a layer of an approximated function: it stays apart from its neighbours."""

FUNCTION = "core_op.function"
"""
Attribute of the last of the layers that compute a function: the function itself, as samples.

A `#trained.data` of 2 x N float32: rising arguments, and the function there. Between them it is
straight, beyond them constant.
"""

SAMPLES = 1025
MOST_SAMPLES = 2049
TOLERANCE = 1e-5
"""Of the function's span, below which the samples need no further one between them."""

FloatArray = npt.NDArray[np.float32]
Function = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class FunctionTable:
    """A function of one variable by its values `y` at the rising `x`; straight between them."""

    x: FloatArray
    y: FloatArray

    @staticmethod
    def of(function: Function, low: float, high: float) -> "FunctionTable":
        """
        Sample a function that is finite from `low` to `high`, and a quarter of that on each side.

        Where it is not finite there, the samples end before. They are denser where it bends.
        """
        margin = (high - low) / 4
        x = np.unique(np.linspace(low - margin, high + margin, SAMPLES).astype(np.float32))
        x = np.union1d(x, np.array([low, high], np.float32))
        y = function(x)
        undefined = np.flatnonzero(~np.isfinite(y))
        first = max((i + 1 for i in undefined.tolist() if x[i] < low), default=0)
        last = min((i for i in undefined.tolist() if x[i] > high), default=len(x))
        x, y = x[first:last], y[first:last]
        inside = (x >= np.float32(low)) & (x <= np.float32(high))
        tolerance = TOLERANCE * float(np.ptp(y[inside]))
        while len(x) < MOST_SAMPLES:
            middle, deviation = midpoints(function, x, y)
            deviation[(middle < low) | (middle > high)] = 0
            bent = np.flatnonzero(deviation > tolerance)
            worst = bent[np.argsort(-deviation[bent])][: MOST_SAMPLES - len(x)]
            if not len(worst):
                break
            x = np.union1d(x, middle[worst])
            y = function(x)
        return FunctionTable(x, y)

    def at(self, x: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """The function's values."""
        return np.interp(x, self.x, self.y)

    def attribute(self) -> DataAttr:
        """The function as an attribute, see `FUNCTION`."""
        return DataAttr(TensorData(np.stack([self.x, self.y])))


@dataclass(frozen=True)
class ApproximatedFunction:
    """
    Dot products with rectifiers between them that together approximate `table` of each element.

    `layers` are at least two, in order; wiring between them only changes shapes.
    """

    layers: tuple[core_op.VmmOp, ...]
    table: FunctionTable

    @property
    def first(self) -> core_op.VmmOp:
        """The layer that reads the function's argument."""
        return self.layers[0]

    @property
    def last(self) -> core_op.VmmOp:
        """The layer whose result is the function's."""
        return self.layers[-1]


def midpoints(function: Function, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """
    A place between any two of `x`, and how far the function is there from straight.

    The deviation is 0 where no float32 lies between, and where the function is not finite.
    """
    wide = x.astype(np.float64)
    middle = ((wide[:-1] + wide[1:]) / 2).astype(np.float32)
    with np.errstate(invalid="ignore"):
        deviation = np.abs(function(middle) - np.interp(middle, x, y)).astype(np.float32)
    deviation[(middle <= x[:-1]) | (middle >= x[1:]) | ~np.isfinite(deviation)] = 0
    return middle, deviation


def approximated_functions(function: FuncOp) -> list[ApproximatedFunction]:
    """
    The functions that dot products of `function` stand for.

    Raises `OperationError` where the attribute on one of them is no function.
    """
    found: list[ApproximatedFunction] = []
    for op in function.walk():
        if not isinstance(op, core_op.VmmOp) or FUNCTION not in op.attributes:
            continue
        table = _table_of(op)
        layers = [op]
        while (before := _layer_before(layers[0])) is not None:
            layers.insert(0, before)
        if len(layers) > 1 and layers[0].fan_in == 1:
            found.append(ApproximatedFunction(tuple(layers), table))
    return found


def functions_behind(
    signal: SignalClass, functions: Sequence[ApproximatedFunction]
) -> list[FunctionTable]:
    """The functions that a signal feeds; none where it feeds anything else too."""
    tables: dict[Operation, FunctionTable] = {
        function.first: function.table for function in functions
    }
    behind: list[FunctionTable] = []
    for value in signal.values:
        for use in value.uses:
            user = use.operation
            if user.results and user.results[0] in signal.values:
                continue
            if user not in tables:
                return []
            behind.append(tables[user])
    return behind


def _table_of(op: core_op.VmmOp) -> FunctionTable:
    attribute = op.attributes[FUNCTION]
    array: Array = attribute.data.array if isinstance(attribute, DataAttr) else np.zeros(0)
    shape: tuple[int, ...] = array.shape
    is_table = len(shape) == 2 and shape[0] == 2 and shape[1] > 1 and array.dtype.kind == "f"
    if not is_table or not np.isfinite(array).all() or not _rises(array[0]):
        raise OperationError(
            op, f"{FUNCTION} is not two rows of finite numbers, the first one rising"
        )
    rows = array.astype(np.float32)
    return FunctionTable(rows[0], rows[1])


def _layer_before(op: core_op.VmmOp) -> core_op.VmmOp | None:
    """The rectifying layer of the same construction that alone feeds `op`."""
    value: SSAValue = op.input
    while isinstance(value.owner, core_op.ReshapeOp) and value.has_one_use():
        value = value.owner.input
    before = value.owner
    if not isinstance(before, core_op.VmmOp) or not value.has_one_use():
        return None
    if AUXILIARY not in before.attributes or FUNCTION in before.attributes:
        return None
    rectifies = before.activation.data is Activation.RELU
    return before if rectifies and before.groups == op.groups == 1 else None


def _rises(numbers: Array) -> bool:
    return bool((np.diff(numbers.astype(np.float32)) > 0).all())
