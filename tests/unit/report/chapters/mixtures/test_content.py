"""Claims about rank and task diversity: on the paper's printed tables, and where they fail."""

import itertools

import numpy as np
import pytest

from evidence_builder import EvidenceBuilder, learning_and_forgetting
from mixture_evidence import FIXED_TOTAL, NAMES, PAPER_SETS, mixtures_of, of_the_paper
from rankscope.report.chapters.mixtures import rank_scaling, task_scaling
from rankscope.report.chapters.mixtures.content import CLAIMS, judged
from rankscope.report.chapters.mixtures.rank_scaling import pivot, ranks_in_a_row
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.verdicts.verdict import Verdict

EXACT, ROUGE = "exact_match", "rouge_l"
RANKS = (4, 8, 16, 32)
SMALL = {"T2": (2, 200), "T8": (8, 800)}


@pytest.fixture(scope="module")
def paper() -> Mixtures:
    return of_the_paper()


def by_set(verdicts: list[Verdict], kind: str, metric: str) -> list[Verdict]:
    """The verdicts on the paper's four mixtures, by number of tasks."""
    found = {verdict.scope: verdict for verdict in verdicts}
    return [found[f"{label} · {NAMES[kind, metric]}"] for label in PAPER_SETS]


def outcomes(verdicts: list[Verdict]) -> list[str]:
    return [verdict.verdict for verdict in verdicts]


def values(verdicts: list[Verdict]) -> list[float | None]:
    return [verdict.value for verdict in verdicts]


def small(score, ranks=RANKS, **more) -> Mixtures:
    """Two mixtures; `score` takes kind, label and rank and is that of every item."""
    builder = mixtures_of(
        lambda kind, label, metric, rank, seed: [score(kind, label, rank)] * 2,
        SMALL, ranks, metrics=(EXACT,), **more,
    )  # fmt: skip
    (found,) = Mixtures.of(builder.build())
    return found


# --- the paper's own tables


def test_the_paper_scores_rise_with_rank_on_seen_tasks(paper: Mixtures):
    verdicts = list(rank_scaling.rises_with_rank(paper))
    assert len(verdicts) == 8
    assert values(verdicts) == pytest.approx([1.0] * 8)
    assert set(outcomes(verdicts)) == {"confirmed"}


@pytest.mark.parametrize(
    ("metric", "first", "lasting", "ranks"),
    [
        (EXACT, [8, 1024, 2048, 2048], [64, 1024, 2048, 2048], [7, 3, 2, 2]),
        (ROUGE, [4, 128, 512, 1024], [4, 128, 512, 1024], [11, 6, 4, 3]),
    ],
)
def test_the_paper_crossings(paper: Mixtures, metric, first, lasting, ranks):
    verdicts = by_set(list(rank_scaling.reaches_full(paper)), "inter", metric)
    assert values(verdicts) == ranks
    assert set(outcomes(verdicts)) == {"confirmed"}
    for verdict, at, from_here in zip(verdicts, first, lasting, strict=True):
        start = f"first reached at r={at}, lastingly from r={from_here} (100% of draws)"
        assert verdict.note.startswith(start)


@pytest.mark.parametrize(
    ("metric", "gaps"), [(EXACT, [12.5, 11.8, 11.1, 10.4]), (ROUGE, [9.8, 8.6, 7.9, 7.1])]
)
def test_the_paper_cost_of_small_capacity(paper: Mixtures, metric, gaps):
    verdicts = by_set(list(rank_scaling.small_capacity_costs(paper)), "intra", metric)
    assert values(verdicts) == pytest.approx(gaps, abs=0.06)
    assert set(outcomes(verdicts)) == {"confirmed"}
    assert all("r=64" in verdict.note for verdict in verdicts)


def test_the_paper_slopes(paper: Mixtures):
    verdicts = by_set(list(rank_scaling.rises_late(paper)), "inter", EXACT)
    slopes = [(0.17, 0.33), (-0.03, 0.49), (0.30, 0.59), (0.18, 0.74)]
    for verdict, (low, high) in zip(verdicts, slopes, strict=True):
        assert verdict.value == pytest.approx(high - low, abs=0.011)
        # the list of facts rounds .165 and .328 up
        assert verdict.note.startswith("r=4 to 64: ")
        stated = verdict.note.split(";")
        assert float(stated[0].split(": ")[1]) == pytest.approx(low, abs=0.0101)
        assert float(stated[1].split(": ")[1]) == pytest.approx(high, abs=0.0101)
    assert set(outcomes(verdicts)) == {"confirmed"}


