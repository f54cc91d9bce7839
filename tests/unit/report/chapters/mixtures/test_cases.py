"""Cases: the rule that chooses them, against a reading of the written scores by hand."""

import copy
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest
import yaml

from artefacts_of import scores_of
from evaluated import read_scores
from instruction_study import STUDY
from rankscope.artefacts import layout
from rankscope.records.study import Study
from rankscope.report.chapters.mixtures.cases import cases
from rankscope.report.chapters.mixtures.view import case_setting, shown_cases
from rankscope.report.evidence.gather import gather
from rankscope.report.evidence.tables import build_tables
from rankscope.studies.expand import load_study
from synthetic_mixtures import write_mixture_study


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    content = copy.deepcopy(STUDY)
    content["grid"][1]["rank"] = [2, 4, 8]
    Path("study.yaml").write_text(yaml.safe_dump(content), "utf-8")
    return load_study(Path("study.yaml"))


def found_in(study: Study) -> pl.DataFrame:
    return cases(study, build_tables(gather(study)).evidence)


def runs_on_all(study: Study, seed: int) -> dict[int | None, str]:
    """Names of the runs on the larger mixture, by rank."""
    taken = [run for run in study.runs if run.data.size == 12 and run.seed == seed]
    return {run.method.rank: run.name for run in taken}


def rouge(study: Study, run: str) -> dict[str, float]:
    rows = read_scores(scores_of(study, run)).filter(
        pl.col("evaluation") == "unseen", pl.col("metric") == "rouge_l"
    )
    return dict(rows.select(pl.concat_str("category", "item", separator="|"), "score").iter_rows())


def test_the_items_shown_are_those_where_full_leads_and_trails_most(study: Study):
    write_mixture_study(study, lambda rank, mixture, kind: 0.5)
    shown = found_in(study)
    names = runs_on_all(study, seed=0)
    full, low, high = (rouge(study, names[rank]) for rank in (None, 2, 8))
    leads: dict[str, dict[str, float]] = defaultdict(dict)
    for key, score in full.items():
        category, item = key.split("|")
        leads[category][item] = score - (low[key] + high[key]) / 2
    assert len(leads) == 5  # so that two of the candidates are not shown
    for kind, choose in (("better", max), ("worse", min)):
        candidates = {category: choose(of.values()) for category, of in leads.items()}
        furthest = sorted(candidates.values(), key=abs, reverse=True)
        rows = shown.filter(pl.col("full_is") == kind).unique("number", maintain_order=True)
        found = [leads[row["category"]][row["item"]] for row in rows.sort("number").to_dicts()]
        assert found == pytest.approx(furthest[:3])
        assert rows["category"].n_unique() == 3


def test_each_case_has_the_prompt_and_three_answers_in_the_order_of_ranks(study: Study):
    write_mixture_study(study, lambda rank, mixture, kind: 0.5)
    first = found_in(study).filter(pl.col("number") == 1)
    assert first["condition"].to_list() == ["Full", "LoRA r=2", "LoRA r=8"]
    assert first["references"].to_list() == [["yes"]] * 3
    assert set(first["trained_on"]) == {"T12"}
    assert all(text.startswith("1: Ann is in hall") for text in first["text"])
    answers = found_in(study).select("prediction", "rouge_l")
    assert set(answers.filter(pl.col("rouge_l") == 1)["prediction"]) == {"yes"}
    assert "yes" not in answers.filter(pl.col("rouge_l") < 1)["prediction"].to_list()


def test_answers_whose_file_is_missing_are_told_from_empty_ones(study: Study):
    write_mixture_study(study, lambda rank, mixture, kind: 0.5)
    lost = runs_on_all(study, seed=0)[2]
    Path(layout.answers_manifest(scores_of(study, lost).answers.name)).unlink()
    shown = found_in(study)
    by_rank = dict(shown.filter(pl.col("number") == 1).select("rank", "prediction").iter_rows())
    assert by_rank.pop(2) is None
    assert None not in by_rank.values()
    assert shown["references"].null_count() == 0
    answers = {label: text for label, text, _ in shown_cases(shown)[0].answers}
    assert answers["LoRA r=2"] is None


def test_cases_name_learning_rates_and_a_planned_rank_that_was_never_scored(study: Study):
    gone = tuple(run.name for run in study.runs if run.method.rank == 8 and run.data.size == 12)
    write_mixture_study(study, lambda rank, mixture, kind: 0.5, missing=gone)
    shown = found_in(study)
    assert set(shown["condition"]) == {"Full", "LoRA r=2", "LoRA r=4"}
    assert case_setting(shown) == (
        "trained on T12, sampling 0 (learning rates: Full 0.001, LoRA r=2 0.01, LoRA r=4 0.01;"
        " no run of LoRA r=8 was scored there)"
    )


def test_a_sampling_that_lacks_one_of_the_three_is_passed_over(study: Study):
    gone = runs_on_all(study, seed=0)[8]
    write_mixture_study(study, lambda rank, mixture, kind: 0.5, missing=(gone,))
    assert set(found_in(study)["seed"]) == {1}


def test_where_one_of_the_three_never_finished_there_are_no_cases(study: Study):
    gone = tuple(run.name for run in study.runs if run.method.rank is None)  # on both mixtures
    write_mixture_study(study, lambda rank, mixture, kind: 0.5, missing=gone)
    assert found_in(study).is_empty()
