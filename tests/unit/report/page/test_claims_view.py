"""Verdicts as the page groups and explains them."""

from dataclasses import replace

import numpy as np
import pytest

from rankscope.report.page.claims_view import ClaimRow, claim_groups, counted
from rankscope.report.verdicts.verdict import Claim, Sample, judge, not_measured

CLAIM = Claim("X1", "a paper", "it rises", "slope", "points", 0.0, "above", "it does")
ABOVE, ACROSS = np.array([2.0, 1.0, 3.0]), np.array([1.0, -1.0, 3.0])
THREE = Sample(3, 10, "items")


def row(verdict) -> ClaimRow:
    (group,) = claim_groups([verdict])
    return group.rows[0]


def test_a_row_says_why_it_is_open_where_the_plot_does_not_show_it():
    assert row(judge(CLAIM, "", ABOVE, THREE)).why == ""
    across = row(judge(CLAIM, "", ACROSS, THREE))
    assert (across.verdict.verdict, across.why) == ("inconclusive", "")
    single = row(judge(CLAIM, "", ABOVE, Sample(1, 10, "items")))
    assert (single.verdict.verdict, single.why) == (
        "inconclusive",
        "1 seed is too few to judge a method",
    )
    chance = "2 ranks are in order by chance in 1 of 2 cases"
    few = row(judge(CLAIM, "", ABOVE, THREE, out_of_reach=chance))
    assert (few.verdict.verdict, few.why) == ("inconclusive", chance)
    missing = row(not_measured(CLAIM, "", "needs two ranks"))
    assert (missing.why, missing.value, missing.at) == ("needs two ranks", "not measured", None)


def test_the_threshold_is_part_of_what_is_claimed_where_the_claim_says_so():
    (group,) = claim_groups([judge(replace(CLAIM, side="at least"), "", ABOVE, THREE)])
    assert group.threshold == "≥ 0"


def test_verdicts_on_one_statement_share_a_scale():
    (group,) = claim_groups([judge(CLAIM, "a", ABOVE, THREE), judge(CLAIM, "b", ACROSS, THREE)])
    above, across = group.rows
    assert group.threshold == "> 0"
    assert across.low < group.threshold_at < across.at < above.at
    # of two draws, percentile 2.5 is a 40th of the way: the ends are −1 + 0.1 and 3 − 0.05
    assert group.threshold_at == pytest.approx(5 + 90 * 0.9 / (2.95 + 0.9), abs=0.01)


def test_what_was_not_measured_is_counted_only_where_something_was_not():
    found = [judge(CLAIM, "", ABOVE, THREE)]
    assert counted(found) == "1 confirmed, 0 denied, 0 inconclusive"
    missing = not_measured(CLAIM, "", "needs two ranks")
    assert counted([*found, missing]) == ("1 confirmed, 0 denied, 0 inconclusive, 1 not measured")
