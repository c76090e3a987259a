"""What all tests share."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

# What is compiled here runs once or twice, on little data: compiling is what takes the time. Set
# before JAX is imported, and for the processes that tests start.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
# The same few programs are compiled in every process that tests start; once is enough.
CACHE = Path(__file__).resolve().parent.parent / "build" / "jax"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let the processes that a test starts heed an interrupt, as they do not in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
