"""Claims about forgetting (*LoRA Learns Less and Forgets Less*, Biderman et al. 2024)."""

import itertools
from collections.abc import Iterator

import numpy as np

from rankscope.report.chapters.tradeoff.learning import judge_order
from rankscope.report.evidence.evidence import Condition
from rankscope.report.evidence.resampling import Floats, spearman_draws
from rankscope.report.evidence.spread import DECIMALS
from rankscope.report.verdicts import papers
from rankscope.report.verdicts.subject import Subject, repeated
from rankscope.report.verdicts.verdict import (
    MINIMUM_FOR_AN_ORDER,
    Claim,
    Verdict,
    judge,
    not_measured,
    order_out_of_reach,
)

FORGETS_LESS = Claim(
    id="H2.4",
    source=papers.LEARNS_LESS,
    statement="LoRA forgets less than full fine-tuning, at equal duration",
    statistic="forgotten by Full − forgotten by LoRA, after the last common step",
    unit="unit of the evaluation",
    threshold=0.0,
    side="above",
    paper="code IFT, 16 epochs: retains .609/.510/.517 (r=16/64/256) vs .414",
)
GROWS_WITH_STEPS = Claim(
    id="H2.5",
    source=papers.LEARNS_LESS,
    statement="Forgetting grows with the duration of training",
    statistic="Spearman's ρ of step and forgetting, mean over methods",
    unit="ρ",
    threshold=0.0,
    side="above",
    paper="yes, in all four settings",
)
GROWS_WITH_RANK = Claim(
    id="H2.5",
    source=papers.LEARNS_LESS,
    statement="Forgetting grows with rank",
    statistic="Kendall's τ of LoRA rank and forgetting, mean over kept steps",
    unit="τ",
    threshold=0.0,
    side="above",
    paper="mostly; at 16 epochs of code IFT r=64 retains .510, r=256 .517",
)
AT_MATCHED_LEARNING = Claim(
    id="H2.6",
    source=papers.LEARNS_LESS,
    statement="At matched learning, LoRA forgets less than full fine-tuning",
    statistic="mean of forgotten(Full) − forgotten(LoRA) over the learning both reach; the note"
    " says where its sign changes",
    unit="unit of the evaluation",
    threshold=0.0,
    side="above",
    paper="code: LoRA retains more; math: Full retains more. At equal fit LoRA forgets less in"
    " An Illusion of Equivalence (version 3)",
)
STEPS_TO_COMPARE = 2


def forgets_less(subject: Subject) -> Iterator[Verdict]:
    """H2.4, for every rank and every forgetting evaluation, the headline's first."""
    compared = subject.full_and_loras(subject.forgetting)
    if compared is None:
        yield not_measured(
            FORGETS_LESS, "all ranks", "needs Full, LoRA and a forgetting evaluation"
        )
        return
    full, loras = compared
    for name in forgetting_evaluations(subject):
        for lora in loras:
            claim = FORGETS_LESS.in_unit(subject.unit(name))
            scope = f"{lora.method} · {name}"
            shared = subject.steps(name, full, lora)
            if not shared:
                none = not_measured(claim, scope, "needs a step at which both were scored")
                yield none.about(lora, name)
                continue
            step = shared[-1]
            difference = subject.forgotten(full, name, step) - subject.forgotten(lora, name, step)
            found = judge(
                claim,
                scope,
                difference,
                subject.items(name, full, lora),
                f"step {step}; {subject.rates(full, lora)}",
                subject.ceiling(claim, full, name, shared[-1:]),
            )
            yield found.about(lora, name)


def forgetting_evaluations(subject: Subject) -> list[str]:
    """Names of the evaluations of forgetting, the headline's first."""
    names = [e.name for e in subject.evidence.evaluations if e.measures == "forgetting"]
    return sorted(names, key=lambda name: name != subject.forgetting)


def grows_with_steps(subject: Subject) -> Iterator[Verdict]:
    """H2.5, duration: over the kept steps of every method, the base left out."""
    name = subject.forgetting
    steps = subject.steps(name, *subject.conditions) if name else ()
    if name is None or len(steps) < STEPS_TO_COMPARE:
        why = f"needs a forgetting evaluation at {MINIMUM_FOR_AN_ORDER} or more steps"
        yield not_measured(GROWS_WITH_STEPS, "all methods", why)
        return
    conditions = repeated(subject.conditions)
    rhos = np.array(
        [
            spearman_draws(
                np.array(steps, dtype=np.float64),
                np.column_stack([subject.forgotten(condition, name, step) for step in steps]),
            )
            for condition in conditions
        ]
    )
    ordered = np.isfinite(rhos[:, 0])  # the same methods in all draws
    flat = [each.method for each, has in zip(conditions, ordered, strict=True) if not has]
    note = f"{len(steps)} kept steps of one schedule, not separate runs"
    note += f"; without any change: {', '.join(flat)}" if flat else ""
    yield judge(
        GROWS_WITH_STEPS,
        f"{ordered.sum() or len(rhos)} methods · {name}",
        rhos[ordered].mean(axis=0) if ordered.any() else rhos[0],
        subject.items(name, *conditions),
        note,
        order_out_of_reach(len(steps), "steps"),
    )


def grows_with_rank(subject: Subject) -> Iterator[Verdict]:
    """H2.5, rank, in every family."""
    yield from judge_order(GROWS_WITH_RANK, subject, subject.forgetting, subject.forgotten)


