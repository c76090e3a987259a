"""Small pieces of `nn` that several passes build."""

from collections.abc import Sequence

from xdsl.builder import Builder
from xdsl.ir import SSAValue

from ..dialects import nn
from ..dialects.nn import shape_of
from ..dialects.support.window import Window


def convolution(
    window: Window,
    features: SSAValue,
    weight: SSAValue,
    bias: SSAValue | None = None,
    *,
    groups: int = 1,
) -> nn.ConvOp:
    """A convolution over this window."""
    return nn.ConvOp(
        features,
        weight,
        bias,
        strides=unless_all(1, window.strides),
        pads=unless_all(0, window.pads),
        dilations=unless_all(1, window.dilations),
        groups=groups,
    )


def max_pool(window: Window, features: SSAValue) -> nn.MaxPoolOp:
    """A max pool over this window."""
    return nn.MaxPoolOp(
        features,
        window.kernel,
        strides=unless_all(1, window.strides),
        pads=unless_all(0, window.pads),
        dilations=unless_all(1, window.dilations),
    )


def reshaped(builder: Builder, value: SSAValue, shape: Sequence[int]) -> SSAValue:
    """`value` under another shape; itself where it has that already."""
    if shape_of(value) == tuple(shape):
        return value
    return builder.insert(nn.ReshapeOp(value, shape)).result


def transposed(builder: Builder, value: SSAValue, order: Sequence[int]) -> SSAValue:
    """`value` with axis `i` its axis `order[i]`; itself where that changes nothing."""
    if list(order) == sorted(order):
        return value
    return builder.insert(nn.TransposeOp(value, order)).result


def unless_all(default: int, values: Sequence[int]) -> Sequence[int] | None:
    """Nothing where the values are the default, which the text then leaves out."""
    return values if any(value != default for value in values) else None
