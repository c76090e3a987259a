"""The geometry of a sliding window, shared by convolution, pooling and `core_op.window`."""

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.utils.exceptions import VerifyException


@dataclass(frozen=True)
class Window:
    """
    Kernel, strides and dilations a spatial axis; pads as in ONNX: all begins, then all ends.

    Units are elements. `output` gives the positions an axis:
    `(size + pads - dilation * (kernel - 1) - 1) // stride + 1`.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[int, ...]
    dilations: tuple[int, ...]

    @classmethod
    def of(
        cls,
        kernel: Sequence[int],
        strides: Sequence[int] | None = None,
        pads: Sequence[int] | None = None,
        dilations: Sequence[int] | None = None,
    ) -> "Window":
        """A window whose missing parts are stride 1, no padding and dilation 1."""
        rank = len(kernel)
        return cls(
            tuple(kernel),
            tuple(strides) if strides is not None else (1,) * rank,
            tuple(pads) if pads is not None else (0,) * (2 * rank),
            tuple(dilations) if dilations is not None else (1,) * rank,
        )

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.kernel)

    @property
    def size(self) -> int:
        """The elements that one window sees in a channel."""
        size = 1
        for extent in self.kernel:
            size *= extent
        return size

    @property
    def has_padding(self) -> bool:
        """Whether any window reaches over the border."""
        return any(self.pads)

    def pad_pairs(self) -> list[tuple[int, int]]:
        """(before, after) an axis."""
        return list(zip(self.pads[: self.rank], self.pads[self.rank :], strict=True))

    def output(self, spatial: Sequence[int]) -> tuple[int, ...]:
        """The positions an axis. Raises `VerifyException` where the window does not fit."""
        self.verify()
        if len(spatial) != self.rank:
            raise VerifyException(f"a kernel of {self.rank} axes over {len(spatial)} spatial axes")
        positions: list[int] = []
        for axis, extent in enumerate(spatial):
            padded = extent + self.pads[axis] + self.pads[axis + self.rank]
            reach = self.dilations[axis] * (self.kernel[axis] - 1) + 1
            if reach > padded:
                raise VerifyException(
                    f"the window spans {reach} elements on axis {axis}, the padded input {padded}"
                )
            positions.append((padded - reach) // self.strides[axis] + 1)
        return tuple(positions)

    def always_sees_input(self, spatial: Sequence[int]) -> bool:
        """Whether no position lies on padding alone."""
        for axis, positions in enumerate(self.output(spatial)):
            extent, stride, pad = spatial[axis], self.strides[axis], self.pads[axis]
            dilation = self.dilations[axis]
            taps = range(0, self.kernel[axis] * dilation, dilation)
            # Only windows over a border are in question: those that begin before the input, and
            # those that end behind it.
            first_inside = -(-pad // stride)
            last_inside = (extent - 1 - taps[-1] + pad) // stride
            over_border = (
                *range(min(first_inside, positions)),
                *range(max(last_inside + 1, 0), positions),
            )
            for position in over_border:
                start = position * stride - pad
                if not any(0 <= start + tap < extent for tap in taps):
                    return False
        return True

    def verify(self) -> None:
        """Raise `VerifyException` where the parts do not fit together."""
        for name, values, count, least in (
            ("kernel", self.kernel, self.rank, 1),
            ("strides", self.strides, self.rank, 1),
            ("pads", self.pads, 2 * self.rank, 0),
            ("dilations", self.dilations, self.rank, 1),
        ):
            if len(values) != count:
                raise VerifyException(f"{name} needs {count} numbers, got {len(values)}")
            if any(value < least for value in values):
                raise VerifyException(f"{name} {list(values)} has a number below {least}")
