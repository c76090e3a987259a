"""The weights that a quantised dot product had before rounding, kept beside its integers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..dialects import core_op, trained
from ..dialects.support.tensor_data import TensorData

REAL_WEIGHT = "core_op.real_weight"
"""Attribute of a quantised dot product: its real weights, G x M x N."""

REAL_BIAS = "core_op.real_bias"
"""Attribute of a quantised dot product: its real bias, G x N; absent where it had none."""

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class RealParameters:
    """`weight` G x M x N and `bias` G x N in real numbers, as before rounding."""

    weight: FloatArray
    bias: FloatArray


def keep_real_parameters(op: core_op.VmmOp, weight: TensorData, bias: TensorData | None) -> None:
    """Note what `op` computes with before its weights become integers; arrays are shared."""
    op.attributes[REAL_WEIGHT] = trained.DataAttr(weight)
    if bias is not None:
        op.attributes[REAL_BIAS] = trained.DataAttr(bias)


def drop_real_parameters(op: core_op.VmmOp) -> None:
    """Forget them: nothing behind needs them."""
    op.attributes.pop(REAL_WEIGHT, None)
    op.attributes.pop(REAL_BIAS, None)


def real_parameters_of(op: core_op.VmmOp) -> RealParameters | None:
    """What was kept; `None` where nothing was, or it is of another shape."""
    weight, bias = op.attributes.get(REAL_WEIGHT), op.attributes.get(REAL_BIAS)
    shape = (op.groups, op.fan_in, op.outputs)
    if not isinstance(weight, trained.DataAttr) or weight.data.shape != shape:
        return None
    added = np.zeros((op.groups, op.outputs), np.float32)
    if isinstance(bias, trained.DataAttr) and bias.data.shape == added.shape:
        added = np.asarray(bias.data.array, np.float32)
    return RealParameters(np.asarray(weight.data.array, np.float32), added)


def real_weight_in_steps(op: core_op.VmmOp) -> FloatArray | None:
    """The kept weights in steps of the integer weight, G x M x N; `None` where none were kept."""
    real = real_parameters_of(op)
    incoming, outgoing = core_op.code_of(op.input), core_op.code_of(op.result)
    data = trained.constant_of(op.gain) if op.gain is not None else None
    if real is None or data is None or incoming is None or outgoing is None:
        return None
    gain = np.asarray(data.array, np.float64).reshape(op.groups, 1, -1)
    # The gain is that of one unit, whose step is as many steps of the number as there are units.
    step = gain * (outgoing.scale.data * outgoing.units.data / incoming.scale.data)
    step = step * op.times_taken
    return (real.weight / step).astype(np.float32)
