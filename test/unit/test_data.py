"""Loading samples: every format gives the same array, every fault of a file is one clear line."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import hypothesis.extra.numpy as arrays
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corelower.dialects.support import array_file
from corelower.dialects.support.array_file import read_array, split_array_spec
from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.samples import (
    Preprocessing,
    Samples,
    fit_samples,
    load_labels,
    load_samples,
)

Array = npt.NDArray[np.generic]

IDX_CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def npy_bytes(array: Array, version: tuple[int, int] = (1, 0)) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version)
    return stream.getvalue()


def idx_bytes(array: Array) -> bytes:
    code = IDX_CODES[array.dtype.str[1:]]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def npz_bytes(compression: int = zipfile.ZIP_DEFLATED, /, **members: Array) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, array in members.items():
            archive.writestr(f"{name}.npy", npy_bytes(array))
    return stream.getvalue()


def write(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def failure(action: Callable[[], object]) -> str:
    with pytest.raises(CorelowerError) as caught:
        action()
    assert "\n" not in str(caught.value)
    return str(caught.value)


IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)

FORMATS: dict[str, bytes] = {
    "x.npy": npy_bytes(IMAGES),
    "column-major.npy": npy_bytes(np.asfortranarray(IMAGES)),
    "version-2.npy": npy_bytes(IMAGES, (2, 0)),
    "x.npz": npz_bytes(images=IMAGES),
    "stored.npz": npz_bytes(zipfile.ZIP_STORED, images=IMAGES),
    "x-idx3-ubyte": idx_bytes(IMAGES),
    "no-extension": npy_bytes(IMAGES),
}


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_array(tmp_path: Path, name: str, zipped: bool):
    content = gzip.compress(FORMATS[name]) if zipped else FORMATS[name]
    array = read_array(write(tmp_path, name, content))
    np.testing.assert_array_equal(array, IMAGES)
    assert array.dtype == np.uint8
    assert not array.flags.writeable


@pytest.mark.parametrize("name", ["x.npy", "column-major.npy", "x-idx3-ubyte"])
def test_what_is_not_packed_is_mapped(tmp_path: Path, name: str):
    assert isinstance(read_array(write(tmp_path, name, FORMATS[name])), np.memmap)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    array=st.sampled_from(sorted(IDX_CODES)).flatmap(
        lambda code: arrays.arrays(
            np.dtype(code), arrays.array_shapes(max_dims=4, max_side=4, min_side=0)
        )
    ),
    zipped=st.booleans(),
)
def test_idx_round_trip(tmp_path: Path, array: Array, zipped: bool):
    content = gzip.compress(idx_bytes(array)) if zipped else idx_bytes(array)
    read = read_array(write(tmp_path, "x", content))
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)


def test_a_spec_is_a_file_or_a_file_and_an_array(tmp_path: Path):
    path = write(tmp_path, "a:b.npz", npz_bytes(**{"x": IMAGES, "p:q": IMAGES}))
    assert split_array_spec(path) == (Path(path), None)
    assert split_array_spec(f"{path}:x") == (Path(path), "x")
    assert split_array_spec(f"{path}:p:q") == (Path(path), "p:q")
    np.testing.assert_array_equal(read_array(f"{path}:p:q"), IMAGES)


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "text": (b"not an array", "neither .npy, .npz nor IDX (MNIST's format), gzipped or not"),
    "empty": (b"", "neither .npy, .npz nor IDX (MNIST's format), gzipped or not"),
    "truncated npy": (npy_bytes(IMAGES)[:-1], "truncated: the header needs 188 bytes, there are 1"),
    "long npy": (npy_bytes(IMAGES) + b"x", "longer than its header says: 189 bytes instead of 188"),
    "truncated npy.gz": (
        gzip.compress(npy_bytes(IMAGES)[:-1]),
        "truncated: the header needs 188 bytes, there are 187",
    ),
    "long npy.gz": (gzip.compress(npy_bytes(IMAGES) + b"x"), "longer than its header says"),
    "truncated gz": (gzip.compress(npy_bytes(IMAGES))[:-9], "damaged or truncated: "),
    "gz of a wrong checksum": (
        gzip.compress(npy_bytes(IMAGES))[:-8] + bytes(8),
        "damaged or truncated: CRC check failed",
    ),
    "npy header": (b"\x93NUMPY\x01\x00\x08\x00{'a': 1}", "damaged .npy header: "),
    "npy header cut": (npy_bytes(IMAGES)[:40], "damaged .npy header: "),
    "npy version": (b"\x93NUMPY\x09\x00", ".npy format 9.0; plain numbers are in 1.0 or 2.0"),
    "npy of records": (npy_bytes(np.zeros(2, [("a", "f4")])), "elements are [('a', '<f4')]; the"),
    "npy 3.0": (npy_bytes(IMAGES, (3, 0)), ".npy format 3.0; plain numbers are in 1.0 or 2.0"),
    "text npy": (npy_bytes(np.array(["a"])), "elements are <U1; the data must be plain numbers"),
    "complex npy": (npy_bytes(np.array([1j])), "elements are complex128; the data must be plain"),
    "pickle": (npy_bytes(np.array([{}])), "elements are object; the data must be plain numbers"),
    "number": (npy_bytes(np.array(1.0)), "a single number; the first axis must count samples"),
    "truncated idx": (idx_bytes(IMAGES)[:-1], "truncated: the header needs 76 bytes, there are 75"),
    "idx header": (idx_bytes(IMAGES)[:7], "damaged IDX header"),
    "truncated npz": (npz_bytes(x=IMAGES)[:-8], "damaged or truncated: "),
    "empty npz": (npz_bytes(), "the .npz file holds no array"),
    "several": (
        npz_bytes(a=IMAGES, b=IMAGES),
        "the .npz file holds several arrays (a, b): name one, as in x:a",
    ),
    "packed by lzma": (
        npz_bytes(zipfile.ZIP_LZMA, x=IMAGES),
        "array 'x' is packed by a method that NumPy never writes",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_line(tmp_path: Path, name: str):
    content, message = BAD_FILES[name]
    path = write(tmp_path, "x", content)
    assert failure(lambda: read_array(path)).startswith(f"{path}: {message}")


def test_a_damaged_npz_member_is_found_by_its_checksum(tmp_path: Path):
    content = bytearray(npz_bytes(zipfile.ZIP_STORED, x=IMAGES))
    content[content.index(IMAGES.tobytes()) + 5] ^= 1
    path = write(tmp_path, "x.npz", bytes(content))
    assert "damaged or truncated: Bad CRC-32 for file 'x.npy'" in failure(lambda: read_array(path))


def test_missing_files_and_names(tmp_path: Path):
    path = write(tmp_path, "x.npz", npz_bytes(a=IMAGES, b=IMAGES))
    plain = write(tmp_path, "x.npy", npy_bytes(IMAGES))
    missing = str(tmp_path / "missing.npz")
    assert "no array 'c' in the .npz file; it holds a, b" in failure(
        lambda: read_array(f"{path}:c")
    )
    assert "leave out ':a'" in failure(lambda: read_array(f"{plain}:a"))
    for spec in (missing, f"{missing}:a"):
        assert failure(lambda spec=spec: read_array(spec)) == (
            f"{missing}: cannot read the data: no such file"
        )
    assert "a folder, not a file" in failure(lambda: read_array(str(tmp_path)))


def claim(shape: tuple[int, ...]) -> bytes:
    """An .npy file that claims a shape, and has 16 bytes of data."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    return stream.getvalue() + bytes(16)


