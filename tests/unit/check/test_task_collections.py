"""Collections of tasks: their layouts, sizes and commits."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from instruction_study import STUDY, refused, written
from rankscope.check.check import checked
from rankscope.data.niv2.made import RECIPES
from rankscope.errors import StudyError
from tiny_llama import save_base

TRAINING_TASKS = sum(recipe.split == "train" for recipe in RECIPES)


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_base(Path("base"), context=512)


# --- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "key", "place", "value"),
    [
        ("T12", "size", "size", 500),
        ("T12", "nested", "nested[1]", [6, 500]),
        ("seen", "tasks_tested", "tasks_tested", 500),
    ],
)
def test_more_tasks_than_there_are(label: str, key: str, place: str, value: object):
    changes = {key: value} | ({"size": "all"} if key == "nested" else {})
    found = refused({label: changes})
    assert f'data.{label}.{place}: 500 tasks are more than "tasks" has for training' in found
    assert f"allowed: at most {TRAINING_TASKS}" in found


def test_all_the_tasks_there_are():
    checked(written({"T12": {"size": TRAINING_TASKS}}))


def test_made_tasks_that_are_tested_on_all_they_have():
    changes = {"test_examples_per_task": 40}
    found = refused({"T6": changes, "T12": changes, "seen": {"examples_per_task": 40}})
    assert "data.T6.test_examples_per_task: 40 test items of a task leave nothing" in found
    assert '`instances_per_task: 40` of "tasks"; allowed: below 40' in found


# --- collections on the disk ----------------------------------------------------------------------


def official(folder: Path) -> None:
    (folder / "tasks").mkdir(parents=True)
    (folder / "tasks" / "task1_a.json").write_text("{}")
    (folder / "splits" / "default").mkdir(parents=True)
    for split, number in (("train", 20), ("test", 2)):
        names = "".join(f"task{n}_{split}\n" for n in range(number))
        (folder / "splits" / "default" / f"{split}_tasks.txt").write_text(names)


def lines(folder: Path) -> None:
    for split, number in (("train", 20), ("test", 2)):
        (folder / split).mkdir(parents=True)
        for n in range(number):
            (folder / split / f"task{n}_{split}.jsonl").write_text("{}\n")
    (folder / "task_categories.tsv").write_text("task\tcategory\n")


FOLDER = {"source": "niv2", "path": "niv2"}


def in_folder(**changes: Any) -> dict[str, Any]:
    """The `data` section over a folder instead of made tasks."""
    return STUDY["data"] | {"tasks": FOLDER | changes}


@pytest.mark.parametrize("layout", [official, lines])
def test_a_folder_of_either_layout_is_accepted_and_counted(layout):
    layout(Path("niv2"))
    checked(written_data(in_folder()))
    data = in_folder() | {"T12": STUDY["data"]["T12"] | {"size": 21}}
    with pytest.raises(StudyError, match='21 tasks are more than "tasks" has for training, 20'):
        checked(written_data(data))


def written_data(data: dict[str, Any]) -> Path:
    path = Path("instructions.yaml")
    path.write_text(yaml.safe_dump(STUDY | {"data": data}, sort_keys=False), "utf-8")
    return path


def folder_refused(**changes: Any) -> str:
    with pytest.raises(StudyError) as error:
        checked(written_data(in_folder(**changes)))
    return str(error.value)


def test_a_collection_without_its_lists_or_tasks():
    official(Path("niv2"))
    (Path("niv2/splits") / "half").mkdir()
    (Path("niv2/splits/half/train_tasks.txt")).write_text("")
    found = folder_refused(split="half")
    assert 'data.tasks.split: "half" lacks test_tasks.txt' in found
    assert "allowed: a split with both lists: default" in found
    Path("niv2/tasks/task1_a.json").unlink()
    assert 'data.tasks.path: "niv2" has no task: no file fits tasks/*.json' in folder_refused()


def test_a_list_in_another_encoding_is_no_crash():
    official(Path("niv2"))
    Path("niv2/splits/default/train_tasks.txt").write_bytes(b"task1_\xe9\n" * 3)
    assert "train_tasks.txt: this file cannot be read: byte 6 is not UTF-8" in folder_refused()


def test_json_lines_need_a_table_of_categories():
    lines(Path("niv2"))
    Path("niv2/task_categories.tsv").rename("mine.tsv")
    assert "data.tasks.categories: " in folder_refused()
    assert "a tab-separated table with the columns task and category" in folder_refused()
    checked(written_data(in_folder(categories="mine.tsv")))


def test_a_commit_that_the_checkout_is_not_at():
    official(Path("niv2"))
    wanted = "0" * 40
    assert "data.tasks.commit: " in folder_refused(commit=wanted)
    assert '"niv2" is no git checkout; allowed: no `commit`' in folder_refused(commit=wanted)
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "tasks"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", "niv2", *identity, *words], check=True)
    answer = subprocess.run(
        ["git", "-C", "niv2", "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    there = answer.stdout.strip()
    assert f'"niv2" is at commit {there}; allowed: {there}' in folder_refused(commit=wanted)
    checked(written_data(in_folder(commit=there)))
