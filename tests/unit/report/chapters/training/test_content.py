"""What is said of training: the curves, which runs finished, and what a loss is the mean over."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from evidence_builder import EvidenceBuilder, tables_of
from rankscope.artefacts import layout
from rankscope.artefacts.manifest import manifest
from rankscope.records.study import Study
from rankscope.report.chapters.training.chapter import CHAPTER
from rankscope.report.chapters.training.content import content, predicted
from rankscope.studies.expand import load_study
from report_parts import NO_STUDY
from study_text import edited


def runs() -> EvidenceBuilder:
    builder = EvidenceBuilder()
    builder.run(4, 0)
    builder.run(4, 1, status="diverged", diverged_at=7)
    return builder


def test_the_curves_come_with_how_many_runs_finished():
    rows = [{"run": "LoRA r=4 0.001 0 code", "rank": 4, "seed": 0, "step": 1, "loss": 2.0}]
    said = content(NO_STUDY, replace(tables_of(runs()), loss=pl.DataFrame(rows)))
    assert [drawn.figure.name for drawn in said.figures] == ["loss"]
    (section,) = said.sections
    assert section.figure == "loss"
    line = "1 of 2 runs finished; LoRA r=4, seed 1: diverged at step 7"
    assert section.takeaway == line
    assert said.verdicts == ()


def test_without_a_loss_there_is_nothing_to_say():
    said = content(NO_STUDY, tables_of(runs()))
    assert (said.figures, said.sections) == ((), ())


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(edited(), "utf-8")
    return load_study("mine.yaml")


def say(run: str, predicts: str) -> None:
    with manifest(Path(layout.run_manifest(run)), "train", run, {}) as record:
        record.results = {"predicts": predicts}


def test_the_word_is_that_of_the_runs_that_are_shown(study: Study) -> None:
    first, second, *_ = (run.name for run in study.runs)
    say(first, "masked token")
    say(second, "example")
    assert predicted(study, [first]) == "masked token"
    assert predicted(study, [second]) == "example"
    assert predicted(study, [first, second]) == "masked token or example"
    assert predicted(study, []) == "token"


def test_the_chapter_reads_what_the_runs_say(study: Study) -> None:
    assert CHAPTER.reads(study) == [layout.run_manifest(run.name) for run in study.runs]
