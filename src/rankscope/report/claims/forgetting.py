"""Claims about forgetting (*LoRA Learns Less and Forgets Less*, Biderman et al. 2024)."""

from collections.abc import Iterator

import numpy as np

from rankscope.report.claims.learning import PAPER, judge_order
from rankscope.report.claims.subject import Subject, repeated
from rankscope.report.claims.verdict import Claim, Verdict, judge, undecided
from rankscope.report.evidence import Condition
from rankscope.report.resampling import Floats, spearman_draws

FORGETS_LESS = Claim(
    id="H2.4",
    source=PAPER,
    statement="LoRA forgets less than full fine-tuning, at equal duration",
    statistic="forgotten by Full − forgotten by LoRA, after the last common step",
    unit="unit of the evaluation",
    threshold=0.0,
    side="above",
    paper="code IFT, 16 epochs: retains .609/.510/.517 (r=16/64/256) vs .414",
)
GROWS_WITH_STEPS = Claim(
    id="H2.5",
    source=PAPER,
    statement="Forgetting grows with the duration of training",
    statistic="Spearman's ρ of step and forgetting, mean over methods",
    unit="ρ",
    threshold=0.0,
    side="above",
    paper="yes, in all four settings",
)
GROWS_WITH_RANK = Claim(
    id="H2.5",
    source=PAPER,
    statement="Forgetting grows with rank",
    statistic="Kendall's τ of LoRA rank and forgetting, mean over kept steps",
    unit="τ",
    threshold=0.0,
    side="above",
    paper="mostly; at 16 epochs of code IFT r=64 retains .510, r=256 .517",
)
AT_MATCHED_LEARNING = Claim(
    id="H2.6",
    source=PAPER,
    statement="At matched learning, LoRA forgets less than full fine-tuning",
    statistic="mean of forgotten(Full) − forgotten(LoRA) over the learning both reach",
    unit="unit of the evaluation",
    threshold=0.0,
    side="above",
    paper="code: LoRA retains more; math: Full retains more. At equal fit LoRA forgets less in"
    " An Illusion of Equivalence (version 3)",
)
MATCHED_POINTS = 25
MINIMUM_STEPS = 3


def forgets_less(subject: Subject) -> Iterator[Verdict]:
    """H2.4, for every rank and every forgetting evaluation, the headline's first."""
    compared = subject.full_and_loras(subject.forgetting)
    if compared is None:
        yield undecided(FORGETS_LESS, "all ranks", "needs Full, LoRA and a forgetting evaluation")
        return
    full, loras = compared
    for name in forgetting_evaluations(subject):
        for lora in loras:
            shared = subject.steps(name, full, lora)
            if not shared:
                continue
            step = shared[-1]
            difference = subject.forgotten(full, name, step) - subject.forgotten(lora, name, step)
            yield judge(
                FORGETS_LESS.in_unit(subject.unit(name)),
                f"{lora.method} · {name}",
                difference,
                subject.items(name, full, lora),
                f"step {step}; {subject.rates(full, lora)}",
            )


def forgetting_evaluations(subject: Subject) -> list[str]:
    """Names of the evaluations of forgetting, the headline's first."""
    names = [e.name for e in subject.evidence.evaluations if e.measures == "forgetting"]
    return sorted(names, key=lambda name: name != subject.forgetting)


def grows_with_steps(subject: Subject) -> Iterator[Verdict]:
    """H2.5, duration: over the kept steps of every method, the base left out."""
    name = subject.forgetting
    steps = subject.steps(name, *subject.conditions) if name else ()
    if name is None or len(steps) < MINIMUM_STEPS:
        why = f"needs a forgetting evaluation at {MINIMUM_STEPS} or more steps"
        yield undecided(GROWS_WITH_STEPS, "all methods", why)
        return
    conditions = repeated(subject.conditions)
    rhos = [
        spearman_draws(
            np.array(steps, dtype=np.float64),
            np.column_stack([subject.forgotten(condition, name, step) for step in steps]),
        )
        for condition in conditions
    ]
    yield judge(
        GROWS_WITH_STEPS,
        f"{len(rhos)} methods · {name}",
        np.nanmean(rhos, axis=0),
        subject.items(name, *conditions),
        f"{len(steps)} kept steps of one schedule, not separate runs",
    )


def grows_with_rank(subject: Subject) -> Iterator[Verdict]:
    """H2.5, rank."""
    yield judge_order(GROWS_WITH_RANK, subject, subject.forgetting, subject.forgotten)


def matched_learning(subject: Subject) -> Iterator[Verdict]:
    """H2.6, for every rank: the area between the two traces in the learning-forgetting plane."""
    learning, forgetting = subject.learning, subject.forgetting
    compared = subject.full_and_loras(learning, forgetting)
    if compared is None or learning is None or forgetting is None:
        yield undecided(AT_MATCHED_LEARNING, "all ranks", "needs Full, LoRA and both evaluations")
        return
    full, loras = compared
    reference = trace(subject, full, learning, forgetting)
    for lora in loras:
        yield judge(
            AT_MATCHED_LEARNING.in_unit(subject.unit(forgetting)),
            f"{lora.method} · {forgetting}",
            area_between(reference, trace(subject, lora, learning, forgetting)),
            subject.items(forgetting, full, lora),
            "straight lines between kept steps; " + subject.rates(full, lora),
        )


def trace(
    subject: Subject, condition: Condition, learning: str, forgetting: str
) -> tuple[Floats, Floats]:
    """Draws × points of learned and forgotten, from the base at (0, 0) over the kept steps."""
    shared = set(subject.evidence.steps(condition, forgetting))
    steps = [step for step in subject.evidence.steps(condition, learning) if step in shared]
    learned = [subject.gain(condition, learning, step) for step in steps]
    forgotten = [subject.forgotten(condition, forgetting, step) for step in steps]
    start = np.zeros_like(learned[0])
    return np.column_stack([start, *learned]), np.column_stack([start, *forgotten])


def area_between(full: tuple[Floats, Floats], lora: tuple[Floats, Floats]) -> Floats:
    """Mean of forgotten(full) − forgotten(lora) at equal learning, for each draw.

    Points are sorted by learning and joined by straight lines; the mean is over the learning from
    zero to what both reach. Undefined (nan) in draws in which one of them learned nothing.
    """
    found = np.full(len(full[0]), np.nan)
    for draw in range(len(found)):
        curves = []
        for learned, forgotten in (full, lora):
            order = np.argsort(learned[draw], kind="stable")
            curves.append((learned[draw][order], forgotten[draw][order]))
        reach = min(curve[0][-1] for curve in curves)
        if reach > 0:
            grid = np.linspace(0, reach, MATCHED_POINTS)
            of_full, of_lora = (np.interp(grid, *curve) for curve in curves)
            found[draw] = float(np.mean(of_full - of_lora))
    return found
