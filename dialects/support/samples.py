"""
Samples for a network: from a file, scaled and laid out as the network takes them.

Nothing is converted before it is asked for, batch by batch, so a data set may be larger than
memory. The formats are those of `array_file`.
"""

from dataclasses import dataclass
from math import isfinite, prod
from typing import overload

import numpy as np
import numpy.typing as npt

from .array_file import read_array
from .errors import CorelowerError
from .tensor_data import Array

LAYOUTS = ("nchw", "nhwc")

FloatArray = npt.NDArray[np.float32]
Indices = npt.NDArray[np.integer]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Preprocessing:
    """
    What a network expects to be done to raw data: `(x / scale - mean) / std`, in this order.

    `mean` and `std` have one number, or one a channel; none is no change. `layout` is that of the
    data: with `nhwc` the channels of samples with three axes or more go from last to first.
    Raises `CorelowerError` for numbers that cannot be used.
    """

    scale: float = 1.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    layout: str = "nchw"

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise CorelowerError(f"no layout '{self.layout}'; there are {', '.join(LAYOUTS)}")
        if not _is_usable_divisor(abs(self.scale)):
            raise CorelowerError(f"the data cannot be divided by scale {self.scale:g}")
        if not all(map(isfinite, self.mean)):
            raise CorelowerError("mean must be numbers")
        if not all(map(_is_usable_divisor, self.std)):
            raise CorelowerError("std must be positive numbers")

    def arranged(self, shape: Shape) -> Shape:
        """The shape, channels first, of a sample of this raw shape."""
        return (shape[-1], *shape[:-1]) if self._moves_channels(shape) else shape

    def apply(self, raw: Array, sample_shape: Shape) -> FloatArray:
        """A raw batch as float32, a sample in `sample_shape` (channels first)."""
        if self._moves_channels(raw.shape[1:]):
            raw = np.moveaxis(raw, -1, 1)
        with np.errstate(over="ignore"):
            batch = raw.reshape(len(raw), *sample_shape).astype(np.float32)
            if self.scale != 1:
                batch /= np.float32(self.scale)
            if self.mean:
                batch -= _by_channel(self.mean, sample_shape)
            if self.std:
                batch /= _by_channel(self.std, sample_shape)
        return batch

    def verify(self, sample_shape: Shape) -> None:
        """Raise `CorelowerError` where mean or std have another number of channels."""
        channels = sample_shape[0] if sample_shape else 1
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) > 1 and len(values) != channels:
                raise CorelowerError(
                    f"{name} has {len(values)} numbers, samples of shape {list(sample_shape)} "
                    f"have {channels} channels: give one number, or one a channel"
                )

    def _moves_channels(self, sample_shape: Shape) -> bool:
        return self.layout == "nhwc" and len(sample_shape) >= 3


class Samples:
    """
    Samples, the first axis counting them; a slice or indices give a float32 batch.

    `shape` is that of the whole, as the network takes it. Slicing raises `CorelowerError` where a
    sample holds NaN or infinity, and names the sample.
    """

    def __init__(
        self,
        raw: Array,
        preprocessing: Preprocessing | None = None,
        *,
        where: str | None = None,
        image_shape: Shape | None = None,
        sample_shape: Shape | None = None,
    ):
        self.raw = raw
        self.preprocessing = preprocessing or Preprocessing()
        self.where = where
        if not raw.ndim or not len(raw):
            raise CorelowerError("the data has no samples", where)
        arranged = self.preprocessing.arranged(raw.shape[1:])
        self.image_shape = arranged if image_shape is None else image_shape
        self.sample_shape = self.image_shape if sample_shape is None else sample_shape

    def __len__(self) -> int:
        return len(self.raw)

    @property
    def shape(self) -> Shape:
        """Samples, then the axes of one."""
        return (len(self.raw), *self.sample_shape)

    @property
    def nbytes(self) -> int:
        """What all samples take as float32."""
        return 4 * prod(self.shape)

    @overload
    def __getitem__(self, index: slice) -> FloatArray: ...
    @overload
    def __getitem__(self, index: Indices) -> FloatArray: ...
    def __getitem__(self, index: slice | Indices) -> FloatArray:
        batch = self.preprocessing.apply(self.raw[index], self.image_shape)
        finite = np.isfinite(batch.reshape(len(batch), -1)).all(axis=1)
        if not finite.all():
            at = int(np.argmin(finite))
            sample = range(len(self))[index][at] if isinstance(index, slice) else int(index[at])
            raise CorelowerError(f"sample {sample} holds NaN or infinity", self.where)
        return batch.reshape(len(batch), *self.sample_shape)

    def first(self, count: int | None) -> "Samples":
        """The first `count` samples, without copying; all where `count` is `None` or larger."""
        return self._with(self.raw[:count], self.image_shape, self.sample_shape)

    def _with(self, raw: Array, image_shape: Shape, sample_shape: Shape) -> "Samples":
        return Samples(
            raw,
            self.preprocessing,
            where=self.where,
            image_shape=image_shape,
            sample_shape=sample_shape,
        )

    def reshaped(self, image_shape: Shape, sample_shape: Shape) -> "Samples":
        """The same elements: scaled by channel as `image_shape`, given as `sample_shape`."""
        self.preprocessing.verify(image_shape)
        return self._with(self.raw, image_shape, sample_shape)


