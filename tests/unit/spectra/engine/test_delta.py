"""Singular values of updates, against a full SVD."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counted import Counted
from rankscope.spectra.engine.analysis import analyse_matrix
from rankscope.spectra.engine.delta import (
    dense_singular_values,
    low_rank_singular_values,
    singular_values,
)
from rankscope.spectra.engine.parts.decomposition import decompose, orient
from rankscope.weights.updates import LowRank

WANTED = Counted(ks=(1, 5, 10), epsilons=(0.1, 0.3, 0.5, 0.7, 0.9), similarity_size=6)


def one_analysis(weight, update):
    (result,) = analyse_matrix(weight, decompose(orient(weight)), [update], WANTED)
    return result


@pytest.mark.parametrize("rank", [1, 5, 12, 20])
def test_effective_rank_of_factors_never_exceeds_their_rank(rank):
    rng = np.random.default_rng(8)
    update = LowRank(rng.standard_normal((20, rank)), rng.standard_normal((rank, 26)))
    weight = rng.standard_normal((20, 26))
    result = one_analysis(weight, update).update
    exact = np.linalg.svd(update.dense())[1]
    shares = exact[exact > 1e-9] / exact.sum()
    assert result.rank == rank
    assert result.effective_rank == pytest.approx(
        np.exp(-(shares * np.log(shares)).sum()), rel=1e-5
    )
    assert result.effective_rank <= rank


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 12), st.integers(0, 2**31))
def test_singular_values_of_factors_are_those_of_their_product(m, n, rank, seed):
    rng = np.random.default_rng(seed)
    left, right = rng.standard_normal((m, rank)), rng.standard_normal((rank, n))
    found = low_rank_singular_values(left, right)
    expected = np.linalg.svd(left @ right)[1]
    assert len(found) == min(rank, m, n)
    np.testing.assert_allclose(found, expected[: len(found)], rtol=1e-9, atol=1e-9)


def test_factors_keep_the_digits_that_merged_half_precision_weights_lose():
    """Rank 2 of values 1 and 1e-9: a product that is formed has them only to 1e-8."""
    left = np.linalg.qr(np.random.default_rng(0).standard_normal((50, 2)))[0] * [1.0, 1e-9]
    right = np.linalg.qr(np.random.default_rng(1).standard_normal((60, 2)))[0].T
    np.testing.assert_allclose(low_rank_singular_values(left, right), [1.0, 1e-9], rtol=1e-6)


@pytest.mark.parametrize("shape", [(20, 33), (33, 20), (7, 7), (1, 5)])
def test_singular_values_of_a_dense_update_to_half_of_the_digits(shape):
    delta = np.random.default_rng(2).standard_normal(shape)
    expected = np.linalg.svd(delta)[1]
    found = dense_singular_values(delta)
    assert np.abs(found - expected).max() < 1e-8 * expected[0]


def test_beyond_half_the_smaller_side_no_more_values_come_than_the_rank():
    rng = np.random.default_rng(3)
    update = LowRank(rng.standard_normal((12, 9)), rng.standard_normal((9, 20)))
    found = singular_values(update)
    assert len(found) == 9
    np.testing.assert_allclose(found, np.linalg.svd(update.dense())[1][:9], atol=1e-6)


def test_torch_gives_what_numpy_gives():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    left, right = rng.standard_normal((20, 3)), rng.standard_normal((3, 25))
    on_torch = low_rank_singular_values(torch.from_numpy(left), torch.from_numpy(right))
    np.testing.assert_allclose(on_torch, low_rank_singular_values(left, right))
    dense = dense_singular_values(torch.from_numpy(left @ right))
    np.testing.assert_allclose(dense, dense_singular_values(left @ right), atol=1e-7)
