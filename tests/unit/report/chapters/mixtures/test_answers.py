"""Claims about the form of answers to unseen classification tasks."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from evidence_builder import EvidenceBuilder
from rankscope.report.chapters.mixtures import answers
from rankscope.report.chapters.mixtures.subject import Mixtures

TASKS = [f"task {number}" for number in range(12)]
RANKS = (4, 8, 16, 32)
SIZE = {"trained_on": "T8", "mixture": "T8", "tasks": 8, "examples": 800}


def answered(
    metric: str,
    by_rank: Mapping[int | None, Sequence[float]],
    items_per_task: int = 1,
    categories: Sequence[str] | None = None,
) -> EvidenceBuilder:
    """Two samplings answer alike; one score per task, that of each of its items."""
    builder = EvidenceBuilder()
    tasks = [task for task in TASKS for _ in range(items_per_task)]
    tested = {
        "test_kind": "inter", "metric": metric, "tasks": tasks, "categories": categories,
    }  # fmt: skip
    builder.scores("base", metric, {0: [0.0] * len(tasks)}, **tested)
    for rank, scores in by_rank.items():
        for seed in (0, 1):
            run = builder.run(rank, seed, **SIZE)
            by_item = [score for score in scores for _ in range(items_per_task)]
            builder.scores(run, metric, {5: by_item}, **tested)
    return builder


def mixtures(builder: EvidenceBuilder) -> Mixtures:
    (found,) = Mixtures.of(builder.build())
    return found


@pytest.mark.parametrize(
    ("full", "lora", "outcome"), [(0.3, 0.1, "confirmed"), (0.1, 0.3, "denied")]
)
def test_who_leaves_the_options_more_often(full, lora, outcome):
    study = mixtures(answered("out_of_options", {None: [full] * 12, 4: [lora] * 12}))
    (verdict,) = answers.full_leaves_options(study)
    assert (verdict.verdict, verdict.value) == (outcome, pytest.approx(full - lora))
    assert (verdict.scope, verdict.n) == ("LoRA r=4 · T8", "12 tasks × 2 seeds")


def test_one_odd_task_of_many_items_decides_nothing():
    """All of Full's stray answers are to one task: it is drawn in 65 % of draws, not in all."""
    odd = [1.0] + [0.0] * 11
    study = mixtures(answered("out_of_options", {None: odd, 4: [0.0] * 12}, items_per_task=40))
    (verdict,) = answers.full_leaves_options(study)
    assert verdict.value == pytest.approx(1 / 12)
    assert (verdict.verdict, verdict.low) == ("inconclusive", 0.0)
    alike = mixtures(answered("out_of_options", {None: odd, 4: odd[::-1]}))
    (tie,) = answers.full_leaves_options(alike)
    assert (tie.verdict, tie.value) == ("inconclusive", 0.0)


@pytest.mark.parametrize(
    ("stray", "outcome"),
    [((1.0, 1.0, 0.0, 0.0), "inconclusive"), ((1.0, 1.0, 0.2, 0.0), "confirmed")],
)
def test_most_categories_decide_with_the_mean(stray, outcome):
    """Four categories of three tasks; LoRA strays in one answer of ten everywhere."""
    categories = [f"category {number // 3}" for number in range(12)]
    by_rank = {None: [stray[number // 3] for number in range(12)], 4: [0.1] * 12}
    builder = answered("out_of_options", by_rank, categories=categories)
    (verdict,) = answers.full_leaves_options(mixtures(builder))
    assert verdict.low > 0
    assert verdict.verdict == outcome
    held = f"Full is ahead in {sum(each > 0.1 for each in stray)} of 4 categories"
    assert held in verdict.note
    disagree = f"mean and categories disagree: {held}"
    assert verdict.reason == (disagree if outcome == "inconclusive" else "")


def test_tasks_count_alike_whatever_their_number_of_items():
    builder = EvidenceBuilder()
    tasks = ["a"] * 3 + ["b"]
    tested = {"test_kind": "inter", "metric": "out_of_options", "tasks": tasks}
    builder.scores("base", "oop", {0: [0.0] * 4}, **tested)
    for rank, scores in ((None, [0, 0, 0, 1]), (4, [0, 0, 0, 0])):
        for seed in (0, 1):
            builder.scores(builder.run(rank, seed, **SIZE), "oop", {5: scores}, **tested)
    (verdict,) = answers.full_leaves_options(mixtures(builder))
    assert verdict.value == pytest.approx(0.5)


@pytest.mark.parametrize(("bits", "outcome"), [(0.2, "confirmed"), (1.4, "denied")])
def test_a_low_rank_that_says_one_label_collapses(bits, outcome):
    builder = answered("label_entropy", {4: [bits] * 12, 8: [1.0] * 12})
    said = {"test_kind": "inter", "metric": "label_entropy_of_references", "tasks": TASKS}
    builder.scores("base", "references", {0: [1.0] * 12}, **said)
    for run in {row["run"] for row in builder.build().runs.to_dicts()} - {"base"}:
        builder.scores(run, "references", {5: [1.0] * 12}, **said)
    (verdict,) = answers.low_rank_collapses(mixtures(builder))
    assert (verdict.verdict, verdict.value) == (outcome, pytest.approx(1.0 - bits))
    assert verdict.scope == "LoRA r=4 · T8"


def test_a_collapse_is_told_from_an_uneven_spread_by_the_most_given_label_and_full():
    builder = answered("label_entropy", {None: [0.9] * 12, 4: [0.2] * 12})
    for name, score in (("label_entropy_of_references", 1.0), ("largest_label_share", 0.97)):
        said = {"test_kind": "inter", "metric": name, "tasks": TASKS}
        builder.scores("base", name, {0: [0.0] * 12}, **said)
        for run in sorted({row["run"] for row in builder.build().runs.to_dicts()} - {"base"}):
            builder.scores(run, name, {5: [score] * 12}, **said)
    (verdict,) = answers.low_rank_collapses(mixtures(builder))
    assert verdict.note.startswith(
        "1.00 and 0.20 bits; most given label of a task 97 % of its answers; Full 0.90 bits; "
    )


@pytest.mark.parametrize(("sign", "outcome"), [(1, "confirmed"), (-1, "denied")])
def test_answers_that_spread_with_rank(sign, outcome):
    bits = {rank: [1 + sign * np.log2(rank) / 10] * 12 for rank in RANKS}
    (verdict,) = answers.answers_spread_with_rank(mixtures(answered("label_entropy", bits)))
    assert (verdict.verdict, verdict.value) == (outcome, pytest.approx(sign))


def test_three_ranks_are_too_few_for_an_order():
    bits = {rank: [rank / 100] * 12 for rank in RANKS[:3]}
    (verdict,) = answers.answers_spread_with_rank(mixtures(answered("label_entropy", bits)))
    assert verdict.verdict == "inconclusive"
    assert "3 ranks are in order by chance in 1 of 6 cases" in verdict.reason
