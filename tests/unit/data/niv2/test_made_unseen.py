"""Made test tasks: their answers, by solvers of one line."""

import pytest

from rankscope.data.niv2.made_unseen import UNSEEN

TASKS = {recipe.name: recipe for recipe in UNSEEN.all}


@pytest.mark.parametrize(
    ("name", "solve"),
    [
        ("ask_or_tell", lambda text: "question" if text.endswith("?") else "statement"),
        ("entailed_place", lambda text: "yes" if text.count(text.split()[-1][:-1]) == 2 else "no"),
    ],
)
def test_answers_are_right(name, solve):
    examples = TASKS[name].examples(200, seed=0)
    assert [solve(text) for text, _ in examples] == [answers[0] for _, answers in examples]


def test_facts_asked_for_are_in_the_passage():
    asked = [task for task in UNSEEN.all if task.category in ("Keyword Tagging",)]
    assert asked
    for task in asked:
        for text, (answer, *_) in task.examples(200, seed=0):
            assert answer in ("yes", "no") or answer in text


def test_they_are_all_test_tasks():
    assert {recipe.split for recipe in UNSEEN.all} == {"test"}
    assert len(TASKS) == len(UNSEEN.all), "each of a name of its own"
