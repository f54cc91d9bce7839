"""Checks against other files: the data, and the names of other studies."""

import os
from pathlib import Path

import pytest

from rankscope.check.cli import check
from rankscope.errors import StudyError
from refused_study import message
from study_mistakes import REVISION
from study_text import STUDY, edited
from tiny_llama import save_base
from tiny_study import STUDY as TINY
from tiny_study import write_tiny_documents

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_a_hub_dataset_that_is_not_cached_is_refused_offline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    dataset = f"{{source: hub, repository: some/text, revision: {REVISION}}}"
    found = message(edited(("{source: standard-library, content: english}", dataset)))
    assert 'mine.yaml:7: data.english.repository: "some/text"' in found
    assert "hf download --repo-type dataset some/text" in found


def test_a_study_that_would_overwrite_the_report_of_another() -> None:
    shipped = Path("workflow/studies/mine.yaml")
    shipped.parent.mkdir(parents=True)
    shipped.write_text(STUDY, encoding="utf-8")
    check([shipped])
    Path("copy.yaml").write_text(STUDY, encoding="utf-8")
    with pytest.raises(StudyError, match=r'copy\.yaml:1: study: "mine".*write `study: copy`'):
        check([Path("copy.yaml")])


def test_one_text_file_is_one_document() -> None:
    Path("all.txt").write_text("text", encoding="utf-8")
    data = "{source: text, path: all.txt}"
    found = message(edited(("{source: standard-library, content: english}", data)))
    assert 'mine.yaml:7: data.english.path: "all.txt" is one .txt file' in found
    assert "allowed: `split_on_blank_lines: true`, a folder of several, or a .jsonl or" in found


def test_a_text_field_that_is_not_there() -> None:
    Path("all.jsonl").write_text('{"body": "text"}\n', encoding="utf-8")
    data = "{source: text, path: all.jsonl}"
    found = message(edited(("{source: standard-library, content: english}", data)))
    assert "mine.yaml:7: data.english.path: " in found
    assert "no field 'text'; it has: body (set text_field)" in found


def test_a_path_that_is_seen_from_the_study_s_folder_is_told_how_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are seen from the folder of the run, which people take for that of the study."""
    own = tmp_path / "own study"
    own.mkdir()
    write_tiny_documents(own)
    save_base(own / "base")
    text = TINY[: TINY.index("base:")] + "base: {source: local, path: base}\n"
    (own / "tiny.yaml").write_text(text + TINY[TINY.index("train_on:") :], "utf-8")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with pytest.raises(StudyError) as refused:
        check([Path("../own study/tiny.yaml")])
    for name in ("code.jsonl", "english.jsonl", "base"):
        assert f"it lies beside the study, as ../own study/{name}: paths are" in str(refused.value)
    monkeypatch.chdir(own)
    check([Path("tiny.yaml")])


def test_a_row_that_cannot_be_read_is_told_by_the_check(tmp_path: Path) -> None:
    rows = [f'{{"text": "document {number}"}}\n' for number in range(40)]
    Path("mine.jsonl").write_text("".join(rows) + '{"text": "a cut emoji \\ud83d"}\n')
    data = "{source: text, path: mine.jsonl}"
    found = message(edited(("{source: standard-library, content: english}", data)))
    assert "mine.jsonl, line 41: field 'text' holds half of a surrogate pair" in found


def test_a_pipe_as_data_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo("pipe.jsonl")
    data = "{source: text, path: pipe.jsonl}"
    found = message(edited(("{source: standard-library, content: english}", data)))
    assert "pipe.jsonl: this is a pipe, socket or device" in found
