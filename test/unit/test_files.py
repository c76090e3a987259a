"""Outputs appear whole or not at all."""

import errno
import os
import stat
from pathlib import Path

import pytest

from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.files import atomic_write, write_text


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_finished_file_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    with atomic_write(path) as stream:
        stream.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_the_old_file(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(error), atomic_write(path) as stream:
        stream.write(b"half")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["out.txt"]


def test_no_space_left_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with pytest.raises(CorelowerError) as caught, atomic_write(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(caught.value) == f"{path}: cannot write: No space left on device"
    assert names(tmp_path) == []


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "none" / "out.txt"
    with pytest.raises(CorelowerError) as caught:
        write_text(path, "text")
    assert str(caught.value) == f"{path}: cannot write: No such file or directory"


def test_a_folder_in_its_place_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    with pytest.raises(CorelowerError, match="cannot write: Is a directory"):
        write_text(path, "text")
    assert names(tmp_path) == ["out"]


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_text(tmp_path / "out.txt", "text")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "out.txt").stat().st_mode) == 0o640


def test_text_is_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "out.txt", "µ → 1")
    assert (tmp_path / "out.txt").read_bytes() == "µ → 1".encode()
