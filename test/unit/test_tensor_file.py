"""Weights files: what is written, what is read, and each way in which a file can be wrong."""

import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.tensor_data import DTYPE_NAMES, TensorData, TensorStore
from corelower.dialects.support.tensor_file import (
    ALIGNMENT,
    map_safetensors,
    read_tensors,
    write_tensors,
)


def tensors() -> list[TensorData]:
    """One tensor of each element type, and odd shapes."""
    shapes = [(3, 5), (7,), (), (2, 0)]
    names = list(DTYPE_NAMES.values())
    return [
        TensorData(np.ones(shapes[i % len(shapes)], np.dtype(name)) * (i % 2))
        for i, name in enumerate(names)
    ]


def read(path: Path, verify: bool = False) -> TensorStore:
    store = TensorStore()
    read_tensors(path, store, verify)
    return store


def refusal(path: Path, verify: bool = False) -> str:
    with pytest.raises(CorelowerError) as caught:
        read(path, verify)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of two tensors."""
    path = tmp_path / "weights.safetensors"
    write_tensors(path, [TensorData(np.arange(n, dtype=np.float32)) for n in (100, 200)])
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    written = tensors()
    write_tensors(path, written)
    store = read(path, verify=True)
    assert len(store) == len({data.digest for data in written})
    for data in written:
        found = store.find(data.digest)
        assert found is not None
        np.testing.assert_array_equal(found.array, data.array, strict=True)


def test_equal_tensors_are_stored_once(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    write_tensors(path, [TensorData(np.zeros(1000, np.float32)) for _ in range(3)])
    assert 4000 < path.stat().st_size < 4400


def test_tensors_start_where_their_data_can_be_used_in_place(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    sizes = (1, 3, 17, 64, 192)
    arrays = [np.full(n, n, dtype) for n in sizes for dtype in ("<f4", "<f8", "|u1", "<f2")]
    write_tensors(path, [TensorData(array) for array in arrays])
    for data in read(path):
        assert data.array.flags.aligned
        if data.nbytes % ALIGNMENT == 0:
            assert data.array.ctypes.data % ALIGNMENT == 0


def test_the_safetensors_library_reads_our_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    written = tensors()
    write_tensors(path, written)
    loaded = load(path.read_bytes())
    assert loaded.keys() == {data.digest for data in written}
    for data in written:
        np.testing.assert_array_equal(loaded[data.digest], data.array, strict=True)


def test_we_map_a_file_of_the_safetensors_library(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({"conv1.weight": np.ones((2, 3), np.float32)}, {"format": "np"}))
    mapped = map_safetensors(path)
    assert mapped.keys() == {"conv1.weight"}
    np.testing.assert_array_equal(mapped["conv1.weight"], np.ones((2, 3), np.float32))
    assert not mapped["conv1.weight"].flags.writeable


def test_reading_takes_no_memory_for_the_data(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    data = TensorData(np.ones(1_000_000, np.float32))
    write_tensors(path, [data])
    tracemalloc.start()
    try:
        store = read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(store) == 1
    assert peak < data.nbytes / 10


def test_what_is_mapped_stays_valid_when_the_file_is_written_again(weights: Path) -> None:
    store = read(weights)
    write_tensors(weights, [TensorData(np.zeros(3, np.float32))])
    assert sorted(data.size for data in store) == [100, 200]
    assert all(data.array[-1] == data.size - 1 for data in store)


def test_the_same_tensors_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write_tensors(one, tensors())
    write_tensors(other, reversed(tensors()))
    assert one.read_bytes() == other.read_bytes()


def test_no_tensors_make_a_file_too(tmp_path: Path) -> None:
    write_tensors(tmp_path / "none", [])
    assert len(read(tmp_path / "none")) == 0


def test_a_wrong_digest_is_found_where_asked_for(weights: Path) -> None:
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert len(read(weights)) == 2
    assert "is not of its digest" in refusal(weights, verify=True)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == "cannot read the weights file: No such file or directory"
    assert refusal(tmp_path) == "cannot read the weights file: Is a directory"


@pytest.mark.parametrize("size", [0, 4, 7])
def test_a_file_without_a_header_is_refused(weights: Path, size: int) -> None:
    os.truncate(weights, size)
    assert refusal(weights) == "not a safetensors file: shorter than its header"


def test_a_truncated_file_is_refused(weights: Path) -> None:
    size = weights.stat().st_size
    os.truncate(weights, size - 1)
    assert "truncated: tensor " in refusal(weights)
    os.truncate(weights, 20)
    assert "not a safetensors file, or truncated: a header of " in refusal(weights)


def test_names_must_be_digests(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({"conv1.weight": np.ones(2, np.float32)}))
    assert refusal(path) == "tensor name 'conv1.weight' is not a SHA-256 digest"


def with_header(path: Path, header: object, data: bytes = b"") -> Path:
    """A file of this header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"{", "its header is not JSON"),
        (b"\xff\xff", "its header is not JSON"),
        (b"[" * 100_000, "its header is not JSON"),
        (b"[]", "its header is not a dictionary"),
        (b"3", "its header is not a dictionary"),
    ],
)
def test_another_header_is_refused(tmp_path: Path, header: bytes, message: str) -> None:
    assert refusal(with_header(tmp_path / "w", header)) == f"not a safetensors file: {message}"


