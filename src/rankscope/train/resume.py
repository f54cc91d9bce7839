"""Where a training run keeps what it needs to go on after a kill.

Guarantees: one process at a time works on a run (the lock dies with its process, however it ends);
only complete checkpoints of the very same run, data, base, packages and thread count are resumed,
because only then are the final weights those of an uninterrupted run, to the bit. Anything else
found in the folder is deleted and the run starts from the beginning. Not here: what is in a
checkpoint; that is transformers' business.
"""

import fcntl
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rankscope.artefacts.files import write_json
from rankscope.errors import ArtefactError
from rankscope.train.callbacks import COMPLETE

logger = logging.getLogger(__name__)


@contextmanager
def resumable(folder: Path, fingerprint: dict[str, Any]) -> Iterator[Path | None]:
    """Lock `folder` and give the checkpoint to resume from, if there is one that fits.

    The folder is deleted when the block ends without error.

    Raises:
        ArtefactError: another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
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


def latest_checkpoint(folder: Path) -> Path | None:
    """Return the latest checkpoint that was written to its end."""
    complete = [seal.parent for seal in folder.glob(f"checkpoint-*/{COMPLETE}")]
    return max(complete, key=lambda path: int(path.name.rsplit("-", 1)[1]), default=None)


def _discard_unless_same(folder: Path, fingerprint: dict[str, Any]) -> None:
    """Empty the folder (but for the lock) if what lies in it is of another fingerprint."""
    recorded = folder / "fingerprint.json"
    try:
        if json.loads(recorded.read_text("utf-8")) == fingerprint:
            return
        logger.info("%s: left by other code, data or packages: starting anew", folder)
    except (FileNotFoundError, json.JSONDecodeError):
        pass
    for leftover in folder.iterdir():
        if leftover.name == "lock":
            continue
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
