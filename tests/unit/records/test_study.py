"""An expanded study: who is asked what, and all that its report is made from."""

from pathlib import Path

import pytest

from rankscope.records.study import TOGETHER, Study
from rankscope.studies.expand import load_study
from study_text import STUDY, edited


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(STUDY)
    return load_study("./mine.yaml")


def test_the_base_is_asked_first_and_then_every_run(study: Study) -> None:
    asked = [answers.subjects for answers in study.answers]
    assert asked[0] == (study.base,)
    assert [run for runs in asked[1:] for run in runs] == list(study.runs)
    assert all(len(runs) <= TOGETHER for runs in asked)


def test_answers_of_several_runs_can_be_asked_for_apart(study: Study) -> None:
    of_base, of_runs, *_ = study.answers
    assert of_base.of_each_subject == ()
    alone = of_runs.of_each_subject
    assert [each.subjects for each in alone] == [(run,) for run in of_runs.subjects]
    assert {source.name for each in alone for source in each.sources} == {
        source.name for source in of_runs.sources
    }


def test_all_that_the_study_scores_is_answered(study: Study) -> None:
    assert [scores.answers for scores in study.scores] == list(study.answers)


def test_every_run_has_its_spectra_if_the_study_asks_for_any(study: Study) -> None:
    assert [found.subject for found in study.analyses] == list(study.runs)
    assert study.replaced(spectra=None).analyses == ()


def test_its_sources_are_all_that_the_report_reads(study: Study) -> None:
    assert set(study.sources) >= {
        study.base, *study.runs, *study.data.values(), *study.answers, *study.scores,
        *study.analyses,
    }  # fmt: skip


def test_a_series_is_that_of_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(edited(("alpha: 2r", "alpha: 2r, series: tuned")))
    study = load_study("./mine.yaml")
    assert {study.series_of(run) for run in study.runs if run.method.rank} == {"tuned"}
    assert {study.series_of(run) for run in study.runs if not run.method.rank} == {""}
