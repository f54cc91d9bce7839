"""The rank from which a category's exact match rises (*Beyond Full Fine-tuning*, Figure 4).

Guarantees: the rank is that of a broken line, level up to a rank of the study and straight in the
logarithm of the rank from there on, that fits the scores best; it is judged only where the scores
rise with rank beyond the noise. "High" is the upper half of the study's ranks on a logarithmic
scale, see `rank_scaling.pivot`: from 128 on of the paper's 4 to 4096.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rankscope.report.chapters.mixtures.category import categories_of
from rankscope.report.chapters.mixtures.comparison import Comparison
from rankscope.report.chapters.mixtures.rank_scaling import pivot, ranks_of
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.evidence.evidence import Condition
from rankscope.report.evidence.resampling import Floats, interval
from rankscope.report.verdicts import papers
from rankscope.report.verdicts.verdict import (
    MINIMUM_FOR_AN_ORDER,
    Claim,
    Verdict,
    not_measured,
    order_out_of_reach,
)

METRIC = "exact_match"
RANKS_TO_COMPARE = 3
RISES_AT_HIGH_RANK = Claim(
    id="H1.11",
    source=papers.MULTI_TASK,
    statement="Exact match on a category of unseen classification tasks rises only from a high"
    " rank on",
    statistic="rank from which it rises: the first above the level part of the broken line that"
    " fits best",
    unit="rank",
    threshold=math.nan,
    side="above",
    paper="Textual Entailment and Cause-Effect Classification not before r = 128, Dialogue Act"
    " Recognition 512 (Figure 4)",
)


def rises_at_high_rank(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.11, per category, after training on the most tasks."""
    on = mixtures.largest
    test = mixtures.evidence.on_tests("inter", METRIC)
    loras = mixtures.loras(on, test) if test else ()
    categories = list(categories_of(mixtures.evidence))
    if test is None or len(loras) < RANKS_TO_COMPARE or not categories:
        need = "needs answers to unseen classification tasks at"
        need += f" {MINIMUM_FOR_AN_ORDER} ranks or more"
        why = mixtures.lacking(need, test, on) if test and categories else need
        claim = replace(RISES_AT_HIGH_RANK, threshold=0.0)
        yield not_measured(claim, mixtures.scope("all categories"), why)
        return
    for category in categories:
        of_category = replace(mixtures, evidence=category.evidence)
        found = of_category.compare(test, *loras)
        scope = mixtures.scope(category.name, on.label)
        yield _judged(found, loras, scope, category.tasks)


def _judged(found: Comparison, loras: tuple[Condition, ...], scope: str, tasks: int) -> Verdict:
    ranks = ranks_of(loras)
    at = pivot(ranks)
    claim = replace(RISES_AT_HIGH_RANK, threshold=float(np.sqrt(ranks[at] * ranks[at + 1])))
    places = np.arange(len(ranks)) - (len(ranks) - 1) / 2
    level = "" if interval(found.scores @ places).low > 0 else "no rise with rank beyond the noise"
    listed = ", ".join(f"{score:.1f}" for score in found.scores[0])
    note = f"r={', '.join(f'{rank:g}' for rank in ranks)}: {listed} points;"
    note += f" {tasks} {'task' if tasks == 1 else 'tasks'}"
    few = order_out_of_reach(len(ranks), "ranks")
    return found.judge(claim, scope, rise(ranks, found.scores), note, few or level)


def rise(ranks: Floats, scores: Floats) -> Floats:
    """The rank from which each row of scores rises; undefined where no broken line rises.

    For every rank c but the last: score = a + b max(0, log2 r − log2 c), by least squares. Of those
    with b > 0 the one of the smallest squared error counts, and the rank after its c is returned.
    """
    doublings = np.log2(ranks)
    hinges = np.maximum(0.0, doublings[None, :] - doublings[:-1, None])
    hinges -= hinges.mean(axis=1, keepdims=True)
    along = scores @ hinges.T  # draws × ranks but the last
    explained = np.where(along > 0, along**2 / (hinges**2).sum(axis=1), 0.0)
    best = ranks[explained.argmax(axis=1) + 1]
    return np.asarray(np.where(explained.max(axis=1) > 0, best, np.nan))
