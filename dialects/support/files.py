"""Outputs appear whole or not at all."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .errors import CorelowerError


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Generator[IO[bytes], None, None]:
    """
    A binary stream whose content becomes `path` only when the block ends without an error.

    Whatever stood at `path` stays until then. Raises `CorelowerError` where the folder is missing
    or cannot be written, or the disk is full.
    """
    target = Path(path)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise CorelowerError(f"cannot write: {error.strerror}", str(target)) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_current_umask())
        temporary.replace(target)
    except OSError as error:
        raise CorelowerError(f"cannot write: {error.strerror or error}", str(target)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Replace `path` by `text` in UTF-8, whole or not at all."""
    with atomic_write(path) as stream:
        stream.write(text.encode())


def _current_umask() -> int:
    # The only portable way to read the mask is to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