def test_the_paper_gains_from_more_tasks_in_48_of_48_cases(paper: Mixtures):
    verdicts = list(task_scaling.more_tasks_help(paper))
    assert len(verdicts) == 48
    assert set(outcomes(verdicts)) == {"confirmed"}
    found = {verdict.scope: verdict.value for verdict in verdicts}
    assert found["Full · T100 to Tall · seen"] == pytest.approx(53.77 - 51.57)
    assert found["LoRA r=4 · T100 to Tall · unseen (ROUGE-L)"] == pytest.approx(42.22 - 39.25)


def test_the_paper_advantage_shrinks(paper: Mixtures):
    by_metric = {verdict.scope: verdict for verdict in task_scaling.advantage_shrinks(paper)}
    exact, rouge = by_metric["T100 to Tall · unseen"], by_metric["T100 to Tall · unseen (ROUGE-L)"]
    assert (exact.value, rouge.value) == (pytest.approx(2.07), pytest.approx(3.22))
    assert (exact.verdict, rouge.verdict) == ("confirmed", "confirmed")
    assert exact.note.startswith("r=4096: 2.61 and 0.54")
    assert rouge.note.startswith("r=4096: 4.87 and 1.65")


def test_the_paper_does_not_print_what_the_other_claims_need(paper: Mixtures):
    rest = [v for v in judge_claims_of(paper) if v.claim in ("H1.6", "H1.7", "H1.8", "H1.9")]
    assert len(rest) == 5
    assert {(v.verdict, v.value) for v in rest} == {("not measured", None)}
    assert all(v.reason for v in rest)


def judge_claims_of(mixtures: Mixtures) -> list[Verdict]:
    return [verdict for claim in CLAIMS for verdict in claim(mixtures)]


# --- where they do not hold


def test_a_score_that_falls_with_rank_denies_that_it_rises():
    falling = small(lambda kind, label, rank: 0.5 - (rank or 0) / 100)
    verdicts = list(rank_scaling.rises_with_rank(falling))
    assert [(v.verdict, v.value) for v in verdicts] == [("denied", pytest.approx(-1))] * 2


def test_an_order_that_is_just_the_threshold_is_as_claimed():
    # five ranks of which two neighbours change places: ρ = 1 − 6 · 2 / (5 · 24) = 0.9
    place = {4: 1, 8: 2, 16: 4, 32: 3, 64: 5, None: 6}
    swapped = small(lambda kind, label, rank: place[rank] / 10, ranks=(4, 8, 16, 32, 64))
    verdicts = list(rank_scaling.rises_with_rank(swapped))
    assert [(v.verdict, v.value) for v in verdicts] == [("confirmed", pytest.approx(0.9))] * 2


def test_ranks_that_score_alike_have_no_order():
    level = small(lambda kind, label, rank: 0.3)
    for verdict in rank_scaling.rises_with_rank(level):
        assert (verdict.verdict, verdict.value) == ("inconclusive", None)
        assert verdict.reason == "all score alike: there is no order"


def test_what_only_the_order_of_summation_tells_apart_is_alike():
    """0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1 to the last bit."""
    said = {4: [0.1, 0.2, 0.3], 8: [0.3, 0.2, 0.1], 16: [0.2, 0.1, 0.3], 32: [0.3, 0.1, 0.2]}
    builder = mixtures_of(
        lambda kind, label, _, rank, seed: said[rank or 4], SMALL, RANKS, metrics=(EXACT,)
    )
    (mixtures,) = Mixtures.of(builder.build())
    test = mixtures.tests("intra")[0]
    found = mixtures.compare(test, *mixtures.loras(mixtures.largest, test))
    assert len(set(found.scores[0])) == 1


def test_three_ranks_are_too_few_for_an_order():
    rising = small(lambda kind, label, rank: (rank or 0) / 100, ranks=(4, 8, 16))
    for verdict in rank_scaling.rises_with_rank(rising):
        assert (verdict.verdict, verdict.value) == ("inconclusive", pytest.approx(1))
        chance = "3 ranks are in order by chance in 1 of 6 cases; needs at least 4"
        assert verdict.reason == f"out of reach: {chance}"


