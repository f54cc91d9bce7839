"""What is gathered of a study whose samplings have test sets of their own."""

from pathlib import Path

import polars as pl
import pytest
import yaml

from instruction_study import STUDY
from rankscope.artefacts import layout
from rankscope.evaluate.tables import SCORES, base_keys
from rankscope.report.gather import gather
from rankscope.study.expand import load_study
from rankscope.study.specs import Study


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Two samplings, every run and the base scored on two items of each test set."""
    monkeypatch.chdir(tmp_path)
    Path("instructions.yaml").write_text(yaml.safe_dump(STUDY), "utf-8")
    study = load_study(Path("instructions.yaml"))
    runs = {run.name: run.keys() for run in study.runs} | {study.base.name: base_keys(study.base)}
    for name, suite in study.measured:
        rows = [
            dict.fromkeys(SCORES) | runs[name] | {
                "step": 0, "evaluation": evaluation.name, "metric": "exact_match",
                "item": f"{evaluation.name} {number}", "score": 0.0, "weight": 1.0,
            }
            for evaluation in suite.evaluations
            for number in range(2)
        ]  # fmt: skip
        path = Path(layout.scores(name, suite.name))
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(rows, schema=SCORES).write_parquet(path)
    return study


def items_of(study: Study, run: str) -> list[str]:
    return sorted(gather(study).items.filter(pl.col("run") == run)["item"])


def test_the_base_is_counted_once_where_samplings_share_a_test_set(study: Study):
    assert items_of(study, study.base.name) == [
        "s0: seen 0", "s0: seen 1", "s1: seen 0", "s1: seen 1", "unseen 0", "unseen 1",
    ]  # fmt: skip


def test_unseen_items_are_the_same_in_all_samplings(study: Study):
    for run in study.runs:
        seen = [f"s{run.sampling_seed}: seen {number}" for number in range(2)]
        assert items_of(study, run.name) == [*seen, "unseen 0", "unseen 1"]


def test_a_missing_file_of_the_base_is_made_up_for_by_another_sampling(study: Study):
    first = next(suite for name, suite in study.measured if name == study.base.name)
    Path(layout.scores(study.base.name, first.name)).unlink()
    assert items_of(study, study.base.name) == ["s1: seen 0", "s1: seen 1", "unseen 0", "unseen 1"]
