"""Intervals over few samplings: how often they hold the truth, and that methods are paired."""

import numpy as np
import pytest
from scipy import stats

from rankscope.report.resampling import (
    interval,
    over_samplings,
    over_seeds,
    rank_correlation,
    sampling_deviations,
    unit_counts,
)

STUDIES = 400
ITEMS = 60
TRUTH = 0.02


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
        of_this = interval(over_samplings(means))
        found.append(of_this.low < TRUTH < of_this.high)
    return float(np.mean(found))


@pytest.mark.parametrize("samplings", [2, 3, 5])
@pytest.mark.parametrize("joint", [False, True])
def test_intervals_hold_the_truth_where_samplings_differ(samplings, joint):
    # 400 studies: 0.95 ± 0.022 (two standard errors)
    assert held(samplings, 0.1, 0.02, 0.02, joint) == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize("joint", [False, True])
def test_intervals_are_wide_enough_where_items_differ_too(joint):
    assert held(3, 0.1, 0.5, 0.3, joint) > 0.93
    assert held(3, 0.0, 0.5, 0.3, joint) > 0.93


def test_items_alone_give_the_interval_of_the_items():
    # all samplings alike: nothing but the common items moves
    assert held(3, 0.0, 0.0, 0.5, True) == pytest.approx(0.95, abs=0.025)


def test_resampling_three_samplings_would_hold_it_in_three_of_four_studies():
    """Why there is another rule: the percentile interval of three is from the least to the most."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(STUDIES):
        means = [np.full(2001, TRUTH + rng.normal(0, 0.1)) for _ in range(3)]
        of_this = interval(over_seeds(means, "Full"))
        found.append(of_this.low < TRUTH < of_this.high)
    assert np.mean(found) == pytest.approx(0.75, abs=0.045)


@pytest.mark.parametrize("samplings", [2, 3, 4])
def test_the_mean_over_samplings_moves_by_students_t(samplings):
    values = np.random.default_rng(1).normal(0, 2, samplings)
    found = interval(over_samplings([np.full(2001, value) for value in values]))
    error = stats.sem(values)
    low, high = stats.t.interval(0.95, samplings - 1, values.mean(), error)
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(low, rel=0.15, abs=0.1 * (high - low))
    assert found.high == pytest.approx(high, rel=0.15, abs=0.1 * (high - low))


def test_methods_are_paired_by_sampling():
    level = [0.1, 0.5, 0.9]
    full = over_samplings([np.full(2001, each) for each in level])
    lora = over_samplings([np.full(2001, each - 0.06) for each in level])
    difference = interval(full - lora)
    assert (difference.low, difference.high) == (pytest.approx(0.06), pytest.approx(0.06))
    alone = interval(full)
    assert alone.high - alone.low > 1


RANKS = 4.0 * 2 ** np.arange(11)


def correlations(truth: np.ndarray, studies: int, items: int = 300) -> list[float]:
    """Upper ends of the intervals of ρ in studies of three samplings, answers right or wrong."""
    rng = np.random.default_rng(7)
    ends = []
    for _ in range(studies):
        right = rng.uniform(size=(3, items, len(truth))) < truth
        means = [unit_counts(items, f"seen {n}") @ each / items for n, each in enumerate(right)]
        columns = [over_samplings([mean[:, rank] for mean in means]) for rank in range(len(truth))]
        ends.append(rank_correlation(RANKS, np.column_stack(columns)).high)
    return ends


@pytest.mark.parametrize("last", [0.401, 0.41, 0.43])
def test_a_score_that_rises_at_every_rank_by_less_than_the_noise_is_rarely_denied(last):
    ends = correlations(np.linspace(0.4, last, 11), studies=60)
    assert np.mean([end < 0.9 for end in ends]) <= 0.05


def test_a_score_that_falls_beyond_the_noise_is_denied():
    ends = correlations(np.linspace(0.5, 0.3, 11), studies=20)
    assert np.mean([end < 0.9 for end in ends]) >= 0.9


def test_one_sampling_does_not_move():
    assert not sampling_deviations(1).any()
    assert not sampling_deviations(3)[0].any()
    assert sampling_deviations(3).sum(axis=1) == pytest.approx(0)
