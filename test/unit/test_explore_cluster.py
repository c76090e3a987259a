"""A study runs on a Dask cluster, and every way in which there is none is one line."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import pytest
from explore_stub import FAILS, IS_KILLED, WAITS
from small_models import convolutional_model, draw_samples

import corelower
from corelower.dialects.support.errors import CorelowerError
from corelower.tools import explore_cluster, explore_process
from corelower.tools.corelower import main
from corelower.tools.explore import StudyWatcher
from corelower.tools.explore_result import Point

MODEL = convolutional_model()
CALIBRATION = draw_samples(16, 1, 6, 6)


class LocalCluster(Protocol):
    scheduler_address: str

    def __enter__(self) -> "LocalCluster": ...
    def __exit__(self, *_: object) -> None: ...


class Distributed(Protocol):
    def LocalCluster(self, **options: object) -> LocalCluster: ...  # noqa: N802


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    library = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    with cast(Distributed, library).LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address=None,
        local_directory=str(tmp_path_factory.mktemp("cluster")),
    ) as running:
        yield running


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that grows by a byte with every point that is compiled, by the stub."""
    monkeypatch.setattr(explore_process, "WORKER", "explore_stub")
    monkeypatch.setenv("EXPLORE_STUB", str(tmp_path / "compiled"))
    return tmp_path / "compiled"


def run(
    scheduler: str, bits: list[int], out: Path | None = None, watcher: StudyWatcher | None = None
) -> corelower.Study:
    return corelower.explore(
        MODEL,
        calibration=CALIBRATION,
        signal_bits=bits,
        scheduler=scheduler,
        out=out,
        watcher=watcher,
    )


def test_a_study_runs_on_a_cluster(cluster: LocalCluster, compiled: Path, tmp_path: Path):
    bits = [8, 6, FAILS, IS_KILLED]
    study = run(cluster.scheduler_address, bits, tmp_path / "study")
    assert [point.state for point in study.points] == ["finished", "finished", "failed", "failed"]
    assert compiled.stat().st_size == 4
    # What is finished needs no cluster.
    assert run("tcp://127.0.0.1:9", bits, tmp_path / "study").points == study.points


class Stopper(StudyWatcher):
    """Interrupts a study when its first point is finished."""

    def ended(self, point: Point) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_ends_what_runs_there(cluster: LocalCluster, compiled: Path, tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        run(cluster.scheduler_address, [WAITS, 8], tmp_path / "study", Stopper())
    assert len(list((tmp_path / "study" / "points").iterdir())) == 1
    # The cluster is free again.
    assert len(run(cluster.scheduler_address, [8, 6], tmp_path / "study").pareto()) == 2


def test_workers_of_another_version_are_refused(
    cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(explore_cluster, "__version__", "9.9")
    with pytest.raises(CorelowerError, match=r"has corelower .*, here is 9.9; install the same"):
        run(cluster.scheduler_address, [8])


@pytest.mark.usefixtures("cluster")
def test_what_is_no_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(explore_cluster, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        addresses = ["foo", "tcp://127.0.0.1:9", "web://a:1"]
        for address in (*addresses, f"tcp://127.0.0.1:{silent.getsockname()[1]}"):
            with pytest.raises(CorelowerError, match="no Dask scheduler is reachable there: "):
                run(address, [8], tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_a_missing_dask_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.chdir(tmp_path)
    Path("model.onnx").write_bytes(MODEL.SerializeToString())
    np.save("x.npy", CALIBRATION)
    with pytest.raises(SystemExit) as caught:
        needed = ["explore", "model.onnx", "--calibration", "x.npy", "-o", "study"]
        main([*needed, "--scheduler", "tcp://127.0.0.1:9"])
    assert caught.value.code == 1
    line = capsys.readouterr().err
    assert line == "error: --scheduler needs Dask: pip install 'corelower[cluster]'\n"
    assert not Path("study").exists()
