"""The made tasks: enough of them, readable, short, of the published schema, and reproducible."""

from collections import Counter, defaultdict

import pytest

from rankscope.data.niv2.made import made_tasks, task_files
from rankscope.data.niv2.tasks import Task
from rankscope.records.instructions import MadeTasks
from rankscope.text.prompts import render

SPEC = MadeTasks(source="made-tasks", instances_per_task=200)


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    found = list(made_tasks(SPEC))
    assert all(isinstance(item, Task) for item in found), "made tasks have no problems"
    return [item for item in found if isinstance(item, Task)]


def test_there_are_enough_tasks_of_every_sort(tasks):
    training = [t for t in tasks if t.split == "train"]
    unseen = [t for t in tasks if t.split == "test"]
    assert len(tasks) >= 60
    assert len(training) >= 40
    assert len(unseen) >= 12
    assert len({t.category for t in tasks}) >= 12
    assert not {t.category for t in training} & {t.category for t in unseen}
    for group in (training, unseen):
        labelled = sum(t.options is not None for t in group)
        assert 0.2 < labelled / len(group) < 0.8, "classification and generation"
    sizes = Counter(t.category for t in training)
    assert max(sizes.values()) >= 3 * min(sizes.values()), "proportions have something to keep"


def test_tasks_are_complete_and_distinct(tasks):
    assert len({t.name for t in tasks}) == len({t.definition for t in tasks}) == len(tasks)
    assert len({t.content_sha256 for t in tasks}) == len(tasks)
    for task in tasks:
        assert len(task.instances) == SPEC.instances_per_task
        assert 20 <= len(task.definition) <= 120, "a sentence or two"


def test_inputs_and_answers_are_short(tasks):
    for task in tasks:
        for instance in task.instances:
            prompt = str(render("tk-instruct", task.definition, instance.text))
            assert len(instance.text.split()) <= 25
            assert len(prompt) <= 240
            assert all(1 <= len(answer.split()) <= 10 for answer in instance.references)


def test_labels_are_about_balanced(tasks):
    for task in tasks:
        if task.options is None or len(task.options) > 4:
            continue
        counts = Counter(i.references[0] for i in task.instances)
        assert max(counts.values()) < 1.35 * SPEC.instances_per_task / len(task.options), task.name


def test_no_label_is_given_away_by_a_contradiction(tasks):
    """The same text never has two answers within a task, by any route."""
    for task in tasks:
        answers = defaultdict(set)
        for instance in task.instances:
            answers[instance.text].add(instance.references)
        assert all(len(accepted) == 1 for accepted in answers.values())


def test_seeds(tasks):
    again = [t.content_sha256 for t in made_tasks(SPEC) if isinstance(t, Task)]
    assert again == [t.content_sha256 for t in tasks]
    other = MadeTasks(source="made-tasks", instances_per_task=200, seed=1)
    assert not set(again) & {t.content_sha256 for t in made_tasks(other) if isinstance(t, Task)}


def test_files_have_the_published_schema():
    file = next(task_files(SPEC))
    assert file.name == "task001_made_film_review"
    assert set(file.content) == {
        "Contributors", "Source", "URL", "Categories", "Reasoning", "Definition", "Input_language",
        "Output_language", "Instruction_language", "Domains", "Positive Examples",
        "Negative Examples", "Instances", "Instance License",
    }  # fmt: skip
    inputs = {instance["input"] for instance in file.content["Instances"]}
    assert not inputs & {example["input"] for example in file.content["Positive Examples"]}
