"""Parts that jobs list: made together, alone, or not yet."""

from pathlib import Path

import polars as pl
import pytest

from evaluated import write_scores
from rankscope.evaluate.tables import SCORES
from rankscope.records.evaluations import key
from rankscope.records.measurements import Scores
from rankscope.records.study import Study
from rankscope.report.evidence.listed import answered, scored
from rankscope.studies.expand import load_study
from sealing import seal
from study_text import STUDY


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(STUDY)
    return load_study("./mine.yaml")


def write(scores: Scores) -> None:
    (subject,) = scores.answers.subjects
    row = dict.fromkeys(SCORES) | subject.keys() | {"step": 3, "item": "1", "score": 0.5}
    rows = {
        key(each): pl.DataFrame([row], schema=SCORES) for each in scores.answers.suite.evaluations
    }
    write_scores(scores, rows)


def test_what_nobody_made_is_not_there(study: Study) -> None:
    assert all(not scored(each) and not answered(each.answers) for each in study.scores)


def test_what_was_made_alone_counts_among_the_scores_of_several_runs(study: Study) -> None:
    together = next(each for each in study.scores if each.of_each_subject)
    alone, other, *_ = together.of_each_subject
    write(alone)
    seal()
    evaluations = len(alone.answers.suite.evaluations)
    assert len(scored(together)) == len(scored(alone)) == evaluations
    assert scored(other) == []


def test_a_part_counts_once(study: Study) -> None:
    together = next(each for each in study.scores if each.of_each_subject)
    for alone in together.of_each_subject:
        write(alone)
    seal()
    parts = scored(together)
    assert (
        len(parts)
        == len(set(parts))
        == sum(len(scored(alone)) for alone in together.of_each_subject)
    )
