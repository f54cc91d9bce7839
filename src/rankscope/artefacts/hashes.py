"""SHA-256 of files, counted once per process and, where that takes long, once per state of a file.

Guarantees: a hash is always that of the whole content. From `REMEMBERED_FROM` bytes together it is
remembered below `results/.hashes` under path, size, inode, and times of change of content and inode
(which no program sets back), and used as long as all of them are the same, so that no job reads the
weights of a large base or a large collection of text twice; `rankscope verify` reads them anew. A
file that changed within two seconds before it was read is read anew each time, because a clock may
give two changes one time; one that is written to while it is read is refused. Where nothing can be
written nothing is remembered. Of two processes that remember at once each leaves a whole memory,
and what one of them loses is counted again. Does not notice what a failing disk changes in a file
that it remembers, until it is read.
"""

import errno
import hashlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rankscope.artefacts.files import write_json
from rankscope.artefacts.layout import remembered_hashes
from rankscope.errors import ArtefactError
from rankscope.progress import Progress

logger = logging.getLogger(__name__)

BLOCK = 1 << 22
REMEMBERED_FROM = 32 << 20
CLOCK_SECONDS = 2.0

_counted: dict["FileState", str] = {}


class FileState(NamedTuple):
    """A file as it is now; times in nanoseconds."""

    path: str
    size: int
    inode: int
    modified: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> "FileState":
        """Look at a file; a link has the state of what it leads to, under its own path."""
        found = path.stat()
        return cls(
            str(path.absolute()),
            *(found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns),
        )

    def is_settled(self, now: float) -> bool:
        """Say whether a later change would have another time than the last one."""
        return now - max(self.modified, self.changed) / 1e9 > CLOCK_SECONDS


def file_sha256(path: Path) -> str:
    """Hash a file's content, reading all of it."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file, counted anew only where its state is another than before."""
    # a base that was linked is the same file as the one that a study names
    path = path.resolve()
    return content_hashes([path])[path]


def content_hashes(paths: Iterable[Path]) -> dict[Path, str]:
    """Do as `content_hash` for several files.

    Raises:
        OSError: a file cannot be read, or is written to while it is; names the file.
    """
    states = {path: FileState.of(path) for path in paths}
    unknown = {state for state in states.values() if state not in _counted}
    size = sum(state.size for state in unknown)
    remembers = size >= REMEMBERED_FROM
    hashes = {state: _counted[state] for state in states.values() if state not in unknown}
    if remembers:
        hashes |= _remembered(unknown)
        unknown -= set(hashes)
    # nothing is said of what takes no time
    progress = Progress("hash files, MB", _megabytes(unknown)) if remembers and unknown else None
    fresh = {state: _sha256(state, progress) for state in sorted(unknown)}
    if remembers:
        _remember({state: _counted[state] for state in fresh if state in _counted})
    hashes |= fresh
    return {path: hashes[state] for path, state in states.items()}


def _megabytes(states: Iterable[FileState]) -> int:
    return sum(state.size >> 20 for state in states)


def _sha256(state: FileState, progress: Progress | None) -> str:
    began = time.time()
    path, digest, done = Path(state.path), hashlib.sha256(), 0
    with path.open("rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
            before, done = done, done + len(block)
            if progress is not None:
                progress.advance((done >> 20) - (before >> 20))
    if FileState.of(path) != state:
        raise OSError(
            errno.EBUSY, "it was written to while it was read; start again when it is complete",
            state.path,
        )  # fmt: skip
    if state.is_settled(began):
        _counted[state] = digest.hexdigest()
    return digest.hexdigest()


# --- the memory on the disk -----------------------------------------------------------------------


def _by_memory(states: Iterable[FileState]) -> dict[Path, list[FileState]]:
    """Divide files among the memories: few files, none of them large, however many are hashed."""
    found: dict[Path, list[FileState]] = defaultdict(list)
    for state in states:
        digest = hashlib.sha256(state.path.encode(errors="surrogateescape")).hexdigest()
        found[Path(remembered_hashes(digest[:1]))].append(state)
    return found


def _remembered(states: Iterable[FileState]) -> dict[FileState, str]:
    """Return what earlier processes counted of these files."""
    found: dict[FileState, str] = {}
    for memory, wanted in _by_memory(states).items():
        stored = _read(memory)
        found |= {state: stored[state] for state in wanted if state in stored}
    _counted.update(found)
    return found


def _remember(hashes: dict[FileState, str]) -> None:
    """Write hashes beside those that are remembered of other files, as far as these are there."""
    for memory, states in _by_memory(hashes).items():
        new = {state: hashes[state] for state in states}
        paths = {state.path for state in states}
        others = {
            state: digest
            for state, digest in _read(memory).items()
            if state.path not in paths and Path(state.path).exists()
        }
        try:
            write_json(memory, [[*state, digest] for state, digest in (others | new).items()])
        except (ArtefactError, ValueError) as error:
            # ValueError: a name that is no Unicode
            logger.debug("%s: hashes are not remembered (%s)", memory, error)


def _read(memory: Path) -> dict[FileState, str]:
    try:
        rows = json.loads(memory.read_text("utf-8"))
        return {FileState(str(path), *map(int, state)): str(sha) for path, *state, sha in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        logger.warning("%s: forgotten, because it cannot be read (%s)", memory, error)
        return {}
