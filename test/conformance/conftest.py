"""What all conformance tests share."""

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True)
def compile_quickly() -> Iterator[None]:
    """Let JAX leave out most optimizations: what is compiled here runs once, on little data."""
    name = "jax_disable_most_optimizations"
    jax.config.update(name, True)  # pyright: ignore[reportUnknownMemberType]
    yield
    jax.config.update(name, False)  # pyright: ignore[reportUnknownMemberType]
