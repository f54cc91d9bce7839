"""What is gathered of a study whose samplings have test sets of their own."""

from pathlib import Path

import polars as pl
import pytest
import yaml

from evaluated import write_scores
from instruction_study import STUDY
from rankscope.artefacts import layout
from rankscope.evaluate.tables import SCORES
from rankscope.records.evaluations import key
from rankscope.records.measurements import Scores
from rankscope.records.study import Study
from rankscope.report.evidence.gather import gather
from rankscope.report.evidence.tables import build_tables, read_tables, write_tables
from rankscope.studies.expand import load_study
from sealing import seal

METRICS = ("exact_match", "rouge_l")


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Two samplings, every run and the base scored on two items of each test set."""
    monkeypatch.chdir(tmp_path)
    Path("instructions.yaml").write_text(yaml.safe_dump(STUDY), "utf-8")
    study = load_study(Path("instructions.yaml"))
    runs = {run.name: run.keys() for run in study.runs} | {study.base.name: study.base.keys()}
    for scores in (alone for each in study.scores for alone in each.of_each_subject or (each,)):
        rows = {key(evaluation): pl.DataFrame([
            dict.fromkeys(SCORES) | runs[scores.answers.subjects[0].name] | {
                "step": 0, "evaluation": evaluation.name,
                "item": f"{evaluation.name} {number}", "score": 0.0, "weight": 1.0,
                "measures": "learning", "unit": "u", "higher_is_better": True,
                "metric": metric, "spelling": {"rouge_l": "ROUGE-L"}.get(metric, "exact match"),
                "side": False, "task": f"task {number}", "category": "Keyword Tagging",
            }
            for number in range(2)
            for metric in METRICS
        ], schema=SCORES) for evaluation in scores.answers.suite.evaluations}  # fmt: skip
        write_scores(scores, rows)
    seal()
    return study


def items_of(study: Study, run: str) -> list[str]:
    mine = (pl.col("run") == run) & (pl.col("metric") == METRICS[0])
    rows = gather(study).items.filter(mine).select("test_sampling", "item").rows()
    return sorted(item if sampling is None else f"s{sampling}: {item}" for sampling, item in rows)


def test_the_base_is_counted_once_where_samplings_share_a_test_set(study: Study):
    assert items_of(study, study.base.name) == [
        "s0: seen 0", "s0: seen 1", "s1: seen 0", "s1: seen 1", "unseen 0", "unseen 1",
    ]  # fmt: skip


def test_unseen_items_are_the_same_in_all_samplings(study: Study):
    for run in study.runs:
        seen = [f"s{run.sampling_seed}: seen {number}" for number in range(2)]
        assert items_of(study, run.name) == [*seen, "unseen 0", "unseen 1"]


def test_the_base_is_asked_once_whatever_the_samplings(study: Study):
    (asked,) = [each for each in study.answers if each.subjects == (study.base,)]
    assert [each.name for each in asked.suite.evaluations] == ["seen", "unseen", "seen"]
    Path(layout.scores_manifest(Scores(answers=asked).name)).unlink()
    assert items_of(study, study.base.name) == []


def test_an_evaluation_is_found_by_its_kind_of_tests_and_metric(study: Study, tmp_path: Path):
    write_tables(build_tables(gather(study)), {"study": {"spectra": None}}, tmp_path / "tables")
    evidence = read_tables(tmp_path / "tables").evidence
    seen = evidence.on_tests("intra", "rouge_l")
    assert seen is not None
    assert (seen.name, seen.asked, seen.test_kind) == ("seen (ROUGE-L)", "seen", "intra")
    unseen = evidence.on_tests("inter", "exact_match")
    assert unseen is not None
    assert (unseen.name, unseen.asked, unseen.test_kind) == ("unseen", "unseen", "inter")
    assert evidence.on_tests("inter", "bits_per_byte") is None


def test_items_keep_their_task_and_category(study: Study):
    items = gather(study).items.select("item", "task", "category").unique()
    assert ("unseen 1", "task 1", "Keyword Tagging") in items.rows()


def test_the_series_of_a_study_are_those_it_names(study: Study):
    first, second, *_ = study.runs
    labelled = study.replaced(series={first.name: "paper", second.name: "tuned"})
    assert build_tables(gather(labelled)).evidence.series == ("paper", "tuned")
    assert build_tables(gather(study)).evidence.series == ("",)
