"""Folders that a user names for results: looked at before work begins.

Guarantees: what passes can be written to now. A disk that fills up, or a folder that is taken away
meanwhile, is not foreseen.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from rankscope.errors import ArtefactError
from rankscope.foreign import doing


def check_out(folder: Path, inputs: Sequence[Path], must_be_new: bool = False) -> None:
    """Check that results can be written into `folder`, and that it is none of the `inputs`.

    Raises:
        ArtefactError: it is a file, an input or in one, lies where nothing can be written, or is
            not empty though it `must_be_new`.
    """
    with doing(folder, "this folder cannot be written to", "name another folder", ArtefactError):
        place = folder.resolve()
        others = [path.resolve() for path in inputs]
        there = place.exists()
        is_folder = place.is_dir()
        is_full = must_be_new and is_folder and any(place.iterdir())
        above = next(path for path in (place, *place.parents) if path.exists())
        may_write = os.access(above, os.W_OK | os.X_OK)
    if any(place == path or place.is_relative_to(path) for path in others):
        raise ArtefactError(
            f"{folder}: this folder belongs to what is read; name another one for what is written"
        )
    if (there and not is_folder) or not above.is_dir():
        raise ArtefactError(f"{folder}: {above} is a file; name a folder that is none of files")
    if is_full:
        raise ArtefactError(f"{folder}: exists and is not empty; choose another --out")
    if not may_write:
        raise ArtefactError(
            f"{folder}: nothing can be written in {above}; name a folder where you may write"
        )
    with doing(folder, "this folder cannot be made", "name another folder", ArtefactError):
        # what access rights do not tell: read-only disks, names that are too long
        made = [path for path in (place, *place.parents) if not path.exists()]
        place.mkdir(parents=True, exist_ok=True)
        (place / f".rankscope-{os.getpid()}").touch()
        (place / f".rankscope-{os.getpid()}").unlink()
        for path in made:
            path.rmdir()
