"""Where a training run keeps what it needs to go on after a kill.

Guarantees: one process at a time works on a run (the lock dies with its process, however it ends);
only checkpoints of the very same run, data, base, packages and thread count are resumed, because
only then are the final weights those of an uninterrupted run, to the bit. A checkpoint is sealed
with the hashes of its files, and of the steps kept until then, after all of them are on the disk;
one that is not as it was sealed is deleted, and the run goes on from the one before. What is of
another run is deleted, too. Not here: what is in a checkpoint; that is transformers' business.
"""

import fcntl
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rankscope.artefacts.disk import reading, writing
from rankscope.artefacts.files import settle, write_json
from rankscope.artefacts.hashes import content_hash
from rankscope.artefacts.reading import regular_files
from rankscope.errors import ArtefactError

logger = logging.getLogger(__name__)

COMPLETE = "complete"
KEPT = "steps"


@contextmanager
def resumable(folder: Path, fingerprint: dict[str, Any]) -> Iterator[Path | None]:
    """Lock `folder` and give the checkpoint to resume from, if there is one that fits.

    The folder is deleted when the block ends without error.

    Raises:
        ArtefactError: another process holds the lock, or the disk refuses the folder.
    """
    with writing(folder / "lock"):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArtefactError(
                f"{folder}: another process is training this run; wait for it, or end it"
            ) from None
        _discard_unless_same(folder, fingerprint)
        write_json(folder / "fingerprint.json", fingerprint)
        yield latest_checkpoint(folder)
        shutil.rmtree(folder)


def seal(folder: Path, step: int) -> None:
    """Declare the checkpoint of `step` in `folder` complete, once all of it is on the disk.

    Raises:
        ArtefactError: the disk refuses it.
    """
    checkpoint = folder / f"checkpoint-{step}"
    with writing(checkpoint):
        settle(checkpoint)
        files = [
            file
            for part in (checkpoint, folder / KEPT)
            if part.is_dir()
            for file in regular_files(part).values()
        ]
        hashes = {file.relative_to(folder).as_posix(): content_hash(file) for file in files}
    write_json(checkpoint / COMPLETE, hashes)


def latest_checkpoint(folder: Path) -> Path | None:
    """Return the latest checkpoint that is what was sealed; delete later ones that are not.

    A checkpoint without a seal was being written when the process was killed.
    """
    sealed = [seal.parent for seal in folder.glob(f"checkpoint-*/{COMPLETE}")]
    for checkpoint in sorted(sealed, key=_step, reverse=True):
        with reading(checkpoint):
            differs = _difference(checkpoint)
        if differs is None:
            return checkpoint
        logger.warning(
            "%s: this checkpoint is damaged (%s): it is deleted, and the run goes on from the one"
            " before, or from its beginning",
            *(checkpoint, differs),
        )
        shutil.rmtree(checkpoint)
    return None


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rsplit("-", 1)[1])


def _difference(checkpoint: Path) -> str | None:
    """Say how a checkpoint differs from its seal; None if it does not."""
    try:
        sealed = json.loads((checkpoint / COMPLETE).read_text("utf-8")).items()
    except (ValueError, AttributeError):
        return f"{COMPLETE} cannot be read"
    for name, digest in sealed:
        file = checkpoint.parent / name
        if not file.is_file():
            return f"{name} is missing"
        if content_hash(file) != digest:
            return f"{name} differs from what was written"
    return None


def _discard_unless_same(folder: Path, fingerprint: dict[str, Any]) -> None:
    """Empty the folder (but for the lock) if what lies in it is of another fingerprint."""
    recorded = folder / "fingerprint.json"
    try:
        if json.loads(recorded.read_text("utf-8")) == fingerprint:
            return
        logger.info("%s: left by other code, data or packages: starting anew", folder)
    except (FileNotFoundError, ValueError):
        pass
    for leftover in folder.iterdir():
        if leftover.name == "lock":
            continue
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
