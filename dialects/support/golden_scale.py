"""Factors between a golden value and the value that stands for it, where channels were scaled."""

import numpy as np
import numpy.typing as npt
from xdsl.ir import Operation

from ..trained import DataAttr
from .provenance import GOLDEN_SCALE
from .tensor_data import TensorData

FloatArray = npt.NDArray[np.float32]


def golden_scale(op: Operation) -> FloatArray | None:
    """
    What the golden value is multiplied with to be the first result of `op`; `None` where by 1.

    It broadcasts to the golden value's own shape, axes in the golden value's order.
    """
    scale = op.attributes.get(GOLDEN_SCALE)
    return np.asarray(scale.data.array, np.float32) if isinstance(scale, DataAttr) else None


def set_golden_scale(op: Operation, scale: FloatArray) -> None:
    """Note that the first result of `op` is the golden value times `scale`, see `golden_scale`."""
    op.attributes[GOLDEN_SCALE] = DataAttr(TensorData(scale))
