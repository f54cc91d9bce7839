"""Word lists and the sentences of several made tasks: each has one right answer."""

from itertools import combinations
from random import Random

import pytest

from rankscope.data.niv2 import made_words as words

KINDS = {"names": words.NAMES, "places": words.PLACES, "things": words.THINGS,
         "colours": words.COLOURS} | words.GROUPS  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_stands_twice_in_a_list(kind):
    assert len(set(KINDS[kind])) == len(KINDS[kind])


def test_a_word_is_of_one_kind():
    for one, other in combinations([words.GOOD, words.BAD, *words.GROUPS.values()], 2):
        assert not set(one) & set(other)
    assert not set(words.WOMEN) & set(words.MEN)
    for one, other in combinations(words.TOPIC_WORDS.values(), 2):
        assert not set(one) & set(other)


def test_opposites_are_each_other_s():
    assert len(words.OPPOSITE) == 2 * len(words.OPPOSITES)
    assert all(words.OPPOSITE[other] == one for one, other in words.OPPOSITE.items())


@pytest.mark.parametrize(
    ("passage", "fact"),
    [
        (words.whereabouts, "{} is in the {}."),
        (words.belongings, "{} has the {}."),
        (words.coloured, "the {} is {}."),
    ],
)
def test_a_passage_says_each_fact_once(passage, fact):
    for seed in range(50):
        text, subjects, values = passage(Random(seed), 3)
        assert len(set(subjects)) == len(set(values)) == 3
        assert text == " ".join(fact.format(*pair) for pair in zip(subjects, values, strict=True))


def test_another_word_is_another():
    rng = Random(0)
    chosen = {words.other(rng, words.COLOURS, ["red", "blue"]) for _ in range(200)}
    assert chosen == set(words.COLOURS) - {"red", "blue"}
    assert words.one(rng, words.COLOURS) in words.COLOURS
    assert len(set(words.some(rng, words.COLOURS, 4))) == 4
