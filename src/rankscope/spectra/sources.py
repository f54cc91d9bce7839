"""Where an inspected model or adapter lies: a local folder, or a hub repository at a revision.

Guarantees: a hub id is only fetched with the revision it is pinned to (`owner/name@revision`:
a commit, a tag, or a branch, since published checkpoints keep their steps in branches), and only
its configuration and safetensors; with `HF_HUB_OFFLINE=1` nothing is fetched, the local cache
answers or the error says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rankscope.errors import ModelError

_HUB_ID = re.compile(r"^(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?$")
_WANTED_FILES = ("*.json", "*.safetensors")


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
    if Path(given).exists():
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
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = snapshot_download(
            repository, revision=revision, allow_patterns=list(_WANTED_FILES)
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            f"{repository}@{revision}: cannot be fetched ({type(error).__name__}: {error}); "
            "check the name, the revision and the network, or give a local folder"
        ) from error
    return Path(folder)


def label_sources(given: Sequence[str]) -> list[Source]:
    """Locate every adapter and label it by its folder's name, or as given where names repeat."""
    short = [text if "@" in text else Path(text).resolve().name for text in given]
    labels = [
        name if short.count(name) == 1 else text for name, text in zip(short, given, strict=True)
    ]
    if len(set(labels)) < len(labels):
        raise ModelError(f"the same adapter is given twice: {', '.join(given)}")
    return [Source(label, locate(text)) for label, text in zip(labels, given, strict=True)]