def load_samples(spec: str, preprocessing: Preprocessing | None = None) -> Samples:
    """The samples in `FILE` or `FILE:array`; raises `CorelowerError`, see `read_array`."""
    return Samples(read_array(spec), preprocessing, where=spec)


def fit_samples(samples: Samples, expected: Shape) -> Samples:
    """
    The samples in the shape that a network takes.

    Axes of extent one come and go (`28x28` to `1x28x28`), and a network that takes vectors gets
    images flattened, channels first. Raises `CorelowerError` for everything else, with what would
    mend it.
    """
    actual = samples.image_shape
    if _without_ones(actual) == _without_ones(expected):
        image_shape = expected if len(expected) > 1 else actual
        return samples.reshaped(image_shape, expected)
    one_channel_each = len(actual) == 1 and len(expected) > 1 and expected[0] == 1
    if prod(actual) == prod(expected) and one_channel_each:
        return samples.reshaped(expected, expected)
    if prod(actual) == prod(expected) and len(_without_ones(expected)) == 1:
        return samples.reshaped(actual, expected)
    raise CorelowerError(
        f"the data has samples of shape {list(samples.raw.shape[1:])}, the network takes "
        f"{list(expected)}{_remedy(samples, expected)}",
        samples.where,
    )


def load_labels(spec: str, count: int) -> npt.NDArray[np.int64]:
    """
    The class of each of `count` samples, from `FILE` or `FILE:array`.

    Raises `CorelowerError` where the file does not hold one integer a sample.
    """
    raw = read_array(spec)
    if raw.shape[1:].count(1) != raw.ndim - 1:
        raise CorelowerError(
            f"labels of shape {list(raw.shape)}; one integer a sample is needed", spec
        )
    if len(raw) != count:
        raise CorelowerError(f"{len(raw)} labels for {count} samples", spec)
    values = raw.reshape(count)
    with np.errstate(invalid="ignore"):
        labels = values.astype(np.int64)
    wrong = labels != values
    if wrong.any():
        at = int(np.argmax(wrong))
        raise CorelowerError(f"label {values[at]} of sample {at} is not an integer", spec)
    return labels


def _is_usable_divisor(value: float) -> bool:
    limits = np.finfo(np.float32)
    return float(limits.tiny) <= value <= float(limits.max)


def _without_ones(shape: Shape) -> Shape:
    return tuple(extent for extent in shape if extent != 1)


def _by_channel(values: tuple[float, ...], sample_shape: Shape) -> FloatArray:
    numbers = np.asarray(values, np.float32)
    return numbers if len(values) == 1 else numbers.reshape(-1, *[1] * (len(sample_shape) - 1))


def _remedy(samples: Samples, expected: Shape) -> str:
    raw = samples.raw.shape[1:]
    if samples.preprocessing.layout == "nhwc" and raw == expected:
        return "; leave out --layout nhwc: the channels come first already"
    if len(raw) >= 3 and (raw[-1], *raw[:-1]) == expected:
        return "; --layout nhwc moves the channels from last to first"
    if samples.raw.shape == expected:
        return "; the first axis must count samples, even a single one"
    if prod(raw) == prod(expected):
        return "; as many elements, but in another order of axes: transpose the data"
    return ""
