"""Claims about the number of tasks (*Beyond Full Fine-tuning*, Xin et al. 2024).

More tasks at a constant number of examples per task (H1.5, H1.10), and at a constant number of
examples in all (H1.8, H1.9: Figure 5). The first and the last mixture of each series are compared,
on the samplings that both have.
"""

from collections.abc import Iterator, Sequence

from rankscope.report.chapters.mixtures.subject import POINTS, Mixtures, MixtureSet
from rankscope.report.evidence.evidence import Condition, Evaluation
from rankscope.report.verdicts import papers
from rankscope.report.verdicts.verdict import Claim, Verdict, bound_out_of_reach, not_measured

MORE_TASKS_HELP = Claim(
    id="H1.5",
    source=papers.MULTI_TASK,
    statement="More tasks, at as many examples of each, help on seen and on unseen tasks",
    statistic="score after the most tasks − score after the fewest",
    unit="points",
    threshold=0.0,
    side="above",
    paper="100 tasks to all: better in 48 of 48 cases (12 methods, 2 metrics, 2 test sets)",
)
MORE_TASKS_COST = Claim(
    id="H1.8",
    source=papers.MULTI_TASK,
    statement="More tasks, at as many examples in all, cost on seen tasks",
    statistic="score after the most tasks − score after the fewest",
    unit="points",
    threshold=0.0,
    side="below",
    paper="Full, r = 16 and 2048, from 100 to 500 tasks at 25,000 examples (Figure 5)",
)
HIGH_RANK_ABOVE_FULL = Claim(
    id="H1.9",
    source=papers.MULTI_TASK,
    statement="At as many examples in all, LoRA of high rank is above Full on unseen tasks",
    statistic="LoRA of the largest rank that all these mixtures have − Full",
    unit="points",
    threshold=0.0,
    side="above",
    paper="r = 2048 at 25,000 examples of 100 to 500 tasks (Figure 5)",
)
ADVANTAGE_SHRINKS = Claim(
    id="H1.10",
    source=papers.MULTI_TASK,
    statement="LoRA's advantage over Full on unseen tasks shrinks with more tasks",
    statistic="LoRA of the largest rank − Full, after the fewest tasks less that after the most",
    unit="points",
    threshold=0.0,
    side="above",
    paper="r = 4096: 4.87 on 100 tasks, 1.65 on all by ROUGE-L; 2.61 and .54 by exact match",
)
NOT_SCALED = (
    "needs a test set and two mixtures that differ in tasks, at one number of examples per task"
)
NOT_FIXED = "needs a test set and two mixtures that differ in tasks, at one number of examples"


