"""Studies whose truth is known: every number is drawn, so that intervals can be checked for it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from evidence_builder import EvidenceBuilder
from mixture_evidence import mixtures_of
from rankscope.report.evidence.evidence import Evidence
from rankscope.report.verdicts.subject import Subject
from rankscope.report.verdicts.verdict import Verdict

RANKS = (1, 4, 16, 64)


@dataclass(frozen=True)
class Truth:
    """What a simulated study is made of.

    Every item differs between methods by a standard deviation of 1; so the mean over `items` has an
    *item error* of 1/√items, the unit of `seed_spread`, which moves all scores of a run alike.
    `wider` multiplies it for the first method (full fine-tuning). `by_rank` is what every LoRA
    truly forgets, in item errors; full fine-tuning forgets 0. Seeds move all steps of a run alike,
    or each `apart`.
    """

    seeds: int
    seed_spread: float
    items: int = 75
    ranks: Sequence[int] = RANKS
    wider: float = 1.0
    by_rank: Sequence[float] = ()
    steps: Sequence[int] = (10,)
    apart: bool = False

    @property
    def item_error(self) -> float:
        """Standard deviation of a method's mean by the choice of items."""
        return float(self.items**-0.5)


def skeleton(truth: Truth) -> Evidence:
    """A study of full fine-tuning and LoRA, scored on learning and forgetting: all zero."""
    builder = EvidenceBuilder()
    zeros = [0.0] * truth.items
    for name, measures in (("code", "learning"), ("english", "forgetting")):
        builder.scores("base", name, {0: zeros}, measures)
    for rank in (None, *truth.ranks):
        for seed in range(truth.seeds):
            run = builder.run(rank, seed)
            builder.scores(run, "code", dict.fromkeys(truth.steps, zeros))
            builder.scores(run, "english", dict.fromkeys(truth.steps, zeros), "forgetting")
    return builder.build()


def simulated(truth: Truth, blank: Evidence, rng: np.random.Generator) -> Subject:
    """Fill the scores of `skeleton(truth)` on english; those on code stay zero."""
    methods, steps = len(truth.ranks) + 1, len(truth.steps)
    item = rng.standard_normal((methods, 1, 1, truth.items))
    spread = np.full(methods, truth.seed_spread * truth.item_error)
    spread[0] *= truth.wider
    seed = rng.standard_normal((methods, truth.seeds, steps if truth.apart else 1))
    seed *= spread[:, None, None]
    forgotten = np.array([0.0, *(truth.by_rank or [0.0] * len(truth.ranks))]) * truth.item_error
    scores = item + seed[..., None] - forgotten[:, None, None, None]
    drawn = np.broadcast_to(scores, (methods, truth.seeds, steps, truth.items)).reshape(-1)
    rows = blank.items
    ours = (rows["evaluation"] == "english") & (rows["run"] != "base")
    filled = np.zeros(len(rows))
    filled[ours.to_numpy()] = drawn
    items = rows.with_columns(score=pl.Series(filled))
    return Subject.of(replace(blank, items=items), ("code", "english"))


def verdicts_on(
    truth: Truth, claim: Callable[[Subject], Iterable[Verdict]], studies: int
) -> list[Verdict]:
    """The verdicts of a claim on many studies of one truth."""
    rng, blank = np.random.default_rng(11), skeleton(truth)
    return [each for _ in range(studies) for each in claim(simulated(truth, blank, rng))]


def held(truth: Truth, claim: Callable[[Subject], Iterable[Verdict]], studies: int) -> float:
    """Share of the intervals that hold a truth of zero."""
    found = verdicts_on(truth, claim, studies)
    return float(np.mean([v.low <= 0 <= v.high for v in found]))  # type: ignore[operator]


def decided(truth: Truth, claim: Callable[[Subject], Iterable[Verdict]], studies: int) -> float:
    """Share of the verdicts that are no `inconclusive`."""
    found = verdicts_on(truth, claim, studies)
    return float(np.mean([v.verdict in ("confirmed", "denied") for v in found]))


MIXTURE_ITEMS = 75
MIXTURE_RANKS = (4, 16, 64)


def mixture_skeleton(samplings: int) -> Evidence:
    """Full fine-tuning and LoRA below 1 %, on two mixtures and a test set of seen tasks each."""
    return mixtures_of(
        lambda *_: [0.0] * MIXTURE_ITEMS,
        {"T2": (2, 200), "T8": (8, 800)},
        MIXTURE_RANKS,
        seeds=tuple(range(samplings)),
        metrics=("exact_match",),
        percent=lambda rank: rank / 100,
    ).build()


def simulated_mixtures(blank: Evidence, spread: float, rng: np.random.Generator) -> Evidence:
    """Scores that truly are alike: noise of items, of a method on a sampling, of a sampling.

    `spread` is what a method on a sampling deviates by, in item errors; all methods on a sampling
    move together by ten times the item error.
    """
    error = MIXTURE_ITEMS**-0.5
    rows = blank.items
    runs = {run: rng.normal(0, spread * error) for run in rows["run"].unique(maintain_order=True)}
    seeds = {seed: rng.normal(0, 10 * error) for seed in range(10)}
    moved = [
        runs[run] + seeds.get(seed, 0.0) for run, seed in rows.select("run", "seed").iter_rows()
    ]
    drawn = pl.Series(np.array(moved) + rng.standard_normal(len(rows)))
    # in points a score is a share of 100
    return replace(blank, items=rows.with_columns(score=drawn / 100 + 0.5))
