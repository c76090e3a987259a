"""
Runs the points of a study on a Dask cluster.

Model and data travel as bytes and arrays, scattered to every worker once: a worker need not see
this machine's files, and what a path names may change while a study runs for days. Each point
still has a process of its own on its worker, so that one that dies takes no others along, and JAX
has as many threads as the worker's share of its machine.
"""

import asyncio
import logging
import uuid
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from types import TracebackType
from typing import Self, cast

from .. import __version__
from ..dialects.support.errors import CorelowerError
from .explore_cluster_worker import corelower_version, run_point, stop_study
from .explore_dask import Future, Library, Remote
from .explore_inputs import Bundle
from .explore_job import Job
from .explore_result import outcome_text

CONNECT_SECONDS = 5
"""How long the scheduler may take to answer, and its first worker to come."""

STOP_SECONDS = 5


class Cluster:
    """A connection to a Dask cluster. Raises `CorelowerError` where there is none that works."""

    def __init__(self, address: str):
        self._library = _import_library()
        self._address = address
        loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
        self._log_levels = [(logger, logger.level) for logger in loggers]
        # Their lines about lost connections would stand between ours.
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            self._require_scheduler()
        except CorelowerError:
            self._restore_log()
            raise
        self._client = self._library.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        try:
            self._require_workers()
        except CorelowerError:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    @property
    def at_once(self) -> int:
        """The points that can run side by side, as the workers are now."""
        return sum(self._threads().values())

    def run(self, jobs: Sequence[Job], bundle: Bundle) -> Generator[tuple[str, str | None]]:
        """Run jobs; yields the name and the outcome of each that ends. Closing it ends them all."""
        study = uuid.uuid4().hex
        (inputs,) = self._client.scatter([bundle], broadcast=True, hash=False)
        shares = self._threads()
        futures = {
            f"corelower-{job.name}-{study}": (job.name, job.text, inputs, shares, study)
            for job in jobs
        }
        started = [
            self._client.submit(run_point, *arguments, key=key, pure=False)
            for key, arguments in futures.items()
        ]
        left = len(started)
        try:
            for future in self._library.as_completed(
                started, loop=self._client.loop, raise_errors=False
            ):
                yield futures[future.key][0], self._outcome(future, left)
                left -= 1
        finally:
            if left:
                self._stop(started, study)

    def _outcome(self, future: Future, left: int) -> str:
        if future.status == "finished":
            return future.result()
        error = future.exception() if future.status == "error" else None
        if error is None:
            raise CorelowerError(
                f"the scheduler has gone; {left} points are left, and the same command goes on",
                self._address,
            )
        said = " ".join(str(error).split()) or type(error).__name__
        if type(error).__name__ == "KilledWorker":
            said = "every worker that was given it died"
        return outcome_text(error=f"on the cluster: {said}")

    def _stop(self, futures: Sequence[Future], study: str) -> None:
        # Whoever interrupts a study may have lost the cluster too.
        with suppress(OSError):
            self._client.cancel(futures, force=True)
            self._client.run(stop_study, study, on_error="ignore")

    def _threads(self) -> dict[str, int]:
        """Dask's threads on each machine with workers."""
        counts: dict[str, int] = {}
        for worker in self._client.scheduler_info(n_workers=-1)["workers"].values():
            host, threads = str(worker.get("host")), worker.get("nthreads")
            counts[host] = counts.get(host, 0) + (threads if isinstance(threads, int) else 1)
        return counts

    def _require_scheduler(self) -> None:
        if self._address.startswith("inproc:"):
            return
        # In a thread: a notebook has a loop of its own in this one.
        with ThreadPoolExecutor(1) as pool:
            try:
                kind = pool.submit(asyncio.run, self._ask()).result()
            except (OSError, ValueError, RuntimeError, ImportError) as error:
                raise CorelowerError(
                    f"no Dask scheduler is reachable there: {_short(error)}", self._address
                ) from None
        if kind != "Scheduler":
            raise CorelowerError(f"this is a Dask {kind}, not a scheduler", self._address)

    async def _ask(self) -> str:
        remote = self._library.rpc(self._address, timeout=CONNECT_SECONDS)
        try:
            identity = await asyncio.wait_for(_awaited(remote), CONNECT_SECONDS)
        finally:
            await remote.close_rpc()
        return str(identity.get("type"))

    def _require_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, CONNECT_SECONDS)
        except TimeoutError:
            raise CorelowerError("the scheduler has no workers", self._address) from None
        for worker, version in self._client.run(corelower_version, on_error="return").items():
            if isinstance(version, BaseException):
                raise CorelowerError(
                    f"worker {worker} cannot import corelower {__version__}: {_short(version)}",
                    self._address,
                )
            if version != __version__:
                raise CorelowerError(
                    f"worker {worker} has corelower {version}, here is {__version__}; "
                    "install the same",
                    self._address,
                )

    def _close(self) -> None:
        with suppress(OSError):
            self._client.close(STOP_SECONDS)
        self._restore_log()

    def _restore_log(self) -> None:
        for logger, level in self._log_levels:
            logger.setLevel(level)


async def _awaited(remote: Remote) -> Mapping[str, object]:
    return await remote.identity()


def _import_library() -> Library:
    try:
        return cast(Library, import_module("distributed"))
    except ImportError:
        raise CorelowerError("--scheduler needs Dask: pip install 'corelower[cluster]'") from None


def _short(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_SECONDS} s"
    return " ".join(str(error).split())[:200] or type(error).__name__
