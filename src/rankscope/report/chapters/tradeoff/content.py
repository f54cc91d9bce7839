"""What is said of learning and forgetting: figures, claims, and the answer that opens a page."""

from collections.abc import Callable, Iterator

import polars as pl

from rankscope.records.keys import BASE, PUBLISHED
from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Content, Drawn, Opening, Section
from rankscope.report.chapters.tradeoff import forgetting, learning
from rankscope.report.chapters.tradeoff.answer import answer
from rankscope.report.chapters.tradeoff.by_rank import by_rank, trace_variable, traces_of
from rankscope.report.chapters.tradeoff.plane import plane
from rankscope.report.chapters.tradeoff.trajectories import trajectories
from rankscope.report.drawing.colours import ramp
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables
from rankscope.report.numbers import number
from rankscope.report.verdicts.subject import Subject
from rankscope.report.verdicts.verdict import Verdict
from rankscope.report.words import in_order

Headline = tuple[str, str] | None

CLAIMS: tuple[Callable[[Subject], Iterator[Verdict]], ...] = (
    learning.learns_less,
    learning.order_by_rank,
    forgetting.forgets_less,
    forgetting.grows_with_steps,
    forgetting.grows_with_rank,
    forgetting.matched_learning,
)
INTERVALS = "by Student's t over seeds and a bootstrap over items"
LEFT_OUT = "Averages leave out runs that did not finish"


def content(study: Study, tables: Tables) -> Content:
    """The chapter on a study."""
    subject = Subject.of(tables.evidence, study.headline)
    verdicts = tuple(verdict for claim in CLAIMS for verdict in claim(subject))
    shown = tables.on_headline_set()
    published = tables.summary.filter(pl.col("family") == PUBLISHED)
    drawn = tuple(figures(shown, study.headline, published))
    names = [each.figure.name for each in drawn]
    takeaways = {"trajectories": takeaway(shown, study.headline)}
    traces = traces_of(shown.runs)["trace"].n_unique()
    return Content(
        figures=drawn,
        sections=tuple(Section(n, takeaway=takeaways.get(n, ""), figure=n) for n in names),
        verdicts=verdicts,
        colours=ramp([trace_variable(number) for number in range(traces)]),
        opens=("plane", "by-rank"),
        opening=Opening(
            answer(verdicts, shown.summary, study.headline),
            INTERVALS,
            f"{LEFT_OUT}; their points are still drawn." if "plane" in names else f"{LEFT_OUT}.",
        ),
    )


def figures(tables: Tables, headline: Headline, published: pl.DataFrame) -> Iterator[Drawn]:
    """What can be drawn of one training set, and of the summary of what others trained."""
    ranks = by_rank(tables, headline)
    if ranks is not None:
        yield Drawn(ranks, tells_rates=True)
    if headline is not None and not tables.summary.is_empty():
        yield Drawn(plane(tables, *headline, published), tells_rates=True)
    over_steps = trajectories(tables)
    if over_steps is not None:
        yield Drawn(over_steps)


def takeaway(tables: Tables, headline: Headline) -> str:
    """The last scores on an evaluation that the answer did not mention."""
    others = tables.summary.filter(~pl.col("evaluation").is_in(headline or ()), ~pl.col("side"))
    if others.is_empty():
        return ""
    name = others["evaluation"][0]
    rows = others.filter(pl.col("evaluation") == name)
    last = rows.filter(pl.col("step") == pl.col("step").max().over("condition"))
    found = {row["condition"]: number(row["mean"]) for row in last.iter_rows(named=True)}
    unit = str(rows["unit"][0])
    what = name if unit in name else f"{name} ({unit})"
    order = conditions_of(tables.runs)["condition"].to_list()
    return f"{what}: {in_order(found, [BASE, *order])}"
