"""Cheap fingerprints of files that a study names, so that a changed file is another artefact.

Guarantees: another name, another size, or another block at one of the sampled places gives another
fingerprint; where the files lie, and their times, do not matter. Files up to 16 MB are read as a
whole. Does not notice an edit of equal length between the sampled blocks of a larger file.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

BLOCK = 1 << 20
BLOCKS = 16


class FileState(NamedTuple):
    """A file as it is now; in bytes and nanoseconds."""

    path: Path
    size: int
    modified: int


def fingerprint(files: Iterable[Path], root: Path) -> str | None:
    """Hash names (relative to `root`), sizes and sampled content; None where there are no files."""
    digest = hashlib.sha256()
    found = sorted(path for path in files if path.is_file())
    for path in found:
        state = path.stat()
        name = path.relative_to(root).as_posix()
        content = _content(FileState(path.absolute(), state.st_size, state.st_mtime_ns))
        digest.update(f"{name}\0{state.st_size}\0{content}\0".encode())
    return digest.hexdigest()[:16] if found else None


def size_fingerprint(files: Iterable[Path]) -> str | None:
    """Hash names and sizes alone, for thousands of files; None where there are no files.

    Does not notice an edit of equal length.
    """
    found = sorted((path.name, path.stat().st_size) for path in files if path.is_file())
    digest = hashlib.sha256("".join(f"{name}\0{size}\0" for name, size in found).encode())
    return digest.hexdigest()[:16] if found else None


@lru_cache(maxsize=4096)
def _content(file: FileState) -> str:
    """Hash the sampled blocks, once per state of a file and process."""
    digest = hashlib.sha256()
    with file.path.open("rb") as content:
        for start in _sampled(file.size):
            content.seek(start)
            digest.update(content.read(BLOCK))
    return digest.hexdigest()


def _sampled(size: int) -> Iterable[int]:
    """Where blocks are read: everywhere, or evenly from the first block to the last."""
    if size <= BLOCK * BLOCKS:
        return range(0, size, BLOCK)
    return [number * (size - BLOCK) // (BLOCKS - 1) for number in range(BLOCKS)]
