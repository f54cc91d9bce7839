"""What re-runs after which change, on a real run of a study of instruction tuning."""

from collections import Counter
from pathlib import Path

import polars as pl
import pytest
import yaml

from instruction_study import STUDY
from laboratory import Lab, copied
from tiny_llama import save_base

# two mixtures in two samplings
GRID = [{"method": "lora", "rank": [2], "learning_rate": 1.0e-2}]
METRIC = """
METRICS += (
    Metric(
        name="characters", unit="characters", higher_is_better=False, largest=None,
        score=lambda row: float(len(row["prediction"])),
    ),
)
"""


@pytest.fixture(scope="module")
def finished(fresh_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A laboratory in which the study was evaluated; not to be changed."""
    lab = copied(fresh_lab, tmp_path_factory.mktemp("instructions") / "lab")
    save_base(lab.folder / "base", context=512)
    study = STUDY | {"study": "tiny", "grid": GRID}
    lab.study_file.write_text(yaml.safe_dump(study, sort_keys=False), "utf-8")
    lab.snakemake("evaluate")
    return lab


def written(lab: Lab, pattern: str) -> dict[Path, int]:
    return {
        path.relative_to(lab.folder): path.stat().st_mtime_ns for path in lab.folder.glob(pattern)
    }


def test_a_further_rank_trains_one_run_per_mixture_and_sampling(finished: Lab, tmp_path) -> None:
    lab = copied(finished, tmp_path / "lab")
    assert lab.planned("evaluate") == Counter()
    lab.edit_study(grid=[{**GRID[0], "rank": [2, 3]}])
    planned = lab.planned("evaluate")
    assert planned["train_run"] == 2 * 2
    # and asks these, a sampling at a time and with the runs that are there, but not the base
    assert planned == Counter(train_run=2 * 2, evaluate_predict=2, evaluate_score=2)
    answers = written(lab, "results/evaluate/predictions/*.parquet")
    scores = written(lab, "results/evaluate/*.parquet")
    lab.snakemake("evaluate")
    now = written(lab, "results/evaluate/predictions/*.parquet")
    assert {path: now[path] for path in answers} == answers, "nothing is asked again"
    assert len(now) > len(answers)
    again = written(lab, "results/evaluate/*.parquet")
    assert {path: again[path] for path in scores} == scores, "nothing is scored again"


def test_a_further_metric_scores_the_stored_answers_and_asks_no_model(
    finished: Lab, tmp_path
) -> None:
    lab = copied(finished, tmp_path / "lab")
    answers = written(lab, "results/evaluate/predictions/*.parquet")
    weights = written(lab, "results/train/*/run.json")
    assert len(weights) == 2 * 2
    metrics = lab.folder / "src/rankscope/evaluate/kinds/generate.py"
    metrics.write_text(metrics.read_text("utf-8") + METRIC, "utf-8")
    assert lab.planned("evaluate") == Counter(evaluate_score=2 + 1)  # each sampling, and the base
    lab.snakemake("evaluate")
    assert written(lab, "results/evaluate/predictions/*.parquet") == answers
    assert written(lab, "results/train/*/run.json") == weights
    assert lab.planned("evaluate") == Counter()

    for path in answers:
        asked = pl.read_parquet(lab.folder / path).filter(pl.col("kind") == "generate")
        scored = pl.read_parquet(lab.folder / "results/evaluate" / path.name)
        new = scored.filter(pl.col("metric") == "characters")
        assert new.height == asked.height > 0
        assert new["score"].sum() == asked["prediction"].str.len_chars().sum()
