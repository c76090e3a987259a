"""`TensorData` and `TensorStore`: tensors by content."""

import numpy as np
import pytest
from xdsl.dialects.builtin import BFloat16Type, Float80Type, IntegerType, f32

from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.tensor_data import (
    DTYPE_NAMES,
    TensorData,
    TensorStore,
    element_dtype,
    tensor_type_of,
)
from corelower.dialects.trained import DataAttr

DIGEST = "0" * 64


def numbers(count: int = 4, dtype: str = "<f4") -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    return np.arange(count).astype(dtype)


def test_an_array_is_held_by_reference_and_is_read_only() -> None:
    array = numbers()
    data = TensorData(array)
    assert np.shares_memory(data.array, array)
    assert not data.array.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        data.array[0] = 1.0


def test_equal_content_is_equal_whatever_holds_it() -> None:
    first, second = TensorData(numbers()), TensorData(numbers())
    assert first == second
    assert hash(first) == hash(second)
    assert DataAttr(first) == DataAttr(second)
    assert first.digest == second.digest


def test_the_digest_tells_apart_type_shape_and_bytes() -> None:
    zeros = np.zeros((2, 3), np.float32)
    others = [zeros.reshape(3, 2), zeros.reshape(6), zeros.astype(np.int32), zeros + 1]
    digests = {TensorData(array).digest for array in [zeros, *others]}
    assert len(digests) == 5
    assert all(TensorData(zeros) != TensorData(other) for other in others)


def test_the_digest_is_of_little_endian_row_major_bytes() -> None:
    matrix = np.arange(6, dtype="<f4").reshape(2, 3)
    same = [matrix.astype(">f4"), np.asfortranarray(matrix), matrix.T.copy().T, matrix[:, :]]
    assert {TensorData(array).digest for array in same} == {TensorData(matrix).digest}
    assert all(TensorData(array).array.dtype.str == "<f4" for array in same)


def test_negative_zero_is_another_number() -> None:
    assert TensorData(np.array([0.0])) != TensorData(np.array([-0.0]))


def test_nan_equals_itself_by_its_bytes() -> None:
    assert TensorData(np.array([np.nan])) == TensorData(np.array([np.nan]))


def test_without_a_weights_file_a_tensor_compares_but_has_no_numbers() -> None:
    present = TensorData(numbers())
    absent = TensorData(None, present.digest, present.dtype, present.shape)
    assert absent == present
    assert not absent.is_resolved
    assert absent.nbytes == 16
    with pytest.raises(CorelowerError, match="name the file with --weights"):
        _ = absent.array


@pytest.mark.parametrize(
    ("digest", "dtype", "shape"),
    [
        (None, np.dtype("<f4"), (4,)),
        (DIGEST, None, (4,)),
        (DIGEST, np.dtype("<f4"), None),
    ],
)
def test_a_tensor_without_data_needs_all_else(
    digest: str | None, dtype: np.dtype[np.generic] | None, shape: tuple[int, ...] | None
) -> None:
    with pytest.raises(ValueError, match="a tensor without data needs"):
        TensorData(None, digest, dtype, shape)


@pytest.mark.parametrize("name", DTYPE_NAMES.values())
def test_each_element_type_has_its_counterpart_in_the_ir(name: str) -> None:
    data = TensorData(np.zeros((2, 3), np.dtype(name)))
    tensor_type = tensor_type_of(data)
    assert tensor_type.get_shape() == (2, 3)
    assert element_dtype(tensor_type.get_element_type()) == np.dtype(name)


def test_other_element_types_have_none() -> None:
    for element in (BFloat16Type(), Float80Type(), IntegerType(7), IntegerType(128)):
        assert element_dtype(element) is None
    assert element_dtype(f32) == np.dtype("<f4")
    with pytest.raises(CorelowerError, match="element type complex64 has no counterpart"):
        tensor_type_of(TensorData(np.zeros(1, np.complex64)))


def test_a_store_keeps_equal_tensors_once() -> None:
    store = TensorStore()
    first = store.add(TensorData(numbers()))
    assert store.add(TensorData(numbers())) is first
    assert store.find(first.digest) is first
    assert store.find(DIGEST) is None
    store.add(TensorData(numbers(5)))
    assert len(store) == 2
    assert [data.size for data in store] == [4, 5]
