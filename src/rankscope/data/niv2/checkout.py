"""The commit of a git checkout of a collection.

Guarantees: git is asked, and nothing else; a folder that is no top of a checkout has no commit.
"""

import subprocess
from pathlib import Path

from rankscope.data.niv2.source import SPLITS
from rankscope.errors import DataError

TRACKED = ("tasks", "splits", *SPLITS)
"""What a pinned commit decides of a checkout: tasks and lists of either layout."""


def require_commit(folder: Path, commit: str) -> None:
    """Refuse a folder whose tasks and lists are not those of the commit."""
    found = checkout_commit(folder)
    if found != commit:
        raise DataError(
            f"{folder}: the study wants commit {commit}, the folder is"
            f" {f'at commit {found}' if found else 'no git checkout'}"
        )
    changed = _git(folder, "status", "--porcelain", "--", *TRACKED).splitlines()
    if changed:
        raise DataError(
            f"{folder}: the study wants commit {commit}, from which its tasks or lists differ"
            f" (first of {len(changed)} changes: {changed[0].strip()}); undo them (`git status`"
            " lists them), or leave out `commit`"
        )


def checkout_commit(folder: Path) -> str | None:
    """Return the commit that a git checkout is at, None if `folder` is not the top of one.

    Raises:
        DataError: git fails.
    """
    return _git(folder, "rev-parse", "HEAD").strip() if (folder / ".git").exists() else None


def _git(folder: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        raise DataError(f"{folder}: git cannot say which commit this is: {error}") from error
    return answer.stdout
