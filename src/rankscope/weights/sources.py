"""Where an inspected model or adapter lies: a local folder, or a hub repository at a revision.

Guarantees: a hub id is only fetched with the revision it is pinned to (`owner/name@revision`:
a commit, a tag, or a branch, since published checkpoints keep their steps in branches), and only
its configuration, tokenizer and safetensors; the commit that a branch stood for is said; with
`HF_HUB_OFFLINE=1` nothing is fetched, the local cache answers or the error says so.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rankscope.errors import ModelError
from rankscope.foreign import reading
from rankscope.hub import Repository, fetch

logger = logging.getLogger(__name__)

# old models have no owner: gpt2; revisions are whatever git allows: step=10, refs/pr/1
_HUB_ID = re.compile(r"^(?P<repository>\w[\w.-]*(?:/[\w.-]+)?)(?:@(?P<revision>\S+))?$")
_COMMIT = re.compile(r"^[0-9a-f]{40}$")
# a merged repair copies the tokenizer, whose files are the text ones
_WANTED_FILES = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja")


@dataclass(frozen=True)
class Source:
    """A folder with weights and the label its rows carry."""

    label: str
    folder: Path


def locate(given: str) -> Path:
    """Return the folder of a local path or of a pinned hub repository.

    Raises:
        ModelError: no such folder, no revision, or the repository cannot be fetched.
    """
    with reading(given, "this path", "give a folder, or owner/name@revision", ModelError):
        there = Path(given).exists()
    if there:
        return Path(given)
    match = _HUB_ID.match(given)
    if match is None:
        raise ModelError(f"{given}: no such folder")
    if match["revision"] is None:
        raise ModelError(
            f"{given}: no such folder; if it is a hub repository, pin its revision "
            f"({given}@<branch, tag or commit>)"
        )
    return _fetch(match["repository"], match["revision"])


def _fetch(repository: str, revision: str) -> Path:
    asked = Repository("model", repository, revision, "give a local folder")
    folder = fetch(asked, _WANTED_FILES, ModelError)
    logger.info("%s@%s: %s", repository, revision, describe(folder))
    return folder


def is_fetched(folder: Path) -> bool:
    """Say whether a folder lies in the hub's cache: models--owner--name/snapshots/<commit>."""
    place = folder.resolve()
    return place.parent.name == "snapshots" and bool(_COMMIT.match(place.name))


def describe(folder: Path) -> str:
    """Name a folder: `owner/name at commit …` for what was fetched from the hub."""
    place = folder.resolve()
    if not is_fetched(folder):
        return place.name
    repository = place.parent.parent.name.removeprefix("models--").replace("--", "/")
    return f"{repository} at commit {place.name}"


def label_sources(given: Sequence[str]) -> list[Source]:
    """Locate every adapter and label it by the shortest end of its path that is its own.

    What all paths end in (`steps/step-000300`, `final`) tells nothing and is left out.

    Raises:
        ModelError: one cannot be located, or is given twice.
    """
    paths = []
    for text in given:
        with reading(text, "this path", "give a folder, or owner/name@revision", ModelError):
            paths.append((text,) if "@" in text else Path(text).resolve().parts)
    if len(set(paths)) < len(paths):
        raise ModelError(f"the same adapter is given twice: {', '.join(given)}")

    endings = list(zip(*(reversed(path) for path in paths), strict=False))
    shared = next(
        (depth for depth, names in enumerate(endings) if len(set(names)) > 1), len(endings)
    )

    def label(path: tuple[str, ...]) -> str:
        length = next(
            length
            for length in range(1, len(path) + 1)
            if sum(other[-length:] == path[-length:] for other in paths) == 1
        )
        return "/".join(path[-length : -shared if len(paths) > 1 and shared else None])

    return [Source(label(path), locate(text)) for path, text in zip(paths, given, strict=True)]