NAME = "a" * 64
SOUND = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}

MALFORMED: dict[str, object] = {
    "no entry": 3,
    "no type": {"shape": [2], "data_offsets": [0, 8]},
    "no shape": {"dtype": "F32", "data_offsets": [0, 8]},
    "no offsets": {"dtype": "F32", "shape": [2]},
    "type that is no text": {**SOUND, "dtype": 32},
    "negative extent": {**SOUND, "shape": [-2]},
    "fractional extent": {**SOUND, "shape": [2.0]},
    "truth as extent": {**SOUND, "shape": [True, 2]},
    "one offset": {**SOUND, "data_offsets": [0]},
    "offsets in reverse": {**SOUND, "data_offsets": [8, 0]},
    "size that is not the shape's": {**SOUND, "shape": [3]},
    "more elements than 64 bits": {**SOUND, "shape": [2**40, 2**40]},
    "zero after endless": {**SOUND, "shape": [2**70, 0], "data_offsets": [0, 0]},
    "too many axes": {**SOUND, "shape": [1] * 33 + [2]},
}


@pytest.mark.parametrize("entry", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_entry_is_refused(tmp_path: Path, entry: object) -> None:
    message = refusal(with_header(tmp_path / "w", {NAME: entry}, bytes(8)))
    assert message == f"the header's entry of tensor '{NAME}' is malformed"


def test_an_unknown_element_type_is_refused(tmp_path: Path) -> None:
    path = with_header(tmp_path / "w", {NAME: {**SOUND, "dtype": "BF16"}}, bytes(8))
    assert refusal(path) == f"tensor '{NAME}' has element type BF16"


def test_a_header_larger_than_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "w"
    with path.open("wb") as stream:
        stream.write((200_000_000).to_bytes(8, "little"))
        stream.truncate(300_000_000)
    assert "a header of 200000000 bytes" in refusal(path)


def cut(content: bytes, index: int) -> bytes:
    return content[:index]


def changed(content: bytes, index: int) -> bytes:
    return content[:index] + bytes([content[index] ^ 0x55]) + content[index + 1 :]


@pytest.mark.parametrize("damage", [cut, changed])
def test_no_damage_escapes_as_another_error(
    weights: Path, damage: Callable[[bytes, int], bytes]
) -> None:
    content = weights.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    for index in range(header):
        weights.write_bytes(damage(content, index))
        try:
            read(weights)
        except CorelowerError as error:
            assert "\n" not in str(error)


def test_data_of_another_digest_is_refused_when_it_is_first_used(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    good = TensorData(np.arange(100, dtype=np.float32))
    write_tensors(path, [good])
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    store = TensorStore()
    read_tensors(path, store)
    (found,) = store
    with pytest.raises(CorelowerError, match="is not of its digest") as raised:
        _ = found.array
    assert raised.value.where == str(path)
