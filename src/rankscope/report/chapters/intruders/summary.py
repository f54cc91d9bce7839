"""The table of intruders by condition: means with 95 % intervals over matrices and seeds.

Intruders are summed over all matrices; the interval is a bootstrap over these, and what seeds move
the mean by (see `spread`; a single run has no such part).
"""

from collections.abc import Iterator
from typing import Any

import polars as pl

from rankscope.report.chapters.intruders.counting import Counting
from rankscope.report.evidence.evidence import Condition, Evidence
from rankscope.report.evidence.resampling import interval

INTRUDER_SUMMARY: dict[str, Any] = {
    "condition": pl.String, "trained_on": pl.String, "family": pl.String, "method": pl.String,
    "rank": pl.Int64, "step": pl.Int64, "side": pl.String, "k": pl.Int64, "epsilon": pl.Float64,
    "seeds": pl.Int64, "matrices": pl.Int64,
    "intruders": pl.Float64, "low": pl.Float64, "high": pl.Float64,
}  # fmt: skip


def intruder_summary(evidence: Evidence) -> pl.DataFrame:
    """One row per condition, step, side, k and ε: intruders summed over all matrices."""
    counting = Counting(evidence)
    rows = [
        row
        for condition in map(evidence.analysed, (*evidence.published, *evidence.conditions))
        for step in evidence.spectral_steps(condition)
        for row in _totals(counting, condition, step)
    ]
    return pl.DataFrame(rows, schema=INTRUDER_SUMMARY, orient="row")


def _totals(counting: Counting, condition: Condition, step: int) -> Iterator[tuple[Any, ...]]:
    matrices = counting.counts(condition, step, counting.settings).shape[1]
    draws = counting.totals(condition, step)
    for (side, k, epsilon), column in zip(counting.settings.iter_rows(), draws.T, strict=True):
        total = interval(column)
        yield (
            condition.label, condition.trained_on, condition.family, condition.method,
            condition.rank, step, side, k, epsilon, len(condition.runs), matrices,
            total.value, total.low, total.high,
        )  # fmt: skip
