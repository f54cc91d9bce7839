"""Claims about intruder dimensions (*An Illusion of Equivalence*, Shuttleworth et al. 2024)."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from rankscope.report.chapters.intruders.counting import Counting
from rankscope.report.evidence.evidence import Condition
from rankscope.report.evidence.matrix_statistics import matrix_names
from rankscope.report.evidence.resampling import COVERAGE, Floats, spearman_draws, unit_counts
from rankscope.report.evidence.spread import Repeated, in_proportion, seed_deviations, student_scale
from rankscope.report.verdicts import papers
from rankscope.report.verdicts.subject import Family, Subject
from rankscope.report.verdicts.verdict import (
    MINIMUM_FOR_AN_ORDER,
    Claim,
    Verdict,
    bound_out_of_reach,
    judge,
    not_measured,
    order_out_of_reach,
)

LOW_RANK = 16
NEGLIGIBLE = 0.01

LORA_HAS = Claim(
    id="H3.1",
    source=papers.ILLUSION,
    statement="LoRA of low rank has intruder dimensions",
    statistic="intruders ÷ leading vectors examined",
    unit="share",
    threshold=NEGLIGIBLE,
    side="above",
    paper="yes, for r ≤ 16",
)
FULL_HAS_NONE = Claim(
    id="H3.1",
    source=papers.ILLUSION,
    statement="Full fine-tuning has almost no intruder dimensions",
    statistic="intruders ÷ leading vectors examined",
    unit="share",
    threshold=NEGLIGIBLE,
    side="below",
    paper="about none at ε = 0.5 to 0.6",
)
FALLS_WITH_RANK = Claim(
    id="H3.2",
    source=papers.ILLUSION,
    statement="The number of intruders falls with rank",
    statistic="Spearman's ρ of LoRA rank and number of intruders",
    unit="ρ",
    threshold=0.0,
    side="below",
    paper="yes for α = 2r, about 0 left at r=64 (learning rate there falls with 1/r)",
)
GROWS_WITH_STEPS = Claim(
    id="H3.5",
    source=papers.ILLUSION,
    statement="Intruders grow over training",
    statistic="Spearman's ρ of step and mean singular value of the intruders",
    unit="ρ",
    threshold=0.0,
    side="above",
    paper="yes (one LoRA matrix, figure 7)",
)
SEEDS_ALIKE = Claim(
    id="H3.14",
    source=papers.ILLUSION,
    statement="The seed hardly changes the number of intruders",
    statistic="standard deviation of the count over seeds ÷ its mean",
    unit="ratio",
    threshold=0.2,
    side="below",
    paper="negligible effect, 5 seeds (version 3, figure 22)",
)
SEEDS_FOR_A_SPREAD = 3
RANKS_TO_COMPARE = 2


def low_rank_has_intruders(subject: Subject) -> Iterator[Verdict]:
    """H3.1 for LoRA, every rank up to 16, after the last step."""
    loras = [lora for lora in subject.loras if (lora.rank or 0) <= LOW_RANK]
    loras = [lora for lora in loras if subject.spectral_steps(lora)]
    if not loras:
        yield not_measured(LORA_HAS, "LoRA", f"needs the spectra of LoRA with r ≤ {LOW_RANK}")
    for lora in loras:
        yield _share(subject, LORA_HAS, lora)


def full_has_none(subject: Subject) -> Iterator[Verdict]:
    """H3.1 for full fine-tuning, after the last step."""
    full = subject.full
    if full is None or not subject.spectral_steps(full):
        yield not_measured(FULL_HAS_NONE, "Full", "needs the spectra of full fine-tuning")
        return
    yield _share(subject, FULL_HAS_NONE, full)


def _share(subject: Subject, claim: Claim, condition: Condition) -> Verdict:
    step = subject.spectral_steps(condition)[-1]
    counting = Counting(subject.evidence)
    matrices = counting.matrices(condition, step)
    examined = matrices * counting.k
    found = counting.number(condition, step)
    return judge(
        claim,
        condition.method,
        found / examined,
        subject.matrices(matrices, condition),
        f"{found[0]:g} of {examined} vectors, {counting.setting}, step {step}",
    ).about(condition)


def falls_with_rank(subject: Subject) -> Iterator[Verdict]:
    """H3.2, in every family, after its last common step."""
    for family in subject.families:
        yield family.verdict(_falls_with_rank(subject, family))


def _falls_with_rank(subject: Subject, family: Family) -> Verdict:
    loras = family.repeated
    steps = subject.spectral_steps(*loras)
    if len(loras) < RANKS_TO_COMPARE or not steps:
        why = f"needs the spectra of at least {MINIMUM_FOR_AN_ORDER} ranks"
        return not_measured(FALLS_WITH_RANK, family.scope("all ranks"), why)
    counting = Counting(subject.evidence)
    counts = np.column_stack([counting.number(lora, steps[-1]) for lora in loras])
    ranks = np.array([float(lora.rank or 0) for lora in loras])
    matrices = min(counting.matrices(lora, steps[-1]) for lora in loras)
    listed = ", ".join(f"{count:g}" for count in counts[0])
    few = order_out_of_reach(len(loras), "ranks") or _too_few_to_order(counts)
    return judge(
        FALLS_WITH_RANK,
        family.scope(f"{len(loras)} ranks"),
        spearman_draws(ranks, counts),
        subject.matrices(matrices, *loras),
        f"counts by rank: {listed}; {counting.setting}; {subject.rates(*loras)}",
        few,
    )


def _too_few_to_order(counts: Floats) -> str:
    """Why counts by rank cannot show an order: many draws have none; empty if they can."""
    flat = float(np.mean(np.ptp(counts[1:], axis=1) == 0))
    if flat < (1 - COVERAGE) / 2:
        return ""
    return (
        f"out of reach: in {flat:.0%} of draws of the matrices no rank has more intruders than"
        " another; needs intruders in more matrices"
    )


def grow_over_training(subject: Subject) -> Iterator[Verdict]:
    """H3.5, for every rank that has intruders in every seed at two or more steps."""
    scopes = 0
    measured = {lora.label: _intruding(subject, lora) for lora in subject.loras}
    for lora in subject.loras:
        steps = tuple(measured[lora.label])
        if len(steps) < RANKS_TO_COMPARE:
            continue
        scopes += 1
        strengths = _strengths(subject, lora, measured)
        matrices = measured[lora.label][steps[0]].shape[1]
        listed = ", ".join(f"{strength:.2f}" for strength in strengths[0])
        yield judge(
            GROWS_WITH_STEPS,
            lora.method,
            _order_of_defined(np.array(steps, dtype=np.float64), strengths),
            subject.matrices(matrices, lora),
            f"mean singular values {listed}; {Counting(subject.evidence).setting}",
            order_out_of_reach(len(steps), "steps with intruders in every seed"),
        ).about(lora)
    if not scopes:
        why = "no LoRA has intruders in every seed at two or more steps;"
        why += f" needs {MINIMUM_FOR_AN_ORDER} such steps"
        yield not_measured(GROWS_WITH_STEPS, "LoRA", why)


Intruding = dict[int, Floats]  # by step: seeds × matrices × (sum of singular values, number)


def _intruding(subject: Subject, lora: Condition) -> Intruding:
    """The intruders of every seed and matrix, at the steps at which every seed has some."""
    analysed = subject.evidence.analysed(lora)
    steps = subject.spectral_steps(lora)
    of_steps = (matrix_names(subject.evidence, lora, step) for step in steps)
    names = sorted(set().union(*of_steps))
    places = {name: place for place, name in enumerate(names)}
    seeds = {run: place for place, run in enumerate(analysed.runs)}
    counting = Counting(subject.evidence)
    rows = subject.evidence.vectors.filter(
        pl.col("run").is_in(analysed.runs),
        pl.col("side") == "left",
        pl.col("j") <= counting.k,
        pl.col("max_cosine") < counting.epsilon,
    )
    summed = rows.group_by("step", "run", "matrix").agg(pl.col("sigma").sum(), pl.len())
    found = {}
    for step in steps:
        sums = np.zeros((len(seeds), len(names), 2))
        for _, run, matrix, *of_matrix in summed.filter(pl.col("step") == step).iter_rows():
            sums[seeds[run], places[matrix]] = of_matrix
        if sums[:, :, 1].any(axis=1).all():
            found[step] = sums
    return found


def _strengths(subject: Subject, lora: Condition, measured: Mapping[str, Intruding]) -> Floats:
    """Draws × steps of the mean singular value of the intruders, mean over seeds."""
    of_lora = measured[lora.label]
    counts = unit_counts(next(iter(of_lora.values())).shape[1], "matrices")
    drawn = []
    for sums in of_lora.values():
        sigma, number = (sums[:, :, each] @ counts.T for each in (0, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn.append((sigma / number).mean(axis=0))  # undefined without intruders in a seed
    pool = [
        _repeated(subject, each, measured[each.label], tuple(of_lora))
        for each in subject.loras
        if set(of_lora) <= set(measured[each.label])
    ]
    own = _repeated(subject, lora, of_lora, tuple(of_lora))
    return np.column_stack(drawn) + seed_deviations(own, pool, unit=in_proportion)


def _repeated(
    subject: Subject, lora: Condition, found: Intruding, steps: tuple[int, ...]
) -> Repeated:
    sums = np.stack([found[step].sum(axis=1) for step in steps], axis=1)  # seeds × steps × 2
    seeds = subject.evidence.seeds(subject.evidence.analysed(lora).runs)
    return Repeated(lora.label, seeds, sums[:, :, 0] / sums[:, :, 1])


def _order_of_defined(x: Floats, rows: Floats) -> Floats:
    """Draws of Spearman's correlation, undefined where a value of the draw is."""
    defined = np.isfinite(rows).all(axis=1)
    found = np.full(len(rows), np.nan)
    found[defined] = spearman_draws(x, rows[defined])
    return found


