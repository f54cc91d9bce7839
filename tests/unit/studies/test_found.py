"""What a study points to is looked at when it is read: other content, another name."""

import json
import platform
from pathlib import Path

import pytest

from rankscope.records.bases import LocalBase
from rankscope.records.data import StandardLibrary, TextFiles
from rankscope.records.found import Located
from rankscope.records.instructions import Niv2Tasks
from rankscope.studies.found import look


def name_now(record: Located) -> str:
    """The name that an artefact has as things lie now."""
    return record.replaced(found=look(record)).name


def test_text_of_the_standard_library_is_that_of_the_running_python():
    record = StandardLibrary(source="standard-library", content="code")
    assert look(record) == platform.python_version()
    assert record.replaced(found="3.11.0").name != record.replaced(found="3.12.0").name


def test_changed_text_is_another_data_variant(tmp_path: Path):
    path = tmp_path / "mine.jsonl"
    names = []
    for text in ("one", "other", "one"):
        path.write_text(text)
        names.append(name_now(TextFiles(source="text", path=str(path))))
    assert names[0] == names[2] != names[1]
    assert names[0].startswith("text-mine-jsonl-")


def test_text_at_any_depth_of_a_folder_counts(tmp_path: Path):
    (tmp_path / "deep/er").mkdir(parents=True)
    record = TextFiles(source="text", path=str(tmp_path))
    assert look(record) is None
    names = []
    for file in ("a.txt", "deep/er/b.jsonl", "deep/c.parquet", "d.md"):
        (tmp_path / file).write_text("text")
        names.append(name_now(record))
    assert len(set(names)) == 3, "a file of another kind is none of it"


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.model"])
def test_changed_files_of_a_model_are_another_base(tmp_path: Path, file: str):
    names = []
    for content in (b"one", b"other"):
        (tmp_path / file).write_bytes(content)
        names.append(name_now(LocalBase(source="local", path=str(tmp_path))))
    assert names[0] != names[1]


def test_other_tasks_under_the_same_path_are_another_collection(tmp_path: Path):
    record = Niv2Tasks(source="niv2", path=str(tmp_path))
    names = [name_now(record)]
    for file in ("tasks/task1_a.json", "splits/default/train_tasks.txt", "task_categories.tsv"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("x")
        names.append(name_now(record))
    (tmp_path / "tasks/task1_a.json").write_text("longer")
    names.append(name_now(record))
    assert len(set(names)) == len(names)
    assert name_now(record) == names[-1]


def test_json_lines_count_with_the_split_they_are_in(tmp_path: Path):
    record = Niv2Tasks(source="niv2", path=str(tmp_path))
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / f"task_{split}.jsonl").write_text("{}")
    names = [name_now(record)]
    (tmp_path / "train/task_train.jsonl").write_text(json.dumps({"id": "longer"}))
    names.append(name_now(record))
    (tmp_path / "train/task_train.jsonl").rename(tmp_path / "test/task_train.jsonl")
    names.append(name_now(record))
    assert len(set(names)) == 3


def test_a_table_of_categories_elsewhere_counts(tmp_path: Path):
    table = tmp_path / "mine.tsv"
    record = Niv2Tasks(source="niv2", path=str(tmp_path / "niv2"), categories=str(table))
    names = [name_now(record)]
    for text in ("one", "two"):
        table.write_text(text)
        names.append(name_now(record))
    assert len(set(names)) == 3


@pytest.mark.parametrize("path", ["x" * 5000, "a/" * 3000, "a\0b"])
def test_impossible_paths_lead_to_nothing(path: str):
    assert look(TextFiles(source="text", path=path)) is None
    assert look(LocalBase(source="local", path=path)) is None
    assert look(Niv2Tasks(source="niv2", path=path)) is None
