"""What the workers of a Dask cluster do for a study; imported there by name."""

import tempfile
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from .. import __version__
from .explore_inputs import Bundle
from .explore_job import Job
from .explore_process import POLL_SECONDS, PointProcess, processors
from .explore_result import outcome_text

_stopped: set[str] = set()
"""Studies that have been given up."""


class Worker(Protocol):
    """What is used of `distributed.Worker`."""

    local_directory: str

    @property
    def ip(self) -> str:
        """The address of its machine."""
        ...


def corelower_version() -> str:
    """The version that is installed here."""
    return __version__


def stop_study(study: str) -> None:
    """End the points of a study that run here, and let no others start."""
    _stopped.add(study)


def run_point(name: str, text: str, bundle: Bundle, shares: Mapping[str, int], study: str) -> str:
    """
    Compile a point in a process of its own; its outcome.

    `shares` has Dask's threads on each machine, which share its processors.
    """
    worker = cast(Worker, import_module("distributed").get_worker())
    threads = max(1, processors() // shares.get(worker.ip, 1))
    with tempfile.TemporaryDirectory(prefix="corelower-", dir=worker.local_directory) as folder:
        inputs = Path(folder) / "inputs"
        bundle.write(inputs)
        process = PointProcess(Job(name, text), inputs, Path(folder) / name, threads)
        try:
            while study not in _stopped:
                if (outcome := process.outcome()) is not None:
                    return outcome
                time.sleep(POLL_SECONDS)
        finally:
            process.end()
    return outcome_text(error="stopped")