def seeds_alike(subject: Subject) -> Iterator[Verdict]:
    """H3.14, for every rank that has intruders, after the last step.

    A standard deviation of few seeds may be far from the true one: its interval is that of s √(ν /
    χ²) with ν degrees of freedom.
    """
    counting = Counting(subject.evidence)
    loras = [subject.evidence.analysed(lora) for lora in subject.loras]
    loras = [lora for lora in loras if len(lora.runs) > 1 and subject.spectral_steps(lora)]
    scopes = 0
    for lora in loras:
        step = subject.spectral_steps(lora)[-1]
        values = counting.by_matrix(lora, step)
        if not values.any():
            continue
        scopes += 1
        totals = unit_counts(values.shape[1], "matrices") @ values.T
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = totals.std(axis=1, ddof=1) / totals.mean(axis=1)
        yield judge(
            SEEDS_ALIKE,
            lora.method,
            spread * student_scale(len(lora.runs) - 1),
            subject.matrices(values.shape[1], lora),
            f"counts by seed: {', '.join(f'{total:g}' for total in totals[0])}",
            _spread_out_of_reach(totals[0]),
        ).about(lora)
    if not scopes:
        yield not_measured(SEEDS_ALIKE, "LoRA", "no LoRA with several seeds has intruders")


def _spread_out_of_reach(counts: Floats) -> str:
    """Why counts by seed cannot show that seeds are alike; empty if they can."""
    if len(counts) < SEEDS_FOR_A_SPREAD:
        needed = f"needs {SEEDS_FOR_A_SPREAD}"
        return f"out of reach: {len(counts)} seeds are too few for a spread; {needed}"
    least = 1 / (np.sqrt(len(counts)) * counts.mean())  # one seed differs by one
    return bound_out_of_reach(
        SEEDS_ALIKE,
        least,
        f"one intruder more in one seed makes a ratio of {least:.2f}; needs more intruders",
    )
