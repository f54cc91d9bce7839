"""Reading collections: folders, checkouts, mirrors, and what is wrong with them."""

import json
from pathlib import Path

import pytest

from rankscope.data.kinds import niv2
from rankscope.data.niv2.tasks import Problem, Task
from rankscope.errors import DataError
from rankscope.records.instructions import Niv2Tasks


def task_file(count: int, category: str = "Misc.", definition: str = "Answer.") -> dict:
    return {
        "Categories": [category],
        "Definition": [definition],
        "Input_language": ["English"],
        "Output_language": ["English"],
        "Instruction_language": ["English"],
        "Instances": [
            {"id": f"{category}-{n}", "input": f"{definition} {n}", "output": [str(n)]}
            for n in range(count)
        ],
    }


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """A folder in the official layout with one of every trouble."""
    files = {
        "task001_good": task_file(5, definition="Add."),
        "task002_short": task_file(2, definition="Subtract."),
        "task003_twin_of_1": task_file(5, definition="Add."),
        "task005_unlisted": task_file(5),
        "task006_test": task_file(1, "Textual Entailment"),
    }
    (tmp_path / "tasks").mkdir()
    for name, content in files.items():
        (tmp_path / "tasks" / f"{name}.json").write_text(json.dumps(content), "utf-8")
    (tmp_path / "tasks" / "task004_broken.json").write_text("{", "utf-8")
    (tmp_path / "tasks" / "task007_latin.json").write_bytes(b'{"Definition": "\xe9"}')
    write_lists(
        tmp_path,
        train="task001_good\ntask002_short\n\ntask003_twin_of_1\ntask004_broken\ntask007_latin\n"
        "task008_nowhere\ntask001_good\n",
        test="task006_test\n",
    )
    return tmp_path


def write_lists(folder: Path, train: str, test: str, split: str = "default") -> None:
    (folder / "splits" / split).mkdir(parents=True, exist_ok=True)
    (folder / "splits" / split / "train_tasks.txt").write_text(train, "utf-8")
    (folder / "splits" / split / "test_tasks.txt").write_text(test, "utf-8")


def read(spec: Niv2Tasks) -> tuple[list[Task], dict[str, str]]:
    found = list(niv2.tasks(spec))
    return (
        [item for item in found if isinstance(item, Task)],
        {item.task: item.reason for item in found if isinstance(item, Problem)},
    )


def spec(folder: Path, **changes) -> Niv2Tasks:
    return Niv2Tasks.model_validate(
        {"source": "niv2", "path": str(folder), "minimum_instances": 3} | changes
    )


def test_every_task_is_either_read_or_named_with_a_reason(collection: Path):
    found = list(niv2.tasks(spec(collection)))
    tasks = [(t.name, t.split) for t in found if isinstance(t, Task)]
    problems = [(p.task, p.reason) for p in found if isinstance(p, Problem)]
    assert tasks == [("task001_good", "train"), ("task006_test", "test")]
    assert sorted(problems) == [
        ("task001_good", "listed twice"),
        ("task002_short", "short"),
        ("task003_twin_of_1", "duplicate"),
        ("task004_broken", "malformed"),
        ("task005_unlisted", "in neither the train nor the test list"),
        ("task007_latin", "malformed"),
        ("task008_nowhere", "missing"),
    ]


def test_the_minimum_is_for_training_tasks(collection: Path):
    tasks, problems = read(spec(collection, minimum_instances=2))
    assert [t.name for t in tasks] == ["task001_good", "task002_short", "task006_test"]
    assert "task002_short" not in problems


def test_the_category_table_of_the_folder_goes_first(collection: Path):
    table = "task\tcategory\nother\tMisc.\ntask001_good\tProgram Execution\n"
    (collection / "task_categories.tsv").write_text(table, "utf-8")
    tasks, _ = read(spec(collection))
    assert [t.category for t in tasks] == ["Program Execution", "Textual Entailment"]


def test_a_category_table_without_its_columns_is_an_error(collection: Path, tmp_path: Path):
    (tmp_path / "table.tsv").write_text("name\tcategory\n", "utf-8")
    with pytest.raises(DataError, match=r"table\.tsv: the header lacks the columns task"):
        read(spec(collection, categories=str(tmp_path / "table.tsv")))
    with pytest.raises(DataError, match="no such table"):
        read(spec(collection, categories=str(tmp_path / "other.tsv")))


def test_another_split_of_the_folder(collection: Path):
    write_lists(collection, "task005_unlisted\n", "task006_test\n", split="mine")
    tasks, _ = read(spec(collection, split="mine"))
    assert [t.name for t in tasks] == ["task005_unlisted", "task006_test"]


