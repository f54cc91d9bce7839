"""Checks against what is on disk: the base, the data, the names of other studies."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rankscope.errors import DataError, ModelError
from rankscope.study.checks.subject import Subject
from rankscope.study.expand import STUDIES
from rankscope.study.mistakes import shown
from rankscope.study.shapes import base_folder, cached_snapshot
from rankscope.study.source import Mistake, Place
from rankscope.study.specs import (
    Continuations,
    DataSpec,
    EmbeddedBase,
    HubBase,
    HubDataset,
    LocalBase,
    TextFiles,
)


def name_of_study(subject: Subject) -> Iterator[Mistake]:
    """Two studies of one name would overwrite each other's report."""
    path, name = Path(subject.study.path), subject.study.study
    shipped = STUDIES / f"{name}.yaml"
    if path.stem == name or not (path.parent == STUDIES or shipped.exists()):
        return
    yield Mistake(
        ("study",),
        f"{shown(name)} is the name of another file ({shipped}), whose report this study would"
        f" overwrite; write `study: {path.stem}`, or rename this file to {name}.yaml",
    )


def base_is_there(subject: Subject) -> Iterator[Mistake]:
    """A local base is complete; a hub base can be reached."""
    base = subject.study.base
    if isinstance(base, LocalBase):
        from rankscope.base.model_folder import verify

        try:
            verify(Path(base.path))
        except ModelError as error:
            yield Mistake(("base", "path"), f"{shown(base.path)} cannot be used: {error}")
    elif isinstance(base, HubBase) and offline() and not _has_weights(base):
        yield Mistake(("base", "repository"), _not_cached(base.repository, base.revision))


def _has_weights(base: HubBase) -> bool:
    folder = base_folder(base)
    return folder is not None and any(folder.glob("*.safetensors"))


def vocabulary(subject: Subject) -> Iterator[Mistake]:
    """Every token of the base's tokenizer has an embedding."""
    base = subject.study.base
    folder = base_folder(base)
    if folder is None or isinstance(base, EmbeddedBase):
        return
    try:
        size = json.loads((folder / "config.json").read_text("utf-8"))["vocab_size"]
        highest = highest_token(json.loads((folder / "tokenizer.json").read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return  # not there or of another kind: that is for the base stage to say
    if highest >= size:
        place = ("base", "path" if isinstance(base, LocalBase) else "repository")
        yield Mistake(
            place,
            f"{shown(subject.source.value(place))} has a tokenizer whose highest token is {highest}"
            f" and a model with `vocab_size: {size}`; allowed: tokens below {size}; take the"
            " tokenizer that belongs to the model",
        )


def highest_token(tokenizer: dict[str, Any]) -> int:
    """Return the highest token id of a `tokenizer.json`."""
    words = tokenizer["model"]["vocab"]
    ids = list(words.values()) if isinstance(words, dict) else [len(words) - 1]
    return max(ids + [token["id"] for token in tokenizer.get("added_tokens", [])])


def data_is_there(subject: Subject) -> Iterator[Mistake]:
    """Files exist and are of a known kind; hub datasets can be reached."""
    for place, spec in variants(subject):
        if isinstance(spec, TextFiles):
            from rankscope.data.text_files import source_files

            try:
                source_files(Path(spec.path))
            except DataError as error:
                yield Mistake((*place, "path"), f"{shown(spec.path)} cannot be read: {error}")
        elif (
            isinstance(spec, HubDataset)
            and offline()
            and cached_snapshot("datasets", spec.repository, spec.revision) is None
        ):
            text = _not_cached(spec.repository, spec.revision, "--repo-type dataset ")
            yield Mistake((*place, "repository"), text)


def variants(subject: Subject) -> Iterator[tuple[Place, DataSpec]]:
    """Every data variant with the place where it is written out."""
    for label, spec in subject.study.data.items():
        yield ("data", label), spec
        if isinstance(spec, Continuations):
            yield from _inline(subject, ("data", label, "documents"), spec.documents)
    if isinstance(subject.study.base, EmbeddedBase):
        yield from _inline(subject, ("base", "corpus"), subject.study.base.corpus)
    for place, evaluation in subject.evaluations():
        yield from _inline(subject, (*place, "data"), evaluation.data)


def _inline(subject: Subject, place: Place, spec: DataSpec) -> Iterator[tuple[Place, DataSpec]]:
    if isinstance(subject.source.value(place), dict):
        yield place, spec


def offline() -> bool:
    """Say whether the user forbids the hub, as huggingface_hub understands it."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def _not_cached(repository: str, revision: str, option: str = "") -> str:
    return (
        f"{shown(repository)} at revision {revision} is not in the local cache, and HF_HUB_OFFLINE"
        f" forbids to fetch it; fetch it once where there is network (`hf download {option}"
        f"{repository} --revision {revision}`), unset HF_HUB_OFFLINE, or use a local folder"
    )
