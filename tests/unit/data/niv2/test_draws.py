"""What is drawn from a collection, as tables: pools from its tables, rows from draws."""

from pathlib import Path

import polars as pl
import pytest

from rankscope.data.niv2.collections import collection_content
from rankscope.data.niv2.draws import draw_content, draw_test, named_pools, read_pools
from rankscope.data.niv2.sampling import Draw, Drawn, Shortage, draw_inter_test
from rankscope.data.niv2.tables import ROWS
from rankscope.data.niv2.tasks import label_of, parse_task
from rankscope.records.instructions import MadeTasks, TestSet

MADE = MadeTasks(source="made-tasks")
LABELS = ["Yes", "no."] * 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of two training tasks, one of them of labels, and a test task."""
    written = {
        "task1_free": ("train", [f"answer {n}" for n in range(4)]),
        "task2_labels": ("train", LABELS),
        "task3_test": ("test", ["x", "y"]),
    }
    tasks = []
    for name, (split, answers) in written.items():
        file = {
            "Categories": [f"Category of {name}"],
            "Definition": [f"Do {name}."],
            "Instances": [
                {"id": f"{name}-{n}", "input": f"{name} {n}", "output": [answer]}
                for n, answer in enumerate(answers)
            ],
        }
        task, _ = parse_task(name, split, file, None)
        assert task is not None
        tasks.append(task)
    made = collection_content("mine", tasks)
    path = tmp_path_factory.mktemp("collection")
    made.rows.write_parquet(path / "rows.parquet")
    made.tables["tasks"].write_parquet(path / "tasks.parquet")
    return path


def inter(**changes: object) -> TestSet:
    written = {"source": "test-set", "kind": "inter", "tasks": MADE, "examples_per_task": 1}
    return TestSet.model_validate(written | changes)


def test_pools_are_the_tasks_of_each_split_with_labels_where_there_are_any(folder: Path) -> None:
    pools = read_pools(folder)
    assert {split: [pool.name for pool in listed] for split, listed in pools.items()} == {
        "train": ["task1_free", "task2_labels"],
        "test": ["task3_test"],
    }
    free, labels = pools["train"]
    assert {candidate.label for candidate in free.candidates} == {None}
    assert [candidate.label for candidate in labels.candidates] == [label_of(x) for x in LABELS]
    assert [candidate.id for candidate in free.candidates] == [f"task1_free-{n}" for n in range(4)]


def test_tasks_of_given_names_keep_the_order_of_the_collection(folder: Path) -> None:
    training = read_pools(folder)["train"]
    assert named_pools(training, ["task2_labels", "task1_free"]) == training
    assert named_pools(training, ["task2_labels"]) == training[1:]


def test_a_test_set_of_unseen_tasks_needs_no_sampling(folder: Path) -> None:
    pools = read_pools(folder)
    assert draw_test(inter(), pools) == draw_inter_test(pools["test"], 1)
    seen = inter(kind="intra", tasks_tested=2, sampling_seed=0)
    assert {draw.task for draw in draw_test(seen, pools).draws} == {"task1_free", "task2_labels"}


def test_a_draw_becomes_a_row_with_its_texts_in_the_order_of_the_draws(folder: Path) -> None:
    pools = read_pools(folder)
    by_name = {pool.name: pool for pool in (*pools["train"], *pools["test"])}
    wanted = [("task3_test", 1, 0), ("task1_free", 2, 0), ("task1_free", 2, 1)]
    draws = tuple(
        Draw(
            task,
            by_name[task].category,
            by_name[task].candidates[number].id,
            by_name[task].candidates[number].sha256,
            draw,
        )
        for task, number, draw in wanted
    )
    short = Shortage("train", "task1_free", by_name["task1_free"].category, 9, 4, 0)
    made = draw_content(
        inter(), Drawn(draws, (short,)), folder, "train", "T2", lambda row: row["references"][0]
    )
    assert made.rows.schema == pl.Schema(ROWS)
    columns = ("instance", "draw", "text", "target", "definition", "mixture", "split")
    assert made.rows.select(columns).rows() == [
        ("task3_test-1", 0, "task3_test 1", "y", "Do task3_test.", "T2", "train"),
        ("task1_free-2", 0, "task1_free 2", "answer 2", "Do task1_free.", "T2", "train"),
        ("task1_free-2", 1, "task1_free 2", "answer 2", "Do task1_free.", "T2", "train"),
    ]
    assert made.rows["prompt"][0] == (
        "Definition: Do task3_test.\n\nNow complete the following example -\n"
        "Input: task3_test 1.\nOutput: "
    )
    assert made.results == {"label": "T2", "tasks": 2, "rows": 3, "tasks_short": 1}
    assert made.tables["shortages"].select("mixture", "task", "asked", "obtained").rows() == [
        ("T2", "task1_free", 9, 4)
    ]
