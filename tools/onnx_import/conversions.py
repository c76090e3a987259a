"""The table of operators that can be imported."""

from collections.abc import Mapping

from .arithmetic_ops import ARITHMETIC_OPS
from .conversion import Conversion
from .linear_ops import LINEAR_OPS
from .movement_ops import MOVEMENT_OPS
from .normalization_ops import NORMALIZATION_OPS
from .quantization_ops import QUANTIZATION_OPS
from .recurrent_ops import RECURRENT_OPS
from .reduction_ops import REDUCTION_OPS
from .resize_ops import RESIZE_OPS
from .shape_ops import SHAPE_OPS
from .unary_ops import UNARY_OPS
from .window_ops import WINDOW_OPS

CONVERSIONS: Mapping[str, Conversion] = {
    **ARITHMETIC_OPS,
    **LINEAR_OPS,
    **MOVEMENT_OPS,
    **NORMALIZATION_OPS,
    **QUANTIZATION_OPS,
    **RECURRENT_OPS,
    **REDUCTION_OPS,
    **RESIZE_OPS,
    **SHAPE_OPS,
    **UNARY_OPS,
    **WINDOW_OPS,
}
"""Conversions by operator: the bare name for ONNX's own domain, `domain.Name` for another."""
