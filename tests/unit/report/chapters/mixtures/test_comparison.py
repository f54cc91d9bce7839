"""Comparisons of methods on their common samplings: ties, orders, and what is not there."""

import numpy as np

from mixture_evidence import EXACT, RANKS, SMALL, mixtures_of
from rankscope.report.chapters.mixtures.comparison import (
    Comparison,
    mean_and_moved,
    nothing_in_common,
    rounded,
)
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.evidence.resampling import DRAWS
from rankscope.report.verdicts.verdict import Claim, Sample


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


CLAIM = Claim("c", "paper", "says", "difference", "points", 0.0, "above", "found")


def test_the_mean_over_runs_is_moved_by_what_samplings_move_it_by():
    drawn = {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 6.0]), "c": np.array([5.0, 5.0])}
    moved = [np.array([0.0, 0.5]), np.array([0.0, -1.0])]
    means = mean_and_moved(drawn, [["a", "b"], ["c"]], moved)
    assert [each.tolist() for each in means] == [[2.0, 4.5], [5.0, 4.0]]


def test_a_tie_that_rounding_broke_is_a_tie():
    scores = rounded([np.array([0.1 + 0.2, 0.5]), np.array([0.3, -0.0])])
    assert scores.tolist() == [[0.3, 0.3], [0.5, 0.0]]
    assert not np.signbit(scores).any()
    tie = np.full(DRAWS + 1, 1e-12)
    verdict = Comparison(np.zeros((DRAWS + 1, 2)), Sample(2, 9, "items"), "").judge(CLAIM, "", tie)
    assert (verdict.verdict, verdict.value) == ("inconclusive", 0.0)


def test_without_a_common_sampling_nothing_is_measured():
    nothing = nothing_in_common(2)
    verdict = nothing.judge(CLAIM, "all", nothing.scores[:, 0])
    assert (verdict.verdict, verdict.value) == ("not measured", None)
    assert verdict.reason == "no sampling was finished by all methods compared"
    by_rank = nothing.judge_order(CLAIM, "all", np.array([4.0, 8.0]))
    assert by_rank.verdict == "not measured"


def test_both_notes_are_told():
    found = Comparison(np.ones((DRAWS + 1, 1)), Sample(2, 9, "items"), "samplings differ")
    assert found.judge(CLAIM, "", found.scores[:, 0], "r=4").note == "r=4; samplings differ"
    assert found.judge(CLAIM, "", found.scores[:, 0]).note == "samplings differ"
