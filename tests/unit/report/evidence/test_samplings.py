"""Intervals over few samplings: how often they hold the truth, and that methods are paired."""

import numpy as np
import pytest

from rankscope.report.evidence.resampling import interval, rank_correlation, unit_counts
from rankscope.report.evidence.spread import sampling_deviations

STUDIES = 400
ITEMS = 60
TRUTH = 0.02


def over_samplings(methods: list[list[np.ndarray]]) -> list[np.ndarray]:
    """Draws of the mean of each method on one training set, from those of its samplings."""
    values = {
        ("T", str(number)): np.array([draws[0] for draws in of])
        for number, of in enumerate(methods)
    }
    moved = sampling_deviations(values, list(values))
    return [np.mean(of, axis=0) + each for of, each in zip(methods, moved, strict=True)]


def held(samplings: int, between: float, own: float, common: float, joint: bool) -> float:
    """Share of simulated studies whose 95 % interval of a difference holds the truth.

    `between` is the spread of the difference between samplings, `own` its noise per item and
    sampling, `common` that of an item which all samplings share.
    """
    rng = np.random.default_rng(5)
    found = []
    for _ in range(STUDIES):
        main = rng.normal(0, common, ITEMS) if joint else 0
        level = TRUTH + rng.normal(0, between, (samplings, 1))
        differences = level + main + rng.normal(0, own, (samplings, ITEMS))
        keys = ["unseen"] * samplings if joint else [f"seen {n}" for n in range(samplings)]
        means = [
            unit_counts(ITEMS, key) @ row / ITEMS
            for key, row in zip(keys, differences, strict=True)
        ]
        of_this = interval(over_samplings([means])[0])
        found.append(of_this.low < TRUTH < of_this.high)
    return float(np.mean(found))


@pytest.mark.parametrize("samplings", [2, 3, 5])
@pytest.mark.parametrize("joint", [False, True])
def test_intervals_hold_the_truth_where_samplings_differ(samplings, joint):
    # 400 studies: 0.95 ± 0.022 (two standard errors)
    assert held(samplings, 0.1, 0.02, 0.02, joint) == pytest.approx(0.96, abs=0.03)


@pytest.mark.parametrize("joint", [False, True])
def test_intervals_are_wide_enough_where_items_differ_too(joint):
    assert held(3, 0.1, 0.5, 0.3, joint) > 0.93
    assert held(3, 0.0, 0.5, 0.3, joint) > 0.93


def test_items_alone_give_the_interval_of_the_items():
    # all samplings alike: nothing but the common items moves
    assert held(3, 0.0, 0.0, 0.5, True) == pytest.approx(0.95, abs=0.025)


RANKS = 4.0 * 2 ** np.arange(11)


def correlations(truth: np.ndarray, studies: int, items: int = 300) -> list[float]:
    """Upper ends of the intervals of ρ in studies of three samplings, answers right or wrong."""
    rng = np.random.default_rng(7)
    ends = []
    for _ in range(studies):
        right = rng.uniform(size=(3, items, len(truth))) < truth
        means = [unit_counts(items, f"seen {n}") @ each / items for n, each in enumerate(right)]
        columns = over_samplings([[mean[:, rank] for mean in means] for rank in range(len(truth))])
        ends.append(rank_correlation(RANKS, np.column_stack(columns)).high)
    return ends


@pytest.mark.parametrize("last", [0.401, 0.41, 0.43])
def test_a_score_that_rises_at_every_rank_by_less_than_the_noise_is_rarely_denied(last):
    ends = correlations(np.linspace(0.4, last, 11), studies=60)
    assert np.mean([end < 0.9 for end in ends]) <= 0.05


def test_a_score_that_falls_beyond_the_noise_is_denied():
    ends = correlations(np.linspace(0.5, 0.3, 11), studies=20)
    assert np.mean([end < 0.9 for end in ends]) >= 0.9
