"""What is measured: names, headline, test sets, spectra."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from instruction_study import STUDY, refused, written
from rankscope.check.check import checked
from rankscope.errors import StudyError
from tiny_llama import save_base


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_base(Path("base"), context=512)


def official(folder: Path) -> None:
    (folder / "tasks").mkdir(parents=True)
    (folder / "tasks" / "task1_a.json").write_text("{}")
    (folder / "splits" / "default").mkdir(parents=True)
    for split, number in (("train", 20), ("test", 2)):
        names = "".join(f"task{n}_{split}\n" for n in range(number))
        (folder / "splits" / "default" / f"{split}_tasks.txt").write_text(names)


FOLDER = {"source": "niv2", "path": "niv2"}


def in_folder(**changes: Any) -> dict[str, Any]:
    """The `data` section over a folder instead of made tasks."""
    return STUDY["data"] | {"tasks": FOLDER | changes}


def written_data(data: dict[str, Any]) -> Path:
    path = Path("instructions.yaml")
    path.write_text(yaml.safe_dump(STUDY | {"data": data}, sort_keys=False), "utf-8")
    return path


@pytest.mark.parametrize("label", ["seen", "unseen"])
def test_a_test_set_of_the_same_tasks_under_another_entry(label: str):
    other = {"source": "made-tasks", "instances_per_task": 50}
    found = refused({"more": other, label: {"tasks": "more"}})
    assert f'"{label}" is drawn from "more", which reads the same tasks otherwise' in found
    assert 'than "tasks", of which "T6-s0" is made' in found
    assert "give both the same `tasks`" in found


def test_a_test_set_of_the_same_folder_under_another_entry():
    official(Path("niv2"))
    more = {"source": "niv2", "path": "../" + Path.cwd().name + "/niv2", "minimum_instances": 1}
    data = in_folder() | {"more": more, "seen": STUDY["data"]["seen"] | {"tasks": "more"}}
    with pytest.raises(
        StudyError, match=r'evaluate\.answers\[0\]\.data: "seen" is drawn from "more"'
    ):
        checked(written_data(data))


def test_a_test_set_of_other_tasks_is_anything_s_to_measure():
    official(Path("niv2"))
    data = {"other": FOLDER, "unseen": {"tasks": "other"}}
    checked(written(data))
