"""Claims of the papers, tested on a study: each a small pure function from tables to verdicts.

Guarantees: every claim of `CLAIMS` gives at least one verdict for any study, and every claim of
`MIXTURE_CLAIMS` for any study that trains on a mixture of tasks, per learning-rate series, with its
statistic, interval, n and note; what was not measured is called that and says why. Claims
about mixtures say nothing of a study without any: it asks another question. The numbers (H2.1 …)
are those of the project's list of hypotheses: 1 = *Beyond Full Fine-tuning*, 2 = *LoRA Learns Less
and Forgets Less*, 3 = *An Illusion of Equivalence*.
"""

from collections.abc import Callable, Iterator, Sequence

from rankscope.report.chapters.intruders import associations, intruders
from rankscope.report.chapters.mixtures import answers, category_rise, rank_scaling, task_scaling
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.chapters.tradeoff import forgetting, learning
from rankscope.report.chapters.updates import updates
from rankscope.report.verdicts.subject import Subject
from rankscope.report.verdicts.verdict import Verdict

CLAIMS: tuple[Callable[[Subject], Iterator[Verdict]], ...] = (
    learning.learns_less,
    learning.order_by_rank,
    forgetting.forgets_less,
    forgetting.grows_with_steps,
    forgetting.grows_with_rank,
    forgetting.matched_learning,
    updates.high_rank,
    updates.rank_grows,
    updates.mlp_above_attention,
    intruders.low_rank_has_intruders,
    intruders.full_has_none,
    intruders.falls_with_rank,
    updates.effective_rank,
    intruders.grow_over_training,
    associations.go_with_forgetting,
    associations.not_with_learning,
    intruders.seeds_alike,
)

MIXTURE_CLAIMS: tuple[Callable[[Mixtures], Iterator[Verdict]], ...] = (
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


def judge_claims(subject: Subject, mixtures: Sequence[Mixtures] = ()) -> list[Verdict]:
    """Test every claim on a study: methods on one training set, and methods × mixtures."""
    across = [verdict for claim in MIXTURE_CLAIMS for each in mixtures for verdict in claim(each)]
    return across + [verdict for claim in CLAIMS for verdict in claim(subject)]
