"""An output folder appears whole, replaces only an earlier output, and keeps what is the user's."""

import json
import shutil
from pathlib import Path

import pytest

from corelower.dialects.support.errors import CorelowerError
from corelower.tools.output_folder import files_of, place_output, require_replaceable


def make_output(folder: Path, **files: str) -> Path:
    """A folder as a compilation leaves it."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    names = sorted([*files, "report.json"])
    (folder / "report.json").write_text(json.dumps({"target": "prime", "files": names}))
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_output(tmp_path / "source", image="new")


@pytest.mark.parametrize("move", [True, False])
def test_an_output_appears(tmp_path: Path, source: Path, move: bool):
    place_output(source, tmp_path / "a" / "out", move=move)
    assert files_of(tmp_path / "a") == ["out/image", "out/report.json"]
    assert source.exists() is not move


@pytest.mark.parametrize("move", [True, False])
def test_an_earlier_output_is_replaced_and_other_files_stay(
    tmp_path: Path, source: Path, move: bool
):
    out = make_output(tmp_path / "out", image="old", leftover="old")
    (out / "mine").mkdir()
    (out / "mine" / "notes").write_text("mine")
    require_replaceable(out)
    place_output(source, out, move=move)
    assert files_of(out) == ["image", "mine/notes", "report.json"]
    assert (out / "image").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"][: 1 if move else 2]


def test_what_an_interrupted_run_left_is_no_obstacle(tmp_path: Path, source: Path):
    out = make_output(tmp_path / "out", image="old")
    for name in (".out.new", ".out.old"):
        make_output(tmp_path / name, image="half")
    place_output(source, out, move=True)
    assert files_of(tmp_path) == ["out/image", "out/report.json"]
    assert (out / "image").read_text() == "new"


def test_a_missing_or_empty_folder_can_be_filled(tmp_path: Path):
    require_replaceable(tmp_path / "out")
    require_replaceable(tmp_path)


@pytest.mark.parametrize(
    "report", [None, "", "{", "[1]", "{}", '{"files": []}', '{"target": "x", "files": 3}']
)
def test_a_folder_with_something_else_is_refused(tmp_path: Path, report: str | None):
    (tmp_path / "thesis.txt").write_text("mine")
    if report is not None:
        (tmp_path / "report.json").write_text(report)
    with pytest.raises(CorelowerError, match="holds something else than an earlier output"):
        require_replaceable(tmp_path)


def test_a_file_or_a_link_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(CorelowerError, match="the output is a folder; this is none"):
            require_replaceable(tmp_path / name)


def test_a_failure_leaves_the_earlier_output(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
):
    out = make_output(tmp_path / "out", image="old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(CorelowerError) as caught:
        place_output(source, out, move=False)
    assert str(caught.value) == f"{out}: cannot write: No space left on device"
    assert (out / "image").read_text() == "old"
