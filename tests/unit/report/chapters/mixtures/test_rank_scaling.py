"""Claims on ranks: on the paper's printed tables, and on mixtures where they fail."""

import itertools

import numpy as np
import pytest

from mixture_evidence import (
    EXACT,
    RANKS,
    ROUGE,
    by_set,
    outcomes,
    small,
    values,
)
from rankscope.report.chapters.mixtures import rank_scaling
from rankscope.report.chapters.mixtures.rank_scaling import pivot, ranks_in_a_row
from rankscope.report.chapters.mixtures.subject import Mixtures


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


def test_three_ranks_are_too_few_for_an_order():
    rising = small(lambda kind, label, rank: (rank or 0) / 100, ranks=(4, 8, 16))
    for verdict in rank_scaling.rises_with_rank(rising):
        assert (verdict.verdict, verdict.value) == ("inconclusive", pytest.approx(1))
        chance = "3 ranks are in order by chance in 1 of 6 cases; needs at least 4"
        assert verdict.reason == f"out of reach: {chance}"


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
