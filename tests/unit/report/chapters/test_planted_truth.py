"""Every claim on a study in which it is true, and on one in which it is false.

Scores of items, seeds and samplings are noisy; the truth is beyond the noise.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pytest

from evidence_builder import EvidenceBuilder
from mixture_evidence import FIXED_TOTAL, mixtures_of
from rankscope.report.chapters.intruders import associations, intruders
from rankscope.report.chapters.mixtures import answers, category_rise, rank_scaling, task_scaling
from rankscope.report.chapters.mixtures.content import CLAIMS as ON_MIXTURES
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.chapters.tradeoff import forgetting, learning
from rankscope.report.chapters.updates import updates
from rankscope.report.verdicts.subject import Subject
from report_parts import METHOD_CLAIMS

RANKS = (1, 32, 64, 128)
STEPS = (1, 2, 4, 8)
ITEMS, SEEDS = 40, 3
KINDS = ("q_proj", "o_proj", "up_proj", "down_proj")
LAYERS = 4
NOISE = 0.02


def about(builder: EvidenceBuilder) -> Subject:
    return Subject.of(builder.build(), ("code", "english"))


def trained(true: bool) -> Subject:
    """Methods on one training set: all of the papers' orders, or all of them turned round."""
    rng = np.random.default_rng(1)
    builder = EvidenceBuilder()
    for name, measures in (("code", "learning"), ("english", "forgetting")):
        builder.scores("base", name, {0: [0.4] * ITEMS}, measures)
    place = {rank: number + 1 for number, rank in enumerate(RANKS)} | {None: len(RANKS) + 2}
    last = len(RANKS) + 3
    for rank in (None, *RANKS):
        order = place[rank] if true else last - place[rank]
        for seed in range(SEEDS):
            run = builder.run(rank, seed)
            moved = rng.normal(0, NOISE / 4, 2)
            learned = {s: 0.05 * order * s / 8 + moved[0] for s in STEPS}
            # at equal learning, too, the order is that of the methods
            lost = {s: 0.01 * order**2 * (s if true else 9 - s) / 8 + moved[1] for s in STEPS}
            for name, changes, sign in (("code", learned, 1), ("english", lost, -1)):
                rows = {s: 0.4 + sign * c + rng.normal(0, NOISE, ITEMS) for s, c in changes.items()}
                builder.scores(run, name, rows, "learning" if sign > 0 else "forgetting")
            spectra(builder, run, rank, place[rank], true, rng)
    return about(builder)


def spectra(
    builder: EvidenceBuilder,
    run: str,
    rank: int | None,
    place: int,
    true: bool,
    rng: np.random.Generator,
) -> None:
    """Intruders, their strength, and ranks of ΔW; 512 × 512, so that high ranks are possible."""
    for position, step in enumerate(STEPS):
        for number in range(LAYERS * len(KINDS)):
            kind = KINDS[number % len(KINDS)]
            mlp = kind in ("up_proj", "down_proj")
            growth = position if true else -position
            high = (240 if true else 60) + 10 * growth + rng.integers(0, 3)
            effective = 200.0 if true else 1.0
            if rank is not None:
                effective = 1.0 if true and rank == 1 else min(rank, 50.0)
                high = min(rank, 40)
            builder.matrix(
                run, step, number, kind, rows=512, columns=512,
                effective_rank=effective + rng.uniform(0, 0.1) * (rank is None) * true,
                rank90=int(high), rank90_of_noise=0.5 + (0.2 if mlp == true else 0.0),
            )  # fmt: skip
            count = {True: 5 - place, False: place - 1}[true]
            if rank is None:
                count = 0 if true else 3
            builder.count(run, step, number, kind, count)
            for _ in range(count):
                sigma = 3.0 + growth + 0.1 * rng.standard_normal()
                builder.vector(run, step, number, sigma, max_cosine=0.2, kind=kind)


