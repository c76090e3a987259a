"""The table of operators that can be imported."""

from collections.abc import Mapping

from .arithmetic_ops import ARITHMETIC_OPS
from .conversion import Conversion
from .host_ops import HOST_OPS
from .linear_ops import LINEAR_OPS
from .shape_ops import SHAPE_OPS
from .window_ops import WINDOW_OPS

CONVERSIONS: Mapping[str, Conversion] = {
    **ARITHMETIC_OPS,
    **HOST_OPS,
    **LINEAR_OPS,
    **SHAPE_OPS,
    **WINDOW_OPS,
}
"""Conversions by operator: the bare name for ONNX's own domain, `domain.Name` for another."""