def test_one_sampling_decides_nothing():
    alone = small(lambda kind, label, rank: (rank or 64) / 100, seeds=(0,))
    verdicts = [v for v in judge_claims_of(alone) if v.value is not None]
    assert {verdict.claim for verdict in verdicts} >= {"H1.1", "H1.2", "H1.4", "H1.5", "H1.10"}
    assert set(outcomes(verdicts)) == {"inconclusive"}
    assert all("1 seed is too few" in verdict.reason for verdict in verdicts)


@pytest.mark.parametrize(
    ("reached", "ranks", "outcome"),
    [
        ((), 0, "denied"),
        ((8,), 0, "denied"),
        ((32,), 1, "inconclusive"),
        ((16, 32), 2, "confirmed"),
    ],
)
def test_a_crossing_lasts_if_two_ranks_in_a_row_reach_full(reached, ranks, outcome):
    known = small(lambda kind, label, rank: 0.5 if rank is None or rank in reached else 0.4)
    for verdict in rank_scaling.reaches_full(known):
        assert (verdict.value, verdict.verdict) == (ranks, outcome)


def test_ranks_in_a_row_are_counted_from_the_largest():
    full = 0.3
    rows = [[full, *(full + each for each in row)] for row in itertools.product((-1, 1), repeat=3)]
    assert ranks_in_a_row(np.array(rows)).tolist() == [0, 1, 0, 2, 0, 1, 0, 3]


def test_small_capacity_that_costs_four_points_denies_the_claim():
    costly = small(lambda kind, label, rank: 0.5 if rank is None else 0.46)
    verdicts = list(rank_scaling.small_capacity_costs(costly))
    assert [(v.verdict, v.value) for v in verdicts] == [("denied", pytest.approx(4))] * 2


def test_where_every_rank_trains_more_than_one_per_cent_capacity_is_not_small():
    large = small(lambda kind, label, rank: 0.5, percent=lambda rank: 1.0 + rank)
    for verdict in rank_scaling.small_capacity_costs(large):
        assert (verdict.verdict, verdict.value) == ("not measured", None)
        assert "less than 1 %" in verdict.reason


def test_a_gain_that_levels_off_denies_that_it_rises_late():
    level = {4: 0.1, 8: 0.3, 16: 0.35, 32: 0.4, None: 0.4}
    verdicts = list(rank_scaling.rises_late(small(lambda kind, label, rank: level[rank])))
    # one doubling to the pivot of 8: 20 points; two from there: 5 each
    assert [(v.verdict, v.value) for v in verdicts] == [("denied", pytest.approx(-15))] * 2


@pytest.mark.parametrize(
    ("ranks", "at"),
    [
        ([4.0 * 2**power for power in range(11)], 64),
        ([4, 16, 64], 16),
        ([1, 4, 16, 64], 4),
        ([2, 8, 32, 128, 512], 8),
        ([4, 8, 4096], 8),
    ],
)
def test_the_pivot_of_a_grid_of_ranks(ranks, at):
    assert ranks[pivot(np.array(ranks, dtype=np.float64))] == at


def test_fewer_examples_of_each_task_cost_on_seen_tasks_and_high_ranks_lead():
    score = {
        ("intra", "T*100"): 0.5, ("intra", "T*500"): 0.4, ("inter", "T*100"): 0.2,
        ("inter", "T*500"): 0.3,
    }  # fmt: skip
    builder = mixtures_of(
        lambda kind, label, _, rank, seed: [score[kind, label] + (rank == 2048) / 100] * 2,
        FIXED_TOTAL, (16, 2048), metrics=(EXACT,),
    )  # fmt: skip
    (mixtures,) = Mixtures.of(builder.build())
    cost = list(task_scaling.more_tasks_cost(mixtures))
    assert [v.scope.split(" · ")[0] for v in cost] == ["Full", "LoRA r=16", "LoRA r=2048"]
    assert [(v.verdict, v.value) for v in cost] == [("confirmed", pytest.approx(-10))] * 3
    ahead = list(task_scaling.high_rank_above_full(mixtures))
    assert [v.scope for v in ahead] == ["T*100 · unseen", "T*500 · unseen"]
    assert [(v.verdict, v.value) for v in ahead] == [("confirmed", pytest.approx(1))] * 2
    # the sets differ in examples per task: no series at one number of them
    assert [v.verdict for v in task_scaling.more_tasks_help(mixtures)] == ["not measured"]


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


