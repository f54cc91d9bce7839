"""SHA-256 of files, counted once per job and, for large files, once per state of the file.

Guarantees: the hash is always that of the whole content. For files of `LARGE` bytes or more it is
remembered below `results/.hashes` under size, inode, and times of change of content and inode,
so that no job reads the weights of a large base twice; `rankscope verify` reads them anew. A file
that changed within two seconds before it was read is read anew each time, because a clock may give
two changes one time. Does not notice what a failing disk changes in a large file, until it is read.
"""

import hashlib
import json
import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from rankscope.artefacts.files import write_json
from rankscope.artefacts.layout import remembered_hash
from rankscope.errors import ArtefactError

logger = logging.getLogger(__name__)

LARGE = 64 << 20
CLOCK_SECONDS = 2.0
SAID = 1 << 30  # from here on hashing takes long enough to be announced


class State(NamedTuple):
    """A file as it is now."""

    path: str
    size: int
    inode: int
    modified: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> "State":
        """Look at a file; links are followed."""
        found = path.stat()
        return cls(
            os.path.realpath(path),
            *(found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns),
        )

    def is_settled(self, now: float) -> bool:
        """Say whether a later change would have another time than the last one."""
        return now - max(self.modified, self.changed) / 1e9 > CLOCK_SECONDS


_counted: dict[State, str] = {}


def file_sha256(path: Path) -> str:
    """Hash a file's content, reading all of it."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, counted anew only where its state is another than before."""
    state, now = State.of(path), time.time()
    if state in _counted:
        return _counted[state]
    counted = _remembered(state, now) if state.size >= LARGE else file_sha256(path)
    if state.is_settled(now):
        _counted[state] = counted
    return counted


def _remembered(state: State, now: float) -> str:
    """Return the hash of a large file from an earlier job, or count it and remember it."""
    name = hashlib.sha256(state.path.encode(errors="surrogateescape")).hexdigest()[:16]
    memory = Path(remembered_hash(name))
    with suppress(OSError, ValueError, KeyError, TypeError):
        stored = json.loads(memory.read_text("utf-8"))
        if State(*stored["state"]) == state:
            return str(stored["sha256"])
    if state.size >= SAID:
        logger.info("%s: hashing %.1f GB, once", state.path, state.size / 1e9)
    counted = file_sha256(Path(state.path))
    # a hash that cannot be remembered is counted again
    with suppress(ArtefactError):
        if state.is_settled(now) and memory.parent.parent.is_dir():
            write_json(memory, {"state": list(state), "sha256": counted})
    return counted
