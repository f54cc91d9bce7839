"""Claims about what intruder dimensions go with (*An Illusion of Equivalence*, H3.8).

Guarantees: runs are resampled whole, since the points of a run are not independent. Draws in which
all points have as many intruders have no correlation and do not count as one of zero; and where
even a perfect association would not have been confirmed, the claim is out of reach.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rankscope.report.chapters.intruders.counting import Counting
from rankscope.report.evidence.evidence import Condition
from rankscope.report.evidence.resampling import (
    COVERAGE,
    DRAWS,
    Floats,
    interval,
    spearman,
    unit_counts,
)
from rankscope.report.verdicts import papers
from rankscope.report.verdicts.subject import Family, Subject
from rankscope.report.verdicts.verdict import Claim, Sample, Verdict, decide, judge, not_measured

GOES_WITH_FORGETTING = Claim(
    id="H3.8",
    source=papers.ILLUSION,
    statement="More intruders go with more forgetting",
    statistic="Spearman's ρ of intruders and forgetting over LoRA runs and steps",
    unit="ρ",
    threshold=0.5,
    side="above",
    paper="ρ = .971 (RoBERTa), .59 (LLaMA-2)",
)
NOT_WITH_LEARNING = Claim(
    id="H3.8",
    source=papers.ILLUSION,
    statement="The number of intruders does not go with learning",
    statistic="|Spearman's ρ| of intruders and learning over LoRA runs and steps",
    unit="|ρ|",
    threshold=0.5,
    side="below",
    paper="ρ = −.34 and −.32, not significant",
)
MINIMUM_POINTS = 8
MINIMUM_RUNS = 4
CLOSE_TO_ONE = 0.999


def go_with_forgetting(subject: Subject) -> Iterator[Verdict]:
    """H3.8, forgetting: over all LoRA runs and steps, resampling runs."""
    yield from _correlations(subject, GOES_WITH_FORGETTING, subject.forgetting, -1.0)


def not_with_learning(subject: Subject) -> Iterator[Verdict]:
    """H3.8, learning: the same with the evaluation of learning."""
    yield from _correlations(subject, NOT_WITH_LEARNING, subject.learning, 1.0)


def _correlations(
    subject: Subject, claim: Claim, evaluation: str | None, sign: float
) -> Iterator[Verdict]:
    """Judge every family by itself: families differ in more than their intruders."""
    for family in subject.families:
        found = _correlation(subject, family, claim, evaluation, sign)
        yield family.verdict(found, evaluation or "")


def _correlation(
    subject: Subject, family: Family, claim: Claim, evaluation: str | None, sign: float
) -> Verdict:
    called = family.name or "LoRA"
    if evaluation is None:
        return not_measured(claim, called, "needs an evaluation of it")
    runs = _runs_and_steps(subject, family.repeated, evaluation, sign)
    points = sum(len(counts) for counts, _ in runs)
    if not points:
        return not_measured(claim, called, "needs spectra and scores of LoRA at the same steps")
    draws = _resample_runs(runs)
    if claim is NOT_WITH_LEARNING:
        limit, draws = _uncertainty_out_of_reach(draws), np.abs(draws)
    else:
        limit = _association_out_of_reach(runs)
    if points < MINIMUM_POINTS or len(runs) < MINIMUM_RUNS:
        limit = f"out of reach: {points} (run, step) points of {len(runs)} runs are too few; needs"
        limit += f" {MINIMUM_POINTS} of {MINIMUM_RUNS}"
    loras = family.repeated
    return judge(
        claim,
        f"{called} · {evaluation}",
        draws,
        Sample(min(len(lora.runs) for lora in loras), points, "points", each_seed=False),
        f"{len(runs)} runs of {len(loras)} ranks are resampled, whole; step and rank drive both;"
        f" {Counting(subject.evidence).setting}",
        limit,
    )


Points = tuple[Floats, Floats]  # of a run: intruders, and the change of the score, by step


def _association_out_of_reach(runs: list[Points]) -> str:
    """Why even a perfect association would not be confirmed, if so; empty if it would."""
    counts, changes = (np.concatenate(each) for each in zip(*runs, strict=True))
    perfect = np.empty(len(counts))
    perfect[np.lexsort((changes, counts))] = np.arange(len(counts))
    parts = np.split(perfect, np.cumsum([len(each) for each, _ in runs])[:-1])
    best = _resample_runs([(run[0], part) for run, part in zip(runs, parts, strict=True)])
    found = interval(best)
    undefined = float(np.mean(~np.isfinite(best[1:])))
    if decide(GOES_WITH_FORGETTING, found) == "confirmed" and undefined <= 1 - COVERAGE:
        return ""
    having = int((counts > 0).sum())
    return (
        f"out of reach: with intruders at {having} of {len(counts)} points even a perfect"
        f" association gives ρ = {found.value:.2f} [{found.low:.2f}, {found.high:.2f}]; needs more"
        " points that differ in intruders"
    )


def _uncertainty_out_of_reach(draws: Floats) -> str:
    """Why a ρ of zero would not be told from the threshold, if so; empty if it would.

    The interval is moved to zero on Fisher's scale, on which its width depends little on ρ.
    """
    scale = np.arctanh(np.clip(draws, -CLOSE_TO_ONE, CLOSE_TO_ONE))
    around = interval(np.abs(np.tanh(scale - scale[0])))
    if around.high < NOT_WITH_LEARNING.threshold or not np.isfinite(around.value):
        return ""
    return (
        f"out of reach: these runs leave ρ uncertain by ±{around.high:.2f}, so that even ρ = 0"
        " would not be told from the threshold; needs more runs"
    )


def _runs_and_steps(
    subject: Subject, loras: Sequence[Condition], evaluation: str, sign: float
) -> list[Points]:
    """Intruders and the oriented change of the score at every step, for each run."""
    found = []
    counting = Counting(subject.evidence)
    for lora in loras:
        scored = set(subject.evidence.steps(lora, evaluation))
        steps = [step for step in subject.spectral_steps(lora) if step in scored]
        for run in subject.evidence.analysed(subject.evidence.scored(lora, evaluation)).runs:
            alone = replace(lora, label=run, runs=(run,), planned=1)
            counts = [counting.by_matrix(alone, step) for step in steps]
            changes = [sign * subject.gain(alone, evaluation, step)[0] for step in steps]
            found.append((np.array([c.sum() for c in counts]), np.array(changes)))
    return found


def _resample_runs(runs: list[Points]) -> Floats:
    """Draws of Spearman's ρ over the points of all runs, resampling whole runs.

    Undefined in draws in which all points have as many intruders.
    """
    counts = unit_counts(len(runs), "runs", DRAWS).astype(int)
    draws = np.empty(len(counts))
    for draw, repeats in enumerate(counts):
        chosen = np.repeat(np.arange(len(runs)), repeats)
        x = np.concatenate([runs[each][0] for each in chosen])
        y = np.concatenate([runs[each][1] for each in chosen])
        draws[draw] = spearman(x, y)[0]
    return draws
