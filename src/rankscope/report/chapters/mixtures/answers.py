"""Claims about form (*Beyond Full Fine-tuning*, Xin et al. 2024, Figures 3 and 4).

They are about the answers to tasks that no run was trained on (of classification, but for copies of
the input), after training on the most tasks. Tasks are resampled, not items: the items of a task go
out of its options together.
Entropy says how evenly answers spread over labels, not how many labels there are.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from rankscope.report.chapters.mixtures.comparison import DECIMALS
from rankscope.report.chapters.mixtures.rank_scaling import RANKS_TO_COMPARE, ranks_of
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.evidence.evidence import Condition, Evaluation
from rankscope.report.verdicts import papers
from rankscope.report.verdicts.verdict import (
    MINIMUM_FOR_AN_ORDER,
    Claim,
    Verdict,
    bound_out_of_reach,
    not_measured,
    order_out_of_reach,
)

FULL_LEAVES_OPTIONS = Claim(
    id="H1.6",
    source=papers.MULTI_TASK,
    statement="Full fine-tuning answers outside the options more often than LoRA",
    statistic="share of answers outside the options, Full − LoRA, mean over unseen tasks; not"
    " confirmed unless in most categories, nor denied where so",
    unit="share of answers",
    threshold=0.0,
    side="above",
    paper="in most categories (Figure 4, no numbers given)",
)
LOW_RANK_COLLAPSES = Claim(
    id="H1.7",
    source=papers.MULTI_TASK,
    statement="LoRA of the lowest rank spreads its answers less evenly over labels than the"
    " references are",
    statistic="entropy of a task's references − entropy of its answers, mean over unseen tasks",
    unit="bits",
    threshold=0.0,
    side="above",
    paper="low ranks answer with one option (no numbers given)",
)
ANSWERS_SPREAD_WITH_RANK = Claim(
    id="H1.7",
    source=papers.MULTI_TASK,
    statement="The answers spread more evenly over labels as the rank grows",
    statistic="Spearman's ρ of LoRA rank and entropy of a task's answers, mean over unseen tasks",
    unit="ρ",
    threshold=0.0,
    side="above",
    paper="yes (no numbers given)",
)
FULL_REPEATS_INPUT = Claim(
    id="H1.12",
    source=papers.MULTI_TASK,
    statement="Full fine-tuning repeats its input instead of answering more often than LoRA",
    statistic="share of answers that copy the input, Full − LoRA, mean over unseen tasks",
    unit="share of answers",
    threshold=0.0,
    side="above",
    paper="often (Figure 3, no numbers given)",
)
GARBAGE = "answers outside the options count as labels of their own"


def full_leaves_options(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.6, for every rank."""
    on, test = mixtures.largest, mixtures.evidence.on_tests("inter", "out_of_options")
    full = mixtures.full(on, test) if test else None
    loras = mixtures.loras(on, test) if test else ()
    if test is None or full is None or not loras:
        need = "needs Full, LoRA and their answers to unseen classification tasks"
        why = mixtures.lacking(need, test, on) if test else need
        yield not_measured(FULL_LEAVES_OPTIONS, mixtures.scope("all ranks"), why)
        return
    for lora in loras:
        found = mixtures.compare_by_task(test, full, lora)
        shares, difference = found.scores[0], found.scores[:, 0] - found.scores[:, 1]
        by_category = _by_category(mixtures, test, full, lora)
        ahead, of = int((by_category > 0).sum()), len(by_category)
        held = f"Full is ahead in {ahead} of {of} categories"
        mostly = 2 * ahead > of
        odd = "" if mostly == bool(difference[0] > 0) else f"mean and categories disagree: {held}"
        limit = bound_out_of_reach(
            FULL_LEAVES_OPTIONS,
            1.0 - shares[1],
            f"{lora.method} leaves the options in every answer; needs a rank that does not",
        )
        yield found.judge(
            FULL_LEAVES_OPTIONS,
            mixtures.scope(lora.method, on.label),
            difference,
            f"{shares[0]:.3f} and {shares[1]:.3f}; {held}{mixtures.not_judged(test, on)}",
            limit or odd,
        ).about(lora, test.name)


def _by_category(
    mixtures: Mixtures, test: Evaluation, full: Condition, lora: Condition
) -> pl.Series:
    """Full − LoRA in each category: means over its tasks and the common samplings."""
    of_full, of_lora = mixtures.runs(test.name, full, lora)
    signed = pl.col("score") * pl.when(pl.col("run").is_in(of_full)).then(1).otherwise(-1)
    rows = mixtures.task_scores(test.name, *of_full, *of_lora)
    means = rows.group_by("category", maintain_order=True).agg(signed.mean() * 2)
    return means["score"].round(DECIMALS)


