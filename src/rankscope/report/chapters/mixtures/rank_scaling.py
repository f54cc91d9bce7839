"""Claims about rank on seen and unseen tasks (*Beyond Full Fine-tuning*, Xin et al. 2024).

Each is judged per mixture at the usual number of examples per task, and per metric. The ranks, the
sizes and the learning rates of the paper are in its text; those of the study are in the note, with
the ranks that are not judged because too few samplings finished.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from rankscope.report.chapters.mixtures.subject import Mixtures, MixtureSet
from rankscope.report.evidence.evidence import Condition, Evaluation, TestKind
from rankscope.report.evidence.resampling import Floats
from rankscope.report.verdicts import papers
from rankscope.report.verdicts.verdict import (
    Claim,
    Verdict,
    bound_out_of_reach,
    not_measured,
    order_out_of_reach,
)

RISES_WITH_RANK = Claim(
    id="H1.1",
    source=papers.MULTI_TASK,
    statement="The score on seen tasks rises with rank",
    statistic="Spearman's ρ of LoRA rank and score on seen tasks",
    unit="ρ",
    threshold=0.9,
    side="at least",
    paper="ρ = 1 on all four mixtures, by both metrics (11 ranks, 4 to 4096)",
)
REACHES_FULL = Claim(
    id="H1.2",
    source=papers.MULTI_TASK,
    statement="From some rank on, LoRA is as good as full fine-tuning on unseen tasks",
    statistic="ranks in a row, from the largest down, at which LoRA ≥ Full",
    unit="ranks",
    threshold=1.0,
    side="above",
    paper="from r = (exact match / ROUGE-L) 64/4 on 100 tasks, where r = 8 and 16 reach Full by"
    " exact match too and r = 32 does not; 1024/128 on 250; 2048/512 on 500; 2048/1024 on all",
)
SMALL_CAPACITY_COSTS = Claim(
    id="H1.3",
    source=papers.MULTI_TASK,
    statement="Training less than 1 % of the parameters costs much on seen tasks",
    statistic="Full − LoRA of the largest rank below 1 %",
    unit="points",
    threshold=5.0,
    side="above",
    paper="r = 64 on 100/250/500/all tasks: exact match 12.5/11.8/11.1/10.4,"
    " ROUGE-L 9.8/8.6/7.9/7.1",
)
RISES_LATE = Claim(
    id="H1.4",
    source=papers.MULTI_TASK,
    statement="On unseen tasks low ranks gain little from more rank, high ranks more",
    statistic="points per doubling of the rank, high ranks − low ranks",
    unit="points",
    threshold=0.0,
    side="above",
    paper="on 100/250/500/all tasks: exact match .17/−.03/.30/.18 from r = 4 to 64,"
    " .33/.49/.59/.74 from 64 to 4096; ROUGE-L .27/.28/.54/.29, then .39/.49/.62/.83",
)
RANKS_FOR_TWO_SLOPES = 3
RANKS_TO_COMPARE = 2
SMALL_PERCENT = 1.0
ROUNDING = 1e-9

JudgedCell = Callable[[Mixtures, MixtureSet, Evaluation, str], Verdict]


def _per_cell(
    mixtures: Mixtures, claim: Claim, kind: TestKind, judged: JudgedCell
) -> Iterator[Verdict]:
    """Judge each metric × mixture at the usual number of examples per task."""
    tests = mixtures.tests(kind)
    if not tests:
        of = "seen" if kind == "intra" else "unseen"
        yield not_measured(claim, mixtures.scope("all mixtures"), f"needs a test set of {of} tasks")
    for test in tests:
        for on in mixtures.shown:
            yield judged(mixtures, on, test, mixtures.scope(on.label, test.name))


def rises_with_rank(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.1, per mixture and metric."""
    yield from _per_cell(mixtures, RISES_WITH_RANK, "intra", _rises_with_rank)


def _rises_with_rank(mixtures: Mixtures, on: MixtureSet, test: Evaluation, scope: str) -> Verdict:
    loras = mixtures.loras(on, test)
    if len(loras) < RANKS_TO_COMPARE:
        why = mixtures.lacking("needs several ranks", test, on)
        return not_measured(RISES_WITH_RANK, scope, why)
    few = order_out_of_reach(len(loras), "ranks")
    found = mixtures.compare(test, *loras)
    note = _by_rank(loras, found.scores) + mixtures.not_judged(test, on)
    return found.judge_order(RISES_WITH_RANK, scope, ranks_of(loras), note, few)


