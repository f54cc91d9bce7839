"""Made tasks on what a text says: their answers, by solvers of one line."""

import pytest

from rankscope.data.niv2.made_reading import READING

TASKS = {recipe.name: recipe for recipe in READING.all}


@pytest.mark.parametrize(
    ("name", "solve"),
    [
        ("first_word", lambda text: text.split()[0]),
        ("last_word", lambda text: text.split()[-1]),
    ],
)
def test_answers_are_right(name, solve):
    examples = TASKS[name].examples(200, seed=0)
    assert [solve(text) for text, _ in examples] == [answers[0] for _, answers in examples]


def test_facts_asked_for_are_in_the_passage():
    categories = ("Question Answering", "Information Extraction")
    asked = [task for task in READING.all if task.category in categories]
    assert asked
    for task in asked:
        for text, (answer, *_) in task.examples(200, seed=0):
            assert answer in ("yes", "no") or answer in text


def test_they_are_all_training_tasks():
    assert {recipe.split for recipe in READING.all} == {"train"}
    assert len(TASKS) == len(READING.all), "each of a name of its own"