def more_tasks_help(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.5, for every method, test set and metric."""
    few, many = mixtures.scaled[0], mixtures.scaled[-1]
    tests = mixtures.tests("intra", "inter")
    if few is many or not tests:
        yield not_measured(MORE_TASKS_HELP, mixtures.scope("all methods"), NOT_SCALED)
        return
    for test in tests:
        yield from _last_less_first(MORE_TASKS_HELP, mixtures, test, few, many)


def more_tasks_cost(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.8, for every method and metric, in every series of equal size."""
    tests = mixtures.tests("intra")
    if not mixtures.of_fixed_total or not tests:
        yield not_measured(MORE_TASKS_COST, mixtures.scope("all methods"), NOT_FIXED)
    for series in mixtures.of_fixed_total:
        for test in tests:
            yield from _last_less_first(MORE_TASKS_COST, mixtures, test, series[0], series[-1])


def _last_less_first(
    claim: Claim, mixtures: Mixtures, test: Evaluation, few: MixtureSet, many: MixtureSet
) -> Iterator[Verdict]:
    """Judge the last mixture less the first, for every method that both were trained with.

    The note names the others.
    """
    by_method = {each.method: each for each in mixtures.conditions(many, test)}
    scope = f"{few.label} to {many.label} · {test.name}"
    pairs = [
        (first, by_method[first.method])
        for first in mixtures.conditions(few, test)
        if first.method in by_method
    ]
    if not pairs:
        why = mixtures.lacking("no method was trained on both mixtures", test, few, many)
        yield not_measured(claim, mixtures.scope(scope), why)
    for first, last in pairs:
        found = mixtures.compare(test, first, last)
        difference = found.scores[:, 1] - found.scores[:, 0]
        note = f"{few.examples:,} and {many.examples:,} examples"
        note += mixtures.not_judged(test, few, many)
        at_first = float(found.scores[0, 0])
        # the most that the difference can be, in the direction that is claimed
        best = -at_first if claim.side == "below" else POINTS - at_first
        what = f"the score is {at_first:g} after the fewest tasks already; needs another test set"
        limit = bound_out_of_reach(claim, best, what)
        verdict = found.judge(claim, mixtures.scope(first.method, scope), difference, note, limit)
        yield verdict.about(first, test.name)


def high_rank_above_full(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.9, for every mixture of a series of equal size, and metric."""
    tests = mixtures.tests("inter")
    if not mixtures.of_fixed_total or not tests:
        yield not_measured(HIGH_RANK_ABOVE_FULL, mixtures.scope("all mixtures"), NOT_FIXED)
    for series in mixtures.of_fixed_total:
        for test in tests:
            rank = mixtures.highest_rank(series, test)
            yield from (_above_full(mixtures, series, on, test, rank) for on in series)


def _above_full(
    mixtures: Mixtures,
    series: Sequence[MixtureSet],
    on: MixtureSet,
    test: Evaluation,
    rank: int | None,
) -> Verdict:
    scope = mixtures.scope(on.label, test.name)
    pair = _pair(mixtures, on, test, rank)
    if pair is None:
        need = "needs Full and a rank that all these mixtures have"
        why = mixtures.lacking(need, test, *series)
        return not_measured(HIGH_RANK_ABOVE_FULL, scope, why)
    found = mixtures.compare(test, *pair)
    advantage = found.scores[:, 1] - found.scores[:, 0]
    note = f"r={rank}, {on.examples:,} examples{mixtures.not_judged(test, *series)}"
    of_full = float(found.scores[0, 0])
    what = f"Full scores {of_full:g}, the highest that there is; needs a harder test set"
    limit = bound_out_of_reach(HIGH_RANK_ABOVE_FULL, POINTS - of_full, what)
    return found.judge(HIGH_RANK_ABOVE_FULL, scope, advantage, note, limit)


def advantage_shrinks(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.10, by each metric."""
    few, many = mixtures.scaled[0], mixtures.scaled[-1]
    tests = mixtures.tests("inter")
    if few is many or not tests:
        yield not_measured(ADVANTAGE_SHRINKS, mixtures.scope("LoRA − Full"), NOT_SCALED)
        return
    for test in tests:
        scope = mixtures.scope(f"{few.label} to {many.label}", test.name)
        rank = mixtures.highest_rank((few, many), test)
        first, last = (_pair(mixtures, on, test, rank) for on in (few, many))
        if first is None or last is None:
            need = "needs Full and a common rank on both mixtures"
            why = mixtures.lacking(need, test, few, many)
            yield not_measured(ADVANTAGE_SHRINKS, scope, why)
            continue
        found = mixtures.compare(test, *first, *last)
        after_few = found.scores[:, 1] - found.scores[:, 0]
        after_many = found.scores[:, 3] - found.scores[:, 2]
        note = f"r={rank}: {after_few[0]:.2f} and {after_many[0]:.2f}"
        note += mixtures.not_judged(test, few, many)
        yield found.judge(ADVANTAGE_SHRINKS, scope, after_few - after_many, note)


def _pair(
    mixtures: Mixtures, on: MixtureSet, test: Evaluation, rank: int | None
) -> tuple[Condition, Condition] | None:
    """Full and the LoRA of `rank`, if the mixture has both."""
    full = mixtures.full(on, test)
    lora = mixtures.lora(on, test, rank) if rank is not None else None
    return (full, lora) if full and lora else None