def associated(with_forgetting: bool, with_learning: bool) -> Subject:
    """Many LoRA runs whose intruders go with what is asked for, and with nothing else."""
    rng = np.random.default_rng(2)
    builder = EvidenceBuilder()
    for name, measures in (("code", "learning"), ("english", "forgetting")):
        builder.scores("base", name, {0: [0.0] * 4}, measures)
    for rank in (1, 2, 4, 8, 16, 32, 64, 128):
        for seed in range(3):
            run = builder.run(rank, seed)
            for step in STEPS:
                count = int(rng.integers(0, 60))
                builder.intruders(run, step, [count // 6] * 6)
                learned = count / 60 if with_learning else rng.uniform()
                lost = count / 60 if with_forgetting else rng.uniform()
                builder.scores(run, "code", {step: [learned] * 4})
                builder.scores(run, "english", {step: [-lost] * 4}, "forgetting")
    return about(builder)


def repeated(alike: bool) -> Subject:
    """Five seeds of one rank."""
    builder = EvidenceBuilder()
    for seed in range(5):
        each = 4 if alike else 1 + 2 * seed
        builder.intruders(builder.run(1, seed), 8, [each] * 10)
    return about(builder)


def mixtures(builder: EvidenceBuilder) -> Mixtures:
    (found,) = Mixtures.of(builder.build())
    return found


Percent = Callable[[str, str, int | None], float]  # kind of tests, training set, rank


def scored(
    percent: Percent,
    sets: Mapping[str, tuple[int, int]] | None = None,
    ranks: Sequence[int] = (4, 8, 16, 32, 64),
) -> Mixtures:
    """Methods × mixtures whose items, samplings and methods are noisy."""
    rng = np.random.default_rng(3)

    def scores(kind: str, label: str, metric: str, rank: int | None, seed: int) -> list[float]:
        level = percent(kind, label, rank) / 100 + rng.normal(0, 0.002)
        return list(level + rng.normal(0, 0.01, 30))

    return mixtures(
        mixtures_of(
            scores, sets or {"T2": (2, 200), "T8": (8, 800)}, ranks, metrics=("exact_match",)
        )
    )


def answered(
    by_metric: Mapping[str, Callable[[int | None], float]],
    ranks: Sequence[int] = (4, 8, 16, 32, 64, 128),
) -> Mixtures:
    """Answers to 12 unseen classification tasks of two categories; noisy by task and sampling."""
    rng = np.random.default_rng(4)
    tasks = [f"task {number}" for number in range(12) for _ in range(5)]
    categories = [f"category {task[-1] in '02468'}" for task in tasks]
    builder = EvidenceBuilder()
    for metric in by_metric:
        builder.scores(
            "base", metric, {0: [0.0] * len(tasks)}, test_kind="inter", metric=metric,
            tasks=tasks, categories=categories,
        )  # fmt: skip
    for rank in (None, *ranks):
        for seed in range(SEEDS):
            run = builder.run(
                rank, seed, trained_on="T8", mixture="T8", tasks=8, examples=800,
            )  # fmt: skip
            for metric, level in by_metric.items():
                said = level(rank) + rng.normal(0, 0.01, len(tasks)) + rng.normal(0, 0.002)
                builder.scores(
                    run, metric, {8: said}, test_kind="inter", metric=metric, tasks=tasks,
                    categories=categories,
                )  # fmt: skip
    return mixtures(builder)


def log2(rank: int | None) -> float:
    return float(np.log2(rank or 256))


def late(start: int, rank: int | None) -> float:
    """Level up to a rank, then a rise."""
    return 0.3 + 0.1 * max(0.0, log2(rank) - np.log2(start))


def of_series(seen: dict[str, float], unseen_lead: float) -> Mixtures:
    return scored(
        lambda kind, label, rank: (
            seen[label] if kind == "intra" else 40 + unseen_lead * ((rank or 0) == 64)
        ),
        FIXED_TOTAL,
    )


Study = Callable[[], Subject | Mixtures]
trained_true, trained_false = partial(trained, True), partial(trained, False)
PLANTED: dict[Callable, tuple[Study, Study]] = {
    **dict.fromkeys(
        (
            learning.learns_less, learning.order_by_rank, forgetting.forgets_less,
            forgetting.grows_with_steps, forgetting.grows_with_rank, forgetting.matched_learning,
            updates.high_rank, updates.rank_grows, updates.mlp_above_attention,
            intruders.low_rank_has_intruders, intruders.full_has_none, intruders.falls_with_rank,
            updates.effective_rank, intruders.grow_over_training,
        ),
        (trained_true, trained_false),
    ),
    associations.go_with_forgetting: (
        lambda: associated(True, False), lambda: associated(False, True)
    ),
    associations.not_with_learning: (
        lambda: associated(True, False), lambda: associated(False, True)
    ),
    intruders.seeds_alike: (lambda: repeated(True), lambda: repeated(False)),
    rank_scaling.rises_with_rank: (
        lambda: scored(lambda kind, label, rank: 20 + 5 * log2(rank)),
        lambda: scored(lambda kind, label, rank: 90 - 5 * log2(rank)),
    ),
    rank_scaling.reaches_full: (
        lambda: scored(lambda kind, label, rank: 45 if rank and rank >= 16 else 40),
        lambda: scored(lambda kind, label, rank: 35 if rank else 40),
    ),
    rank_scaling.small_capacity_costs: (
        lambda: scored(lambda kind, label, rank: 40 if rank else 50),
        lambda: scored(lambda kind, label, rank: 40 if rank else 42),
    ),
    rank_scaling.rises_late: (
        lambda: scored(lambda kind, label, rank: 100 * late(16, rank)),
        lambda: scored(lambda kind, label, rank: 100 * (0.3 + 0.1 * min(log2(rank), 3))),
    ),
    answers.full_leaves_options: (
        lambda: answered({"out_of_options": lambda rank: 0.1 if rank else 0.3}),
        lambda: answered({"out_of_options": lambda rank: 0.3 if rank else 0.1}),
    ),
    answers.low_rank_collapses: tuple(
        partial(
            answered,
            {"label_entropy": lambda rank, bits=bits: bits,
             "label_entropy_of_references": lambda rank: 1.0},
        )
        for bits in (0.2, 1.5)
    ),
    answers.answers_spread_with_rank: (
        lambda: answered({"label_entropy": lambda rank: 0.2 * log2(rank)}),
        lambda: answered({"label_entropy": lambda rank: 2 - 0.2 * log2(rank)}),
    ),
    answers.full_repeats_input: (
        lambda: answered({"copies_input": lambda rank: 0.1 if rank else 0.3}),
        lambda: answered({"copies_input": lambda rank: 0.3 if rank else 0.1}),
    ),
    category_rise.rises_at_high_rank: tuple(
        partial(
            answered,
            {"out_of_options": lambda rank: 0.0,
             "exact_match": lambda rank, start=start: late(start, rank)},
        )
        for start in (32, 4)
    ),
    task_scaling.more_tasks_help: (
        lambda: scored(lambda kind, label, rank: 50 if label == "T8" else 40),
        lambda: scored(lambda kind, label, rank: 40 if label == "T8" else 50),
    ),
    task_scaling.more_tasks_cost: (
        lambda: of_series({"T*100": 50, "T*500": 40}, 5),
        lambda: of_series({"T*100": 40, "T*500": 50}, 5),
    ),
    task_scaling.high_rank_above_full: (
        lambda: of_series({"T*100": 50, "T*500": 40}, 5),
        lambda: of_series({"T*100": 50, "T*500": 40}, -5),
    ),
    task_scaling.advantage_shrinks: (
        lambda: scored(lambda kind, label, rank: 40 + (10 if rank == 64 and label == "T2" else 0)),
        lambda: scored(lambda kind, label, rank: 40 + (10 if rank == 64 and label == "T8" else 0)),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def study() -> Callable[[Study], Subject | Mixtures]:
    made: dict[int, Subject | Mixtures] = {}

    def get(build: Study) -> Subject | Mixtures:
        if id(build) not in made:
            made[id(build)] = build()
        return made[id(build)]

    return get


def test_no_claim_is_left_out():
    assert set(PLANTED) == {*METHOD_CLAIMS, *ON_MIXTURES}


@pytest.mark.parametrize("claim", PLANTED, ids=lambda claim: claim.__name__)
@pytest.mark.parametrize("expected", ["confirmed", "denied"])
def test_a_planted_truth_is_found(claim, expected, study):
    true, false = PLANTED[claim]
    verdicts = list(claim(study(true if expected == "confirmed" else false)))
    assert verdicts
    shown = [(v.scope, v.value, v.low, v.high, v.reason) for v in verdicts]
    assert {v.verdict for v in verdicts} == {expected}, shown
