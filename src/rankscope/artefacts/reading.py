"""Reading what a stage wrote: never without comparing it with its manifest.

Guarantees: whatever lies where the layout puts an artefact is read only if it is what its manifest
records, file by file and bit by bit, if nothing is missing or added, and if that manifest is itself
unchanged and belongs there. An error names the file that differs and the command that makes it
again. What is read is noted, with its hash, in the manifest of the job that reads it. A linter's
rule keeps stages from reading tables past this module.

Files outside the layout (a user's own data, a published adapter) have no manifest: they are read as
they are. Large files are trusted while their size, time and inode stay the same; `artefacts.hashes`
says more, and `rankscope verify` reads everything anew.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from rankscope import foreign
from rankscope.artefacts.disk import reading
from rankscope.artefacts.hashes import content_hash
from rankscope.artefacts.layout import Place, outputs, place_of
from rankscope.errors import ArtefactError

# in every folder that a rule declares as its output
TIMESTAMP = ".snakemake_timestamp"
SEAL = ',\n  "sha256": '
_notes: list[dict[str, str]] = []


@contextmanager
def noting_reads(notes: dict[str, str]) -> Iterator[None]:
    """Collect in `notes` what is read in the block: its path and the hash of its content."""
    _notes.append(notes)
    try:
        yield
    finally:
        _notes.pop()


def verified(path: Path) -> str:
    """Compare a file or folder with the manifest that wrote it, and return the hash of it.

    Returns:
        SHA-256 of the file; of a folder, that of the names and hashes of its files.

    Raises:
        ArtefactError: it is not there, incomplete, or not what was written.
    """
    with reading(path):
        place = place_of(path.as_posix())
        if place is None:
            digest = _combined({n: content_hash(file) for n, file in regular_files(path).items()})
        else:
            digest = _compared(path, place)
    for notes in _notes:
        notes[path.as_posix()] = digest
    return digest


def exists(path: Path) -> bool:
    """Say whether there is a file or folder `path`.

    Raises:
        ArtefactError: the disk does not say.
    """
    with reading(path):
        return path.exists()


def is_made(path: Path) -> bool:
    """Say whether a stage wrote `path`: also where it, or its manifest, was lost since.

    What was lost is said by whoever reads it.
    """
    place = place_of(path.as_posix())
    return exists(path) or (place is not None and exists(Path(place.manifest)))


def is_finished(manifest: Path, *outputs: Path) -> bool:
    """Say whether `outputs` are there and what was written, as their manifest says.

    Raises:
        ArtefactError: they are there and damaged.
    """
    if not exists(manifest):
        return False
    for output in outputs:
        verified(output)
    return True


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest, if it is unchanged and lies where it belongs.

    Raises:
        ArtefactError: it is not there, damaged, of an earlier version, or of another artefact.
    """
    place = place_of(path.as_posix())
    with reading(path):
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            raise ArtefactError(
                f"{path}: there is no such manifest, so what lies beside it was not finished"
                + (
                    f"; make it with `{place.command}`, or start Snakemake again"
                    if place and place.command
                    else ""
                )
            ) from None
    content = _unsealed(raw)
    if content is None:
        raise ArtefactError(
            f"{path}: this is no complete manifest: it was damaged, edited, or written by an"
            f" earlier version of rankscope{remedy(place)}"
        )
    if place is not None and content["name"] != place.name:
        raise ArtefactError(
            f"{path}: this manifest is of {content['name']!r}, and here belongs that of"
            f" {place.name!r}: it was copied or moved{remedy(place)}"
        )
    return content


def read_parquet(path: Path, columns: list[str] | None = None) -> pl.DataFrame:
    """Read rows that a stage wrote.

    Raises:
        ArtefactError: they are not what was written, or no table at all.
    """
    verified(path)
    with foreign.reading(path, "this table", "make it again", ArtefactError):
        return pl.read_parquet(path, columns=columns)


def scan_parquet(path: Path) -> pl.LazyFrame:
    """Read rows that a stage wrote, when they are asked for.

    Raises:
        ArtefactError: they are not what was written.
    """
    verified(path)
    return pl.scan_parquet(path)


def read_json(path: Path) -> Any:
    """Read JSON that a stage wrote.

    Raises:
        ArtefactError: it is not what was written, or no JSON.
    """
    verified(path)
    return foreign.read_json(path, ArtefactError)


def lost_files(path: Path) -> list[Path]:
    """Return those files of the artefact `path` that its manifest has and that are not there.

    So is one whose own manifest is gone, where it has one (`artefacts.parts`). None where there is
    no readable manifest. Looks at names alone, so that thousands of artefacts can be asked.
    """
    place = place_of(path.as_posix())
    if place is None:
        return []
    manifest = Path(place.manifest)
    try:
        recorded = read_manifest(manifest)["outputs"]
    except ArtefactError:
        return []
    files = [Path(os.path.normpath(manifest.parent / name)) for name in recorded]
    return [at for at in files if not os.path.lexists(at) or not _has_manifest(at)]


