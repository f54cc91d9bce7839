"""Recipes: functions that make examples, and what makes one no task."""

import pytest

from rankscope.data.niv2.made_recipes import Recipe, Recipes
from rankscope.errors import DataError

MANY = Recipe("many", "train", "Misc.", "Count.", lambda rng: (str(rng.randrange(10**6)), "x"))


def test_inputs_are_different_and_those_of_the_seed():
    one = MANY.examples(30, seed=0)
    assert len({text for text, _ in one}) == 30
    assert one == MANY.examples(30, seed=0)
    assert one[:10] == MANY.examples(10, seed=0), "more examples change none"
    assert one != MANY.examples(30, seed=1)


def test_one_answer_and_several_are_told_in_one_way():
    several = Recipe("two", "train", "Misc.", "Answer.", lambda rng: ("a", ("x", "y")))
    assert several.examples(1, seed=0) == [("a", ("x", "y"))]
    assert {answers for _, answers in MANY.examples(5, seed=0)} == {("x",)}


def test_tasks_stand_in_the_order_in_which_they_are_written_with_their_docstrings():
    made = Recipes("test")

    @made.of("Misc.")
    def second_word(rng):
        """Find the
        second word."""
        return "a b", "b"

    @made.of("Other")
    def first_word(rng):
        """Find the first word."""
        return "a b", "a"

    assert [(each.name, each.split, each.category, each.definition) for each in made.all] == [
        ("second_word", "test", "Misc.", "Find the second word."),
        ("first_word", "test", "Other", "Find the first word."),
    ]
    assert second_word(None) == ("a b", "b"), "the function itself stays"


def test_a_recipe_that_runs_dry_says_so():
    recipe = Recipe("coin", "train", "Misc.", "Toss.", lambda rng: (rng.choice("ab"), "x"))
    assert len(recipe.examples(2, seed=0)) == 2
    with pytest.raises(DataError, match="made task coin has too few different inputs for 3"):
        recipe.examples(3, seed=0)


def test_a_recipe_without_definition_is_refused():
    def nameless(rng):
        return "a", "b"

    with pytest.raises(DataError, match="docstrings"):
        Recipes("train").of("Misc.")(nameless)
