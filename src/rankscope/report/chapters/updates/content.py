"""What is said of updates: their effective rank, and the claims on ranks."""

from collections.abc import Callable, Iterator

import polars as pl

from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Content, Drawn, Section
from rankscope.report.chapters.updates import updates
from rankscope.report.chapters.updates.effective_rank import effective_rank
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables
from rankscope.report.verdicts.subject import Subject
from rankscope.report.verdicts.verdict import Verdict
from rankscope.report.words import in_order

CLAIMS: tuple[Callable[[Subject], Iterator[Verdict]], ...] = (
    updates.high_rank,
    updates.rank_grows,
    updates.mlp_above_attention,
    updates.effective_rank,
)


def content(study: Study, tables: Tables) -> Content:
    """The chapter on a study."""
    subject = Subject.of(tables.evidence, study.headline)
    shown = tables.on_headline_set()
    figure = None if shown.matrices.is_empty() else effective_rank(shown)
    return Content(
        figures=(Drawn(figure, tells_rates=True),) if figure else (),
        sections=(Section(figure.name, takeaway=takeaway(shown), figure=figure.name),)
        if figure
        else (),
        verdicts=tuple(verdict for claim in CLAIMS for verdict in claim(subject)),
    )


def takeaway(tables: Tables) -> str:
    """The median over matrices of every method at the end of training."""
    rows = tables.matrices.join(
        tables.runs.filter(pl.col("status") == "done").select("run", "condition"), on="run"
    )
    last = rows.filter(pl.col("step") == pl.col("step").max().over("run"))
    medians = last.group_by("condition").agg(pl.col("effective_rank").median())
    found = {label: f"{value:.1f}" for label, value in medians.iter_rows()}
    order = conditions_of(tables.runs)["condition"].to_list()
    return f"medians: {in_order(found, order)}" if found else ""
