"""What all tests share."""

import os
import signal
from collections.abc import Iterator

import pytest

# What is compiled here runs once or twice, on little data: compiling is what takes the time. Set
# before JAX is imported, and for the processes that tests start.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let the processes that a test starts heed an interrupt, as they do not in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
