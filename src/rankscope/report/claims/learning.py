"""Claims about learning (*LoRA Learns Less and Forgets Less*, Biderman et al. 2024)."""

from collections.abc import Callable, Iterator

import numpy as np

from rankscope.report.claims.subject import Subject
from rankscope.report.claims.verdict import Claim, Verdict, judge, undecided
from rankscope.report.evidence import Condition
from rankscope.report.resampling import Floats, kendall

PAPER = "LoRA Learns Less and Forgets Less"

LEARNS_LESS = Claim(
    id="H2.1",
    source=PAPER,
    statement="LoRA learns less than full fine-tuning",
    statistic="learned by Full − learned by LoRA, each at its best kept step",
    unit="unit of the evaluation",
    threshold=0.0,
    side="above",
    paper="r=16: code CPT .263 vs .162, math CPT .293 vs .165, code IFT .497 vs .358,"
    " math IFT .642 vs .580",
)
ORDERED_BY_RANK = Claim(
    id="H2.2",
    source=PAPER,
    statement="Learning is ordered by rank",
    statistic="Kendall's τ of LoRA rank and learning, mean over kept steps",
    unit="τ",
    threshold=0.0,
    side="above",
    paper="full order at 5 of 5 durations of code instruction tuning",
)
MINIMUM_RANKS = 3


def best_gain(subject: Subject, condition: Condition, evaluation: str) -> Floats:
    """Draws of the best learning over the kept steps (the best step of each draw)."""
    steps = subject.evidence.steps(condition, evaluation)
    return np.asarray(np.max([subject.gain(condition, evaluation, step) for step in steps], axis=0))


def learns_less(subject: Subject) -> Iterator[Verdict]:
    """H2.1, for every rank."""
    name = subject.learning
    compared = subject.full_and_loras(name)
    if name is None or compared is None:
        yield undecided(LEARNS_LESS, "all ranks", "needs Full, LoRA and a learning evaluation")
        return
    full, loras = compared
    for lora in loras:
        difference = best_gain(subject, full, name) - best_gain(subject, lora, name)
        sample = subject.items(name, full, lora)
        claim = LEARNS_LESS.in_unit(subject.unit(name))
        note = subject.rates(full, lora)
        yield judge(claim, f"{lora.method} · {name}", difference, sample, note)


def order_by_rank(subject: Subject) -> Iterator[Verdict]:
    """H2.2, over the ranks of the study."""
    yield judge_order(ORDERED_BY_RANK, subject, subject.learning, subject.gain)


def judge_order(
    claim: Claim,
    subject: Subject,
    name: str | None,
    measured: Callable[[Condition, str, int], Floats],
) -> Verdict:
    """Judge whether `measured` rises with the rank: mean Kendall tau over the common steps."""
    loras = subject.repeated_loras
    if name is None or len(loras) < MINIMUM_RANKS:
        return undecided(claim, "all ranks", f"needs at least {MINIMUM_RANKS} ranks")
    ranks = np.array([float(lora.rank or 0) for lora in loras])
    steps = subject.steps(name, *loras)
    if not steps:
        return undecided(claim, "all ranks", "not all ranks were scored at one step")
    taus = [
        kendall(ranks, np.column_stack([measured(lora, name, step) for lora in loras]))
        for step in steps
    ]
    ordered = sum(tau[0] == 1 for tau in taus)
    return judge(
        claim,
        f"{len(loras)} ranks · {name}",
        np.mean(taus, axis=0),
        subject.items(name, *loras),
        f"full order at {ordered} of {len(steps)} steps; {subject.rates(*loras)}",
    )
