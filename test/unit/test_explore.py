"""A study keeps what is finished, survives what is not, and names the points worth their cores."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from explore_stub import FAILS, HAS_A_FAULT, IS_KILLED, WAITS
from onnx import ModelProto, external_data_helper
from small_models import convolutional_model, draw_samples

import corelower
from corelower.dialects.support.errors import CorelowerError
from corelower.dialects.support.samples import Preprocessing, Samples
from corelower.tools import explore_job, explore_process
from corelower.tools.explore import StudyWatcher
from corelower.tools.explore_inputs import StudyInputs, StudyOptions
from corelower.tools.explore_job import make_job, run_job, units_option
from corelower.tools.explore_points import grid
from corelower.tools.explore_result import Point, State

MODEL = convolutional_model()
CALIBRATION = draw_samples(16, 1, 6, 6, seed=1)
TEST = draw_samples(8, 1, 6, 6, seed=2)
LABELS = np.zeros(8, np.int64)


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that grows by a byte with every point that is compiled, by the stub."""
    monkeypatch.setattr(explore_process, "WORKER", "explore_stub")
    count = tmp_path / "compiled"
    count.touch()
    monkeypatch.setenv("EXPLORE_STUB", str(count))
    return count


def run(
    out: Path | None = None,
    signal_bits: Sequence[int] = (8, 6),
    *,
    model: ModelProto | Path = MODEL,
    calibration: np.ndarray = CALIBRATION,
    test: np.ndarray = TEST,
    labels: np.ndarray = LABELS,
    scale: float = 1.0,
    seeds: Sequence[int] = (),
    output: str = "decisions",
    retry_failed: bool = False,
    watcher: StudyWatcher | None = None,
) -> corelower.Study:
    return corelower.explore(
        model,
        calibration=calibration,
        test=test,
        labels=labels,
        preprocessing=Preprocessing(scale),
        signal_bits=signal_bits,
        seeds=seeds,
        output=output,
        out=out,
        jobs=4,
        retry_failed=retry_failed,
        watcher=watcher,
    )


def states(study: corelower.Study) -> list[str]:
    return [point.state for point in study.points]


def test_a_study_holds_every_point(compiled: Path, tmp_path: Path):
    out = tmp_path / "study"
    study = run(out)
    assert states(study) == ["finished", "finished"]
    assert [p.settings.target.signal_bits for p in study.points] == [8, 6]
    assert [p.figures.cores for p in study.points if p.figures] == [80, 60]
    assert sorted(path.name for path in out.iterdir()) == [
        "points", "points.csv", "study.html", "study.json",
    ]  # fmt: skip
    names = {f"{point.name}.json" for point in study.points}
    assert {path.name for path in (out / "points").iterdir()} == names
    entry = json.loads((out / "study.json").read_text())
    assert [point["signal_bits"] for point in entry["points"]] == [8, 6]
    assert entry["measure"] == "accuracy_drop" and entry["axes"] == ["signal_bits"]
    with (out / "points.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["cores"] for row in rows] == ["80", "60"]
    page = (out / "study.html").read_text()
    assert "<svg" in page and "http" not in page.replace("http://www.w3.org", "")


def test_a_second_run_compiles_nothing(compiled: Path, tmp_path: Path):
    first = run(tmp_path / "study")
    assert compiled.stat().st_size == 2
    again = run(tmp_path / "study")
    assert compiled.stat().st_size == 2
    assert again.points == first.points
    # Another grid has the points that are known.
    run(tmp_path / "study", [4, 6, 8])
    assert compiled.stat().st_size == 3


def test_a_damaged_point_is_compiled_again(compiled: Path, tmp_path: Path):
    study = run(tmp_path / "study")
    first, second = (tmp_path / "study" / "points" / f"{p.name}.json" for p in study.points)
    first.write_text(first.read_text()[:-20])
    second.write_text(first.read_text())
    assert run(tmp_path / "study").points == study.points
    assert compiled.stat().st_size == 4


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        (FAILS, "node 'a': it needs 9 cores"),
        (IS_KILLED, "its process was ended by signal 9 (Killed), perhaps for want of memory"),
        (HAS_A_FAULT, "fault of the compiler: RuntimeError: something is wrong"),
    ],
)
def test_a_point_that_fails_takes_no_others_along(
    compiled: Path, tmp_path: Path, bits: int, expected: str
):
    study = run(tmp_path / "study", [bits, 8])
    assert states(study) == ["failed", "finished"]
    assert [point.error for point in study.failed] == [expected]
    # It is kept as failed until it is to be tried again.
    assert run(tmp_path / "study", [bits, 8]).points == study.points
    assert compiled.stat().st_size == 2
    run(tmp_path / "study", [bits, 8], retry_failed=True)
    assert compiled.stat().st_size == 3
    assert expected.split("'")[0] in (tmp_path / "study" / "study.html").read_text()


