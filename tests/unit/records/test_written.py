"""The shorthands of study files."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from rankscope.records.record import Spec
from rankscope.records.written import InAWord, OneOrMore, PartOf


class Shape(Spec):
    label: str
    sides: tuple[int, ...] = (1, 1)


class Page(Spec):
    shape: Annotated[Shape, InAWord(Shape(label="line"), Shape(label="square", sides=(1,) * 4))]
    heights: Annotated[tuple[int, ...], OneOrMore()] = (1,)


SQUARE = Page(shape=Shape(label="square", sides=(1,) * 4))


def test_a_word_is_the_record_it_stands_for() -> None:
    assert Page.model_validate({"shape": "square"}) == SQUARE
    assert Page.model_validate({"shape": {"label": "square", "sides": (1, 1, 1, 1)}}) == SQUARE


def test_a_record_in_a_word_is_read_back_from_json() -> None:
    assert Page.model_validate_json(SQUARE.model_dump_json(), strict=True) == SQUARE


@pytest.mark.parametrize("wrong", ["squar", 4, None, ("square",)])
def test_anything_else_is_refused_with_the_words_that_are_allowed(wrong: object) -> None:
    with pytest.raises(ValidationError, match="'line', 'square'"):
        Page.model_validate({"shape": wrong})


def test_what_is_wrong_inside_a_written_out_record_is_told_there() -> None:
    with pytest.raises(ValidationError) as refused:
        Page.model_validate({"shape": {"label": "line", "sides": ("a",)}})
    assert refused.value.errors()[0]["loc"] == ("shape", "sides", 0)


def test_one_value_is_a_list_of_one_and_none_stands_twice() -> None:
    read = TypeAdapter(Annotated[tuple[int, ...], OneOrMore()])
    assert read.validate_python(3) == (3,)
    with pytest.raises(ValidationError, match="stands twice"):
        read.validate_python((3, 3))
    with pytest.raises(ValidationError, match="empty"):
        read.validate_python(())


def test_part_of_a_record_needs_no_key_and_knows_no_other() -> None:
    read = TypeAdapter(Annotated[dict[str, object], PartOf(Page, without=("heights",))])
    assert read.validate_python({}) == {}
    assert read.validate_python({"shape": "square"}) == {"shape": SQUARE.shape}
    with pytest.raises(ValidationError, match="heights"):
        read.validate_python({"heights": 1})
