"""What a disk refuses, said in a sentence: full, read-only, no permission, a name too long.

Guarantees: inside `writing(path)` and `reading(path)` such a refusal becomes an `ArtefactError`,
whichever library met it, and whatever it made of it: Python raises `OSError`, libraries written in
Rust put the system's number into the text of an error of their own, torch says only that writing
failed. For the last kind the disk itself is asked, by writing a little beside `path`. Every other
exception passes unchanged: a defect of rankscope stays one.

Not here: whether what is read is what was written; that is `artefacts.reading`.
"""

import errno
import os
import re
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rankscope.errors import ArtefactError, RankscopeError

GO_ON = "what was finished is kept"
# refusals that can only come from a write, wherever it went
WRITES = {
    errno.ENOSPC: f"the disk is full; make room and start again, {GO_ON}",
    errno.EDQUOT: f"your quota on this disk is used up; make room and start again, {GO_ON}",
    errno.EFBIG: "the file is larger than this process may write (`ulimit -f`); raise the limit"
    f" and start again, {GO_ON}",
    errno.EROFS: "this disk is read-only; work in a folder that can be written to",
}
# refusals of any access to a path
ACCESS = {
    errno.EACCES: "there is no permission for it; change the owner or mode of the file or folder",
    errno.EPERM: "there is no permission for it; change the owner or mode of the file or folder",
    errno.ENOTDIR: "a file lies where a folder has to be; move it away",
    errno.EEXIST: "a file lies where a folder has to be; move it away",
    errno.EISDIR: "a folder lies where a file has to be; move it away",
    errno.ENAMETOOLONG: "the path is too long for this disk; work in a folder with a shorter path",
    errno.ELOOP: "its links lead in a circle; remove them",
    errno.EIO: "the disk reports an error; check it, or work on another one",
    errno.ESTALE: "the network disk lost the file; mount it again and start again",
}
PROBE = 1 << 20
_RUST = re.compile(r"\(os error (\d+)\)")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say what the disk refuses while `path`, and what is needed for it, is written.

    Raises:
        ArtefactError: it was refused.
    """
    try:
        yield
    except RankscopeError:
        raise
    except Exception as error:
        refusal = _refusal_of_write(error, path)
        if refusal is None:
            raise
        raise ArtefactError(f"{path}: cannot be written: {refusal}") from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say what the disk refuses while `path`, or a file below it, is read.

    Raises:
        ArtefactError: it was refused.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in ACCESS:
            raise
        refused = error.filename or path
        raise ArtefactError(f"{refused}: cannot be read: {ACCESS[error.errno]}") from error


def _refusal_of_write(error: BaseException, path: Path) -> str | None:
    """Return why the disk refused, or None where it did not."""
    for each in _chain(error):
        code = _number(each)
        if code in WRITES:
            return WRITES[code]
        if code in ACCESS and isinstance(each, OSError) and _concerns(each, path):
            return ACCESS[code]
    refused = _probe(path.parent)
    return None if refused is None else (WRITES | ACCESS).get(refused.errno or 0)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those it was raised from or after."""
    each: BaseException | None = error
    seen: set[int] = set()
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _number(error: BaseException) -> int | None:
    """Return the system's error number, as Python or as a library in Rust gives it."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = _RUST.search(str(error))
    return int(found[1]) if found else None


def _concerns(error: OSError, path: Path) -> bool:
    """Say whether the refused path is `path`, lies beside or below it, or above it."""
    names = [name for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    place = _normalised(path.parent)
    refused = [_normalised(Path(os.fsdecode(name))) for name in names]
    return any(each.is_relative_to(place) or place.is_relative_to(each) for each in refused)


def _normalised(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))


def _probe(folder: Path) -> OSError | None:
    """Write a little into `folder`, or the next folder above that is there; say what refuses it."""
    there = next((each for each in (folder, *folder.absolute().parents) if each.is_dir()), None)
    try:
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(bytes(PROBE))
            probe.flush()
    except OSError as error:
        return error
    if there is not None and shutil.disk_usage(there).free < PROBE:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    files = there.rglob("*") if there is not None and limit != resource.RLIM_INFINITY else ()
    if any(file.is_file() and file.stat().st_size >= limit for file in files):
        return OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return None
