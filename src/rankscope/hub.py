"""What is asked of the Hugging Face hub, and what of it lies in the local cache.

Guarantees: everything is asked for at a revision; with `HF_HUB_OFFLINE=1` nothing is fetched, and
what lies in the cache needs no network. Whatever the library raises becomes a sentence that names
the repository and its revision and says what to do. Looking into the cache imports no library. Not
here: `datasets.load_dataset`, which finds rows in a repository by rules of its own
(`data.kinds.hub`).
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rankscope.errors import RankscopeError
from rankscope.foreign import doing, is_folder

LONGEST_NAME = 200
"""More than the hub allows: a longer name is no name, and a message shows its beginning."""


@dataclass(frozen=True)
class Repository:
    """A repository of the hub at a revision: a commit, or a branch or tag where these are allowed.

    `instead` says in the words of a message what else can be given.
    """

    kind: Literal["model", "dataset"]
    name: str
    revision: str
    instead: str = "use a local folder"

    def __str__(self) -> str:
        """As in a message."""
        return f"{self.kind} {self.shown} at revision {self.revision}"

    @property
    def shown(self) -> str:
        """Its name as messages show it."""
        return self.name if len(self.name) <= LONGEST_NAME else f"{self.name[:LONGEST_NAME]}…"

    @property
    def command(self) -> str:
        """What fetches it into the local cache."""
        option = "--repo-type dataset " if self.kind == "dataset" else ""
        return f"hf download {option}{self.shown} --revision {self.revision}"


def offline() -> bool:
    """Say whether the user forbids the hub, as huggingface_hub understands it."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def not_cached(repository: Repository) -> str:
    """Say how to get a repository that is not in the local cache and must not be fetched."""
    return (
        f'"{repository.shown}" at revision {repository.revision} is not in the local cache, and'
        f" HF_HUB_OFFLINE forbids to fetch it; fetch it once where there is network"
        f" (`{repository.command}`), unset HF_HUB_OFFLINE, or {repository.instead}"
    )


def cached_snapshot(repository: Repository) -> Path | None:
    """Return the folder of a commit in the local cache, whatever part of it was fetched."""
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub")).expanduser()
    place = f"{repository.kind}s--{repository.name.replace('/', '--')}"
    folder = cache / place / "snapshots" / repository.revision
    return folder if is_folder(folder) else None


def fetch(repository: Repository, patterns: Sequence[str], error: type[RankscopeError]) -> Path:
    """Return the folder with the files of a repository that fit `patterns`, fetched if need be.

    Raises:
        RankscopeError: `error`, where they cannot be had.
    """
    from huggingface_hub import snapshot_download

    return _asked(snapshot_download, repository, error, allow_patterns=list(patterns))


def fetch_file(repository: Repository, file: str, error: type[RankscopeError]) -> Path:
    """Return one file of a repository, fetched if need be.

    Raises:
        RankscopeError: `error`, where it cannot be had.
    """
    from huggingface_hub import hf_hub_download

    return _asked(hf_hub_download, repository, error, filename=file)


def _asked(
    download: Callable[..., str],
    repository: Repository,
    error: type[RankscopeError],
    **wanted: object,
) -> Path:
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    advice = f"check its name, the revision and the network, or {repository.instead}"
    with doing(repository, "cannot be fetched", advice, error):
        try:
            folder = download(
                repository.name, repo_type=repository.kind, revision=repository.revision, **wanted
            )
        except (LocalEntryNotFoundError, OfflineModeIsEnabled, ConnectionError) as failure:
            raise error(
                f"{repository} cannot be reached and is not in the local cache ({failure}); fetch"
                f" it once where there is network (`{repository.command}`), or"
                f" {repository.instead}"
            ) from failure
        except (HfHubHTTPError, HFValidationError) as failure:
            raise error(
                f"{repository}: the hub refuses it: {failure}; check its name and revision, log in"
                f" if it is gated, or {repository.instead}"
            ) from failure
    return Path(folder)
