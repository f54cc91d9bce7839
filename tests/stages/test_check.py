"""`rankscope check`: every mistake by the message a user sees."""

from pathlib import Path

import pytest

from rankscope.check.cli import check
from rankscope.errors import StudyError
from refused_study import message
from study_mistakes import MISTAKES
from study_text import STUDY, edited

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_refused_with_file_key_value_and_what_is_allowed(
    mistake: tuple[str, str, tuple[str, ...]],
) -> None:
    old, new, fragments = mistake
    found = message(edited((old, new)))
    assert [fragment for fragment in fragments if fragment not in found] == [], found
    assert len(found.splitlines()) == 1 or "described twice" in found, found


def test_what_only_a_gpu_can_do_is_a_note_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = edited(("schedule: linear", "optimizer: paged-adamw-8bit"))
    Path("mine.yaml").write_text(text, encoding="utf-8")
    for gpu in (False, True):
        monkeypatch.setattr("torch.cuda.is_available", lambda gpu=gpu: gpu)
        check([Path("mine.yaml")])
        told = " ".join(capsys.readouterr().out.split())
        assert ("8 runs would be refused on this machine" in told) is not gpu
        assert ("torch finds no GPU here" in told) is not gpu


def test_all_mistakes_of_a_file_are_listed_in_its_order() -> None:
    found = message(edited(("steps: 250", "steps: none"), ("alpha: 2r", "alhpa: 2r")))
    first, second, third = found.splitlines()
    assert first == "mine.yaml has 2 mistakes:"
    assert second.startswith("mine.yaml:24: recipe.steps: ")
    assert third.startswith("mine.yaml:32: grid[1].alhpa: unknown key; did you mean alpha?")


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("- one\n- two\n", "must be a mapping (`key: value` lines), and is a list"),
        ("study\n", "must be a mapping (`key: value` lines), and is a single value"),
        ("study: &again [*again]\n", "mine.yaml:1: "),
    ],
)
def test_a_file_that_is_no_study_at_all(text: str, fragment: str) -> None:
    assert fragment in message(text)


def test_a_file_in_another_encoding() -> None:
    Path("mine.yaml").write_bytes("title: für".encode("latin-1"))
    with pytest.raises(StudyError, match="UTF-8"):
        check([Path("mine.yaml")])


def test_a_missing_file_and_what_stands_beside_it() -> None:
    Path("other.yaml").write_text(STUDY, encoding="utf-8")
    with pytest.raises(StudyError, match=r"mine\.yaml: there is no such file; .* has: other"):
        check([Path("mine.yaml")])


def test_what_is_allowed_is_said_to_the_last_digit() -> None:
    found = message(edited(("seeds: [0, 1]", "seeds: [4294967296]")))
    assert "seeds[0]: 4294967296 is out of range; allowed: a number below 4294967296" in found
    found = message(edited(("  code: {", "  cöde: {")))
    assert "data.cöde: this key does not fit" in found
    assert "allowed: letters, digits, - and _" in found
