"""`corelower explore`: a table of the points, its exit status, and a line for every mistake."""

from pathlib import Path

import numpy as np
import pytest
from explore_stub import FAILS
from small_models import convolutional_model, draw_samples

from corelower.tools import explore_process
from corelower.tools.corelower import main
from corelower.tools.output_folder import files_of

NEEDED = ["explore", "model.onnx", "--calibration", "x.npy", "-o", "study"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a model and data for it; a stub stands for the compiler."""
    monkeypatch.setattr(explore_process, "WORKER", "explore_stub")
    monkeypatch.setenv("EXPLORE_STUB", str(tmp_path.parent / "compiled"))
    monkeypatch.chdir(tmp_path)
    Path("model.onnx").write_bytes(convolutional_model().SerializeToString())
    np.save("x.npy", draw_samples(16, 1, 6, 6))
    np.save("y.npy", np.zeros(16, np.int64))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, list[str]]:
    """The exit status, the output, and the lines on standard error."""
    with pytest.raises(SystemExit) as caught:
        main([*NEEDED, *more])
    output = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    return caught.value.code, output.out, output.err.splitlines()


@pytest.mark.usefixtures("folder")
def test_a_study(capsys: pytest.CaptureFixture[str]):
    more = ["--test", "x.npy", "--labels", "y.npy", "--signal-bits", "8,6", "--seeds", "0"]
    status, shown, errors = run(capsys, *more, "--jobs", "2")
    assert status == 0
    assert errors[0] == "2 points, 0 finished already; 2 to compile, 2 at a time"
    assert sorted(line.split("  ")[0] for line in errors[1:]) == ["signal bits 6", "signal bits 8"]
    rows = [line.split() for line in shown.splitlines()]
    assert rows[1] == ["*", "8", "93.75%", "1.25", "1.25%", "80", "1.0"]
    assert rows[2] == ["*", "6", "93.33%", "1.67", "1.67%", "60", "1.0"]
    assert rows[-1] == ["report:", "study/study.html"]
    status, _, errors = run(capsys, *more)
    assert (status, errors) == (0, ["2 points, 2 finished already; nothing to compile"])


@pytest.mark.usefixtures("folder")
def test_a_point_that_fails_is_in_the_table(capsys: pytest.CaptureFixture[str]):
    status, shown, errors = run(capsys, "--signal-bits", f"{FAILS},6")
    assert status == 1
    assert errors[-1] == "study: error: 1 of 2 points failed; the table says why"
    assert "node 'a': it needs 9 cores" in shown
    status, _, errors = run(capsys, "--signal-bits", f"{FAILS},6")
    assert status == 1
    assert errors[0] == (
        "2 points, 1 finished already; 1 failed before (--retry-failed tries again); "
        "nothing to compile"
    )
    assert run(capsys, "--signal-bits", "6")[0] == 0


@pytest.mark.usefixtures("folder")
def test_points_from_a_file(capsys: pytest.CaptureFixture[str]):
    Path("points.json").write_text('[{"signal_bits": 4}, {"signal_bits": 4, "tune": false}]')
    status, _, errors = run(capsys, "--points", "points.json")
    assert status == 0
    assert errors[0].startswith("2 points, 0 finished")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--signal-bits", "6,x"], "error: signal_bits is a whole number, not 'x'"),
        (["--signal-bits", "6,"], "error: axis signal-bits: '6,' has an empty value"),
        (["--signal-bits", "6", "--signal-bits", "4"], "error: axis signal_bits is given twice"),
        (
            ["--signal-bits", "6", "--set", "signal_bits=4"],
            "error: axis signal_bits is given twice",
        ),
        (["--seeds", "1", "--seeds", "2"], "error: axis seed is given twice, again by --seeds"),
        (["--weight-bits", "4", "--set", "weights=-7:7"], "error: weights is given twice"),
        (["--set", "bits=4"], "error: no field 'bits' of a target"),
        (["--set", "cores"], "error: --set 'cores' is not of the form FIELD=value,value"),
        (["--set", "cores="], "error: axis cores: '' has an empty value"),
        (["--target", "loihi"], "error: no target 'loihi'"),
        (["--points", "none.json"], "none.json: error: cannot read: No such file or directory"),
        (["--points", "empty.json"], "empty.json: error: no points are listed"),
        (["--points", "one.json", "--tune", "on"], "error: a list of points has no axes besides"),
        (["--calibration", "none.npy"], "none.npy: error: cannot read the data: no such file"),
        (["--calibration", "y.npy"], "y.npy: error: the data has samples of shape []"),
        (["--labels", "y.npy"], "error: labels need test samples"),
        (["--test", "x.npy", "--labels", "x.npy"], "x.npy: error: labels of shape"),
        (["--mean", "1,2"], "error: mean has 2 numbers"),
        (["--jobs", "-1"], "error: Invalid value for '--jobs'"),
        (["-o", "mine"], "mine: error: the folder holds something else than a study"),
        (["-o", "x.npy"], "x.npy: error: a study is a folder; this is none"),
        (["-o", "x.npy/study"], "error: cannot be made: Not a directory"),
    ],
)
def test_a_mistake_is_one_line_before_anything_starts(
    folder: Path, capsys: pytest.CaptureFixture[str], more: list[str], expected: str
):
    Path("empty.json").write_text("[]")
    Path("one.json").write_text("[{}]")
    Path("mine").mkdir()
    Path("mine/study.json").write_text("[]")
    before = files_of(folder)
    status, shown, errors = run(capsys, *more)
    assert (status, shown, len(errors)) == (1, "", 1)
    assert expected in errors[0]
    assert files_of(folder) == before