def _has_manifest(path: Path) -> bool:
    place = place_of(path.as_posix())
    return place is None or os.path.lexists(place.manifest)


def intact_files(manifest: Path) -> list[Path]:
    """Return those outputs of an artefact that are still what was written, by its manifest."""
    try:
        recorded = read_manifest(manifest)["outputs"]
    except ArtefactError:
        return []
    files = {manifest.parent / name: digest for name, digest in recorded.items()}
    return [at for at, digest in files.items() if at.is_file() and content_hash(at) == digest]


def kept_steps(folder: Path) -> dict[int, Path]:
    """Return the kept steps of a run in order; none for a run that diverged before the first.

    Raises:
        ArtefactError: the run has not been trained, or lost or gained a step since.
    """
    if not exists(folder):
        raise ArtefactError(f"{folder}: the run has no kept weights; run `rankscope train` first")
    verified(folder)
    return {
        int(step.name.removeprefix("step-")): step
        for step in sorted(folder.glob("step-*"))
        if step.is_dir()
    }


def versions_of(verb: str, name: str) -> dict[int, Path]:
    """Return the weights of an artefact by step: a run's kept steps, of anything else the one.

    Raises:
        ArtefactError: it has not been made, or is not what was written.
    """
    folder = Path(outputs(verb, name)[0])
    if verb == "train":
        return kept_steps(folder)
    verified(folder)
    return {0: folder}


def regular_files(path: Path) -> dict[str, Path]:
    """Return the files at or below `path`, links included, by their path seen from there.

    Left out are temporary files of a job that writes now, and what Snakemake leaves in folders.
    """
    if not path.is_dir():
        return {"": path}
    return {
        file.relative_to(path).as_posix(): file
        for file in sorted(path.rglob("*"))
        if not file.is_dir() and not file.name.endswith(".partial") and file.name != TIMESTAMP
    }


def difference(path: Path, recorded: str, counted: str | None) -> str | None:
    """Say in words how a file differs from the hash that was recorded of it; None if it does not.

    `counted` is the file's hash, None where there is no such file.
    """
    if counted == recorded:
        return None
    if counted is not None:
        return f"{path}: differs from what was written: it was changed, damaged or replaced since"
    if path.is_symlink():
        return (
            f"{path}: the file it links to, {path.readlink()}, is not there any more: it was"
            " moved, deleted, or is on a disk that is not mounted"
        )
    return f"{path}: is missing, although it was written"


def remedy(place: Place | None) -> str:
    """Say how an artefact that is not what it should be is made again."""
    if place is None:
        return ""
    if not place.command:
        return f". Delete {place.manifest} and start Snakemake again, which makes this part anew"
    return (
        f". Make it again: `{place.command}`, with the study's `--study`; or delete"
        f" {place.manifest} and start Snakemake again"
    )


def recorded_hash(path: Path) -> str | None:
    """Return the hash that a manifest has of `path`; None outside the layout.

    Raises:
        ArtefactError: the manifest is not there, damaged, or does not know of `path`.
    """
    place = place_of(path.as_posix())
    return None if place is None else _hash_of(path, _recorded_below(path, place))


def _recorded_below(path: Path, place: Place) -> dict[Path, str]:
    """Return the files at or below `path` that its manifest has, and their hashes."""
    manifest = Path(place.manifest)
    recorded = {
        Path(os.path.normpath(manifest.parent / name)): digest
        for name, digest in read_manifest(manifest)["outputs"].items()
    }
    return {at: digest for at, digest in recorded.items() if at == path or path in at.parents}


def _hash_of(path: Path, recorded: dict[Path, str]) -> str:
    if path in recorded:
        return recorded[path]
    return _combined({at.relative_to(path).as_posix(): sha for at, sha in recorded.items()})


def _compared(path: Path, place: Place) -> str:
    """Compare `path` with its manifest; return its hash."""
    expected = _recorded_below(path, place)
    for at, digest in expected.items():
        counted = content_hash(at) if at.exists() else None
        if differs := difference(at, digest, counted):
            raise ArtefactError(f"{differs}{remedy(place)}")
    present = {path / name for name in regular_files(path)} - {Path(place.manifest)}
    for at in sorted(present - set(expected)):
        was = "is not among what was written" if at.exists() else "has not been made"
        raise ArtefactError(f"{at}: {was}, says {place.manifest}{remedy(place)}")
    return _hash_of(path, expected)


def _combined(hashes: dict[str, str]) -> str:
    """Return one hash for one file, or for the names and hashes of many."""
    if list(hashes) == [""]:
        return hashes[""]
    listed = "".join(f"{name}\0{digest}\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256(listed.encode()).hexdigest()


def _unsealed(raw: bytes) -> dict[str, Any] | None:
    """Return a manifest's content if its last entry is the hash of all bytes before it."""
    text, found, rest = raw.rpartition(SEAL.encode())
    if not found or rest != f'"{hashlib.sha256(text).hexdigest()}"\n}}\n'.encode():
        return None
    content: dict[str, Any] = json.loads(raw)
    return content
