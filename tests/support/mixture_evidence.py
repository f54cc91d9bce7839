"""Evidence on methods × mixtures of tasks, written by hand: every verdict follows on paper."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from evidence_builder import EvidenceBuilder
from rankscope.report.chapters.mixtures.paper import METRICS, printed_scores
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.verdicts.verdict import Verdict

Size = tuple[int, int]  # tasks, examples
Scores = Callable[[str, str, str, int | None, int], Sequence[float]]

PAPER_SETS: dict[str, Size] = {
    "T100": (100, 10_000), "T250": (250, 25_000), "T500": (500, 50_000), "Tall": (757, 75_700),
}  # fmt: skip
FIXED_TOTAL: dict[str, Size] = {"T*100": (100, 25_000), "T*500": (500, 25_000)}
NAMES = {
    ("intra", "exact_match"): "seen",
    ("intra", "rouge_l"): "seen (ROUGE-L)",
    ("inter", "exact_match"): "unseen",
    ("inter", "rouge_l"): "unseen (ROUGE-L)",
}
FULL_RATE, RATE = 3e-5, 5e-5
EXACT, ROUGE = METRICS
RANKS = (4, 8, 16, 32)
SMALL: dict[str, Size] = {"T2": (2, 200), "T8": (8, 800)}  # mixtures that no paper has


def mixtures_of(
    scores: Scores,
    sets: Mapping[str, Size],
    ranks: Sequence[int],
    seeds: Sequence[int] = (0, 1, 2),
    metrics: Sequence[str] = METRICS,
    percent: Callable[[int], float] = lambda rank: rank / 70,
    diverged: Sequence[tuple[int | None, int]] = (),
    unplanned: Sequence[tuple[str, int | None]] = (),
) -> EvidenceBuilder:
    """Build runs of all methods on all sets; `scores` gives a share for each item.

    It takes the kind of tests, training set, metric, rank (None: full) and seed. Items of seen
    tasks differ between samplings. `diverged` names ranks and seeds, `unplanned` sets and ranks.
    """
    builder = EvidenceBuilder()
    for (kind, metric), name in NAMES.items():
        if metric in metrics:
            own = seeds if kind == "intra" else (None,)
            items = len(scores(kind, next(iter(sets)), metric, ranks[0], seeds[0]))
            for sampling in own:
                tested = {"sampling": sampling, "test_kind": kind, "metric": metric}
                builder.scores("base", name, {0: [0.0] * items}, **tested)
    for label, (tasks, examples) in sets.items():
        for rank in (None, *ranks):
            if (label, rank) in unplanned:
                continue
            for seed in seeds:
                run = builder.run(
                    rank, seed, "diverged" if (rank, seed) in diverged else "done",
                    rate=FULL_RATE if rank is None else RATE, trained_on=label,
                    mixture=label, tasks=tasks, examples=examples,
                    trainable_percent=100.0 if rank is None else percent(rank),
                )  # fmt: skip
                for (kind, metric), name in NAMES.items():
                    if metric not in metrics:
                        continue
                    sampling = seed if kind == "intra" else None
                    # a last step of its own, as sizes of samplings differ
                    said = {examples + seed: scores(kind, label, metric, rank, seed)}
                    builder.scores(
                        run, name, said, sampling=sampling, test_kind=kind, metric=metric
                    )
    return builder


def of_the_paper() -> Mixtures:
    """The paper's printed tables, every item and sampling alike: intervals have no width."""
    printed = {
        (row["test_kind"], row["mixture"], row["metric"], row["rank"]): row["percent"] / 100
        for row in printed_scores().iter_rows(named=True)
    }
    ranks = sorted({rank for *_, rank in printed if rank is not None})
    builder = mixtures_of(
        lambda kind, label, metric, rank, _: [printed[kind, label, metric, rank]] * 2,
        PAPER_SETS,
        ranks,
    )
    (found,) = Mixtures.of(builder.build())
    return found


def small(
    score: Callable[[str, str, int | None], float], ranks: Sequence[int] = RANKS, **more: Any
) -> Mixtures:
    """Two mixtures; `score` takes kind, label and rank and is that of every item."""
    builder = mixtures_of(
        lambda kind, label, metric, rank, seed: [score(kind, label, rank)] * 2,
        SMALL, ranks, metrics=(EXACT,), **more,
    )  # fmt: skip
    (found,) = Mixtures.of(builder.build())
    return found


def by_set(verdicts: Iterable[Verdict], kind: str, metric: str) -> list[Verdict]:
    """The verdicts on the paper's four mixtures, by number of tasks."""
    found = {verdict.scope: verdict for verdict in verdicts}
    return [found[f"{label} · {NAMES[kind, metric]}"] for label in PAPER_SETS]


def outcomes(verdicts: Iterable[Verdict]) -> list[str]:
    """What was decided."""
    return [verdict.verdict for verdict in verdicts]


def values(verdicts: Iterable[Verdict]) -> list[float | None]:
    """What was measured."""
    return [verdict.value for verdict in verdicts]
