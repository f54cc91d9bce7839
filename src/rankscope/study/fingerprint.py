"""Cheap fingerprints of files that a study names, so that a changed file is another artefact.

Guarantees: another size, another beginning of a file or another block at one of the sampled places
gives another fingerprint; times and places of files do not matter. Files up to 16 MB are read as a
whole. Does not notice an edit of equal length between the sampled blocks of a larger file.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

BLOCK = 1 << 20
BLOCKS = 16


def fingerprint(files: Iterable[Path], root: Path) -> str | None:
    """Hash names (relative to `root`), sizes and sampled content; None where there are no files."""
    digest = hashlib.sha256()
    found = sorted(path for path in files if path.is_file())
    for path in found:
        size = path.stat().st_size
        digest.update(f"{path.relative_to(root).as_posix()}\0{size}\0".encode())
        with path.open("rb") as content:
            for start in _sampled(size):
                content.seek(start)
                digest.update(content.read(BLOCK))
    return digest.hexdigest()[:16] if found else None


def _sampled(size: int) -> Iterable[int]:
    """Where blocks are read: everywhere, or evenly from the first block to the last."""
    if size <= BLOCK * BLOCKS:
        return range(0, size, BLOCK)
    return [number * (size - BLOCK) // (BLOCKS - 1) for number in range(BLOCKS)]
