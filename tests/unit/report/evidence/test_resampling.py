import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rankscope.report.evidence.resampling import (
    DRAWS,
    interval,
    kendall,
    mean_draws,
    rank_correlation,
    spearman,
    spearman_draws,
    unit_counts,
)

numbers = st.lists(st.floats(-10, 10).map(lambda x: round(x, 1)), min_size=4, max_size=4)


def test_the_first_entry_is_the_statistic_on_the_data_as_they_are():
    values = np.array([1.0, 4.0])
    draws = mean_draws(values, np.array([3.0, 1.0]), "items")
    assert draws[0] == pytest.approx((3 * 1 + 1 * 4) / 4)
    assert len(draws) == DRAWS + 1


def test_the_interval_of_a_mean_agrees_with_the_normal_approximation():
    rng = np.random.default_rng(3)
    values = rng.normal(5, 2, 400)
    found = interval(mean_draws(values, np.ones(400), "items"))
    error = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - error, abs=0.03)
    assert found.high == pytest.approx(values.mean() + error, abs=0.03)


def test_measurements_on_the_same_units_are_paired():
    values = np.random.default_rng(0).normal(0, 5, 80)
    one = mean_draws(values, np.ones(80), "items")
    other = mean_draws(values + 0.1, np.ones(80), "items")
    difference = interval(other - one)
    assert (difference.low, difference.high) == (pytest.approx(0.1), pytest.approx(0.1))


def test_draws_are_the_same_every_time_and_differ_by_name():
    unit_counts.cache_clear()
    first = unit_counts(20, "code")
    unit_counts.cache_clear()
    assert (first == unit_counts(20, "code")).all()
    assert (first != unit_counts(20, "english")).any()
    assert (first.sum(axis=1) == 20).all()


@given(numbers, numbers)
def test_spearman_is_that_of_scipy(x, y):
    mine = spearman(np.array(x), np.array(y))[0]
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert np.isnan(mine)
    else:
        assert mine == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def test_draws_without_an_order_count_as_none():
    rows = np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [1.0, 2.0, 3.0]])
    assert spearman_draws(np.array([1.0, 2.0, 3.0]), rows).tolist() == [1.0, 0.0, 1.0]
    assert np.isnan(spearman_draws(np.array([1.0, 2.0]), np.ones((2, 2)))[0])


def test_a_correlation_reaches_to_one_unless_the_values_fall():
    x = np.array([4.0, 8.0, 16.0, 32.0])
    noise = np.vstack([np.zeros(4), np.random.default_rng(0).normal(0, 0.5, (DRAWS, 4))])
    level = rank_correlation(x, noise + np.array([0.1, 0.0, 0.2, 0.1]))
    assert (level.low, level.high) == (-1, 1)
    falling = rank_correlation(x, noise + np.array([3.0, 2.0, 1.0, 0.0]))
    assert (falling.low, falling.value) == (-1, -1)
    assert falling.high < 0.9
    rising = rank_correlation(x, noise + np.array([0.0, 1.0, 2.0, 3.0]))
    assert rising.low > -0.9
    assert (rising.value, rising.high) == (1, 1)


def test_kendall_counts_concordant_minus_discordant_pairs():
    # pairs of (1, 2, 3) with (1, 3, 2): two agree, one does not
    ranks = np.array([1.0, 2.0, 3.0])
    rows = np.array([[1.0, 3.0, 2.0], [3.0, 2.0, 1.0], [1.0, 1.0, 1.0]])
    assert kendall(ranks, rows) == pytest.approx([1 / 3, -1.0, 0.0])


def test_undefined_draws_are_left_out_of_an_interval():
    draws = np.array([0.5, 0.4, np.nan, 0.6])
    found = interval(draws)
    assert found.value == 0.5
    assert 0.4 <= found.low < found.high <= 0.6
    assert np.isnan(interval(np.array([0.5, np.nan])).low)
