"""A collection that a study pins to a commit."""

import subprocess
from pathlib import Path

import pytest

from rankscope.data.kinds.niv2 import tasks
from rankscope.data.niv2.checkout import checkout_commit
from rankscope.errors import DataError
from rankscope.records.instructions import Niv2Tasks
from small_collection import write_collection


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    return write_collection(tmp_path)


def read(folder: Path, commit: str) -> list:
    return list(tasks(Niv2Tasks(source="niv2", path=str(folder), commit=commit)))


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def test_a_checkout_is_held_to_its_commit(collection: Path):
    assert checkout_commit(collection) is None
    with pytest.raises(DataError, match="no git checkout"):
        read(collection, "0" * 40)
    git(collection, "init", "-q")
    git(collection, "add", ".")
    git(collection, "commit", "-q", "-m", "tasks")
    commit = checkout_commit(collection)
    assert commit is not None
    assert read(collection, commit)
    with pytest.raises(DataError, match=f"wants commit {'0' * 40}.* at commit {commit}"):
        read(collection, "0" * 40)


@pytest.mark.parametrize(
    "changed", ["tasks/task001_made_one.json", "splits/default/test_tasks.txt"]
)
def test_a_checkout_with_changed_tasks_is_not_its_commit(collection: Path, changed: str):
    git(collection, "init", "-q")
    git(collection, "add", ".")
    git(collection, "commit", "-q", "-m", "tasks")
    commit = checkout_commit(collection)
    (collection / "notes.txt").write_text("of no matter")
    assert read(collection, commit)
    with (collection / changed).open("a") as file:
        file.write("\n")
    with pytest.raises(DataError, match=f"first of 1 changes: M {changed}.*leave out `commit`"):
        read(collection, commit)
    git(collection, "checkout", "-q", ".")
    (collection / "tasks" / "task009_new.json").write_text("{}")
    with pytest.raises(DataError, match="task009_new"):
        read(collection, commit)
