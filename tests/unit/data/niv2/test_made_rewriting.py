"""Made tasks on lists, numbers and words: their answers, by solvers of one line."""

import pytest

from rankscope.data.niv2.made_rewriting import REWRITING

TASKS = {recipe.name: recipe for recipe in REWRITING.all}


@pytest.mark.parametrize(
    ("name", "solve"),
    [
        ("reverse_the_list", lambda text: " ".join(text.split()[::-1])),
        ("count_the_elements", lambda text: str(len(text.split()))),
        ("letters_to_capitals", str.upper),
        ("larger_number", lambda text: max(text.split(), key=int)),
        ("even_or_odd", lambda text: "odd" if int(text) % 2 else "even"),
        ("is_it_negated", lambda text: "yes" if " not " in text else "no"),
        ("next_number", lambda text: str(int(text.split()[-1]) + 1)),
        ("flip_the_bits", lambda text: text.translate(str.maketrans("01", "10"))),
    ],
)
def test_answers_are_right(name, solve):
    examples = TASKS[name].examples(200, seed=0)
    assert [solve(text) for text, _ in examples] == [answers[0] for _, answers in examples]


def test_they_are_all_training_tasks():
    assert {recipe.split for recipe in REWRITING.all} == {"train"}
    assert len(TASKS) == len(REWRITING.all), "each of a name of its own"
