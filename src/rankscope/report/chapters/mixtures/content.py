"""What is said of mixtures of tasks: score tables, figures, claims, cases, and the opening."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Content, Drawn, Opening, Section
from rankscope.report.chapters.mixtures import answers, category_rise, rank_scaling, task_scaling
from rankscope.report.chapters.mixtures.cases import cases
from rankscope.report.chapters.mixtures.categories import COLOURS, categories
from rankscope.report.chapters.mixtures.fixed_total import fixed_total
from rankscope.report.chapters.mixtures.opening import mixture_sentences
from rankscope.report.chapters.mixtures.scaling import scaling, set_variable, shown_sets
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.chapters.mixtures.tables import category_scores, mixture_scores
from rankscope.report.chapters.mixtures.view import (
    case_setting,
    compares_with_paper,
    paper_tables,
    score_tables,
    shown_cases,
)
from rankscope.report.drawing.colours import ramp
from rankscope.report.evidence.tables import Tables
from rankscope.report.templates import rendered
from rankscope.report.verdicts.verdict import Verdict

Claimed = Callable[[Mixtures], Iterator[Verdict]]
CLAIMS: tuple[Claimed, ...] = (
    rank_scaling.rises_with_rank,
    rank_scaling.reaches_full,
    rank_scaling.small_capacity_costs,
    rank_scaling.rises_late,
    task_scaling.more_tasks_help,
    answers.full_leaves_options,
    answers.low_rank_collapses,
    answers.answers_spread_with_rank,
    category_rise.rises_at_high_rank,
    answers.full_repeats_input,
    task_scaling.more_tasks_cost,
    task_scaling.high_rank_above_full,
    task_scaling.advantage_shrinks,
)
# each is about one method, whatever its family; the others compare or choose ranks
OF_EACH_METHOD: frozenset[Claimed] = frozenset({
    task_scaling.more_tasks_help, task_scaling.more_tasks_cost, answers.full_leaves_options,
    answers.full_repeats_input,
})  # fmt: skip
BEST = "of which the one that is best on seen tasks is drawn"
INTERVALS = "by Student's t over samplings and a bootstrap over items"
LEFT_OUT = "Averages leave out runs that did not finish."
CLAIMS_NOTE = (
    "That of a correlation of rank and score reaches to 1 unless scores fall with rank beyond the"
    " noise, to −1 unless they rise: noise alone brings a correlation nearer to zero than the"
    " truth's."
)


def content(study: Study, tables: Tables) -> Content:
    """The chapter on a study."""
    evidence = tables.evidence
    scores, by_category = mixture_scores(evidence), category_scores(evidence)
    compared = cases(study, evidence)
    sentences = tuple(mixture_sentences(scores))
    drawn = tuple(figures(scores, by_category))
    sets = range(len(shown_sets(scores)))
    return Content(
        figures=drawn,
        sections=(
            *_scores(scores),
            *(Section(each.figure.name, figure=each.figure.name) for each in drawn),
            *_cases(compared),
        ),
        verdicts=judged(Mixtures.of(evidence)),
        tables={
            "mixture_scores": scores, "category_scores": by_category, "cases": compared,
        },
        colours=ramp([set_variable(number) for number in sets]) | COLOURS,
        opens=("rank-scaling",),
        opening=Opening(sentences, INTERVALS, LEFT_OUT) if sentences else None,
        claims_note=CLAIMS_NOTE if sentences else "",
    )  # fmt: skip


def judged(series: tuple[Mixtures, ...]) -> tuple[Verdict, ...]:
    """Every claim on every series of learning rates; those on ranks on every family of LoRA."""
    return tuple(verdict for claim in CLAIMS for each in series for verdict in _judged(claim, each))


def _judged(claim: Claimed, mixtures: Mixtures) -> Iterator[Verdict]:
    if claim in OF_EACH_METHOD:
        yield from claim(mixtures)
        return
    for part in mixtures.families:
        for verdict in claim(part):
            yield replace(verdict, family=verdict.family or part.lora_family)


def figures(scores: pl.DataFrame, by_category: pl.DataFrame) -> Iterator[Drawn]:
    """What can be drawn of the tables `mixture_scores` and `category_scores`."""
    by_rank = scaling(scores)
    if by_rank is not None:
        yield Drawn(by_rank, tells_rates=True, of_several=BEST, of_all_sets=True)
    form = categories(by_category)
    if form is not None:
        yield Drawn(form, tells_rates=True, of_several=BEST, of_all_sets=True)
    of_one_size = fixed_total(scores)
    if of_one_size is not None:
        yield Drawn(of_one_size, tells_rates=True, of_all_sets=True)


def _scores(scores: pl.DataFrame) -> Iterator[Section]:
    shown = score_tables(scores)
    if shown:
        html = rendered(
            Path(__file__).with_name("scores.html.j2"),
            {
                "score_tables": shown,
                "with_paper": compares_with_paper(shown),
                "paper_tables": paper_tables(),
            },
        )
        yield Section("scores", "Scores by rank and training set", leaders(scores), html=html)


def leaders(scores: pl.DataFrame) -> str:
    """How many columns of the score tables have a best method."""
    columns = ["series", "trained_on", "test_kind", "metric"]
    kept = scores.filter("shown", pl.col("mean").is_not_null())
    best = kept.group_by(columns).agg(pl.col("leads").any())["leads"]
    return f"{best.sum()} of {len(best)} columns have a best method beyond the noise"


def _cases(compared: pl.DataFrame) -> Iterator[Section]:
    if not compared.is_empty():
        html = rendered(
            Path(__file__).with_name("cases.html.j2"),
            {"cases": shown_cases(compared), "case_setting": case_setting(compared)},
        )
        takeaway = "chosen by a rule, not by hand"
        yield Section("cases", "Answers side by side", takeaway, html=html)
