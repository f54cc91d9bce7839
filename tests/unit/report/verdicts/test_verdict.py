"""The rule of verdicts: by hand, and symmetric between above and below."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankscope.report.evidence.resampling import Interval
from rankscope.report.verdicts.verdict import (
    HOLDS_THRESHOLD,
    Claim,
    Sample,
    bound_out_of_reach,
    decide,
    judge,
    judge_interval,
    not_measured,
    order_out_of_reach,
    undefined_in,
)

ENOUGH = Sample(2, 100, "items")


def claim(side="above", threshold=0.0):
    return Claim("c", "paper", "says", "difference", "points", threshold, side, "found")


@pytest.mark.parametrize(
    ("side", "low", "high", "decision"),
    [
        ("above", 0.1, 0.2, "confirmed"), ("above", -0.2, -0.1, "denied"),
        ("above", -0.1, 0.1, "inconclusive"), ("above", 0.0, 0.1, "inconclusive"),
        ("below", -0.2, -0.1, "confirmed"), ("below", 0.1, 0.2, "denied"),
        ("at least", 0.0, 0.1, "confirmed"), ("at least", -0.1, 0.1, "inconclusive"),
        ("at least", -0.2, -0.1, "denied"), ("above", math.nan, math.nan, "inconclusive"),
    ],
)  # fmt: skip
def test_an_interval_on_one_side_decides(side, low, high, decision):
    assert decide(claim(side), Interval((low + high) / 2, low, high)) == decision


@given(st.floats(-9, 9), st.floats(0, 5), st.floats(-9, 9))
def test_above_and_below_mirror_each_other(low, width, threshold):
    up = decide(claim("above", threshold), Interval(low, low, low + width))
    down = decide(claim("below", -threshold), Interval(-low, -low - width, -low))
    assert up == down


def test_one_seed_decides_nothing_and_an_undecided_verdict_says_why():
    clear = Interval(0.5, 0.4, 0.6)
    one = judge_interval(claim(), "all", clear, Sample(1, 100, "items"))
    assert (one.verdict, one.reason) == ("inconclusive", "1 seed is too few to judge a method")
    two = judge_interval(claim(), "all", clear, ENOUGH)
    assert (two.verdict, two.reason, two.n) == ("confirmed", "", "100 items × 2 seeds")
    wide = judge_interval(claim(), "all", Interval(0.1, -0.1, 0.3), ENOUGH)
    assert (wide.verdict, wide.reason) == ("inconclusive", HOLDS_THRESHOLD)


def test_what_is_out_of_reach_is_neither_confirmed_nor_denied():
    found = judge_interval(claim(), "all", Interval(-1, -2, -0.5), ENOUGH, "", "out of reach: x")
    assert (found.verdict, found.reason, found.value) == ("inconclusive", "out of reach: x", -1)


def test_draws_that_are_undefined_too_often_decide_nothing():
    draws = np.concatenate([[1.0], np.full(90, 1.0), np.full(10, np.nan)])
    assert "undefined in 10%" in undefined_in(draws)
    assert judge(claim(), "all", draws, ENOUGH).verdict == "inconclusive"
    assert undefined_in(np.concatenate([[1.0], np.full(99, 1.0), [np.nan]])) == ""


def test_what_was_not_measured_has_no_numbers():
    found = not_measured(claim(), "all", "no evaluation of it")
    assert (found.verdict, found.value, found.low, found.n) == ("not measured", None, None, "0")
    assert found.reason == "no evaluation of it"


def test_three_values_are_in_order_by_chance_in_one_of_six():
    assert "in 1 of 6 cases" in order_out_of_reach(3, "ranks")
    assert order_out_of_reach(4, "ranks") == ""


@pytest.mark.parametrize(
    ("side", "best", "reached"),
    [("above", 1.0, True), ("above", 0.0, False), ("at least", 0.0, True), ("below", -1.0, True),
     ("below", 1.0, False)],
)  # fmt: skip
def test_a_bound_that_cannot_confirm_is_out_of_reach(side, best, reached):
    assert (bound_out_of_reach(claim(side), best, "because") == "") is reached
    assert not math.isnan(best)


def test_one_seed_is_never_enough():
    draws = np.full(2001, 0.5)
    assert judge(claim(), "", draws, Sample(2, 30, "items")).verdict == "confirmed"
    alone = judge(claim(), "", draws, Sample(1, 30, "items"))
    assert alone.verdict == "inconclusive"
    assert alone.value == 0.5
    assert "1 seed" in alone.reason
    assert alone.n == "30 items × 1 seed"
