"""Statistics over the weight matrices of a condition, as draws with their uncertainty.

Guarantees: matrices are those that training changed in the runs of the condition, sorted by name.
Methods may change different ones, and what compares two of them says which (`matrix_names`). The
seeds that move a value are those of the condition alone: ranks and norms of full updates spread
otherwise than those of adapters, which their rank bounds.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from rankscope.report.evidence.evidence import Condition, Evidence
from rankscope.report.evidence.resampling import Floats, unit_counts
from rankscope.report.evidence.spread import Repeated, seed_deviations


def matrices_of(evidence: Evidence, condition: Condition, step: int) -> pl.DataFrame:
    """The rows of the table `matrices` on the analysed runs of a condition at a step."""
    runs = evidence.analysed(condition).runs
    return evidence.matrices.filter(pl.col("run").is_in(runs), pl.col("step") == step)


def matrix_names(evidence: Evidence, condition: Condition, step: int) -> list[str]:
    """The matrices that a condition changed, as far as analysed at a step, sorted."""
    rows = matrices_of(evidence, condition, step)
    return rows["matrix"].unique().sort().to_list()


def matrix_values(evidence: Evidence, condition: Condition, column: str, step: int) -> Floats:
    """Seeds × matrices of a column of the table `matrices`, matrices sorted by name."""
    rows = matrices_of(evidence, condition, step)
    return seeds_by_matrix(rows, evidence.analysed(condition), column)


def over_matrices(
    evidence: Evidence,
    values: Floats,
    condition: Condition,
    statistic: Callable[[Floats, Floats], Floats] | None = None,
) -> Floats:
    """Draws of a mean (or another weighted statistic) over matrices, then over seeds.

    `statistic` takes values of one seed (matrices) and counts (draws × matrices).
    """
    counts = unit_counts(values.shape[1], "matrices")
    each = np.column_stack([(statistic or _weighted_mean)(seed, counts) for seed in values])
    own = Repeated(condition.label, evidence.seeds(evidence.analysed(condition).runs), each[:1].T)
    return np.asarray(each.mean(axis=1) + seed_deviations(own, [own])[:, 0])


def of_each_matrix(evidence: Evidence, condition: Condition, column: str, step: int) -> Floats:
    """Draws × matrices: the mean over seeds, moved for all matrices together by the seeds."""
    values = matrix_values(evidence, condition, column, step)
    own = Repeated(condition.label, evidence.seeds(evidence.analysed(condition).runs), values)
    return np.asarray(values.mean(axis=0) + seed_deviations(own, [own]))


def seeds_by_matrix(rows: pl.DataFrame, condition: Condition, column: str) -> Floats:
    """Seeds × matrices of a column, matrices sorted by name."""
    wide = rows.sort("matrix", "seed").pivot(
        on="run", index="matrix", values=column, maintain_order=True
    )
    return wide.select(condition.runs).to_numpy().T.astype(np.float64)


def weighted_median(values: Floats, counts: Floats) -> Floats:
    """Median of `values` for each row of repetition `counts` (draws × values)."""
    order = np.argsort(values, kind="stable")
    cumulative = counts[:, order].cumsum(axis=1)
    total = cumulative[:, -1:]
    lower = (cumulative >= total / 2).argmax(axis=1)
    upper = (cumulative > total / 2).argmax(axis=1)
    return np.asarray((values[order][lower] + values[order][upper]) / 2)


def _weighted_mean(values: Floats, counts: Floats) -> Floats:
    return np.asarray(counts @ values / counts.sum(axis=1))
