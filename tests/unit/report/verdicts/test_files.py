"""Verdicts on disk: what is written is read, with CSV beside it."""

import math
from pathlib import Path

import polars as pl
import pytest

from rankscope.errors import ArtefactError
from rankscope.report.evidence.resampling import Interval
from rankscope.report.verdicts.files import read_verdicts, write_verdicts
from rankscope.report.verdicts.verdict import Claim, Sample, judge_interval, not_measured

CLAIM = Claim("c", "paper", 'says "α, β"', "difference", "points", 0.0, "above", "found")
VERDICTS = [
    judge_interval(CLAIM, "all", Interval(0.5, 0.25, 0.75), Sample(2, 10, "items")),
    not_measured(CLAIM, "rank 4", "nothing asked"),
]


def test_verdicts_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.parquet"
    write_verdicts(VERDICTS, path)
    assert read_verdicts(path) == VERDICTS
    rows = pl.read_csv(path.with_suffix(".csv"))
    assert rows["statement"].to_list() == [CLAIM.statement] * 2
    assert rows["value"].to_list() == [0.5, None]
    assert not math.isnan(rows["threshold"][0])


def test_no_verdicts_are_a_table_with_columns(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.parquet"
    write_verdicts([], path)
    assert read_verdicts(path) == []
    assert pl.read_parquet(path).schema["value"] == pl.Float64


def test_what_was_not_judged_says_what_to_make(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="there are no verdicts; make its chapter"):
        read_verdicts(tmp_path / "verdicts.parquet")
