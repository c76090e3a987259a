"""The few things of the library `distributed` that a study uses, with their types."""

from collections.abc import Awaitable, Generator, Mapping, Sequence
from typing import Protocol

from .explore_inputs import Bundle


class Future(Protocol):
    """A task of the cluster."""

    @property
    def key(self) -> str:
        """The name that it was submitted under."""
        ...

    @property
    def status(self) -> str:
        """`finished`, `error`, `cancelled` or `lost`, once it has ended."""
        ...

    def result(self) -> str:
        """What the task returned."""
        ...

    def exception(self) -> BaseException | None:
        """What the task raised."""
        ...


class Client(Protocol):
    """What is used of `distributed.Client`."""

    loop: object
    """Its event loop."""

    def scheduler_info(self, n_workers: int) -> Mapping[str, Mapping[str, Mapping[str, object]]]:
        """The workers, and more."""
        ...

    def scatter(self, data: list[Bundle], *, broadcast: bool, hash: bool) -> list[object]:  # noqa: A002
        """Data to the workers; what stands for each in a task's arguments."""
        ...

    def submit(self, function: object, *arguments: object, key: str, pure: bool) -> Future:
        """Start a task."""
        ...

    def run(self, function: object, *arguments: object, on_error: str) -> Mapping[str, object]:
        """Call a function on every worker, beside its tasks; the results by address."""
        ...

    def cancel(self, futures: Sequence[Future], *, force: bool) -> None:
        """Let tasks not start."""
        ...

    def wait_for_workers(self, n_workers: int, timeout: float) -> None:
        """Raises `TimeoutError` where they do not come."""
        ...

    def close(self, timeout: float) -> None:
        """Leave the cluster."""
        ...


class Library(Protocol):
    """What is used of the module `distributed`."""

    def Client(self, address: str, *, timeout: float, set_as_default: bool) -> Client:  # noqa: N802
        """A connection to a scheduler."""
        ...

    def as_completed(
        self, futures: Sequence[Future], *, loop: object, raise_errors: bool
    ) -> Generator[Future, None, None]:
        """The futures in the order in which they end."""
        ...

    def rpc(self, address: str, *, timeout: float) -> "Remote":
        """A server's functions."""
        ...


class Remote(Protocol):
    """A Dask server that is asked who it is."""

    def identity(self) -> Awaitable[Mapping[str, object]]:
        """Its type, among others."""
        ...

    async def close_rpc(self) -> None:
        """Let the connection go."""
        ...
