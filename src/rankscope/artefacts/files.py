"""Writing whole files or none.

Guarantees: under its final name an output is always complete; it is written beside it under a
hidden temporary name, flushed to disk and renamed. What a killed process left behind is removed by
the next attempt on the same machine. Two processes that write the same file at once each rename
a complete one. Files get the permissions that the umask gives, whichever library wrote them. What
the disk refuses is said as an `ArtefactError` (see `artefacts.disk`).
"""

import glob
import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.disk import writing


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; rename it to `path` when the block ends without error.

    Raises:
        ArtefactError: the disk refuses it.
    """
    with writing(path):
        temporary = temporary_path(path)
        try:
            yield temporary
            settle(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Give an empty temporary folder; it takes the place of `path` when the block ends.

    Raises:
        ArtefactError: the disk refuses it.
    """
    with writing(path):
        temporary = temporary_path(path)
        temporary.mkdir()
        try:
            yield temporary
            settle(temporary)
            replace_folder(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def replace_folder(new: Path, path: Path) -> None:
    """Put the folder `new` in the place of `path`, which may be there already."""
    replaced = temporary_path(path, "replaced")
    # moved away in one step and deleted after, so that no half of it is ever seen
    if path.exists():
        path.rename(replaced)
    try:
        new.rename(path)
    except BaseException:
        if replaced.exists():
            replaced.rename(path)
        raise
    shutil.rmtree(replaced, ignore_errors=True)


def settle(path: Path) -> None:
    """Flush a file, or a folder with all files in it, to disk, and give it ordinary permissions.

    Linked files are somebody else's and stay as they are.
    """
    inside = sorted(path.rglob("*")) if path.is_dir() else []
    mode = 0o666 & ~_umask()
    for each in (path, *inside):
        if each.is_symlink():
            continue
        if each.is_file() and each.stat().st_mode & 0o777 != mode:
            each.chmod(mode)
        flush(each)


def flush(path: Path) -> None:
    """Have the system write a file, or the entries of a folder, to disk now."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    """Return the mask of permissions; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def temporary_path(path: Path, kind: str = "partial") -> Path:
    """Name a hidden path beside `path` for this process, and clear what dead processes left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{path.name}.{platform.node()}-"
    for leftover in path.parent.glob(f"{glob.escape(prefix)}*.{kind}"):
        process = leftover.name.removeprefix(prefix).removesuffix(f".{kind}")
        if process == str(os.getpid()) or not _is_running(process):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
    return path.with_name(f"{prefix}{os.getpid()}.{kind}")


def _is_running(process: str) -> bool:
    if not process.isdigit():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_parquet(path: Path, rows: pl.DataFrame) -> None:
    """Write tidy rows."""
    with replacing(path) as temporary:
        rows.write_parquet(temporary)
