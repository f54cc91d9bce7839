"""Fingerprints of files that a study names, so that a changed file is another artefact.

Guarantees: other names or other content give another fingerprint, every byte counted; where the
files lie, and their times, do not matter. Files of many gigabytes are read once, with progress, and
the hashes remembered under `results/.fingerprints`, by path, size, inode, and times of change of
content and inode (which no program sets back): a remembered hash is used as long as all of them are
the same. A file that changed within two seconds before it was read is read anew each time, because
a clock may give two changes one time. Where nothing can be written nothing is remembered.
Two processes that remember at once each write a complete file, of which the last one stays.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rankscope.artefacts import layout
from rankscope.artefacts.files import write_json
from rankscope.errors import ArtefactError, StudyError
from rankscope.foreign import is_file, is_folder, reading, reason
from rankscope.progress import Progress

logger = logging.getLogger(__name__)

BLOCK = 1 << 22
REMEMBERED_FROM = 32 << 20
"""Bytes of files together above which hashes are kept on the disk."""
CLOCK_SECONDS = 2.0
MOST_FILES = 200_000
"""Files under a folder, whatever they are: a slip such as `path: /` is answered soon."""

_in_this_process: dict["FileState", str] = {}


class FileState(NamedTuple):
    """A file as it is now; times in nanoseconds."""

    path: str
    size: int
    inode: int
    modified: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> "FileState":
        """Look at a file."""
        found = path.stat()
        return cls(
            str(path.absolute()),
            *(found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns),
        )


def files_under(root: Path, suffixes: tuple[str, ...], strict: bool = False) -> list[Path]:
    """Return what a folder holds of files with these suffixes, at any depth, sorted.

    Links to folders are not followed; broken links and pipes are listed like files.

    Raises:
        StudyError: there are more than a collection of texts has, or, with `strict`, a folder
            cannot be searched.
    """

    def fail(error: OSError) -> None:
        if strict:
            raise StudyError(
                f"{error.filename}: this folder cannot be searched: {reason(error)}; make it"
                " readable by you, or give the folder that holds the data and nothing else"
            )

    found: list[Path] = []
    seen = 0
    for folder, _, names in os.walk(root, onerror=fail):
        seen += len(names)
        if seen > MOST_FILES:
            raise StudyError(
                f"{root}: more than {MOST_FILES:,} files lie under this folder; give the one that"
                " holds the data"
            )
        found += [Path(folder, name) for name in names if Path(name).suffix in suffixes]
    return sorted(found)


def files_of(root: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files that `root` stands for: itself, or what it holds."""
    return files_under(root, suffixes) if is_folder(root) else [root]


def matching(root: Path, *patterns: str) -> list[Path]:
    """Return what in a folder matches one of the patterns; nothing where there is no folder."""
    if not is_folder(root):
        return []
    return [path for pattern in patterns for path in root.glob(pattern)]


def fingerprint(files: Iterable[Path], root: Path) -> str | None:
    """Hash names (relative to `root`), sizes and content; None where there are no files.

    Raises:
        StudyError: a file cannot be read, or is written to while it is.
    """
    found = sorted(filter(is_file, files))
    if not found:
        return None
    states = [FileState.of(path) for path in found]
    hashes = _hashes(states)
    digest = hashlib.sha256()
    for path, state in zip(found, states, strict=True):
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{state.size}\0{hashes[state]}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def hashes_of(files: Iterable[Path]) -> dict[Path, str]:
    """Return the SHA-256 of regular files."""
    states = {path: FileState.of(path) for path in files}
    hashes = _hashes(list(states.values()))
    return {path: hashes[state] for path, state in states.items()}


def _hashes(states: list[FileState]) -> dict[FileState, str]:
    """Return the SHA-256 of every file, of those in `states` that are known without reading."""
    known = {state: hashed for state in states if (hashed := _in_this_process.get(state))}
    unknown = [state for state in states if state not in known]
    worth_it = sum(state.size for state in unknown) >= REMEMBERED_FROM
    memory = _memory(states) if worth_it else None
    if memory is not None:
        known |= _remembered(memory, unknown)
        unknown = [state for state in unknown if state not in known]
    if unknown:
        megabytes = sum(state.size >> 20 for state in unknown)
        # nothing is said of what takes no time
        progress = Progress("hash files, MB", megabytes) if worth_it else None
        fresh = {state: _sha256(state, progress) for state in unknown}
        known |= fresh
        if memory is not None:
            _remember(memory, known)
    return known


def _sha256(state: FileState, progress: Progress | None) -> str:
    began = time.time()
    path = Path(state.path)
    digest = hashlib.sha256()
    advice = "make it readable, and let no program write to it meanwhile"
    with reading(path, "this file", advice, StudyError):
        file = path.open("rb")
    with file:
        done = 0
        while True:
            with reading(path, "this file", advice, StudyError):
                block = file.read(BLOCK)
            if not block:
                break
            digest.update(block)
            before, done = done, done + len(block)
            if progress is not None:
                progress.advance((done >> 20) - (before >> 20))
    if FileState.of(path) != state:
        raise StudyError(
            f"{path}: the file was written to while it was read; start again when it is complete"
        )
    if began - max(state.modified, state.changed) / 1e9 > CLOCK_SECONDS:
        _in_this_process[state] = digest.hexdigest()
    return digest.hexdigest()


# --- the memory on the disk -----------------------------------------------------------------------


def _memory(states: list[FileState]) -> Path:
    """Where the hashes of these files are kept: one file per set of paths."""
    paths = hashlib.sha256("\0".join(state.path for state in states).encode(errors="replace"))
    return Path(layout.remembered_hashes(paths.hexdigest()[:16]))


def _remembered(memory: Path, states: list[FileState]) -> dict[FileState, str]:
    try:
        rows = json.loads(memory.read_text("utf-8"))
        stored = {FileState(*row[:-1]): str(row[-1]) for row in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        logger.warning("%s: forgotten, because it cannot be read (%s)", memory, error)
        return {}
    found = {state: stored[state] for state in states if state in stored}
    _in_this_process.update(found)
    return found


def _remember(memory: Path, hashes: dict[FileState, str]) -> None:
    rows = [[*state, hashed] for state, hashed in hashes.items() if state in _in_this_process]
    try:
        write_json(memory, rows)
    except (ArtefactError, ValueError) as error:
        # ValueError: a name that is no Unicode
        logger.debug("%s: hashes are not remembered (%s)", memory, error)