@pytest.mark.parametrize("shape", [(1 << 40,), (1 << 62, 1 << 62), (3, 5)])
def test_a_claimed_size_takes_no_memory(tmp_path: Path, shape: tuple[int, ...]):
    content = claim(shape)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", content)
    for packed in (content, gzip.compress(content), stream.getvalue()):
        path = write(tmp_path, "x", packed)
        assert "truncated: the header needs" in failure(lambda path=path: read_array(path))


def test_an_archive_may_not_claim_more_than_it_can_hold(tmp_path: Path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", claim((1 << 28,)))
    content = bytearray(stream.getvalue())
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<I", (1 << 30) + 128)  # the member's unpacked size
    path = write(tmp_path, "x.npz", bytes(content))
    assert failure(lambda: read_array(path)).endswith(
        "truncated: the header needs 1073741952 bytes, the file cannot hold that"
    )


def test_a_bomb_is_bounded_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bomb = gzip.compress(claim((4,)) + bytes(1 << 20))
    path = write(tmp_path, "x", bomb)
    assert "longer than its header says" in failure(lambda: read_array(path))
    monkeypatch.setattr(array_file, "_largest_in_memory", lambda: 1000)
    path = write(tmp_path, "y", gzip.compress(npy_bytes(np.zeros(1001, np.uint8))))
    assert failure(lambda: read_array(path)).endswith(
        "the array takes 1001 bytes of memory, the limit is 1000; unpack the file: a plain .npy is "
        "mapped, not read"
    )


def test_samples_are_scaled_by_channel_and_laid_out():
    raw = np.random.default_rng(0).integers(0, 256, (7, 4, 5, 3), dtype=np.uint8)
    mean, std = (0.5, 0.25, 0.125), (0.5, 2.0, 4.0)
    samples = fit_samples(Samples(raw, Preprocessing(255, mean, std, "nhwc")), (3, 4, 5))
    wanted = (raw / 255 - np.array(mean)) / np.array(std)
    assert samples.shape == (7, 3, 4, 5)
    batch = samples[2:5]
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch, wanted[2:5].transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(samples[np.array([4, 2])], batch[[2, 0]])
    flat = fit_samples(Samples(raw, Preprocessing(255, mean, std, "nhwc")), (60,))
    np.testing.assert_array_equal(flat[2:5], batch.reshape(3, 60))
    assert len(samples.first(2)) == 2
    assert len(samples.first(None)) == 7
    np.testing.assert_array_equal(samples.first(3)[0:3], samples[0:3])


def test_a_batch_is_a_copy():
    raw = np.ones((2, 3), np.float32)
    samples = Samples(raw)
    samples[0:2][:] = 5
    np.testing.assert_array_equal(raw, 1)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ((28, 28), (1, 28, 28)),
        ((1, 28, 28), (28, 28)),
        ((28, 28, 1), (1, 28, 28)),
        ((28, 28), (784,)),
        ((3, 4, 4), (48,)),
        ((784,), (1, 28, 28)),
        ((1, 1, 5), (5,)),
        ((5,), (5,)),
        ((), (1,)),
    ],
)
def test_samples_are_fitted_to_a_network(actual: tuple[int, ...], expected: tuple[int, ...]):
    raw = np.random.default_rng(0).normal(size=(2, *actual)).astype(np.float32)
    fitted = fit_samples(Samples(raw), expected)
    assert fitted.shape == (2, *expected)
    np.testing.assert_array_equal(fitted[0:2], raw.reshape(2, *expected))


