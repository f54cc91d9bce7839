"""Is a whole folder of results what was written, and does it fit together?

Guarantees: every file below the folder is read anew and compared with the manifest that wrote it;
every artefact is compared with what it says that it was made from, as far as that is there; what
has no manifest, is missing, or is nobody's is named, each with what to do. Nothing is changed.
Work that was interrupted is named and is no fault. Does not judge whether results are any good.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from rankscope.artefacts.disk import reading
from rankscope.artefacts.hashes import file_sha256
from rankscope.artefacts.layout import RESULTS, Place, place_of
from rankscope.artefacts.reading import TIMESTAMP, difference, read_manifest, recorded_hash, remedy
from rankscope.errors import ArtefactError
from rankscope.progress import Progress

Kind = Literal["differs", "incomplete", "outdated", "foreign", "unfinished"]
# what rankscope remembers; nothing is made from it
OWN = ((".records",), (".hashes",))
RESUME = ".resume"
TEMPORARY = (".partial", ".replaced")


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written; `unfinished` alone is no fault."""

    kind: Kind
    message: str

    @property
    def is_fault(self) -> bool:
        """Whether something has to be done about it."""
        return self.kind != "unfinished"


@dataclass
class Artefact:
    """What lies where one artefact belongs."""

    place: Place
    files: set[Path] = field(default_factory=set)


@dataclass(frozen=True)
class Inventory:
    """What lies below the paths that were asked for."""

    artefacts: tuple[Artefact, ...]
    strangers: tuple[Path, ...]
    resumable: tuple[Path, ...]
    leftovers: tuple[Path, ...]


def inventory(paths: Iterable[Path]) -> Inventory:
    """Find the artefacts that `paths` are, hold, or are a part of.

    Raises:
        ArtefactError: there is no such path, or it has nothing to do with results.
    """
    artefacts: dict[str, Artefact] = {}
    strangers: list[Path] = []
    resumable: list[Path] = []
    leftovers: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ArtefactError(f"{path}: there is nothing of that name (from {Path.cwd()})")
        for at in _everything(_in_results(path)):
            inside = _below_results(at)
            temporary = [part for part in inside if part.endswith(TEMPORARY)]
            if inside[:1] == (RESUME,):
                resumable += [at] if len(inside) == 2 else []
            elif temporary:
                leftovers += [at] if temporary == [inside[-1]] else []
            elif inside[:1] not in OWN and at.name != TIMESTAMP:
                _sort_in(at, artefacts, strangers)
    return Inventory(
        tuple(artefacts.values()), tuple(strangers), tuple(resumable), tuple(leftovers)
    )


def _in_results(path: Path) -> Path:
    """Return `path` itself, seen from its folder `results`, or the one that it holds.

    Whatever lies elsewhere is none of ours, and must not be called foreign, to be deleted.
    """
    if (path / RESULTS).is_dir():
        return path / RESULTS
    if RESULTS in path.parts:
        return path
    if RESULTS in path.absolute().parts:
        return path.absolute()
    raise ArtefactError(
        f"{path}: this is no folder `{RESULTS}`, holds none and lies in none; name what is to be"
        " verified, or start from the folder that holds it"
    )


def _below_results(path: Path) -> tuple[str, ...]:
    """Return the parts of a path below the last folder called `results`; none outside of one."""
    parts = path.parts
    return parts[len(parts) - parts[::-1].index(RESULTS) :] if RESULTS in parts else ()


def _everything(path: Path) -> Iterator[Path]:
    """Yield a path, all below it, and all of the artefact that it is a part of."""
    place = place_of(path.as_posix() + ("/" if path.is_dir() else ""))
    top = Path(place.manifest).parent if place and path.exists() and not path.is_dir() else path
    yield from sorted({path, *(top.rglob("*") if top.is_dir() else ())})


def _sort_in(at: Path, artefacts: dict[str, Artefact], strangers: list[Path]) -> None:
    is_folder = at.is_dir() and not at.is_symlink()
    place = place_of(at.as_posix() + ("/" if is_folder else ""))
    if place is not None:
        artefact = artefacts.setdefault(place.manifest, Artefact(place))
        if not is_folder:
            artefact.files.add(at)
    elif not is_folder:
        strangers.append(at)


def check(found: Inventory) -> Iterator[Finding]:
    """Compare everything in `found` with its manifests."""
    progress = Progress("verify", sum(len(artefact.files) for artefact in found.artefacts))
    # many are made from the same few
    recorded = cache(_recorded)
    for artefact in found.artefacts:
        yield from _check_artefact(artefact, progress, recorded)
    for path in found.strangers:
        yield Finding("foreign", f"{path}: rankscope writes no such file here; move or delete it")
    for path in found.resumable:
        name = path.name.removesuffix(".spectra")
        yield Finding(
            "unfinished",
            f"{path}: what an interrupted job goes on from; start Snakemake, or the verb that makes"
            f" {name}, again; or delete the folder to begin anew",
        )
    for path in found.leftovers:
        yield Finding(
            "unfinished",
            f"{path}: left by a job that was killed, or that works now; the next one clears it",
        )


def _check_artefact(
    artefact: Artefact, progress: Progress, recorded: Callable[[str], str | None]
) -> Iterator[Finding]:
    place, manifest = artefact.place, Path(artefact.place.manifest)
    try:
        content = read_manifest(manifest)
    except ArtefactError as error:
        progress.advance(len(artefact.files))
        yield Finding("differs" if manifest.exists() else "incomplete", str(error))
        return
    outputs = {
        Path(os.path.normpath(manifest.parent / name)): digest
        for name, digest in content["outputs"].items()
    }
    # parts have manifests of their own, which say whether they are what was written, and of what
    lists_parts = "parts" in content["results"]
    for path, digest in outputs.items():
        if lists_parts and path.is_file():
            continue
        with reading(path):
            differs = difference(path, digest, file_sha256(path) if path.is_file() else None)
        if differs is not None:
            kind: Kind = "differs" if path.is_file() else "incomplete"
            yield Finding(kind, f"{differs}{remedy(place)}")
    for path in sorted(artefact.files - set(outputs) - {manifest}):
        yield Finding(
            "foreign", f"{path}: is no part of what was written, says {manifest}; delete it"
        )
    if not lists_parts:
        yield from _check_inputs(content, place, recorded)
    progress.advance(len(artefact.files), note=place.name)


def _check_inputs(
    content: dict[str, Any], place: Place, recorded: Callable[[str], str | None]
) -> Iterator[Finding]:
    """Compare what an artefact was made from with what lies there now, by their manifests."""
    root = place.manifest.rpartition(f"{RESULTS}/")[0]
    for name, digest in content["inputs"].items():
        if not name.startswith(f"{RESULTS}/"):
            continue
        now = recorded(f"{root}{name}")
        if now is not None and now != digest:
            yield Finding(
                "outdated",
                f"{place.manifest}: was made from another {root}{name} than lies there now"
                f"{remedy(place)}",
            )


def _recorded(path: str) -> str | None:
    """Return the hash of an artefact's part as its manifest has it; None where there is none."""
    try:
        return recorded_hash(Path(path))
    except ArtefactError:
        return None
