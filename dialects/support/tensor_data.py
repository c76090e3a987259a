"""Trained tensors by content: an array held by reference, known by the SHA-256 of its bytes."""

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from xdsl.dialects.builtin import (
    Float16Type,
    Float32Type,
    Float64Type,
    IntegerType,
    Signedness,
    TensorType,
)
from xdsl.ir import Attribute
from xdsl.utils.hints import isa

from .errors import CorelowerError

Array = npt.NDArray[np.generic]

DTYPE_NAMES: dict[str, str] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1",
    "BOOL": "|b1",
}  # fmt: skip
"""safetensors' names of the element types, and NumPy's."""

_FLOATS: dict[type[Attribute], str] = {Float64Type: "<f8", Float32Type: "<f4", Float16Type: "<f2"}


class TensorData:
    """
    A read-only array, or only the digest of one whose weights file was not given.

    Two are equal when element type, shape and bytes are. The digest is computed once, when it is
    first asked for; comparing an array with itself never computes it. Data with a `source`, the
    file that claims to hold it, is compared with its digest once, when it is first used.
    """

    __slots__ = ("_array", "_digest", "_unchecked", "dtype", "shape")

    def __init__(
        self,
        array: Array | None,
        digest: str | None = None,
        dtype: np.dtype[np.generic] | None = None,
        shape: tuple[int, ...] | None = None,
        source: str | None = None,
    ):
        if array is not None:
            array = _read_only(array)
            dtype, shape = array.dtype, array.shape
        if dtype is None or shape is None:
            raise ValueError("a tensor without data needs its element type and shape")
        if array is None and digest is None:
            raise ValueError("a tensor without data needs its digest")
        self._array = array
        self._digest = digest
        self._unchecked = source
        self.dtype = dtype
        self.shape = shape

    @property
    def is_resolved(self) -> bool:
        """Whether the data is at hand."""
        return self._array is not None

    @property
    def array(self) -> Array:
        """The data. Raises `CorelowerError` where no weights file holds it, or another's data."""
        if self._array is None:
            raise CorelowerError(
                f"tensor sha256:{self.digest[:12]}... is not in a weights file that was given; "
                "name the file with --weights"
            )
        if self._unchecked is not None:
            if digest_of(self._array) != self.digest:
                raise CorelowerError(
                    f"the data of tensor {self.digest[:12]}... is not of its digest: the file was "
                    "changed or damaged",
                    self._unchecked,
                )
            self._unchecked = None
        return self._array

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return self.size * self.dtype.itemsize

    @property
    def digest(self) -> str:
        """SHA-256 over element type, shape and little-endian row-major bytes, as 64 hex digits."""
        if self._digest is None:
            self._digest = digest_of(self.array)
        return self._digest

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, TensorData):
            return NotImplemented
        if self.dtype != other.dtype or self.shape != other.shape:
            return False
        if self._array is not None and self._array is other._array:
            return True
        return self.digest == other.digest

    def __hash__(self) -> int:
        # Cheap on purpose: equality settles what this leaves open.
        return hash((self.dtype.str, self.shape))

    def __repr__(self) -> str:
        return f"TensorData({self.dtype}, {self.shape})"


def digest_of(array: Array) -> str:
    """The SHA-256 by which an array is known, see `TensorData.digest`."""
    digest = hashlib.sha256(f"{array.dtype.str}{list(array.shape)}".encode())
    digest.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return digest.hexdigest()


def element_dtype(element: Attribute) -> np.dtype[np.generic] | None:
    """The NumPy type of an IR element type; `None` where there is none."""
    if (name := _FLOATS.get(type(element))) is not None:
        return np.dtype(name)
    if not isa(element, IntegerType) or element.width.data not in (1, 8, 16, 32, 64):
        return None
    if element.width.data == 1:
        return np.dtype("?")
    unsigned = element.signedness.data is Signedness.UNSIGNED
    return np.dtype(f"{'u' if unsigned else 'i'}{element.width.data // 8}").newbyteorder("<")


def tensor_type_of(data: TensorData) -> TensorType[Attribute]:
    """The IR type of an array: signed integers are signless there, as in MLIR."""
    kind, width = data.dtype.kind, data.dtype.itemsize * 8
    element: Attribute
    if kind == "f":
        element = {64: Float64Type(), 32: Float32Type(), 16: Float16Type()}[width]
    elif kind == "b":
        element = IntegerType(1)
    elif kind == "u":
        element = IntegerType(width, Signedness.UNSIGNED)
    elif kind == "i":
        element = IntegerType(width)
    else:
        raise CorelowerError(f"element type {data.dtype} has no counterpart in the IR")
    return TensorType(element, data.shape)


class TensorStore:
    """The trained tensors at hand, by digest. Equal tensors are one."""

    def __init__(self) -> None:
        self._by_digest: dict[str, TensorData] = {}

    def __len__(self) -> int:
        return len(self._by_digest)

    def __iter__(self) -> Iterator[TensorData]:
        return iter(self._by_digest.values())

    def add(self, data: TensorData) -> TensorData:
        """Keep `data`, or give back the equal one that is here already."""
        return self._by_digest.setdefault(data.digest, data)

    def find(self, digest: str) -> TensorData | None:
        """The tensor of this digest, where it is at hand."""
        return self._by_digest.get(digest)


def _read_only(array: Array) -> Array:
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    if not array.flags.c_contiguous:
        array = np.ascontiguousarray(array)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array
