"""Checks of versions that others published: are they there, and are they of the base.

Guarantees: what `rankscope inspect` refuses is refused here, from configurations and headers alone.
What cannot be looked at yet (a version or a base of the hub that was not fetched, a base that is
made here) is compared when the version is linked, before anything is asked of it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rankscope.artefacts import layout
from rankscope.check.shapes import base_folder
from rankscope.check.subject import Subject
from rankscope.errors import ModelError
from rankscope.foreign import is_folder
from rankscope.hub import Repository, cached_snapshot, not_cached, offline
from rankscope.records.keys import BASE
from rankscope.records.measurements import LocalVersion, WrittenVersion
from rankscope.records.methods import FULL
from rankscope.records.runs import MergedBase
from rankscope.studies.mistakes import shown
from rankscope.studies.source import Mistake, Place
from rankscope.weights.model_folder import LOCAL, version_files

if TYPE_CHECKING:
    from rankscope.weights.matrices import Model

TAKEN = (BASE.lower(), FULL.lower())


def labels(subject: Subject) -> Iterator[Mistake]:
    """No version is called like what a study has anyhow."""
    for label in subject.file.versions:
        if label.lower() in TAKEN:
            text = f"{shown(label)} is the name of a method in tables; allowed: any other label"
            yield Mistake(("versions", label), text)


def versions(subject: Subject) -> Iterator[Mistake]:
    """Each version is an adapter or a checkpoint of the base, in safetensors."""
    if not subject.file.versions:
        return
    from rankscope.weights.adapters.adapters import open_tuned

    base = _base(subject)
    for label, where in subject.file.versions.items():
        place, folder = _looked_at(label, where)
        if folder is None:
            if offline():
                at = where.reference
                repository = Repository("model", at.name, at.revision or "", LOCAL)
                yield Mistake(place, not_cached(repository))
            continue
        try:
            _refuse_missing(folder)
            version_files(folder)
            if base is not None:
                open_tuned(folder, base)
        except ModelError as error:
            written = shown(where.reference.name)
            hint = subject.path_hint(where.path) if isinstance(where, LocalVersion) else ""
            yield Mistake(place, f"{written} cannot be used: {error}{hint}")
        else:
            yield from _heads(subject, label, folder)


def _looked_at(label: str, where: WrittenVersion) -> tuple[Place, Path | None]:
    """Where the file names a version, and its folder; None where it was not fetched yet."""
    if isinstance(where, LocalVersion):
        return ("versions", label, "path"), Path(where.path)
    repository = Repository("model", where.repository, where.revision)
    return ("versions", label, "repository"), cached_snapshot(repository)


def _refuse_missing(folder: Path) -> None:
    if not is_folder(folder):
        raise ModelError(f"{folder}: there is no such folder (from {Path.cwd()})")


def _base(subject: Subject) -> "Model | None":
    """The base, as far as it is there; what is wrong with it `check.base` says."""
    base = subject.study.base
    made = Path(layout.base_model(base.name))
    folder = made if isinstance(base, MergedBase) else base_folder(base)
    if folder is None or not is_folder(folder):
        return None
    from rankscope.weights.matrices import open_model

    try:
        return open_model(folder)
    except ModelError:
        return None


def _heads(subject: Subject, label: str, folder: Path) -> Iterator[Mistake]:
    """Labels are asked of what was trained to give them, and says which is which."""
    from rankscope.weights.heads import own_head
    from rankscope.weights.steps import refuse_unnamed_labels

    for place, evaluation in subject.evaluations():
        head = evaluation.head
        if head.lent_by_base:
            continue
        try:
            refuse_unnamed_labels(folder, head)
            own = own_head(folder)
        except ModelError as error:
            yield Mistake(place, f"the version {shown(label)} cannot be asked for labels: {error}")
            continue
        if own != head:
            yield Mistake(
                place,
                f"the version {shown(label)} is a {own.title}, and this asks a {head.title};"
                " allowed: versions that were trained on these labels, in this order, or a study of"
                " its own for this one",
            )
