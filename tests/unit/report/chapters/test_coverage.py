"""How often 95 % intervals hold the truth, over the seeds that there are: simulated studies.

The suite takes a few studies of each kind; `python tests/benchmarks/coverage.py` takes 2,000. A
study compares full fine-tuning with four ranks, so that a share over S studies has a standard error
of at most √(.95 · .05 / S), twice which is allowed below the share that is claimed.
"""

import numpy as np
import pytest

from rankscope.report.chapters.mixtures import rank_scaling
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.chapters.tradeoff import forgetting
from simulated_studies import (
    Truth,
    decided,
    held,
    mixture_skeleton,
    simulated_mixtures,
)

STUDIES = 100
ALLOWED = 2 * float(np.sqrt(0.95 * 0.05 / STUDIES))


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("seed_spread", [0, 1.1, 5])
def test_intervals_hold_the_truth_whatever_the_share_of_the_seeds(seeds, seed_spread):
    share = held(Truth(seeds, seed_spread), forgetting.forgets_less, STUDIES)
    assert share >= 0.93 - ALLOWED


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_intervals_hold_the_truth_where_one_method_spreads_three_times_as_much(seeds):
    share = held(Truth(seeds, 5, wider=3.0), forgetting.forgets_less, STUDIES)
    assert share >= 0.90 - ALLOWED


@pytest.mark.parametrize("apart", [False, True])
def test_seeds_alone_make_no_order(apart):
    truth = Truth(2, 5, steps=(1, 2, 3, 4), apart=apart)
    claim = forgetting.grows_with_steps if apart else forgetting.grows_with_rank
    assert decided(truth, claim, STUDIES // 2) <= 0.06


def test_a_trend_beyond_the_noise_is_an_order():
    truth = Truth(2, 1.1, by_rank=(0, 12, 24, 36))
    assert decided(truth, forgetting.grows_with_rank, 20) >= 0.9


@pytest.mark.parametrize("spread", [0, 1.1, 5])
def test_intervals_of_differences_on_few_samplings_hold_the_truth(spread):
    rng = np.random.default_rng(3)
    blank = mixture_skeleton(samplings=3)
    found = []
    for _ in range(STUDIES):
        (mixtures,) = Mixtures.of(simulated_mixtures(blank, spread, rng))
        verdicts = list(rank_scaling.small_capacity_costs(mixtures))
        found += [each.low <= 0 <= each.high for each in verdicts]
    assert np.mean(found) >= 0.93 - ALLOWED
