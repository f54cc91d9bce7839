"""A collection as tables: counted, and refused where a split has no task."""

import logging
from dataclasses import replace

import pytest

from rankscope.data.niv2.collections import collection_content
from rankscope.data.niv2.made import made_tasks
from rankscope.data.niv2.tasks import Problem, Task
from rankscope.errors import DataError
from rankscope.records.instructions import MadeTasks


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    found = made_tasks(MadeTasks(source="made-tasks", instances_per_task=20))
    return [task for task in found if isinstance(task, Task)]


def test_counts_are_those_of_the_tasks(tasks: list[Task]) -> None:
    problem = Problem("task9", "train", "task left out", "missing")
    content = collection_content("mine", [*tasks, problem])
    training = [task for task in tasks if task.split == "train"]
    assert content.results["training_tasks"] == len(training)
    assert content.results["test_tasks"] == len(tasks) - len(training)
    assert content.results["instances"] == content.rows.height == 20 * len(tasks)
    assert content.results["problems"] == {"task left out: missing": 1}
    assert content.tables["tasks"]["task"].to_list() == [task.name for task in tasks]


def test_a_split_without_a_task_is_refused(tasks: list[Task]) -> None:
    training = [task for task in tasks if task.split == "train"]
    with pytest.raises(DataError, match="mine: no usable test task; what was left out, and why"):
        collection_content("mine", training)


def test_a_category_of_both_splits_is_warned_of(
    tasks: list[Task], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    one = next(task for task in tasks if task.split == "train")
    other = next(task for task in tasks if task.split == "test")
    collection_content("mine", [one, replace(other, category=one.category)])
    assert f"{one.category} has training and test tasks" in caplog.text