def test_a_split_that_is_not_there_names_those_that_are(collection: Path):
    with pytest.raises(DataError, match=r"train_tasks\.txt is missing; splits present: default"):
        read(spec(collection, split="xlingual"))


def test_a_folder_of_something_else_is_an_error(tmp_path: Path):
    with pytest.raises(DataError, match="no Super-NaturalInstructions here; expected tasks/"):
        read(spec(tmp_path))
    with pytest.raises(DataError, match="no such folder"):
        read(spec(tmp_path / "nowhere"))


# --- JSON lines ------------------------------------------------------------------------------


def test_a_folder_of_json_lines_is_read_by_task(tmp_path: Path):
    lines = {
        "train/task001_a_train.jsonl": [
            ("task001-0", "one", "1"),
            ("task001-0", "one", "uno"),
            ("task001-1", "two", "2"),
        ],
        "test/task002_b_test.jsonl": [("task002-0", "three", "3")],
    }
    for path, rows in lines.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        keys = ("id", "inputs", "targets")
        text = "\n".join(
            json.dumps(dict(zip(keys, row, strict=True)) | {"definition": "Count."}) for row in rows
        )
        (tmp_path / path).write_text(text, "utf-8")
    table = "task\tcategory\ntask001_a\tMathematics\ntask002_b\tMisc.\n"
    (tmp_path / "task_categories.tsv").write_text(table, "utf-8")
    tasks, _ = read(spec(tmp_path, minimum_instances=1))
    assert [(t.name, t.split, t.category, t.definition) for t in tasks] == [
        ("task001_a", "train", "Mathematics", "Count."),
        ("task002_b", "test", "Misc.", "Count."),
    ]
    assert [i.references for i in tasks[0].instances] == [("1", "uno"), ("2",)]


def test_json_lines_without_a_field_are_malformed(tmp_path: Path):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / f"{split}ing_{split}.jsonl").write_text('{"id": "a"}\n', "utf-8")
    _, problems = read(spec(tmp_path))
    assert problems == {"training": "malformed", "testing": "malformed"}


def write_lines(folder: Path, split: str, name: str, *rows: dict) -> None:
    """Write a task of the layout of JSON lines; rows are completed to good ones."""
    (folder / split).mkdir(exist_ok=True)
    common = {"id": "a", "inputs": "one", "targets": "1", "definition": "Count."}
    text = "\n".join(json.dumps(common | row) for row in rows)
    (folder / split / f"{name}_{split}.jsonl").write_text(text, "utf-8")


def lines_of(folder: Path, *rows: dict) -> tuple[Task, set[str]]:
    """Read a training task of these rows, and the reasons of its problems."""
    write_lines(folder, "train", "task001_a", *rows)
    write_lines(folder, "test", "task002_b", {"definition": "Name."})
    table = "task\tcategory\ntask001_a\tMathematics\ntask002_b\tMisc.\n"
    (folder / "task_categories.tsv").write_text(table, "utf-8")
    found = list(niv2.tasks(spec(folder, minimum_instances=1)))
    (task,) = (i for i in found if isinstance(i, Task) and i.split == "train")
    problems = [i for i in found if isinstance(i, Problem) and i.what == "instances left out"]
    notes = [i for i in found if isinstance(i, Problem) and i.reason.startswith("no id")]
    return task, {problem.reason for problem in (*problems, *notes)}


def test_inputs_under_one_id_are_not_answered_for_each_other(tmp_path: Path):
    task, _ = lines_of(tmp_path, {}, {"inputs": "two", "targets": "2"}, {"targets": "uno"})
    assert [(i.text, i.references) for i in task.instances] == [
        ("one", ("1", "uno")),
        ("two", ("2",)),
    ]
    assert len({i.id for i in task.instances}) == 2


@pytest.mark.parametrize("bad", [{"targets": None}, {"targets": 3}, {"inputs": ["two"]}])
def test_a_field_of_another_type_is_a_malformed_instance(tmp_path: Path, bad: dict):
    task, problems = lines_of(tmp_path, {}, {"id": "b", "inputs": "two"} | bad)
    assert [i.text for i in task.instances] == ["one"]
    assert problems == {"malformed"}


def test_an_id_of_another_type_is_replaced_and_listed(tmp_path: Path):
    task, problems = lines_of(tmp_path, {}, {"id": ["b"], "inputs": "two"})
    assert [i.text for i in task.instances] == ["one", "two"]
    assert problems == {"no id, or not a unique one"}
