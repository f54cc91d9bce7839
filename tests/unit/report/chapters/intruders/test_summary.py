"""The table of intruders by condition, on a synthetic study."""

import polars as pl
import pytest

from rankscope.report.chapters.intruders.summary import intruder_summary
from rankscope.report.evidence.gather import gather
from rankscope.report.evidence.tables import build_tables
from synthetic_study import STEPS, write_synthetic_study


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return build_tables(gather(write_synthetic_study(folder)))


def test_intruders_are_summed_over_matrices_and_averaged_over_seeds(tables):
    where = (
        (pl.col("method") == "LoRA r=1") & (pl.col("step") == STEPS[-1])
        & (pl.col("side") == "left") & (pl.col("k") == 10) & (pl.col("epsilon") == 0.5)
    )  # fmt: skip
    total = tables.intruders.filter(where)["intruders"].sum() / 2
    row = intruder_summary(tables.evidence).filter(where).row(0, named=True)
    assert row["intruders"] == pytest.approx(total)
    assert (row["matrices"], row["seeds"]) == (28, 2)
    assert row["low"] <= row["intruders"] <= row["high"]
