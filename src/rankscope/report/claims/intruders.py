"""Claims about intruder dimensions (*An Illusion of Equivalence*, Shuttleworth et al. 2024)."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from rankscope.report.claims.subject import Subject
from rankscope.report.claims.updates import ILLUSION_PAPER
from rankscope.report.claims.verdict import Claim, Sample, Verdict, judge, undecided
from rankscope.report.evidence import Condition
from rankscope.report.resampling import DRAWS, Floats, spearman, spearman_draws, unit_counts

LOW_RANK = 16
NEGLIGIBLE = 0.01

LORA_HAS = Claim(
    id="H3.1",
    source=ILLUSION_PAPER,
    statement="LoRA of low rank has intruder dimensions",
    statistic="intruders ÷ leading vectors examined",
    unit="share",
    threshold=0.0,
    side="above",
    paper="yes, for r ≤ 16",
)
FULL_HAS_NONE = Claim(
    id="H3.1",
    source=ILLUSION_PAPER,
    statement="Full fine-tuning has almost no intruder dimensions",
    statistic="intruders ÷ leading vectors examined",
    unit="share",
    threshold=NEGLIGIBLE,
    side="below",
    paper="about none at ε = 0.5 to 0.6",
)
FALLS_WITH_RANK = Claim(
    id="H3.2",
    source=ILLUSION_PAPER,
    statement="The number of intruders falls with rank",
    statistic="Spearman's ρ of LoRA rank and number of intruders",
    unit="ρ",
    threshold=0.0,
    side="below",
    paper="yes for α = 2r, about 0 left at r=64 (learning rate there falls with 1/r)",
)
GROWS_WITH_STEPS = Claim(
    id="H3.5",
    source=ILLUSION_PAPER,
    statement="Intruders grow over training",
    statistic="Spearman's ρ of step and mean singular value of the intruders",
    unit="ρ",
    threshold=0.0,
    side="above",
    paper="yes (one LoRA matrix, figure 7)",
)
GOES_WITH_FORGETTING = Claim(
    id="H3.8",
    source=ILLUSION_PAPER,
    statement="More intruders go with more forgetting",
    statistic="Spearman's ρ of intruders and forgetting over LoRA runs and steps",
    unit="ρ",
    threshold=0.5,
    side="above",
    paper="ρ = .971 (RoBERTa), .59 (LLaMA-2)",
)
NOT_WITH_LEARNING = Claim(
    id="H3.8",
    source=ILLUSION_PAPER,
    statement="The number of intruders does not go with learning",
    statistic="|Spearman's ρ| of intruders and learning over LoRA runs and steps",
    unit="|ρ|",
    threshold=0.5,
    side="below",
    paper="ρ = −.34 and −.32, not significant",
)
SEEDS_ALIKE = Claim(
    id="H3.14",
    source=ILLUSION_PAPER,
    statement="The seed hardly changes the number of intruders",
    statistic="standard deviation of the count over seeds ÷ its mean",
    unit="ratio",
    threshold=0.2,
    side="below",
    paper="negligible effect, 5 seeds (version 3, figure 22)",
)
SEEDS_FOR_A_SPREAD = 3
MINIMUM_RANKS = 3
MINIMUM_POINTS = 8


def _setting(subject: Subject) -> str:
    return f"k = {subject.k}, ε = {subject.epsilon:g}, left vectors"


def low_rank_has_intruders(subject: Subject) -> Iterator[Verdict]:
    """H3.1 for LoRA, every rank up to 16, after the last step."""
    loras = [lora for lora in subject.loras if (lora.rank or 0) <= LOW_RANK]
    loras = [lora for lora in loras if subject.spectral_steps(lora)]
    if not loras:
        yield undecided(LORA_HAS, "LoRA", f"needs the spectra of LoRA with r ≤ {LOW_RANK}")
    for lora in loras:
        yield _share(subject, LORA_HAS, lora)


def full_has_none(subject: Subject) -> Iterator[Verdict]:
    """H3.1 for full fine-tuning, after the last step."""
    full = subject.full
    if full is None or not subject.spectral_steps(full):
        yield undecided(FULL_HAS_NONE, "Full", "needs the spectra of full fine-tuning")
        return
    yield _share(subject, FULL_HAS_NONE, full)


def _share(subject: Subject, claim: Claim, condition: Condition) -> Verdict:
    step = subject.spectral_steps(condition)[-1]
    matrices = subject.evidence.matrices["matrix"].n_unique()
    examined = matrices * subject.k
    found = subject.intruders(condition, step)
    return judge(
        claim,
        condition.method,
        found / examined,
        subject.matrices(matrices, condition),
        f"{found[0]:g} of {examined} vectors, {_setting(subject)}, step {step}",
    )


def falls_with_rank(subject: Subject) -> Iterator[Verdict]:
    """H3.2, after the last common step."""
    loras = subject.repeated_loras
    steps = subject.spectral_steps(*loras)
    if len(loras) < MINIMUM_RANKS or not steps:
        yield undecided(
            FALLS_WITH_RANK, "all ranks", f"needs the spectra of at least {MINIMUM_RANKS} ranks"
        )
        return
    counts = [subject.intruders(lora, steps[-1]) for lora in loras]
    ranks = np.array([float(lora.rank or 0) for lora in loras])
    matrices = subject.evidence.matrices["matrix"].n_unique()
    listed = ", ".join(f"{count[0]:g}" for count in counts)
    yield judge(
        FALLS_WITH_RANK,
        f"{len(loras)} ranks",
        spearman_draws(ranks, np.column_stack(counts)),
        subject.matrices(matrices, *loras),
        f"counts by rank: {listed}; {_setting(subject)}; {subject.rates(*loras)}",
    )


def grow_over_training(subject: Subject) -> Iterator[Verdict]:
    """H3.5, for every rank that has intruders at three or more steps."""
    scopes = 0
    for lora in subject.loras:
        steps, strengths = _strengths(subject, lora)
        if len(steps) < MINIMUM_RANKS:
            continue
        scopes += 1
        matrices = subject.evidence.matrices["matrix"].n_unique()
        listed = ", ".join(f"{strength[0]:.2f}" for strength in strengths)
        yield judge(
            GROWS_WITH_STEPS,
            lora.method,
            spearman_draws(np.array(steps, dtype=np.float64), np.column_stack(strengths)),
            subject.matrices(matrices, lora),
            f"mean singular values {listed}; {_setting(subject)}",
        )
    if not scopes:
        yield undecided(GROWS_WITH_STEPS, "LoRA", "no LoRA has intruders at three or more steps")


def _strengths(subject: Subject, lora: Condition) -> tuple[list[int], list[Floats]]:
    """Draws of the mean singular value of the intruders, at the steps that have any."""
    rows = subject.evidence.vectors.filter(
        pl.col("run").is_in(lora.runs), pl.col("side") == "left", pl.col("j") <= subject.k
    )
    names = sorted(subject.evidence.matrices["matrix"].unique())
    if not names:
        return [], []
    counts = unit_counts(len(names), "matrices", DRAWS)
    steps, strengths = [], []
    for step in subject.spectral_steps(lora):
        intruding = rows.filter(pl.col("step") == step, pl.col("max_cosine") < subject.epsilon)
        if intruding.is_empty():
            continue
        sums = intruding.group_by("matrix").agg(pl.col("sigma").sum(), pl.len())
        by_name = {name: (sigma, number) for name, sigma, number in sums.iter_rows()}
        sigma, number = np.array([by_name.get(name, (0.0, 0)) for name in names]).T
        with np.errstate(invalid="ignore", divide="ignore"):
            strengths.append(np.asarray((counts @ sigma) / (counts @ number)))
        steps.append(step)
    return steps, strengths


def go_with_forgetting(subject: Subject) -> Iterator[Verdict]:
    """H3.8, forgetting: over all LoRA runs and steps, resampling runs."""
    yield _correlation(subject, GOES_WITH_FORGETTING, subject.forgetting, -1.0)


def not_with_learning(subject: Subject) -> Iterator[Verdict]:
    """H3.8, learning: the same with the evaluation of learning."""
    yield _correlation(subject, NOT_WITH_LEARNING, subject.learning, 1.0)


def _correlation(subject: Subject, claim: Claim, evaluation: str | None, sign: float) -> Verdict:
    if evaluation is None:
        return undecided(claim, "LoRA", "needs an evaluation of it")
    runs = _runs_and_steps(subject, evaluation, sign)
    points = sum(len(counts) for counts, _ in runs)
    if points < MINIMUM_POINTS or len(runs) < MINIMUM_RANKS:
        return undecided(claim, "LoRA", f"{points} (run, step) points are too few")
    draws = _resample_runs(runs)
    draws = np.abs(draws) if claim is NOT_WITH_LEARNING else draws
    loras = subject.repeated_loras
    return judge(
        claim,
        f"LoRA · {evaluation}",
        draws,
        Sample(seeds=min(len(lora.runs) for lora in loras), units=points, of="points"),
        f"{len(runs)} runs of {len(loras)} ranks are resampled, whole; step and rank drive both;"
        f" {_setting(subject)}",
    )


def _runs_and_steps(subject: Subject, evaluation: str, sign: float) -> list[tuple[Floats, Floats]]:
    """Intruders and the oriented change of the score at every step, for each LoRA run."""
    found = []
    for lora in subject.repeated_loras:
        scored = set(subject.evidence.steps(lora, evaluation))
        steps = [step for step in subject.spectral_steps(lora) if step in scored]
        for run in subject.evidence.analysed(subject.evidence.scored(lora, evaluation)).runs:
            alone = Condition(run, lora.method, lora.rank, lora.learning_rate, (run,), 1)
            counts = [
                subject.evidence.intruder_values(alone, step, "left", subject.k, subject.epsilon)
                for step in steps
            ]
            changes = [sign * subject.gain(alone, evaluation, step)[0] for step in steps]
            found.append((np.array([c.sum() for c in counts]), np.array(changes)))
    return found


def _resample_runs(runs: list[tuple[Floats, Floats]]) -> Floats:
    """Draws of Spearman's ρ over the points of all runs, resampling whole runs."""
    counts = unit_counts(len(runs), "runs", DRAWS).astype(int)
    draws = np.empty(len(counts))
    for draw, repeats in enumerate(counts):
        chosen = np.repeat(np.arange(len(runs)), repeats)
        x = np.concatenate([runs[each][0] for each in chosen])
        y = np.concatenate([runs[each][1] for each in chosen])
        draws[draw] = spearman(x, y)[0]
    draws[1:] = np.nan_to_num(draws[1:])  # no order, as in `spearman_draws`
    return draws


def seeds_alike(subject: Subject) -> Iterator[Verdict]:
    """H3.14, for every rank that has intruders in all seeds, after the last step."""
    loras = [subject.evidence.analysed(lora) for lora in subject.loras]
    loras = [lora for lora in loras if len(lora.runs) > 1 and subject.spectral_steps(lora)]
    scopes = 0
    for lora in loras:
        step = subject.spectral_steps(lora)[-1]
        values = subject.evidence.intruder_values(lora, step, "left", subject.k, subject.epsilon)
        if not values.any(axis=1).all():
            continue
        scopes += 1
        totals = unit_counts(values.shape[1], "matrices") @ values.T
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = totals.std(axis=1, ddof=1) / totals.mean(axis=1)
        few = len(lora.runs) < SEEDS_FOR_A_SPREAD
        yield judge(
            SEEDS_ALIKE,
            lora.method,
            spread,
            subject.matrices(values.shape[1], lora),
            f"counts by seed: {', '.join(f'{total:g}' for total in totals[0])}",
            f"{len(lora.runs)} seeds are too few for a spread between seeds" if few else "",
        )
    if not scopes:
        yield undecided(SEEDS_ALIKE, "LoRA", "no LoRA with several seeds has intruders in all")
