"""Intruders of conditions, counted at settings of a study, as draws with their uncertainty.

Guarantees: a setting is a side, a number of leading vectors k and a cosine ε below which a vector
is an intruder. The one that claims are about is k = 10 and ε = 0.5 of left vectors, or the nearest
that the study has.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from rankscope.report.evidence.evidence import Condition, Evidence
from rankscope.report.evidence.matrix_statistics import seeds_by_matrix
from rankscope.report.evidence.resampling import Floats, unit_counts
from rankscope.report.evidence.spread import Repeated, as_counts, seed_deviations

K = 10
EPSILON = 0.5


@dataclass(frozen=True)
class Counting:
    """What was counted in the weights of a study."""

    evidence: Evidence

    @cached_property
    def k(self) -> int:
        """Number of leading vectors examined for intruders: 10, or the nearest the study has."""
        known = self.evidence.intruders["k"].unique().sort().to_list()
        return min(known, key=lambda k: (abs(k - K), k), default=K)

    @cached_property
    def epsilon(self) -> float:
        """Cosine below which a vector is an intruder: 0.5, or the nearest the study has."""
        known = self.evidence.intruders["epsilon"].unique().sort().to_list()
        return min(known, key=lambda each: (abs(each - EPSILON), each), default=EPSILON)

    @property
    def setting(self) -> str:
        """Which vectors were examined, in words."""
        return f"k = {self.k}, ε = {self.epsilon:g}, left vectors"

    @cached_property
    def settings(self) -> pl.DataFrame:
        """All settings (side, k, epsilon) at which intruders were counted, sorted."""
        return self.evidence.intruders.select("side", "k", "epsilon").unique().sort(pl.all())

    def number(self, condition: Condition, step: int) -> Floats:
        """Draws of the number of intruders among the k leading left vectors, over all matrices."""
        setting = self.settings.filter(
            pl.col("side") == "left", pl.col("k") == self.k, pl.col("epsilon") == self.epsilon
        )
        return self.totals(condition, step, setting)[:, 0]

    def by_matrix(self, condition: Condition, step: int) -> Floats:
        """Seeds × matrices: intruders among the k leading left vectors of each matrix."""
        condition = self.evidence.analysed(condition)
        rows = self.evidence.intruders.filter(
            pl.col("run").is_in(condition.runs), pl.col("step") == step, pl.col("side") == "left",
            pl.col("k") == self.k, (pl.col("epsilon") - self.epsilon).abs() < 1e-9,
        )  # fmt: skip
        return seeds_by_matrix(rows, condition, "intruders")

    def matrices(self, condition: Condition, step: int) -> int:
        """Number of matrices in which the intruders of a condition were counted."""
        return int(self.by_matrix(condition, step).shape[1])

    def totals(self, condition: Condition, step: int, grid: pl.DataFrame | None = None) -> Floats:
        """Draws × settings: intruders over all matrices, mean over seeds.

        `grid` lists the settings (side, k, epsilon), sorted; left out, they are all of the study.
        Seeds move a mean by the spread of counts that is pooled over LoRA and full fine-tuning on
        the training set, in proportion to √mean.
        """
        grid = self.settings if grid is None else grid
        condition = self.evidence.analysed(condition)
        mean = self.counts(condition, step, grid).mean(axis=0)
        totals = unit_counts(len(mean), "matrices") @ mean
        pool = [
            self._counted(each, step, grid)
            for each in map(self.evidence.analysed, self.evidence.conditions)
            if each.trained_on == condition.trained_on
            and step in self.evidence.spectral_steps(each)
        ]
        own = self._counted(condition, step, grid)
        return np.maximum(totals + seed_deviations(own, pool, unit=as_counts), 0.0)

    def _counted(self, condition: Condition, step: int, grid: pl.DataFrame) -> Repeated:
        counts = self.counts(condition, step, grid)
        return Repeated(condition.label, self.evidence.seeds(condition.runs), counts.sum(axis=1))

    def counts(self, condition: Condition, step: int, grid: pl.DataFrame) -> Floats:
        """Seeds × matrices × settings."""
        rows = (
            self.evidence.intruders.filter(
                pl.col("run").is_in(condition.runs), pl.col("step") == step
            )
            .join(grid, on=grid.columns, how="semi")
            .sort("seed", "matrix", *grid.columns)
        )
        shape = (len(condition.runs), -1, len(grid))
        return rows["intruders"].to_numpy().reshape(shape).astype(np.float64)