def test_more_tasks_that_hurt_deny_that_they_help():
    worse = small(lambda kind, label, rank: 0.5 if label == "T2" else 0.3)
    verdicts = list(task_scaling.more_tasks_help(worse))
    assert [(v.verdict, v.value) for v in verdicts] == [("denied", pytest.approx(-20))] * 10


def test_an_advantage_that_grows_denies_that_it_shrinks():
    lead = {"T2": 0.1, "T8": 0.2}
    growing = small(lambda kind, label, rank: 0.5 + (lead[label] if rank == 32 else 0))
    (verdict,) = task_scaling.advantage_shrinks(growing)
    assert (verdict.verdict, verdict.value) == ("denied", pytest.approx(-10))


# --- what is compared


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


def test_a_rank_that_hardly_finished_is_named():
    rising = small(
        lambda kind, label, rank: (rank or 64) / 100, ranks=(*RANKS, 64),
        diverged=[(64, 1), (64, 2), (32, 0)],
    )  # fmt: skip
    for claim in (rank_scaling.rises_with_rank, rank_scaling.rises_late):
        for verdict in claim(rising):
            assert "not judged: LoRA r=64 (1 of 3 samplings)" in verdict.note
            assert "r=32 (" not in verdict.note


@pytest.mark.parametrize(("lost", "outcome"), [(64, "inconclusive"), (4, "confirmed")])
def test_a_crossing_does_not_last_for_certain_where_a_rank_above_it_is_missing(lost, outcome):
    scores = {None: 0.5, 4: 0.3, 8: 0.4, 16: 0.6, 32: 0.6, 64: 0.2 if lost == 64 else 0.6}
    partly = small(
        lambda kind, label, rank: scores[rank], ranks=(*RANKS, 64),
        diverged=[(lost, 1), (lost, 2)],
    )  # fmt: skip
    for verdict in rank_scaling.reaches_full(partly):
        assert verdict.verdict == outcome
        assert f"not judged: LoRA r={lost} (1 of 3 samplings)" in verdict.note
        unknown = "too few samplings to say whether Full is reached at r=64"
        assert verdict.reason == (unknown if lost == 64 else "")


@pytest.mark.parametrize(("lost", "outcome"), [(64, "inconclusive"), (8, "denied")])
def test_that_no_rank_reaches_full_needs_the_largest(lost, outcome):
    partly = small(
        lambda kind, label, rank: 0.5 if rank is None else 0.3, ranks=(*RANKS, 64),
        diverged=[(lost, 0), (lost, 1), (lost, 2)],
    )  # fmt: skip
    assert {v.verdict for v in rank_scaling.reaches_full(partly)} == {outcome}


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


def test_methods_without_a_pair_of_mixtures_are_named():
    rising = small(
        lambda kind, label, rank: 0.5 if label == "T2" else 0.6, unplanned=[("T8", 32)],
        diverged=[(4, 0), (4, 1)],
    )  # fmt: skip
    verdicts = list(task_scaling.more_tasks_help(rising))
    missing = "LoRA r=4 (1 of 3 samplings on T2, 1 of 3 samplings on T8)"
    assert {v.scope.split(" · ")[0] for v in verdicts} == {"Full", "LoRA r=8", "LoRA r=16"}
    for verdict in verdicts:
        assert f"not judged: {missing}, LoRA r=32 (not planned on T8)" in verdict.note


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


def test_a_study_without_mixtures_gets_no_verdicts_on_them():
    traces = {None: ({5: 0.5}, {5: 0.4}), 4: ({5: 0.3}, {5: 0.1})}
    evidence = learning_and_forgetting(traces).build()
    assert Mixtures.of(evidence) == ()
    assert judged(Mixtures.of(evidence)) == ()


def test_every_claim_says_why_where_nothing_was_scored():
    builder = EvidenceBuilder()
    builder.run(4, 0, trained_on="T2", mixture="T2", tasks=2, examples=200)
    (mixtures,) = Mixtures.of(builder.build())
    for claim in CLAIMS:
        verdicts = list(claim(mixtures))
        assert verdicts
        assert {verdict.verdict for verdict in verdicts} == {"not measured"}
        assert all(verdict.reason for verdict in verdicts)
