"""The definitions against closed forms and a literal transcription of the papers' algorithm."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rankscope.spectra.engine import measures

spectra = arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1e6, allow_subnormal=False))


def test_effective_rank_of_equal_values_is_their_number():
    assert measures.effective_rank(np.full(7, 3.0)) == pytest.approx(7)


def test_effective_rank_uses_singular_values_and_not_their_squares():
    p = np.array([3, 1]) / 4
    assert measures.effective_rank(np.array([3.0, 1.0])) == pytest.approx(
        math.exp(-(p * np.log(p)).sum())
    )


@given(spectra)
def test_effective_rank_lies_between_one_and_the_number_of_values(values):
    rank = measures.effective_rank(values)
    if not values.any():
        assert rank == 0
    else:
        assert 1 - 1e-9 <= rank <= np.count_nonzero(values) * (1 + 1e-9)


@given(spectra, st.floats(1e-3, 1e3))
def test_effective_rank_and_rank90_ignore_scale(values, scale):
    values = np.where(values < 1e-3, 0, values)
    assert measures.effective_rank(values * scale) == pytest.approx(measures.effective_rank(values))


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1] * 10, 9), ([3, 1], 1), ([2, 1], 2), ([0, 0], 0), ([5], 1), ([1, 3], 1)],
)
def test_rank90(values, expected):
    assert measures.rank90(np.array(values, float)) == expected


def test_noise_needs_about_half_of_its_singular_values():
    noise = np.linalg.svd(np.random.default_rng(0).standard_normal((300, 300)))[1]
    summary = measures.measure_update(noise, (300, 300), None)
    assert summary.rank90_of_noise == pytest.approx(1, abs=0.03)
    assert summary.effective_rank == pytest.approx(0.805 * 300, rel=0.02)


def test_zero_update_measures_nothing():
    summary = measures.measure_update(np.zeros(4), (4, 9), 4)
    assert (summary.effective_rank, summary.rank90, summary.frobenius_norm) == (0, 0, 0)


@given(
    arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1)),
    st.lists(st.integers(1, 15), min_size=1, max_size=4),
    st.lists(st.floats(0.01, 0.99), min_size=1, max_size=4),
)
def test_counts_follow_the_algorithm_of_the_paper(cosines, ks, epsilons):
    counts = measures.count_intruders(cosines, ks, epsilons)
    for a, k in enumerate(ks):
        for b, epsilon in enumerate(epsilons):
            assert counts[a, b] == sum(1 for cosine in cosines[:k] if cosine < epsilon)


def test_undecided_marks_thresholds_inside_the_error_band():
    open_cells = measures.undecided(np.array([0.5, 0.7]), np.array([1e-3, 0.3]), [0.5005, 0.9])
    assert open_cells.tolist() == [[True, False], [True, True]]
