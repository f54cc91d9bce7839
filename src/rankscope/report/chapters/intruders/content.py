"""What is said of intruder dimensions: counts, singular vectors and values, claims."""

from collections.abc import Callable, Iterator

import polars as pl

from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Content, Drawn, Section
from rankscope.report.chapters.intruders import associations, intruders
from rankscope.report.chapters.intruders.counting import EPSILON, K
from rankscope.report.chapters.intruders.counts import counts
from rankscope.report.chapters.intruders.similarity import similarity
from rankscope.report.chapters.intruders.singular_values import singular_values
from rankscope.report.chapters.intruders.summary import intruder_summary
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables
from rankscope.report.verdicts.subject import Subject
from rankscope.report.verdicts.verdict import Verdict
from rankscope.report.words import in_order

CLAIMS: tuple[Callable[[Subject], Iterator[Verdict]], ...] = (
    intruders.low_rank_has_intruders,
    intruders.full_has_none,
    intruders.falls_with_rank,
    intruders.grow_over_training,
    associations.go_with_forgetting,
    associations.not_with_learning,
    intruders.seeds_alike,
)


def content(study: Study, tables: Tables) -> Content:
    """The chapter on a study."""
    subject = Subject.of(tables.evidence, study.headline)
    summary = intruder_summary(tables.evidence)
    shown, counted = tables.on_headline_set(), tables.of_headline_set(summary)
    figures = []
    if not counted.is_empty():
        figures.append(Drawn(counts(shown, counted), tells_rates=True))
    if not shown.similarity.is_empty():
        figures.append(Drawn(similarity(shown)))
    if not shown.vectors.is_empty():
        figures.append(Drawn(singular_values(shown)))
    takeaways = {"intruders": takeaway(counted, conditions_of(shown.runs)["condition"].to_list())}
    return Content(
        figures=tuple(figures),
        sections=tuple(
            Section(name, takeaway=takeaways.get(name, ""), figure=name)
            for name in (drawn.figure.name for drawn in figures)
        ),
        verdicts=tuple(verdict for claim in CLAIMS for verdict in claim(subject)),
        tables={"intruder_summary": summary},
    )


def takeaway(summary: pl.DataFrame, order: list[str]) -> str:
    """The counts of every method at the end of training, and of how many vectors these are."""
    rows = summary.filter(
        pl.col("side") == "left", pl.col("k") == K, (pl.col("epsilon") - EPSILON).abs() < 1e-9
    )
    if rows.is_empty():
        return ""
    last = rows.filter(pl.col("step") == pl.col("step").max().over("condition"))
    matrices = last["matrices"].unique().to_list()
    alike = len(matrices) == 1
    found = {
        row["condition"]: f"{row['intruders']:g} [{row['low']:.0f}, {row['high']:.0f}]"
        + ("" if alike else f" of {K * row['matrices']}")
        for row in last.iter_rows(named=True)
    }
    examined = f"of {K * matrices[0]} vectors " if alike else "vectors "
    return f"{examined}at ε = {EPSILON}: {in_order(found, order)}"