class Stopper(StudyWatcher):
    """Interrupts a study when its first point is finished."""

    def ended(self, point: Point) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_ends_what_runs_and_keeps_what_is_finished(compiled: Path, tmp_path: Path):
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "study", [WAITS, 8], watcher=Stopper())
    assert time.monotonic() - began < 20
    assert len(list((tmp_path / "study" / "points").iterdir())) == 1
    # On a busy machine the point that waits may not have begun.
    before = compiled.stat().st_size
    run(tmp_path / "study", [8, 6])
    assert compiled.stat().st_size == before + 1


SCRIPT = """
import sys
from corelower.tools import explore_job, explore_process
from corelower.tools.corelower import main
explore_process.WORKER = "explore_stub"
main(["explore", "model.onnx", "--calibration", "x.npy", "--jobs", "2", "-o", "study",
      "--signal-bits", sys.argv[1]])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.usefixtures("interruptible")
def test_a_killed_study_goes_on(
    compiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill: signal.Signals
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.onnx").write_bytes(MODEL.SerializeToString())
    np.save("x.npy", CALIBRATION)
    # No guard of the main module: a user's script has none either.
    (tmp_path / "script.py").write_text(SCRIPT)
    # What a killed process cannot remove is left here.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    command = [sys.executable, "script.py", f"8,{WAITS}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        limit = time.monotonic() + 60
        # One point is to be finished, and the other one begun.
        while not list(Path("study").glob("points/*.json")) or compiled.stat().st_size < 2:
            assert time.monotonic() < limit
            time.sleep(0.02)
        process.send_signal(kill)
        _, errors = process.communicate(timeout=20)
    if kill == signal.SIGINT:
        assert process.returncode == 1
        assert errors.splitlines()[-1] == "error: interrupted"
        assert "Traceback" not in errors
    assert compiled.stat().st_size == 2
    command[-1] = "8,6"
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stderr.startswith("2 points, 1 finished already; 1 to compile")
    assert compiled.stat().st_size == 3


def test_whatever_decides_the_result_changes_the_name(compiled: Path):
    changed = CALIBRATION.copy()
    changed[-1, 0, 0, 0] = 0.25
    studies = [
        run(),
        run(model=convolutional_model(seed=1)),
        run(calibration=changed),
        run(calibration=CALIBRATION[:15]),
        run(test=TEST[::-1]),
        run(labels=LABELS + 1),
        run(scale=2.0),
        run(output="values"),
        run(seeds=[1]),
        run(signal_bits=[7, 9]),
    ]
    names = [point.name for study in studies for point in study.points]
    assert len(set(names)) == len(names)
    assert [point.name for point in run().points] == names[:2]


def test_external_data_is_a_part_of_the_model(compiled: Path, tmp_path: Path):
    model = ModelProto()
    model.CopyFrom(MODEL)
    external_data_helper.convert_model_to_external_data(
        model, location="weights.bin", size_threshold=0
    )
    external_data_helper.write_external_data_tensors(model, str(tmp_path))
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    before = run(model=tmp_path / "model.onnx").points[0].name
    content = bytearray((tmp_path / "weights.bin").read_bytes())
    content[1] ^= 1
    (tmp_path / "weights.bin").write_bytes(content)
    assert run(model=tmp_path / "model.onnx").points[0].name != before


def test_the_front_has_the_points_that_no_other_beats(compiled: Path):
    study = run(signal_bits=[4, 10, 8, 6], seeds=[0, 1])
    # Ten bits bring no more than eight; seeds stand for each other.
    bits = [point.settings.target.signal_bits for point in study.pareto()]
    assert bits == [4, 4, 6, 6, 8, 8]
    ranked = [(p.settings.target.signal_bits, p.settings.seed) for p in study.ranked()]
    assert ranked[:4] == [(8, 0), (10, 0), (8, 1), (10, 1)]
    assert study.points[0].figures is not None
    assert study.points[0].figures.accuracy_drop == pytest.approx(0.1 / 4)


def test_a_study_in_memory_can_be_saved(compiled: Path, tmp_path: Path):
    study = run()
    with pytest.raises(CorelowerError, match="name one to save it in"):
        study.save()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(CorelowerError, match="something else than a study"):
        study.save(tmp_path / "other")
    assert study.save(tmp_path / "saved") == tmp_path / "saved"
    assert run(tmp_path / "saved").points == study.points
    assert compiled.stat().st_size == 2


def test_no_point_runs_where_something_is_in_the_way_of_all(compiled: Path, tmp_path: Path):
    wrong: Sequence[tuple[Mapping[str, object], str]] = [
        ({"calibration": CALIBRATION[:, :, 1:]}, "the network takes"),
        ({"labels": LABELS[1:]}, "7 labels for 8 test samples"),
        ({"signal_bits": [6, 40]}, "signal_bits = 40 is out of range"),
        ({"calibration": np.full_like(CALIBRATION, np.nan)}, "sample 0 holds NaN"),
        ({"model": tmp_path / "none.onnx"}, "No such file"),
    ]
    for changes, expected in wrong:
        with pytest.raises(CorelowerError, match=expected):
            run(tmp_path / "study", **changes)  # pyright: ignore[reportArgumentType]
    assert compiled.stat().st_size == 0
    assert not (tmp_path / "study").exists()


def test_the_settings_reach_the_compiler(
    compiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (settings,) = grid(
        "prime",
        {
            "signal_bits": [4],
            "crossbar": ["16x8"],
            "samples": [12],
            "units": [2],
            "coding": ["trained"],
        },
    )
    preprocessing = Preprocessing(2.0, (0.5,), (), "nhwc")
    options = StudyOptions("prime", "relu", "values", 0.01)
    inputs = StudyInputs(
        MODEL,
        options,
        calibration=CALIBRATION.transpose(0, 2, 3, 1),
        test=Samples(TEST),
        labels=LABELS,
        preprocessing=preprocessing,
    )
    inputs.bundle(12).write(tmp_path / "inputs")
    given: dict[str, object] = {}

    def record(model: Path, **options: object) -> None:
        given.update(options, model=model.read_bytes())
        raise CorelowerError("recorded")

    monkeypatch.setattr(explore_job, "compile_model", record)
    outcome = run_job(make_job("a", settings, inputs).text, tmp_path / "inputs")
    assert json.loads(outcome) == {"error": "recorded", "figures": None}
    calibration, test = given.pop("calibration"), given.pop("test")
    assert isinstance(calibration, Samples) and isinstance(test, Samples)
    assert calibration.preprocessing == preprocessing and test.preprocessing == Preprocessing()
    assert np.array_equal(calibration[:], (CALIBRATION[:12] / 2 - 0.5).astype(np.float32))
    assert np.array_equal(test[:], TEST)
    assert given.pop("model") == MODEL.SerializeToString()
    assert np.array_equal(np.asarray(given.pop("labels")), LABELS)
    assert given == {
        "target": "prime",
        "overrides": {"signal_bits": 4, "fan_in": 16, "fan_out": 8},
        "tune": True,
        "seed": 0,
        "samples": 12,
        "max_pool": "relu",
        "output": "values",
        "error": 0.01,
        "units": 2,
        "coding": "trained",
    }


def test_units_are_a_number_or_auto():
    assert units_option("auto") == "auto"
    assert units_option("2") == 2


def test_a_point_is_compiled(tmp_path: Path):
    """The one test here in which no stub stands for the compiler."""
    points = [{"tune": False, "signal_bits": 4}]
    study = corelower.explore(
        MODEL, calibration=CALIBRATION, test=TEST, labels=LABELS, points=points
    )
    (point,) = study.points
    assert point.state == State.FINISHED, point.error
    assert point.figures is not None and point.figures.cores > 0
    assert point.figures.accuracy is not None and point.figures.test_samples == len(TEST)
    assert [stage.name for stage in point.figures.stages][-1] == "mapped"
