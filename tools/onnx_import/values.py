"""What a tensor name of the model stands for during the import."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from xdsl.ir import SSAValue

from ...dialects.nn import Shape, shape_of
from ...dialects.support.tensor_data import Array

SYMBOLIC_EXTENTS = (61, 67)
"""
Two primes that stand for an open batch size while shapes are computed.

A computed extent that holds the first is the batch, a multiple of it has swallowed the batch; a
constant that differs between the two depends on the batch.
"""


@dataclass(frozen=True)
class Batch:
    """
    The axis in front of every sample.

    The extent is 1 for a model without that axis; for an open one it is the first of
    `SYMBOLIC_EXTENTS`.
    """

    extent: int
    is_symbolic: bool = False

    @property
    def is_single(self) -> bool:
        """Whether the model takes one sample at a time: then the axis may come and go."""
        return self.extent == 1 and not self.is_symbolic


@dataclass(frozen=True, eq=False)
class Features:
    """
    A value computed from the inputs: one sample of it.

    `batched` says whether the model's tensor has the batch as an axis, which the value has not:
    the first one, but for recurrent layers, which want the steps before it.
    """

    value: SSAValue
    batched: bool
    batch_axis: int = 0

    @property
    def shape(self) -> Shape:
        """The shape of one sample."""
        return shape_of(self.value)

    @property
    def rank(self) -> int:
        """The axes of the model's tensor, the batch among them."""
        return len(self.shape) + self.batched

    def model_shape(self, batch: Batch) -> Shape:
        """The shape of the model's tensor."""
        if not self.batched:
            return self.shape
        return (*self.shape[: self.batch_axis], batch.extent, *self.shape[self.batch_axis :])

    def with_value(self, value: SSAValue) -> "Features":
        """Another value with the same batch axis."""
        return replace(self, value=value)


@dataclass(frozen=True, eq=False)
class Constant:
    """
    A constant under the name of its tensor in the model.

    `alternative` is what it would be for the second of `SYMBOLIC_EXTENTS`, where that differs.
    """

    array: Array
    name: str
    alternative: Array | None = None


@dataclass(frozen=True, eq=False)
class Codes:
    """
    The integers that QuantizeLinear makes of `source`; DequantizeLinear makes them real again.

    `scale` and `zero` broadcast to one sample.
    """

    source: Features
    scale: npt.NDArray[np.float32]
    zero: npt.NDArray[np.float32]
    bits: int
    signed: bool


@dataclass(frozen=True)
class Unknown:
    """The result of a node that cannot be imported."""


Value = Features | Constant | Codes | Unknown
