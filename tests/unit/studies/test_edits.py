"""Whether a study was edited since a workflow was started with it."""

from pathlib import Path

import pytest

from rankscope.studies.edits import edited_since
from rankscope.studies.expand import load_study
from tiny_study import FILE, STUDY, write_tiny_documents


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_tiny_documents(tmp_path)
    Path(FILE).write_text(STUDY, "utf-8")
    return tmp_path


def test_an_edit_since_the_start_is_said_and_a_change_of_layout_is_none() -> None:
    at_start = load_study(FILE)
    Path(FILE).write_text(f"# a comment\n{STUDY}", "utf-8")
    assert edited_since(at_start) == ""
    Path(FILE).write_text(STUDY.replace("rank: [1, 4]", "rank: [1]"), "utf-8")
    assert "tiny.yaml was edited meanwhile" in edited_since(at_start)
    Path(FILE).write_text("study: [half", "utf-8")
    assert "cannot be read any more" in edited_since(at_start)


def test_a_study_is_not_edited_by_being_loaded_by_another_path() -> None:
    assert edited_since(load_study(Path(FILE).absolute())) == ""