NETWORK = "the network takes"


@pytest.mark.parametrize(
    ("raw_shape", "layout", "expected", "message"),
    [
        ((2, 32, 32, 3), "nchw", (3, 32, 32), "; --layout nhwc moves the channels from last to"),
        ((2, 3, 32, 32), "nhwc", (3, 32, 32), "; leave out --layout nhwc"),
        ((3, 32, 32), "nchw", (3, 32, 32), "; the first axis must count samples, even a single"),
        ((2, 32, 3, 32), "nchw", (3, 32, 32), "; as many elements, but in another order of axes"),
        ((2, 28, 28), "nchw", (3, 32, 32), "takes [3, 32, 32]"),
        ((2, 48), "nchw", (3, 4, 4), "; as many elements, but in another order of axes"),
    ],
)
def test_samples_that_do_not_fit(
    raw_shape: tuple[int, ...], layout: str, expected: tuple[int, ...], message: str
):
    samples = Samples(np.zeros(raw_shape), Preprocessing(layout=layout), where="x.npy")
    text = failure(lambda: fit_samples(samples, expected))
    assert text.startswith(f"x.npy: the data has samples of shape {list(raw_shape[1:])}, {NETWORK}")
    assert message in text


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_a_sample_that_is_not_finite_is_named(value: float):
    raw = np.zeros((5, 2))
    raw[3, 1] = value
    samples = Samples(raw, where="x.npy")
    samples[0:3]
    for take in (lambda: samples[2:5], lambda: samples[np.array([0, 3])], lambda: samples[::-1]):
        assert failure(take) == "x.npy: sample 3 holds NaN or infinity"


@pytest.mark.parametrize(
    ("preprocessing", "message"),
    [
        (lambda: Preprocessing(layout="hwc"), "no layout 'hwc'; there are nchw, nhwc"),
        (lambda: Preprocessing(scale=0), "the data cannot be divided by scale 0"),
        (lambda: Preprocessing(scale=np.nan), "the data cannot be divided by scale nan"),
        (lambda: Preprocessing(mean=(np.inf,)), "mean must be numbers"),
        (lambda: Preprocessing(std=(1.0, 0.0)), "std must be positive numbers"),
        (
            lambda: fit_samples(Samples(np.zeros((1, 2, 2)), Preprocessing(std=(1, 2))), (1, 2, 2)),
            "std has 2 numbers, samples of shape [1, 2, 2] have 1 channels: give one number, or "
            "one a channel",
        ),
        (lambda: Samples(np.zeros((0, 2))), "the data has no samples"),
    ],
)
def test_preprocessing_that_cannot_be_used(preprocessing: Callable[[], object], message: str):
    assert failure(preprocessing) == message


def test_labels(tmp_path: Path):
    path = write(tmp_path, "y.npz", npz_bytes(a=np.array([[1.0], [9.0]]), b=np.array([0, -1])))
    np.testing.assert_array_equal(load_labels(f"{path}:a", 2), [1, 9])
    np.testing.assert_array_equal(load_labels(f"{path}:b", 2), [0, -1])
    assert failure(lambda: load_labels(f"{path}:a", 3)) == f"{path}:a: 2 labels for 3 samples"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 10)), "labels of shape [2, 10]; one integer a sample is needed"),
        (np.array([1, 2.5]), "label 2.5 of sample 1 is not an integer"),
        (np.array([1, np.nan]), "label nan of sample 1 is not an integer"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, array: Array, message: str):
    path = write(tmp_path, "y.npy", npy_bytes(array))
    assert failure(lambda: load_labels(path, 2)) == f"{path}: {message}"


def test_samples_of_a_file_larger_than_one_batch_stay_in_the_file(tmp_path: Path):
    path = write(tmp_path, "x.npy", npy_bytes(IMAGES))
    samples = load_samples(path)
    assert isinstance(samples.raw, np.memmap)
    assert isinstance(fit_samples(samples, (1, 4, 5)).first(2).raw, np.memmap)
