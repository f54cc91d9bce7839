"""Series: a study's label for some of its runs, which is no part of a run."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from rankscope.errors import StudyError
from rankscope.records.study import Study
from rankscope.studies.expand import load_study
from study_text import STUDY

FULL: dict[str, Any] = {"method": "full", "learning_rate": 3.0e-5}
LORA: dict[str, Any] = {"method": "lora", "rank": [1, 4], "learning_rate": 5.0e-5}


def load(folder: Path, *grid: dict[str, Any]) -> Study:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(STUDY) | {"grid": list(grid)}), encoding="utf-8")
    return load_study(path)


def test_a_study_tells_the_series_of_each_run(tmp_path: Path) -> None:
    study = load(
        tmp_path,
        FULL,
        LORA | {"series": "paper"},
        LORA | {"series": "tuned", "learning_rate": 3.0e-4},
    )
    series = [study.series_of(run) for run in study.runs if run.seed == 0]
    assert series == ["", "paper", "paper", "tuned", "tuned"]


def test_a_series_is_no_part_of_a_run(tmp_path: Path) -> None:
    plain, labelled = load(tmp_path, LORA), load(tmp_path, LORA | {"series": "paper"})
    assert plain.runs == labelled.runs
    assert [run.name for run in plain.runs] == [run.name for run in labelled.runs]


def test_a_run_is_in_one_series(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"described twice.* in a block without `series`"):
        load(tmp_path, LORA | {"series": "paper"}, LORA | {"series": "tuned", "rank": [4]})


def test_a_series_is_a_label(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"grid\[0\]\.series"):
        load(tmp_path, FULL | {"series": "tuned / paper"})


def test_the_second_series_of_the_paper_s_study_leaves_its_runs_alone() -> None:
    studies = Path(__file__).parents[3] / "workflow/studies"
    paper, both = (
        load_study(studies / f"{name}.yaml") for name in ("multitask", "multitask-tuned")
    )
    rates = {run.method.rank: run.recipe.learning_rate for run in paper.runs}
    assert (rates[None], rates[16]) == (3.0e-5, 5.0e-5)
    others = [run for run in both.runs if both.series_of(run) == "tenfold"]
    of_paper, of_both = ({run.name for run in study.runs} for study in (paper, both))
    assert of_paper == of_both - {run.name for run in others}
    assert {run.recipe.learning_rate for run in others} == {3.0e-4}
    # until the sweep has been run
    assert both.tuned_in is None


def test_the_sweep_covers_the_rates_of_both_series_on_a_sampling_of_its_own() -> None:
    studies = Path(__file__).parents[3] / "workflow/studies"
    sweep = load_study(studies / "multitask-learning-rates.yaml")
    study = load_study(studies / "multitask-tuned.yaml")
    for kind in ("full", "lora"):
        swept, used = (
            {run.recipe.learning_rate for run in each.runs if run.method.kind == kind}
            for each in (sweep, study)
        )
        assert used <= swept
    samplings = {run.sampling_seed for run in sweep.runs}
    assert samplings.isdisjoint(run.sampling_seed for run in study.runs)
