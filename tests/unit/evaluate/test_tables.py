"""The columns of the evaluate stage: the keys first, and one schema for all scores."""

from pathlib import Path

import polars as pl

from rankscope.evaluate.tables import COMMON, SCORES
from rankscope.records.keys import KEYS


def test_every_table_begins_with_the_keys() -> None:
    for columns in (COMMON, SCORES):
        assert list(columns)[: len(KEYS)] == list(KEYS)


def test_empty_and_full_scores_can_be_scanned_together(tmp_path: Path) -> None:
    pl.DataFrame(schema=SCORES).write_parquet(tmp_path / "empty.parquet")
    row = dict.fromkeys(SCORES) | {"run": "a", "step": 3, "score": 0.5, "side": False}
    pl.DataFrame([row], schema=SCORES).write_parquet(tmp_path / "full.parquet")
    both = pl.scan_parquet(tmp_path / "*.parquet").collect()
    assert both.select("run", "step", "score").rows() == [("a", 3, 0.5)]
