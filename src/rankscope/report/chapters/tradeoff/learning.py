"""Claims about learning (*LoRA Learns Less and Forgets Less*, Biderman et al. 2024)."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rankscope.report.evidence.evidence import Condition
from rankscope.report.evidence.resampling import Floats, kendall
from rankscope.report.verdicts import papers
from rankscope.report.verdicts.subject import Family, Subject
from rankscope.report.verdicts.verdict import (
    MINIMUM_FOR_AN_ORDER,
    Claim,
    Verdict,
    judge,
    not_measured,
    order_out_of_reach,
)

RANKS_TO_COMPARE = 2

LEARNS_LESS = Claim(
    id="H2.1",
    source=papers.LEARNS_LESS,
    statement="LoRA learns less than full fine-tuning",
    statistic="learned by Full − learned by LoRA, each at its best step of those both kept",
    unit="unit of the evaluation",
    threshold=0.0,
    side="above",
    paper="r=16: code CPT .263 vs .162, math CPT .293 vs .165, code IFT .497 vs .358,"
    " math IFT .642 vs .580",
)
ORDERED_BY_RANK = Claim(
    id="H2.2",
    source=papers.LEARNS_LESS,
    statement="Learning is ordered by rank",
    statistic="Kendall's τ of LoRA rank and learning, mean over kept steps",
    unit="τ",
    threshold=0.0,
    side="above",
    paper="full order at 5 of 5 durations of code instruction tuning",
)


def best_gain(
    subject: Subject, condition: Condition, evaluation: str, steps: Sequence[int]
) -> Floats:
    """Draws of the best learning over the steps (the best step of each draw)."""
    return np.asarray(np.max([subject.gain(condition, evaluation, step) for step in steps], axis=0))


def learns_less(subject: Subject) -> Iterator[Verdict]:
    """H2.1, for every rank."""
    name = subject.learning
    compared = subject.full_and_loras(name)
    if name is None or compared is None:
        yield not_measured(LEARNS_LESS, "all ranks", "needs Full, LoRA and a learning evaluation")
        return
    full, loras = compared
    claim = LEARNS_LESS.in_unit(subject.unit(name))
    for lora in loras:
        scope = f"{lora.method} · {name}"
        # a maximum over more steps is larger by chance alone
        steps = subject.steps(name, full, lora)
        if not steps:
            none = not_measured(claim, scope, "needs a step at which both were scored")
            yield none.about(lora, name)
            continue
        of_lora = best_gain(subject, lora, name, steps)
        difference = best_gain(subject, full, name, steps) - of_lora
        sample = subject.items(name, full, lora)
        limit = subject.ceiling(claim, lora, name, steps)
        found = judge(claim, scope, difference, sample, subject.rates(full, lora), limit)
        yield found.about(lora, name)


def order_by_rank(subject: Subject) -> Iterator[Verdict]:
    """H2.2, over the ranks of every family."""
    yield from judge_order(ORDERED_BY_RANK, subject, subject.learning, subject.gain)


def judge_order(
    claim: Claim,
    subject: Subject,
    name: str | None,
    measured: Callable[[Condition, str, int], Floats],
) -> Iterator[Verdict]:
    """Judge whether `measured` rises with the rank, in every family."""
    for family in subject.families:
        yield family.verdict(_order_of(claim, subject, family, name, measured), name or "")


def _order_of(
    claim: Claim,
    subject: Subject,
    family: Family,
    name: str | None,
    measured: Callable[[Condition, str, int], Floats],
) -> Verdict:
    """Judge one family: mean Kendall tau over the common steps."""
    loras, everywhere = family.repeated, family.scope("all ranks")
    if name is None or len(loras) < RANKS_TO_COMPARE:
        return not_measured(claim, everywhere, f"needs at least {MINIMUM_FOR_AN_ORDER} ranks")
    ranks = np.array([float(lora.rank or 0) for lora in loras])
    steps = subject.steps(name, *loras)
    if not steps:
        return not_measured(claim, everywhere, "not all ranks were scored at one step")
    taus = [
        kendall(ranks, np.column_stack([measured(lora, name, step) for lora in loras]))
        for step in steps
    ]
    ordered = sum(tau[0] == 1 for tau in taus)
    return judge(
        claim,
        family.scope(f"{len(loras)} ranks", name),
        np.mean(taus, axis=0),
        subject.items(name, *loras),
        f"full order at {ordered} of {len(steps)} steps; {subject.rates(*loras)}",
        order_out_of_reach(len(loras), "ranks"),
    )
