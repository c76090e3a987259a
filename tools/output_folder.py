"""An output folder appears whole or not at all, and nothing that the user had in it is lost."""

import json
import shutil
from pathlib import Path
from typing import TypeGuard

from ..dialects.support.errors import CorelowerError

REPORT = "report.json"
FILES_KEY = "files"
"""Key of `report.json`: the files of the output, by which a later run knows what it may replace."""


def require_replaceable(folder: Path) -> None:
    """Raise `CorelowerError` unless `folder` is missing, empty, or an earlier output."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CorelowerError("the output is a folder; this is none", str(folder))
    if not folder.exists() or not any(folder.iterdir()) or _own_files(folder) is not None:
        return
    raise CorelowerError(
        "the folder holds something else than an earlier output; name an empty or a new one",
        str(folder),
    )


def place_output(source: Path, folder: Path, *, move: bool) -> None:
    """
    Let `folder` hold the output in `source`, whole or not at all; `move` takes it from there.

    An earlier output goes, files that are not part of it stay.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = folder.with_name(f".{folder.name}.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        if move:
            source.rename(fresh)
        else:
            shutil.copytree(source, fresh)
        _keep_foreign(folder, fresh)
        old = folder.with_name(f".{folder.name}.old")
        if old.exists():
            shutil.rmtree(old)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise CorelowerError(f"cannot write: {error.strerror or error}", str(folder)) from error


def files_of(folder: Path) -> list[str]:
    """Every file under `folder`, by its path in it."""
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def _keep_foreign(folder: Path, fresh: Path) -> None:
    if not folder.is_dir():
        return
    own = set(_own_files(folder) or ())
    for name in files_of(folder):
        target = fresh / name
        if name in own or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, target)


def _own_files(folder: Path) -> list[str] | None:
    try:
        report: object = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not _is_dictionary(report) or "target" not in report:
        return None
    files = report.get(FILES_KEY)
    return [str(name) for name in files] if _is_list(files) else None


def _is_dictionary(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
