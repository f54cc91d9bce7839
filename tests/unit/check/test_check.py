"""All checks of a study: what they cost, what they import, and that one error lists everything."""

import inspect
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rankscope import check as package
from rankscope.check import (
    base,
    evaluation,
    files,
    grid,
    prompts,
    published,
    task_collections,
    tuning,
)
from rankscope.check.check import CHECKS, checked, validate
from rankscope.check.subject import Subject
from rankscope.errors import StudyError
from rankscope.studies.expand import load_study
from study_text import STUDY, edited


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(STUDY, "utf-8")


def test_every_check_that_is_written_is_made() -> None:
    """A check yields mistakes of a subject; the functions of these modules that do are all in."""
    written = {
        function
        for module in (base, evaluation, files, grid, prompts, published, task_collections, tuning)
        for _, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and list(inspect.signature(function).parameters) == ["subject"]
        and "Mistake" in str(inspect.signature(function).return_annotation)
        and "Place" not in str(inspect.signature(function).return_annotation)
    }
    assert {check for check in written if not check.__name__.startswith("_")} == set(CHECKS)
    assert package is not None


def test_mistakes_of_several_checks_come_in_one_error() -> None:
    text = edited(
        ("rank: [1, 4, 16]", "rank: 500"),
        ("headline: {learning: code", "headline: {learning: cod"),
        ("ks: [1, 10]", "ks: [1, 9000]"),
    )
    Path("mine.yaml").write_text(text, "utf-8")
    with pytest.raises(StudyError) as refused:
        checked("./mine.yaml")
    for key in ("grid[1].rank", "headline.learning", "spectra.ks[1]"):
        assert f" {key}: " in str(refused.value)
    assert "has 3 mistakes" in str(refused.value)


def test_a_loaded_study_is_checked_by_the_lines_of_its_file() -> None:
    study = load_study("./mine.yaml")
    validate(study)
    Path("mine.yaml").write_text(edited(("rank: [1, 4, 16]", "rank: 500")), "utf-8")
    with pytest.raises(StudyError, match=r"mine\.yaml:32: grid\[1\]\.rank"):
        validate(study)


def test_checking_takes_under_half_a_second_and_no_heavy_library() -> None:
    assert isinstance(checked("./mine.yaml"), Subject)
    began = time.process_time()
    checked("./mine.yaml")
    assert time.process_time() - began < 0.5
    program = (
        "import sys; from rankscope.check.check import checked; checked('./mine.yaml');"
        "print(sorted({'torch', 'transformers', 'peft', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout.strip() == b"[]"
