"""Fingerprints of files that a study names, so that a changed file is another artefact.

Guarantees: other names or other content give another fingerprint, every byte counted; where the
files lie, and their times, do not matter. Large files are read once (see `hashes`).
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from rankscope.artefacts.hashes import content_hashes
from rankscope.errors import ArtefactError, StudyError
from rankscope.foreign import is_file, is_folder, reason

MOST_FILES = 200_000
"""Files under a folder, whatever they are: a slip such as `path: /` is answered soon."""


class FileSet(Protocol):
    """Files at one place: `records.found.FileSet`, which says what is what."""

    @property
    def root(self) -> str:
        """A file or a folder."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """What fits in the folder itself."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What fits at any depth."""


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


def regular_files_of(files: FileSet) -> list[Path]:
    """Return the files that a set stands for, as far as they are there, sorted.

    Raises:
        StudyError: there are more than a collection of texts has.
    """
    root = Path(files.root)
    if not is_folder(root):
        listed = [] if files.patterns else [root]
    elif files.suffixes:
        listed = files_under(root, files.suffixes)
    else:
        listed = [path for pattern in files.patterns for path in root.glob(pattern)]
    return sorted(filter(is_file, listed))


def fingerprint(sets: Iterable[FileSet]) -> str | None:
    """Hash names (relative to the root) and content; None where there are no files.

    Raises:
        StudyError: a file cannot be read, or is written to while it is.
    """
    found = [(Path(files.root), regular_files_of(files)) for files in sets]
    if not any(files for _, files in found):
        return None
    try:
        hashes = content_hashes(path for _, files in found for path in files)
    except OSError as error:
        raise StudyError(
            f"{error.filename}: this file cannot be read: {reason(error)}; make it readable, and"
            " let no program write to it meanwhile"
        ) from error
    digest = hashlib.sha256()
    for root, files in found:
        for path in files:
            name = path.relative_to(root).as_posix()
            digest.update(f"{name}\0{hashes[path]}\0".encode(errors="surrogateescape"))
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def refuse_changed(name: str, sets: Iterable[FileSet], found: str | None) -> None:
    """Refuse files that are not those whose fingerprint is `found`; None allows whatever is there.

    Raises:
        ArtefactError: other files lie there now; says what to do.
        StudyError: a file cannot be read.
    """
    sets = tuple(sets)
    if found is not None and fingerprint(sets) != found:
        raise ArtefactError(
            f"{name}: what lies at {' and '.join(files.root for files in sets)} is not what lay"
            " there when the study was read: a file was changed, added or removed since. Start"
            " again, which gives what is made of the new files a name of its own, or put the old"
            " ones back"
        )
