"""From pydantic's errors to sentences."""

from typing import Any

import pytest

from rankscope.studies.mistakes import close_word, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", '"a"'), (1e-05, "1e-05"), (True, "true"), (None, "null"), ((1, "b"), '[1, "b"]'),
     ({"a": (1.5,)}, "{a: [1.5]}")],
)  # fmt: skip
def test_values_are_shown_as_in_yaml(value: Any, text: str) -> None:
    assert shown(value) == text


def test_long_values_are_shortened() -> None:
    assert len(shown("x" * 500)) < 65


@pytest.mark.parametrize(
    ("word", "close"),
    [("learning_rat", "learning_rate"), ("LEARNING_RATE", "learning_rate"),
     ("learn", "learning_rate"), ("seed", "seeds"), ("zebra", "")],
)  # fmt: skip
def test_a_word_that_was_meant(word: str, close: str) -> None:
    assert close_word(word, ["learning_rate", "seeds", "rank"]) == close