def full_repeats_input(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.12, for every rank, over all unseen tasks."""
    on, test = mixtures.largest, mixtures.evidence.on_tests("inter", "copies_input")
    full = mixtures.full(on, test) if test else None
    loras = mixtures.loras(on, test) if test else ()
    if test is None or full is None or not loras:
        need = "needs Full, LoRA and their answers to unseen tasks"
        why = mixtures.lacking(need, test, on) if test else need
        yield not_measured(FULL_REPEATS_INPUT, mixtures.scope("all ranks"), why)
        return
    for lora in loras:
        found = mixtures.compare_by_task(test, full, lora)
        shares = found.scores[0]
        yield found.judge(
            FULL_REPEATS_INPUT,
            mixtures.scope(lora.method, on.label),
            found.scores[:, 0] - found.scores[:, 1],
            f"{shares[0]:.3f} and {shares[1]:.3f}{_empty(mixtures, full, lora)}"
            f"{mixtures.not_judged(test, on)}",
            bound_out_of_reach(
                FULL_REPEATS_INPUT,
                1.0 - shares[1],
                f"{lora.method} copies in every answer; needs a rank that does not",
            ),
        ).about(lora, test.name)


def _empty(mixtures: Mixtures, full: Condition, lora: Condition) -> str:
    """The shares of empty answers, which are no answers either; maybe not measured."""
    test = mixtures.evidence.on_tests("inter", "empty")
    if test is None or not mixtures.seeds(test.name, full, lora):
        return ""
    shares = mixtures.compare_by_task(test, full, lora).scores[0]
    return f"; empty {shares[0]:.3f} and {shares[1]:.3f}"


def low_rank_collapses(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.7, at the lowest rank."""
    on = mixtures.largest
    said = mixtures.evidence.on_tests("inter", "label_entropy")
    true = mixtures.evidence.on_tests("inter", "label_entropy_of_references")
    loras = mixtures.loras(on, said) if said else ()
    if said is None or true is None or not loras:
        need = "needs LoRA and its answers to unseen classification tasks"
        why = mixtures.lacking(need, said, on) if said else need
        yield not_measured(LOW_RANK_COLLAPSES, mixtures.scope("lowest rank"), why)
        return
    answers = mixtures.compare_by_task(said, loras[0])
    references = mixtures.compare_by_task(true, loras[0])
    yield answers.judge(
        LOW_RANK_COLLAPSES,
        mixtures.scope(loras[0].method, on.label),
        (references.scores - answers.scores)[:, 0],
        f"{references.scores[0, 0]:.2f} and {answers.scores[0, 0]:.2f} bits;"
        f" {_beside(mixtures, said, loras[0])}{GARBAGE}{mixtures.not_judged(said, on)}",
        bound_out_of_reach(
            LOW_RANK_COLLAPSES,
            float(references.scores[0, 0]),
            "the references of every task are one label; needs tasks whose references differ",
        ),
    ).about(loras[0], said.name)


def _beside(mixtures: Mixtures, said: Evaluation, lora: Condition) -> str:
    """What tells a collapse from an uneven spread, as far as measured: the most given label."""
    found = ""
    share = mixtures.evidence.on_tests("inter", "largest_label_share")
    if share:
        largest = mixtures.compare_by_task(share, lora).scores[0, 0]
        found += f"most given label of a task {100 * largest:.0f} % of its answers; "
    full = mixtures.full(mixtures.largest, said)
    if full:
        found += f"Full {mixtures.compare_by_task(said, full).scores[0, 0]:.2f} bits; "
    return found


def answers_spread_with_rank(mixtures: Mixtures) -> Iterator[Verdict]:
    """H1.7, over the ranks."""
    on, said = mixtures.largest, mixtures.evidence.on_tests("inter", "label_entropy")
    loras = mixtures.loras(on, said) if said else ()
    scope = mixtures.scope(on.label)
    if said is None or len(loras) < RANKS_TO_COMPARE:
        ranks = f"{MINIMUM_FOR_AN_ORDER} ranks or more"
        need = f"needs answers to unseen classification tasks at {ranks}"
        why = mixtures.lacking(need, said, on) if said else need
        yield not_measured(ANSWERS_SPREAD_WITH_RANK, scope, why)
        return
    found = mixtures.compare_by_task(said, *loras)
    listed = ", ".join(f"{bits:.2f}" for bits in np.asarray(found.scores[0]))
    yield found.judge_order(
        ANSWERS_SPREAD_WITH_RANK,
        scope,
        ranks_of(loras),
        f"by rank: {listed} bits; {GARBAGE}{mixtures.not_judged(said, on)}",
        order_out_of_reach(len(loras), "ranks"),
    )
