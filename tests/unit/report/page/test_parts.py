"""Chapters put together for the page, written by hand."""

import json
from pathlib import Path

import pytest

from rankscope.errors import ArtefactError
from rankscope.report.page.parts import ChapterParts, Parts, in_parts
from rankscope.report.verdicts.verdict import Claim, not_measured

SILENT = {"sections": [], "opens": [], "opening": None, "claims_note": ""}


def verdict(number: str):
    claim = Claim(number, "", "", "", "", 0.0, "above", "")
    return not_measured(claim, "", "")


def chapter(drawn: dict[str, str], verdicts=(), **words) -> ChapterParts:
    """A chapter whose figures, by name, have these titles."""
    figures = {
        name: {"title": title, "colours": {f"--{name}": ["#000000", "#ffffff"]}}
        for name, title in drawn.items()
    }
    sections = [
        {"name": name, "title": "", "takeaway": "", "figure": name, "html": ""} for name in drawn
    ]
    return ChapterParts(figures, SILENT | {"sections": sections} | words, tuple(verdicts))


def test_the_first_chapter_with_an_opener_opens_the_page():
    parts = Parts((
        chapter({"a": "A"}),
        chapter({"b": "B", "c": "C", "d": "D"}, opens=["gone", "c", "b"]),
        chapter({"e": "E"}, opens=["e"]),
    ))  # fmt: skip
    assert parts.at_the_top == ["c", "b"]
    assert [(s["figure"], s["title"]) for s in parts.sections] == [
        ("a", "A"), ("d", "D"), ("e", "E"),
    ]  # fmt: skip
    assert set(parts.colours) == {"--a", "--b", "--c", "--d", "--e"}


def test_the_answer_is_that_of_the_first_chapter_that_has_one():
    words = {"sentences": ["So."], "intervals": "by hand", "left_out": ""}
    parts = Parts((chapter({}), chapter({}, opening=words), chapter({}, opening={"other": 1})))
    assert parts.opening == words
    assert "no answer to give" in Parts((chapter({}),)).opening["sentences"][0]
    assert Parts((chapter({}),)).at_the_top == []


def test_claims_stand_in_the_order_of_their_numbers():
    numbers = (["H3.1", "H1.10"], ["H2.4", "H1.9"])
    parts = Parts(tuple(chapter({}, map(verdict, of)) for of in numbers))
    assert [each.claim for each in parts.verdicts] == ["H1.9", "H1.10", "H2.4", "H3.1"]


def test_a_chapter_that_was_not_written_says_what_to_run(tmp_path: Path):
    with pytest.raises(ArtefactError, match="run `rankscope report chapter updates` first"):
        Parts.of([tmp_path / "updates"])
    empty = tmp_path / "updates"
    empty.mkdir()
    (empty / "words.json").write_text(json.dumps(SILENT), "utf-8")
    with pytest.raises(ArtefactError, match="there are no verdicts"):
        Parts.of([empty])


def test_numbers_in_outer_brackets_are_set_smaller():
    parts = in_parts("gained 0.4 [0.3, 0.5]: more (difference 0.1 [0.0, 0.2]; n).")
    assert [part.text for part in parts if part.evidence] == [
        "[0.3, 0.5]", "(difference 0.1 [0.0, 0.2]; n)",
    ]  # fmt: skip
    assert "".join(part.text for part in parts).endswith("; n).")
