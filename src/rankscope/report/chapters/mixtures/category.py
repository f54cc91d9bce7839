"""The evidence on one category of classification tasks that no run was trained on.

Guarantees: classification tasks are those with a set of options, known by their answers having been
scored for leaving it. Scores on seen tasks stay, so that the best recipe of a method is the same in
every category.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from rankscope.report.evidence.evidence import Evidence


@dataclass(frozen=True)
class Category:
    """A category, the number of its classification tasks, and the evidence on these alone."""

    name: str
    tasks: int
    evidence: Evidence


def categories_of(evidence: Evidence) -> Iterator[Category]:
    """All categories that have a classification task among the unseen ones, by name."""
    unseen = evidence.items.filter(pl.col("test_kind") == "inter")
    classified = unseen.filter(pl.col("metric") == "out_of_options").select("task", "category")
    seen = evidence.items.filter(pl.col("test_kind").eq_missing("intra"))
    by_name = classified.unique().sort("category", "task").partition_by("category", as_dict=True)
    for (name,), tasks in by_name.items():
        items = unseen.filter(pl.col("task").is_in(tasks["task"].to_list()))
        yield Category(str(name), tasks.height, replace(evidence, items=pl.concat([seen, items])))
