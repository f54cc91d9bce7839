"""Scores by method and mixture, on evidence small enough to work out on paper."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl
import pytest

from evidence_builder import EvidenceBuilder
from rankscope.report.chapters.mixtures.tables import category_scores, mixture_scores

SETS = {"T6": (6, 48), "T12": (12, 96), "T*12": (12, 48)}
Scores = Mapping[tuple[int | None, str], Sequence[Sequence[float]]]  # by rank and set: by sampling


def study(scores: Scores, metric: str = "exact_match", planned: int = 2) -> EvidenceBuilder:
    """Runs on mixtures, scored on items of unseen tasks; those of no scores are missing."""
    builder = EvidenceBuilder()
    items = max(len(each) for of in scores.values() for each in of)
    about = {"test_kind": "inter", "metric": metric}
    builder.scores("base", "unseen", {0: [0.0] * items}, **about)
    for (rank, trained_on), by_sampling in scores.items():
        tasks, examples = SETS[trained_on]
        for seed in range(planned):
            there = seed < len(by_sampling)
            run = builder.run(
                rank, seed, "done" if there else "missing", trained_on=trained_on,
                mixture=trained_on, tasks=tasks, examples=examples,
            )  # fmt: skip
            if there:
                builder.scores(run, "unseen", {5: by_sampling[seed]}, **about)
    return builder


def row(table: pl.DataFrame, label: str, trained_on: str) -> dict:
    found = table.filter(pl.col("label") == label, pl.col("trained_on") == trained_on)
    return found.row(0, named=True)


def test_scores_are_points_and_differences_those_of_means():
    table = mixture_scores(
        study({
            (None, "T6"): [[1, 0, 0, 0], [1, 0, 0, 0]],
            (2, "T6"): [[1, 1, 0, 0], [1, 1, 1, 0]],
            (None, "T12"): [[1, 1, 1, 1], [1, 1, 1, 1]],
        }).build()
    )  # fmt: skip
    full, lora = row(table, "Full", "T6"), row(table, "LoRA r=2", "T6")
    assert (full["mean"], lora["mean"]) == (25.0, 62.5)
    assert lora["over_full"] == 37.5
    assert lora["over_full_low"] < 37.5 < lora["over_full_high"]
    assert full["over_full"] is None
    assert (full["seeds"], full["planned"], full["items"]) == (2, 2, 4)
    assert row(table, "Full", "T12")["mean"] == 100.0
    assert len(table) == 3


def test_an_interval_holds_only_what_a_score_can_be():
    far_apart = {(None, "T6"): [[0, 0], [1, 1]], (2, "T6"): [[1, 1], [0, 0]]}
    table = mixture_scores(study(far_apart).build())
    full, lora = row(table, "Full", "T6"), row(table, "LoRA r=2", "T6")
    assert (full["low"], full["mean"], full["high"]) == (0.0, 50.0, 100.0)
    assert (lora["over_full_low"], lora["over_full_high"]) == (-100.0, 100.0)


def test_only_a_lead_beyond_the_noise_is_marked():
    clear = {(None, "T6"): [[0, 0, 0]] * 2, (2, "T6"): [[1, 1, 1]] * 2}
    table = mixture_scores(study(clear).build())
    assert row(table, "LoRA r=2", "T6")["leads"]
    assert not row(table, "Full", "T6")["leads"]
    near = {(None, "T6"): [[0, 1, 0]] * 2, (2, "T6"): [[1, 0, 1]] * 2}
    assert not mixture_scores(study(near).build())["leads"].any()


def test_one_sampling_has_no_leader_however_far_ahead():
    table = mixture_scores(study({(None, "T6"): [[0, 0]], (2, "T6"): [[1, 1]]}, planned=1).build())
    assert not table["leads"].any()
    lora = row(table, "LoRA r=2", "T6")
    assert (lora["over_full"], lora["over_full_low"], lora["over_full_seeds"]) == (100.0, None, 1)
    assert (lora["mean"], lora["low"], lora["high"]) == (100.0, None, None)


def test_what_no_run_finished_has_a_row_without_a_score():
    scores = {(None, "T6"): [[1, 0]], (2, "T6"): [], (2, "T12"): [[0, 0], [0, 0]]}
    table = mixture_scores(study(scores).build())
    missing = row(table, "LoRA r=2", "T6")
    assert (missing["seeds"], missing["planned"], missing["mean"]) == (0, 2, None)
    assert row(table, "Full", "T6")["seeds"] == 1
    assert row(table, "LoRA r=2", "T12")["over_full"] is None


def test_differences_are_over_the_samplings_that_both_finished():
    scores = {(None, "T6"): [[0, 0]], (2, "T6"): [[1, 0], [1, 1]]}
    lora = row(mixture_scores(study(scores).build()), "LoRA r=2", "T6")
    assert lora["mean"] == 75.0
    assert (lora["over_full"], lora["over_full_seeds"]) == (50.0, 1)


def test_samplings_in_common_are_counted_for_each_pair():
    builder = EvidenceBuilder()
    about = {"test_kind": "inter", "metric": "exact_match"}
    builder.scores("base", "unseen", {0: [0.0]}, **about)
    size = {"trained_on": "T6", "mixture": "T6", "tasks": 6, "examples": 48}
    for rank, seeds in ((None, (0, 1)), (2, (1, 2)), (4, (2, 3))):
        for seed in seeds:
            builder.scores(builder.run(rank, seed, **size), "unseen", {5: [1.0]}, **about)
    table = mixture_scores(builder.build())
    assert row(table, "LoRA r=2", "T6")["over_full_seeds"] == 1
    apart = row(table, "LoRA r=4", "T6")
    assert (apart["over_full"], apart["over_full_seeds"]) == (None, 0)


def test_differences_are_to_the_best_recipe_of_full_fine_tuning():
    builder = EvidenceBuilder()
    about = {"test_kind": "inter", "metric": "exact_match"}
    builder.scores("base", "unseen", {0: [0.0] * 4}, **about)
    size = {"trained_on": "T6", "mixture": "T6", "tasks": 6, "examples": 48}
    for rank, rate, right in ((None, 1e-4, 1), (None, 1e-3, 3), (2, 1e-3, 2)):
        for seed in (0, 1):
            name = f"{rank or 'Full'}, lr {rate:g}"
            run = builder.run(rank, seed, rate=rate, condition=name, treatment=name, **size)
            builder.scores(run, "unseen", {5: [1] * right + [0] * (4 - right)}, **about)
    table = mixture_scores(builder.build())
    best = dict(table.select("label", "best").iter_rows())
    assert best == {"Full, lr 0.0001": False, "Full, lr 0.001": True, "LoRA r=2": True}
    assert row(table, "LoRA r=2", "T6")["over_full"] == -25.0


def test_mixtures_are_told_apart_by_what_is_held_constant():
    scores = {(None, name): [[1, 0]] * 2 for name in SETS}
    table = mixture_scores(study(scores).build())
    kinds = {r["trained_on"]: (r["shown"], r["of_fixed_total"]) for r in table.to_dicts()}
    assert kinds == {"T6": (True, True), "T12": (True, False), "T*12": (False, True)}


def test_a_study_without_mixtures_has_no_rows():
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0]})
    builder.scores(builder.run(None, 0), "code", {5: [1.0]})
    evidence = builder.build()
    assert mixture_scores(evidence).is_empty()
    assert category_scores(evidence).is_empty()


@pytest.fixture
def by_category() -> pl.DataFrame:
    """Four items: two of a classification task, two of a task without options."""
    matched = study({(None, "T6"): [[1, 0, 1, 1]] * 2}).build()
    outside = study({(None, "T6"): [[0, 1]] * 2}, metric="out_of_options").build()
    items = pl.concat([
        matched.items,
        outside.items.with_columns(evaluation=pl.lit("unseen (out of options)")),
    ]).with_columns(
        task=pl.when(pl.col("item").is_in(["item 0", "item 1"]))
        .then(pl.lit("yes or no")).otherwise(pl.lit("title")),
    ).with_columns(category=pl.concat_str(pl.lit("of "), "task"))  # fmt: skip
    return category_scores(replace(matched, items=items))


def test_categories_are_those_of_classification_tasks_with_form_beside_meaning(by_category):
    assert by_category["category"].unique().to_list() == ["of yes or no"]
    found = dict(by_category.select("metric", "mean").iter_rows())
    assert found == {"exact_match": 50.0, "out_of_options": 50.0}
    assert set(by_category["items"]) == {2}
    assert set(by_category["tasks"]) == {1}


def test_answers_that_are_none_stand_beside_the_scores():
    matched = study({(None, "T6"): [[1, 0, 1, 0]] * 2}).build()
    items = [matched.items]
    for metric, said in (("empty", [0, 1, 0, 0]), ("copies_input", [0, 0, 0, 1])):
        found = study({(None, "T6"): [said] * 2}, metric=metric).build().items
        items.append(found.with_columns(evaluation=pl.lit(f"unseen ({metric})")))
    (only,) = mixture_scores(replace(matched, items=pl.concat(items))).to_dicts()
    assert (only["mean"], only["empty"], only["copies_input"]) == (50.0, 25.0, 25.0)
    (without,) = mixture_scores(matched).to_dicts()
    assert (without["empty"], without["copies_input"]) == (None, None)
