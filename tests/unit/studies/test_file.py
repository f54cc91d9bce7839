"""Which study is meant: by config.yaml, by Snakemake's config, and what a broken file is told."""

from pathlib import Path

import pytest

from rankscope.errors import StudyError
from rankscope.studies.file import configured_study, read_study_file, study_of_config
from study_text import STUDY, edited


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_study_of_the_config_file() -> None:
    with pytest.raises(StudyError, match=r"which study\? There is no config\.yaml"):
        configured_study()
    Path("config.yaml").write_text("study: demo\n")
    assert configured_study() == "demo"
    Path("config.yaml").write_text("stduy: demo\n")
    with pytest.raises(StudyError, match=r"config\.yaml:1: stduy: unknown key; did you mean study"):
        configured_study()


def test_the_study_of_snakemake_s_config() -> None:
    assert study_of_config({"study": "mine.yaml"}) == "mine.yaml"
    with pytest.raises(StudyError, match="give --config study=NAME_OR_FILE"):
        study_of_config({})
    with pytest.raises(StudyError, match="not by --configfile"):
        study_of_config({"study": "x", "grid": []})
    with pytest.raises(StudyError, match="studdy: unknown key"):
        study_of_config({"studdy": "x"})


def test_a_file_is_read_with_the_lines_of_its_keys() -> None:
    Path("mine.yaml").write_text(STUDY)
    file, source = read_study_file(Path("mine.yaml"))
    assert file.study == "mine"
    line = source.line(("recipe", "steps"))
    assert STUDY.splitlines()[line - 1] == "  steps: 250"


def test_all_mistakes_come_in_one_error() -> None:
    text = edited(("steps: 250", "steps: 0"), ("study: mine", "study: Mine"))
    Path("mine.yaml").write_text(text)
    with pytest.raises(StudyError) as refused:
        read_study_file(Path("mine.yaml"))
    assert "has 2 mistakes" in str(refused.value)
