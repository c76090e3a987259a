"""A compilation that was stopped goes on after its last finished stage, to the same result."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from small_models import convolutional_model, draw_samples

from corelower.tools import compilation
from corelower.tools.compiler import CompiledNetwork, compile_model, partial_folder
from corelower.tools.stage_folder import StageResult

MODEL = convolutional_model()
CALIBRATION = draw_samples(48, 1, 6, 6)
FINISHED = ["golden", "reformed", "reencoded", "expanded", "quantized", "tuned", "mapped"]


class StoppedError(Exception):
    """Raised where a test stops a compilation."""


def compile_to(
    out: Path, stop_after: str = "", *, samples: int = 1024, tune: bool = True
) -> CompiledNetwork:
    def on_stage(result: StageResult) -> None:
        if result.name == stop_after:
            raise StoppedError

    return compile_model(
        MODEL, calibration=CALIBRATION, out=out, samples=samples, tune=tune, on_stage=on_stage
    )


def content(folder: Path) -> dict[str, bytes]:
    """The files that must be equal: all but the report, which holds seconds."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.stem != "report"
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    compile_to(out)
    return content(out)


@pytest.mark.parametrize("stage", ["quantized", "tuned"])
def test_a_stopped_run_goes_on(
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
):
    out = tmp_path / "out"
    with pytest.raises(StoppedError):
        compile_to(out, stop_after=stage)
    assert not out.exists()
    built: list[str] = []
    build = compilation.build_passes

    def record(text: str, *more: object) -> object:
        built.append(text)
        return build(text, *more)  # pyright: ignore

    monkeypatch.setattr(compilation, "build_passes", record)
    network = compile_to(out)
    # Importing runs one pass; then come only the stages that were not finished.
    assert len(built) - 1 == len(FINISHED) - 1 - FINISHED.index(stage)
    assert [result.name for result in network.report.stages] == FINISHED
    assert content(out) == undisturbed
    assert not partial_folder(out).exists()


def test_other_inputs_start_anew(tmp_path: Path):
    out, other = tmp_path / "out", tmp_path / "other"
    with pytest.raises(StoppedError):
        compile_to(out, stop_after="mapped", samples=20, tune=False)
    compile_to(out, tune=False)
    compile_to(other, tune=False)
    assert content(out) == content(other)


def test_an_earlier_output_stays_until_the_new_one_is_whole(tmp_path: Path):
    out = tmp_path / "out"
    compile_to(out, samples=20, tune=False)
    (out / "notes.txt").write_text("mine")
    earlier = content(out)
    with pytest.raises(StoppedError):
        compile_to(out, stop_after="mapped", tune=False)
    assert content(out) == earlier
    compile_to(out, tune=False)
    assert content(out) != earlier
    assert (out / "notes.txt").read_text() == "mine"


def interrupt(process: subprocess.Popen[str]) -> str:
    """Interrupt a process until it heeds that: Python ignores what is raised while it frees."""
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=5)[1]
    return process.communicate(timeout=60)[1]


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_process_says_so_in_one_line(tmp_path: Path):
    (tmp_path / "model.onnx").write_bytes(MODEL.SerializeToString())
    np.save(tmp_path / "x.npy", CALIBRATION)
    arguments = ["compile", "model.onnx", "--calibration", "x.npy", "-o", "out"]
    command = [sys.executable, "-m", "corelower.tools.corelower", *arguments]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        # The last stage before tuning, which takes seconds.
        finished = tmp_path / "out.partial" / "4-quantized.json"
        limit = time.monotonic() + 60
        while not finished.exists() and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.02)
        errors = interrupt(process)
    assert not (tmp_path / "out").exists()
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in errors


def compile_until_killed(out: str, what: str, part: float) -> None:
    """Compile, and die at once when this part of what `what` names is done."""

    def progress(name: str, done: int, total: int) -> None:
        if name == what and done >= part * total:
            os.kill(os.getpid(), signal.SIGKILL)

    compile_model(MODEL, calibration=CALIBRATION, out=out, progress=progress)


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_process_killed_again_and_again_goes_on_to_the_same_bits(
    undisturbed: dict[str, bytes], tmp_path: Path
):
    random = np.random.default_rng(11)
    # A stage's name is told when it begins. The last third of tuning is end to end.
    moments = [
        (str(random.choice(FINISHED[1:5])), 0.0),
        ("core-op-tune", random.uniform(0.05, 0.6)),
        ("core-op-tune", random.uniform(0.6, 0.95)),
    ]
    out = tmp_path / "out"
    partial = partial_folder(out)
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent / "pythonpath")])
    for what, part in moments:
        call = f"import test_resume as t; t.compile_until_killed({str(out)!r}, {what!r}, {part})"
        killed = subprocess.run(
            [sys.executable, "-c", call], env={**os.environ, "PYTHONPATH": paths}, timeout=120
        )
        assert killed.returncode == -signal.SIGKILL
        assert not out.exists()
        assert not (partial / "5-tuned.json").exists()
    compile_to(out)
    assert content(out) == undisturbed
    assert not partial.exists()
