"""What claims on mixtures are about: sets in their series, recipes, samplings in common."""

import pytest

from evidence_builder import EvidenceBuilder
from mixture_evidence import EXACT, FIXED_TOTAL, PAPER_SETS, SMALL, mixtures_of, small
from rankscope.report.chapters.mixtures import rank_scaling, task_scaling
from rankscope.report.chapters.mixtures.subject import Mixtures


def test_sizes_tell_the_papers_series_apart():
    sets = PAPER_SETS | FIXED_TOTAL
    builder = mixtures_of(lambda *_: [0.5], sets, (16,), metrics=(EXACT,), seeds=(0, 1))
    (mixtures,) = Mixtures.of(builder.build())
    assert [each.label for each in mixtures.scaled] == ["T100", "T250", "T500", "Tall"]
    (fixed,) = mixtures.of_fixed_total
    assert [each.label for each in fixed] == ["T*100", "T250", "T*500"]
    assert mixtures.largest.label == "Tall"


def test_mixtures_of_one_size_alone_are_all_shown_and_the_one_of_most_tasks_is_the_largest():
    sets = FIXED_TOTAL | {"T250": PAPER_SETS["T250"]}
    builder = mixtures_of(lambda *_: [0.5], sets, (16,), metrics=(EXACT,), seeds=(0, 1))
    (mixtures,) = Mixtures.of(builder.build())
    assert mixtures.largest.label == "T*500"
    assert [each.label for each in mixtures.shown] == ["T*100", "T250", "T*500"]
    assert [v.verdict for v in task_scaling.more_tasks_help(mixtures)] == ["not measured"]


def test_differences_are_paired_by_sampling():
    """Samplings differ by far more than methods do, and by the same for all of them."""
    level = (0.1, 0.5, 0.9)
    builder = mixtures_of(
        lambda kind, label, _, rank, seed: [level[seed] - (rank is not None) * 0.06] * 2,
        SMALL, (4,), metrics=(EXACT,),
    )  # fmt: skip
    (mixtures,) = Mixtures.of(builder.build())
    for verdict in rank_scaling.small_capacity_costs(mixtures):
        assert (verdict.low, verdict.high) == (pytest.approx(6), pytest.approx(6))
        assert verdict.verdict == "confirmed"
        assert verdict.n == "2 items × 3 seeds"


def test_a_sampling_that_one_method_did_not_finish_is_left_out_of_the_comparison():
    builder = mixtures_of(
        lambda kind, label, _, rank, seed: [0.9 if rank is None else (0.5, 0.6, 0.1)[seed]] * 2,
        {"T2": (2, 200)}, (4,), metrics=(EXACT,), diverged=[(4, 2)],
    )  # fmt: skip
    (verdict,) = rank_scaling.small_capacity_costs(Mixtures.of(builder.build())[0])
    assert verdict.value == pytest.approx(100 * (0.9 - 0.55))
    assert "2 of 3 samplings are complete" in verdict.note


def test_full_that_did_not_finish_is_told_from_full_that_is_not_there():
    lost = small(lambda kind, label, rank: 0.5, diverged=[(None, 1), (None, 2)])
    never = small(lambda kind, label, rank: 0.5, unplanned=[("T2", None), ("T8", None)])
    finished = "too few samplings finished: Full (1 of 3 samplings)"
    for claim in (rank_scaling.reaches_full, rank_scaling.small_capacity_costs):
        assert {verdict.reason for verdict in claim(lost)} == {finished}
        assert all(verdict.reason.startswith("needs Full") for verdict in claim(never))
    (shrinks,) = task_scaling.advantage_shrinks(lost)
    on_both = "too few samplings finished: Full (1 of 3 samplings on T2, 1 of 3 samplings on T8)"
    assert shrinks.reason == on_both


def test_methods_without_a_common_sampling_are_not_compared():
    apart = small(
        lambda kind, label, rank: 0.5, ranks=(4,), seeds=(0, 1), diverged=[(None, 1), (4, 0)]
    )
    for verdict in rank_scaling.small_capacity_costs(apart):
        assert (verdict.verdict, verdict.value) == ("not measured", None)
        assert "no sampling was finished by all" in verdict.reason


def test_of_several_recipes_one_that_can_be_judged_is_taken():
    builder = EvidenceBuilder()
    tested = {"test_kind": "intra", "metric": EXACT}
    builder.scores("base", "seen", {0: [0.0]}, **tested)
    size = {"trained_on": "T2", "mixture": "T2", "tasks": 2, "examples": 200}
    for rate, seed, score in ((1e-4, 0, 0.5), (1e-4, 1, 0.5), (1e-3, 0, 0.9)):
        run = builder.run(4, seed, rate=rate, condition=f"LoRA r=4, lr {rate:g}", **size)
        builder.scores(run, "seen", {5: [score]}, **tested)
    (mixtures,) = Mixtures.of(builder.build())
    assert [each.learning_rate for each in mixtures.chosen(mixtures.largest)] == [1e-4]


def test_series_are_judged_apart_and_share_what_belongs_to_all():
    builder = EvidenceBuilder()
    tested = {"test_kind": "intra", "metric": EXACT}
    builder.scores("base", "seen", {0: [0.0]}, **tested)
    size = {"trained_on": "T2", "mixture": "T2", "tasks": 2, "examples": 200}
    for seed in (0, 1):
        run = builder.run(None, seed, **size)
        builder.scores(run, "seen", {5: [0.9]}, **tested)
        for series, rate, score in (("paper", 1e-4, 0.5), ("tuned", 1e-3, 0.8)):
            run = builder.run(
                4, seed, rate=rate, series=series, trainable_percent=0.5, condition=series, **size
            )
            builder.scores(run, "seen", {5: [score]}, **tested)
    found = Mixtures.of(builder.build())
    costs = [verdict for each in found for verdict in rank_scaling.small_capacity_costs(each)]
    assert [(v.scope, v.value) for v in costs] == [
        ("series paper · T2 · seen", pytest.approx(40)),
        ("series tuned · T2 · seen", pytest.approx(10)),
    ]
    assert "tried" not in costs[0].note