def reaches_full(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.2, per mixture and metric: one rank in a row shows nothing that lasts, two do."""
    yield from _per_cell(mixtures, REACHES_FULL, "inter", _reaches_full)


def _reaches_full(mixtures: Mixtures, on: MixtureSet, test: Evaluation, scope: str) -> Verdict:
    full, loras = mixtures.full(on, test), mixtures.loras(on, test)
    if full is None or len(loras) < RANKS_TO_COMPARE:
        why = mixtures.lacking("needs Full and at least two ranks of LoRA", test, on)
        return not_measured(REACHES_FULL, scope, why)
    found = mixtures.compare(test, full, *loras)
    in_a_row = ranks_in_a_row(found.scores)
    # what the missing ranks do decides from the crossing on, or else above the largest rank
    start = loras[-max(int(in_a_row[0]), 1)].rank or 0
    ranks = [each.rank for each in mixtures.left_out(on, test) if each.rank]
    above = " and ".join(f"r={rank}" for rank in ranks if rank > start)
    unknown = f"too few samplings to say whether Full is reached at {above}" if above else ""
    note = _crossing(loras, found.scores) + mixtures.not_judged(test, on)
    return found.judge(REACHES_FULL, scope, in_a_row, note, unknown)


def ranks_in_a_row(scores: Floats) -> Floats:
    """For each draw, how many of the largest ranks reach Full (the first column) without a gap."""
    return np.asarray(np.cumprod(_reached(scores)[:, ::-1], axis=1).sum(axis=1), dtype=np.float64)


def _reached(scores: Floats) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
    return np.asarray(scores[:, 1:] >= scores[:, :1])


def _crossing(loras: tuple[Condition, ...], scores: Floats) -> str:
    ranks = [lora.rank for lora in loras]
    reached = _reached(scores)
    lasting = ranks_in_a_row(scores).astype(int)
    share = f"in {np.mean(lasting[1:] > 0):.0%} of draws some rank lasts"
    if not reached[0].any():
        return f"no rank reaches Full; {share}"
    first = f"first reached at r={ranks[int(reached[0].argmax())]}"
    if not lasting[0]:
        return f"{first}, not at the largest rank; {share}"
    from_here = float(np.mean(lasting[1:] >= lasting[0]))
    crossing = ranks[len(ranks) - lasting[0]]
    return f"{first}, lastingly from r={crossing} ({from_here:.0%} of draws); {share}"


def small_capacity_costs(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.3, per mixture and metric: of the ranks below 1 %, the largest costs least."""
    yield from _per_cell(mixtures, SMALL_CAPACITY_COSTS, "intra", _small_capacity_costs)


def _small_capacity_costs(
    mixtures: Mixtures, on: MixtureSet, test: Evaluation, scope: str
) -> Verdict:
    percent = _trainable_percent(mixtures)
    full = mixtures.full(on, test)
    small = [
        lora
        for lora in mixtures.loras(on, test)
        if percent.get(lora.runs[0], math.inf) < SMALL_PERCENT
    ]
    if full is None or not small:
        need = "needs Full and a rank that trains less than 1 % of the parameters"
        why = mixtures.lacking(need, test, on)
        return not_measured(SMALL_CAPACITY_COSTS, scope, why)
    lora = small[-1]
    found = mixtures.compare(test, full, lora)
    cost = found.scores[:, 0] - found.scores[:, 1]
    note = f"r={lora.rank} trains {percent[lora.runs[0]]:.3g} %{mixtures.not_judged(test, on)}"
    of_full = float(found.scores[0, 0])
    limit = bound_out_of_reach(
        SMALL_CAPACITY_COSTS,
        of_full,
        f"Full scores {of_full:.1f} points, so that no more can be lost; needs a better Full",
    )
    return found.judge(SMALL_CAPACITY_COSTS, scope, cost, note, limit)


def _trainable_percent(mixtures: Mixtures) -> dict[str, float]:
    rows = mixtures.evidence.runs.filter(pl.col("trainable_percent").is_not_null())
    return dict(rows.select("run", "trainable_percent").iter_rows())


def rises_late(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.4, per mixture and metric."""
    yield from _per_cell(mixtures, RISES_LATE, "inter", _rises_late)


def _rises_late(mixtures: Mixtures, on: MixtureSet, test: Evaluation, scope: str) -> Verdict:
    loras = mixtures.loras(on, test)
    if len(loras) < RANKS_FOR_TWO_SLOPES:
        why = mixtures.lacking(f"needs at least {RANKS_FOR_TWO_SLOPES} ranks", test, on)
        return not_measured(RISES_LATE, scope, why)
    found, ranks = mixtures.compare(test, *loras), ranks_of(loras)
    low, high = slopes(ranks, found.scores)
    note = _slopes_note(ranks, low, high) + mixtures.not_judged(test, on)
    return found.judge(RISES_LATE, scope, high - low, note)


def pivot(ranks: Floats) -> int:
    """Position of the rank that ends the low ranks and begins the high ones.

    The largest below the geometric mean of the smallest and the largest rank, and not the smallest
    itself: 64 of the paper's 4 to 4096.
    """
    middle = math.sqrt(ranks[0] * ranks[-1])
    return max(1, int((ranks < middle - ROUNDING).sum()) - 1)


def slopes(ranks: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Points per doubling of the rank, for each draw, below and above the pivot."""
    at = pivot(ranks)
    doublings = np.log2(ranks)
    low = (scores[:, at] - scores[:, 0]) / (doublings[at] - doublings[0])
    high = (scores[:, -1] - scores[:, at]) / (doublings[-1] - doublings[at])
    return low, high


def _slopes_note(ranks: Floats, low: Floats, high: Floats) -> str:
    first, middle, last = ranks[0], ranks[pivot(ranks)], ranks[-1]
    return f"r={first:g} to {middle:g}: {low[0]:.2f}; {middle:g} to {last:g}: {high[0]:.2f}"


def ranks_of(loras: tuple[Condition, ...]) -> Floats:
    """The ranks as numbers."""
    return np.array([float(lora.rank or 0) for lora in loras])


def _by_rank(loras: tuple[Condition, ...], scores: Floats) -> str:
    listed = ", ".join(f"{score:.1f}" for score in scores[0])
    return f"r={', '.join(str(lora.rank) for lora in loras)}: {listed} points"
