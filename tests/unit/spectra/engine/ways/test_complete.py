"""The reference way against numpy's full float64 SVDs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counted import Counted
from rankscope.spectra.engine.analysis import analyse_matrix
from rankscope.spectra.engine.parts.decomposition import decompose, orient
from rankscope.spectra.engine.ways.complete import leading_dense
from rankscope.weights.updates import Dense, LowRank

WANTED = Counted(ks=(1, 5, 10), epsilons=(0.1, 0.3, 0.5, 0.7, 0.9), similarity_size=6)


def oracle(weight, update):
    """Largest absolute cosines, left and right, by two full SVDs."""
    u0, _, v0 = np.linalg.svd(weight, full_matrices=False)
    u, s, v = np.linalg.svd(weight + update, full_matrices=False)
    return np.abs(u0.T @ u).max(axis=0), np.abs(v0 @ v.T).max(axis=0), s


def one_analysis(weight, update):
    (result,) = analyse_matrix(weight, decompose(orient(weight)), [update], WANTED)
    return result


def analyse(weight, update):
    return one_analysis(weight, Dense(update))


def assert_same(weight, update, tolerance=1e-9):
    result = analyse(weight, update)
    left, right, sigma = oracle(weight, update)
    for side, cosines in ((result.comparison.left, left), (result.comparison.right, right)):
        k = len(side.max_cosine)
        np.testing.assert_allclose(side.sigma, sigma[:k], rtol=1e-10)
        np.testing.assert_allclose(side.max_cosine, cosines[:k], atol=tolerance)
        assert np.all(np.abs(side.max_cosine - cosines[:k]) <= side.error_bound + 1e-13)
        assert side.error_bound.max() < 1e-5
    return result


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(1, 6), st.floats(0.01, 5),
    st.integers(0, 2**31),
)  # fmt: skip
def test_any_shape_and_update_matches_two_full_decompositions(m, n, rank, scale, seed):
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((m, n))
    left, right = rng.standard_normal((m, rank)) * scale, rng.standard_normal((rank, n))
    result = one_analysis(weight, LowRank(left, right))
    cosines_left, cosines_right, _ = oracle(weight, left @ right)
    for side, cosines in (
        (result.comparison.left, cosines_left),
        (result.comparison.right, cosines_right),
    ):
        difference = np.abs(side.max_cosine - cosines[: len(side.max_cosine)])
        assert np.all(difference <= side.error_bound + 1e-12)
    np.testing.assert_allclose(
        result.update.frobenius_norm, np.linalg.norm(left @ right), rtol=1e-6
    )


def test_similarity_is_the_leading_block_and_index_counts_from_one():
    rng = np.random.default_rng(1)
    weight, update = rng.standard_normal((30, 50)), rng.standard_normal((30, 50)) * 0.01
    result = assert_same(weight, update)
    u0 = np.linalg.svd(weight)[0]
    u = np.linalg.svd(weight + update)[0]
    np.testing.assert_allclose(
        result.comparison.left.similarity, np.abs(u0.T @ u)[:6, :6], atol=1e-9
    )
    assert result.comparison.left.base_index[0] == np.abs(u0.T @ u)[:, 0].argmax() + 1


@pytest.mark.parametrize(("strength", "intruders"), [(0.25, 0), (1.5, 1)])
def test_toy_of_the_paper(strength, intruders):
    """One random direction stronger than σ₁ is exactly one intruder (arXiv 2410.21228, Sec. 5)."""
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((256, 256))
    vector = rng.standard_normal(256)
    vector /= np.linalg.norm(vector)
    top = np.linalg.svd(weight)[1][0]
    result = analyse(weight, strength * top * np.outer(vector, vector))
    for side in (result.comparison.left, result.comparison.right):
        assert (side.max_cosine[:10] < 0.5).sum() == intruders


def test_zero_update_leaves_every_vector_in_place():
    weight = np.random.default_rng(2).standard_normal((20, 33))
    side = analyse(weight, np.zeros_like(weight)).comparison.left
    np.testing.assert_allclose(side.max_cosine, 1, atol=1e-9)
    assert side.base_index.tolist() == list(range(1, 11))


def test_huge_update_of_low_rank():
    rng = np.random.default_rng(3)
    weight = rng.standard_normal((24, 40))
    update = 1e9 * np.outer(rng.standard_normal(24), rng.standard_normal(40))
    result = analyse(weight, update)
    left, right, _ = oracle(weight, update)
    np.testing.assert_allclose(result.comparison.left.max_cosine[:1], left[:1], atol=1e-9)
    np.testing.assert_allclose(result.comparison.right.max_cosine[:1], right[:1], atol=1e-9)


def test_removed_top_direction():
    rng = np.random.default_rng(4)
    weight = rng.standard_normal((30, 30))
    u, s, v = np.linalg.svd(weight)
    assert_same(weight, -s[0] * np.outer(u[:, 0], v[0]))


@pytest.mark.parametrize("shape", [(30, 45), (45, 30), (30, 30)])
def test_rank_deficient_base(shape):
    """Vectors of zero singular values are any basis: the bound must cover the choice."""
    rng = np.random.default_rng(5)
    weight = rng.standard_normal((shape[0], 12)) @ rng.standard_normal((12, shape[1]))
    update = rng.standard_normal((shape[0], 2)) @ rng.standard_normal((2, shape[1]))
    result = analyse(weight, update)
    left, right, _ = oracle(weight, update)
    for side, cosines in ((result.comparison.left, left), (result.comparison.right, right)):
        assert np.all(np.abs(side.max_cosine - cosines[:10]) <= side.error_bound + 1e-12)


def test_coinciding_singular_values_are_admitted_not_guessed():
    rng = np.random.default_rng(6)
    q, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    weight = q * np.array([5.0, 3.0, 3.0, *np.linspace(2, 1, 17)])
    result = analyse(weight, np.full((20, 20), 1e-13))
    bounds = result.comparison.left.error_bound
    assert bounds[0] < 1e-9
    assert np.all(bounds[1:3] > 0.1)


def test_torch_and_numpy_agree():
    torch = pytest.importorskip("torch")
    from rankscope.spectra.engine.comparison import compare, cosines_of
    from rankscope.spectra.engine.ways.complete import leading_dense

    rng = np.random.default_rng(7)
    weight, update = rng.standard_normal((20, 31)), rng.standard_normal((20, 31)) * 0.3
    expected = analyse(weight, update).comparison
    held = torch.from_numpy(weight)
    base = decompose(held)
    leading = leading_dense(held + torch.from_numpy(update), 10)
    found = compare(base, cosines_of(base, held, leading), False, 6)
    np.testing.assert_allclose(found.left.max_cosine, expected.left.max_cosine, atol=1e-12)
    np.testing.assert_allclose(found.right.error_bound, expected.right.error_bound, rtol=1e-3)


@pytest.mark.parametrize("weak", [0.5, 1e-9, 0.0])
def test_leading_triplets_of_a_weight(weak):
    rng = np.random.default_rng(9)
    u, _, v = np.linalg.svd(rng.standard_normal((10, 14)), full_matrices=False)
    values = np.append(np.linspace(3, 2, 4), np.full(6, weak) * np.linspace(1, 0.5, 6))
    weight = (u * values) @ v
    found = leading_dense(weight, 5)
    assert found.method == ("gram" if weak == 0.5 else "svd")
    np.testing.assert_allclose(found.values, values[:5], atol=1e-12)
    np.testing.assert_allclose(np.abs(found.small[:, :4].T @ u[:, :4]), np.eye(4), atol=1e-8)
    np.testing.assert_allclose(np.abs(found.large[:, :4].T @ v[:4].T), np.eye(4), atol=1e-8)


def test_equal_values_have_vectors_that_nothing_determines():
    found = leading_dense(np.diag([5.0, 2.0, 2.0, 1.0]), 4)
    assert found.errors[0] < 1e-9
    assert found.errors[1] == found.errors[2] == 1
