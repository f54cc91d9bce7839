"""Writing whole files or none.

Guarantees: under its final name an output is always complete; it is written beside it under a
hidden temporary name, flushed to disk and renamed. What a killed process left behind is removed by
the next attempt on the same machine. Two processes that write the same file at once each rename
a complete one.
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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; rename it to `path` when the block ends without error."""
    temporary = _temporary(path)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Give an empty temporary folder; it takes the place of `path` when the block ends."""
    temporary = _temporary(path)
    temporary.mkdir()
    replaced = _temporary(path, "replaced")
    try:
        yield temporary
        # moved away in one step and deleted after, so that no half of it is ever seen
        if path.exists():
            path.rename(replaced)
        temporary.rename(path)
    finally:
        for folder in (temporary, replaced):
            shutil.rmtree(folder, ignore_errors=True)


def _temporary(path: Path, kind: str = "partial") -> Path:
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
