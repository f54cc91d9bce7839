"""Claims of the papers, tested on a study: each a small pure function from tables to verdicts.

Guarantees: every claim of `CLAIMS` gives at least one verdict for any study, with its statistic,
interval, n and note; what cannot be measured is `inconclusive` and says why. The numbers (H2.1 …)
are those of the project's list of hypotheses: 2 = *LoRA Learns Less and Forgets Less*, 3 = *An
Illusion of Equivalence*.
"""

from collections.abc import Callable, Iterator

from rankscope.report.claims import forgetting, intruders, learning, updates
from rankscope.report.claims.subject import Subject
from rankscope.report.claims.verdict import Verdict

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
    intruders.go_with_forgetting,
    intruders.not_with_learning,
    intruders.seeds_alike,
)


def judge_claims(subject: Subject) -> list[Verdict]:
    """Test every claim on a study."""
    return [verdict for claim in CLAIMS for verdict in claim(subject)]
