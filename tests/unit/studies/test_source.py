"""Lines of values in YAML, and the schema that messages are made from."""

from pathlib import Path
from typing import Any

import pytest

from rankscope.errors import StudyError
from rankscope.studies.source import Mistake, Source, dotted, read_source

TEXT = """\
# a comment

one: 1
two:
  three: [a, b,
          c]
  four:
    - five: 5
    - {six: 6, seven: [8]}
"""


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "some.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return read_source(path)


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("one",), 3), (("two",), 4), (("two", "three", 0), 5), (("two", "three", 2), 6),
        (("two", "four", 0, "five"), 8), (("two", "four", 1, "seven", 0), 9),
    ],
)  # fmt: skip
def test_every_value_has_its_line(source: Source, place: Any, line: int) -> None:
    assert source.line(place) == line


def test_a_place_that_is_not_written_has_the_line_around_it(source: Source) -> None:
    assert source.line(("two", "four", 0, "missing")) == 8
    assert source.line(("missing",)) == 3


def test_values_by_place(source: Source) -> None:
    assert source.value(("two", "four", 1, "seven")) == (8,)
    assert source.value(("two", "three", 7)) is None
    assert source.value(("one", "below")) is None


def test_mistakes_are_listed_by_line_and_once(source: Source) -> None:
    found = [
        Mistake(("two", "four"), "late"),
        Mistake(("one",), "early"),
        Mistake(("two", "four"), "late"),
    ]
    assert str(source.error(found)).splitlines() == [
        f"{source.path} has 2 mistakes:",
        f"{source.path}:3: one: early",
        f"{source.path}:7: two.four: late",
    ]


def test_places_read_as_a_person_writes_them() -> None:
    assert dotted(("grid", 1, "recipe", "keep", 0)) == "grid[1].recipe.keep[0]"
    assert dotted(()) == ""


@pytest.mark.parametrize("text", ["a: 1\nb: {c: 1, c: 2}\n", "a: 1\nb: [{c: 1,\n c: 2}]\n"])
def test_a_repeated_key_is_found_at_any_depth(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match="c: this key stands twice"):
        read_source(path)


def test_a_key_that_replaces_a_merged_one_is_no_repetition(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n", encoding="utf-8")
    assert read_source(path).content["b"] == {"x": 1, "y": 3}


def test_python_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text("a: !!python/object/apply:os.getcwd []\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"some\.yaml:1: "):
        read_source(path)
