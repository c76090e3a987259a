"""Runs a point in a process of its own: whatever happens to it, the study goes on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .explore_job import Job
from .explore_result import outcome_text

WORKER = "corelower.tools.explore_worker"

POLL_SECONDS = 0.05

LONGEST_ERROR = 300
"""Characters of a fault that are kept."""

THREAD_LIMITS = (
    "PJRT_NPROC",
    "NPROC",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
"""What XLA and NumPy's libraries read as the number of their threads."""


class PointProcess:
    """A running point. It gets a folder of its own, and leaves nothing of it."""

    def __init__(self, job: Job, inputs: Path, scratch: Path, threads: int):
        self.job = job
        self._scratch = scratch
        scratch.mkdir()
        self._result, self._errors = scratch / "result.json", scratch / "errors.txt"
        command = [sys.executable, "-P", "-m", WORKER, str(inputs), str(self._result)]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                env=_environment(scratch, threads),
                # An interrupt on the terminal is for the study, which ends its points.
                process_group=0 if os.name == "posix" else None,
            )
        assert self._process.stdin is not None
        # A pipe that is broken is that of a process that has ended; its outcome says why.
        with suppress(BrokenPipeError):
            # It stays open: when it closes, the process ends.
            self._process.stdin.write(f"{job.text}\n".encode())
            self._process.stdin.flush()

    def outcome(self) -> str | None:
        """Its outcome, as `explore_result.outcome_text`; `None` while it runs."""
        status = self._process.poll()
        if status is None:
            return None
        if self._result.is_file():
            text = self._result.read_text(encoding="utf-8")
        else:
            text = outcome_text(error=self._fault(status))
        self.end()
        return text

    def end(self) -> None:
        """Stop it where it still runs, and remove what it has written."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _fault(self, status: int) -> str:
        if status < 0:
            name = signal.strsignal(-status) or "a signal"
            hint = ", perhaps for want of memory" if -status == signal.SIGKILL else ""
            return f"its process was ended by signal {-status} ({name}){hint}"
        lines = self._errors.read_text(encoding="utf-8", errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "nothing said")
        return f"fault of the compiler: {said[:LONGEST_ERROR]}"


def run_jobs(
    jobs: Iterable[Job], inputs: Path, folder: Path, *, at_once: int, threads: int
) -> Generator[tuple[str, str | None]]:
    """
    Run jobs side by side; yields `(name, None)` when one starts and `(name, outcome)` at its end.

    Closing the generator ends those that run.
    """
    waiting, running = iter(jobs), list[PointProcess]()
    with _all_ended(running):
        while True:
            for job in _next(waiting, at_once - len(running)):
                running.append(PointProcess(job, inputs, folder / job.name, threads))
                yield job.name, None
            if not running:
                return
            for process in list(running):
                if (outcome := process.outcome()) is not None:
                    running.remove(process)
                    yield process.job.name, outcome
            time.sleep(POLL_SECONDS)


def processors() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _all_ended(running: list[PointProcess]) -> Generator[None]:
    try:
        yield
    finally:
        for process in running:
            process.end()


def _next(jobs: Iterator[Job], count: int) -> Iterator[Job]:
    for _ in range(count):
        job = next(jobs, None)
        if job is None:
            return
        yield job


def _environment(scratch: Path, threads: int) -> dict[str, str]:
    return {
        # What the user has set holds.
        **dict.fromkeys(THREAD_LIMITS, str(threads)),
        **os.environ,
        "TMPDIR": str(scratch),
        # The process finds what this one finds, wherever it was imported from.
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
    }