def matched_learning(subject: Subject) -> Iterator[Verdict]:
    """H2.6, for every rank: the area between the two traces in the learning-forgetting plane."""
    learning, forgetting = subject.learning, subject.forgetting
    compared = subject.full_and_loras(learning, forgetting)
    if compared is None or learning is None or forgetting is None:
        yield not_measured(
            AT_MATCHED_LEARNING, "all ranks", "needs Full, LoRA and both evaluations"
        )
        return
    full, loras = compared
    reference = trace(subject, full, learning, forgetting)
    for lora in loras:
        claim = AT_MATCHED_LEARNING.in_unit(subject.unit(forgetting))
        scope = f"{lora.method} · {forgetting}"
        of_lora = trace(subject, lora, learning, forgetting)
        if reference is None or of_lora is None:
            none = not_measured(claim, scope, "needs a step that was scored on both evaluations")
            yield none.about(lora, forgetting)
            continue
        found = judge(
            claim,
            scope,
            area_between(reference, of_lora),
            subject.items(forgetting, full, lora),
            f"{_where_sign_changes(reference, of_lora, subject.unit(learning))};"
            f" straight lines between kept steps; {subject.rates(full, lora)}",
        )
        yield found.about(lora, forgetting)


Trace = tuple[Floats, Floats]


def trace(subject: Subject, condition: Condition, learning: str, forgetting: str) -> Trace | None:
    """Draws × points of learned and forgotten, from the base at (0, 0) over the kept steps."""
    shared = set(subject.evidence.steps(condition, forgetting))
    steps = [step for step in subject.evidence.steps(condition, learning) if step in shared]
    if not steps:
        return None
    learned = [subject.gain(condition, learning, step) for step in steps]
    forgotten = [subject.forgotten(condition, forgetting, step) for step in steps]
    start = np.zeros_like(learned[0])
    return np.column_stack([start, *learned]), np.column_stack([start, *forgotten])


def area_between(full: Trace, lora: Trace) -> Floats:
    """Mean of forgotten(full) − forgotten(lora) at equal learning, for each draw.

    Points are sorted by learning and joined by straight lines; the mean is the exact integral over
    the learning from zero to what both reach, divided by that. Where the difference changes its
    sign, what LoRA forgot less counts against what it forgot more. Undefined (nan) in draws in
    which one of them learned nothing.
    """
    curves = [_sorted_by_learning(each) for each in (full, lora)]
    reach = np.minimum(*(learned[:, -1] for learned, _ in curves))
    areas = [_area(learned, forgotten, reach) for learned, forgotten in curves]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(reach > 0, (areas[0] - areas[1]) / reach, np.nan))


def _sorted_by_learning(curve: Trace) -> Trace:
    order = np.argsort(curve[0], axis=1, kind="stable")
    return np.take_along_axis(curve[0], order, 1), np.take_along_axis(curve[1], order, 1)


def _area(x: Floats, y: Floats, reach: Floats) -> Floats:
    """Integral of the piecewise linear y over 0 ≤ x ≤ reach, for each row; x is sorted."""
    start, end = (np.clip(each, 0, reach[:, None].clip(0)) for each in (x[:, :-1], x[:, 1:]))
    width = np.diff(x, axis=1)
    slope = np.diff(y, axis=1) / np.where(width > 0, width, 1.0)
    middle = y[:, :-1] + slope * ((start + end) / 2 - x[:, :-1])
    return np.asarray(((end - start) * middle).sum(axis=1))


def sign_changes(full: Trace, lora: Trace) -> tuple[float, list[float]]:
    """Where forgotten(full) − forgotten(lora) of the data changes its sign.

    Returns:
        The sign (−1, 0 or 1) right after the base, and the learning at each change.
    """
    curves = [_sorted_by_learning((each[0][:1], each[1][:1])) for each in (full, lora)]
    reach = min(learned[0, -1] for learned, _ in curves)
    knots = np.unique(np.concatenate([learned[0] for learned, _ in curves]))
    knots = knots[(knots >= 0) & (knots <= reach)]
    of_full, of_lora = (np.interp(knots, learned[0], lost[0]) for learned, lost in curves)
    difference = (of_full - of_lora).round(DECIMALS)
    at = np.flatnonzero(difference)
    if not len(at):
        return 0.0, []
    changes = []
    for left, right in itertools.pairwise(at):
        if difference[left] * difference[right] < 0:
            # the sum of both is not zero, and between two knots both curves are straight
            first, last = (right - 1, right) if difference[right - 1] else (left, left + 1)
            share = difference[first] / (difference[first] - difference[last])
            changes.append(float(knots[first] + share * (knots[last] - knots[first])))
    return float(np.sign(difference[at[0]])), changes


def _where_sign_changes(full: Trace, lora: Trace, unit: str) -> str:
    """Say up to which learning LoRA forgot more, and from where on less."""
    sign, changes = sign_changes(full, lora)
    words = {1.0: "less", -1.0: "more", 0.0: "as much"}
    if not changes:
        return f"LoRA forgot {words[sign]} all along"
    parts, start = [], 0.0
    for end in changes:
        parts.append(f"{words[sign]} from {start:.3g} to {end:.3g}")
        sign, start = -sign, end
    parts.append(f"{words[sign]} beyond")
    return f"the sign changes: at a learning ({unit}) LoRA forgot {', '.join(parts)}"
