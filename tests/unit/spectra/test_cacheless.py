"""The way without a base decomposition: what it certifies is never wrong, against full SVDs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.spectra.adapters import Dense, LowRank
from rankscope.spectra.analysis import analyse_without_base
from rankscope.spectra.cacheless import METHOD, CachelessComparer, decide
from rankscope.spectra.christoffel import christoffel, largest_cosine
from rankscope.spectra.comparer import Wanted
from rankscope.spectra.lanczos import Lanczos
from unit.spectra.spectra_oracles import oracle, realistic


def spread(rng, p, concentrated):
    """Unit vectors with weight on a few eigenvectors, more or less of it."""
    coordinates = rng.standard_normal((p, 6))
    coordinates[:12] += rng.standard_normal((12, 6)) * concentrated
    return coordinates / np.linalg.norm(coordinates, axis=0)


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 120), st.floats(0, 30), st.integers(3, 40), st.integers(0, 2**31))
def test_largest_coordinate_lies_within_its_bounds(p, concentrated, steps, seed):
    rng = np.random.default_rng(seed)
    eigenvalues = np.sort(rng.uniform(0, 10, p)) ** 2
    vectors = spread(rng, p, concentrated)
    jacobi = Lanczos(lambda x: eigenvalues[:, None] * x, vectors).advance(min(steps, p - 1))
    for column in range(vectors.shape[1]):
        bounds = largest_cosine(jacobi, column, eigenvalues[-1] * 1.01)
        truth = np.abs(vectors[:, column]).max()
        assert bounds.lower - 1e-9 <= truth <= bounds.upper + 1e-9


def test_jacobi_matrix_has_the_moments_of_the_measure():
    rng = np.random.default_rng(0)
    eigenvalues = rng.uniform(0, 1, 50)
    vectors = spread(rng, 50, 3)
    jacobi = Lanczos(lambda x: eigenvalues[:, None] * x, vectors).advance(6)
    for column in range(6):
        power = np.eye(7)[0]
        for order in range(12):
            moment = (vectors[:, column] ** 2 * eigenvalues**order).sum()
            assert power @ np.eye(7)[0] == pytest.approx(moment, rel=1e-9)
            power = jacobi.matrix(column) @ power


def test_the_weighted_process_is_that_of_the_large_side():
    rng = np.random.default_rng(5)
    weight = realistic(40, 70, rng)
    gram, coordinates = weight @ weight.T, rng.standard_normal((40, 3))
    vectors = weight.T @ coordinates
    plain = Lanczos(lambda x: weight.T @ (weight @ x), vectors)
    weighted = Lanczos(lambda x: gram @ x, coordinates, weighted=True)
    np.testing.assert_allclose(weighted.lengths, np.linalg.norm(vectors, axis=0))
    expected, found = plain.advance(15), weighted.advance(15)
    np.testing.assert_allclose(found.diagonal, expected.diagonal, rtol=1e-8)
    np.testing.assert_allclose(found.couplings, expected.couplings, rtol=1e-8)


def test_christoffel_function_equals_its_definition():
    """1 / Σ p_j(x)², with the polynomials made from the moments by Gram and Schmidt."""
    rng = np.random.default_rng(1)
    points, masses = rng.uniform(-1, 1, 30), rng.uniform(0, 1, 30)
    masses /= masses.sum()
    jacobi = Lanczos(lambda x: points[:, None] * x, np.sqrt(masses)[:, None]).advance(5)
    nodes, states = np.linalg.eigh(jacobi.matrix(0))
    where = np.linspace(-0.95, 0.95, 17)
    powers = np.vander(points, 6, increasing=True)
    gram = powers.T @ (powers * masses[:, None])
    evaluated = np.vander(where, 6, increasing=True)
    expected = 1 / np.einsum("xi,ij,xj->x", evaluated, np.linalg.inv(gram), evaluated)
    np.testing.assert_allclose(christoffel(nodes, states, where), expected, rtol=1e-6)


def test_an_exhausted_measure_is_known_exactly():
    eigenvalues = np.array([4.0, 3, 2, 1, 0.5, 0.1])
    vector = np.array([0.8, 0.6, 0, 0, 0, 0])[:, None]
    jacobi = Lanczos(lambda x: eigenvalues[:, None] * x, vector).advance(2)
    bounds = largest_cosine(jacobi, 0, 4.1)
    assert bounds.lower == pytest.approx(0.8, abs=1e-9)
    assert bounds.upper == pytest.approx(0.8, abs=1e-6)


def test_certified_decisions_have_no_mismatch_and_few_stay_open():
    undecided = cells = 0
    for seed, (m, n) in enumerate([(100, 100), (80, 130), (130, 80)]):
        rng = np.random.default_rng(seed)
        weight = realistic(m, n, rng)
        for epsilon in (0.3, 0.6):
            comparer = CachelessComparer(weight, 10, epsilon, 5)
            for rank in (1, 4, None):
                for strength in (0.1, 2.0):
                    if rank is None:
                        update = Dense(0.1 * strength * rng.standard_normal((m, n)))
                    else:
                        left = strength * rng.standard_normal((m, rank)) / rank**0.5
                        update = LowRank(left, rng.standard_normal((rank, n)) / 3)
                    found = comparer.compare(update)
                    assert found.method == METHOD
                    for side, truth in zip(
                        (found.left, found.right), oracle(weight, update.dense()), strict=True
                    ):
                        assert np.all(np.abs(side.max_cosine - truth) <= side.error_bound + 1e-9)
                        still_open = np.abs(side.max_cosine - epsilon) <= side.error_bound
                        decided = (side.max_cosine < epsilon) == (truth < epsilon)
                        assert np.all(decided | still_open)
                        undecided += still_open.sum()
                        cells += len(truth)
    print(f"undecided: {undecided} of {cells}")
    assert undecided <= 0.02 * cells


def test_similarity_and_index_refer_to_the_leading_base_vectors():
    rng = np.random.default_rng(2)
    weight = realistic(120, 150, rng)
    update = Dense(0.02 * rng.standard_normal((120, 150)))
    side = CachelessComparer(weight, 10, 0.5, 6).compare(update).left
    u0 = np.linalg.svd(weight)[0]
    cosines = np.abs(u0.T @ np.linalg.svd(weight + update.delta)[0])
    np.testing.assert_allclose(side.similarity, cosines[:6, :6], atol=1e-5)
    known = side.base_index > 0
    assert known.sum() >= 6
    np.testing.assert_array_equal(side.base_index[known], cosines.argmax(axis=0)[:10][known] + 1)


@pytest.mark.parametrize("shape", [(60, 90), (60, 60)])
def test_a_rank_deficient_base_stays_within_its_bounds(shape):
    """The vectors of vanishing singular values are any basis: nothing is claimed of single ones."""
    rng = np.random.default_rng(3)
    weight = rng.standard_normal((shape[0], 30)) @ rng.standard_normal((30, shape[1]))
    update = LowRank(rng.standard_normal((shape[0], 2)), rng.standard_normal((2, shape[1])))
    (analysis,) = analyse_without_base(weight, [update], Wanted((5,), (0.5,), 5))
    left, right = oracle(weight, update.dense())
    comparison = analysis.comparison
    assert np.all(np.abs(comparison.left.max_cosine - left[:5]) <= comparison.left.error_bound)
    assert np.all(np.abs(comparison.right.max_cosine - right[:5]) <= comparison.right.error_bound)


def test_what_cannot_be_certified_is_decomposed():
    """Coinciding singular values at the k-th place: completeness cannot be proven."""
    rng = np.random.default_rng(3)
    q, _ = np.linalg.qr(rng.standard_normal((60, 60)))
    weight = q * np.concatenate([np.full(40, 3.0), np.linspace(2, 1, 20)])
    update = LowRank(np.zeros((60, 1)), np.zeros((1, 60)))
    (analysis,) = analyse_without_base(weight, [update], Wanted((5,), (0.5,), 5))
    assert analysis.comparison.method == "gram"
    assert analysis.comparison.left.error_bound.min() > 0.1


def test_vectors_next_to_the_threshold_get_more_steps():
    rng = np.random.default_rng(4)
    eigenvalues = np.linspace(0.1, 10, 400) ** 2
    vectors = np.zeros((400, 2))
    vectors[:, 0] = rng.standard_normal(400) / 40
    vectors[200, 0] = 0.501  # in the midst of the spectrum, where Ritz values converge last
    vectors[399, 1] = 1.0
    vectors /= np.linalg.norm(vectors, axis=0)
    products = []

    def apply(block):
        products.append(block.shape[1])
        return eigenvalues[:, None] * block

    decide(Lanczos(apply, vectors), 0.5, np.zeros(2), 101.0)
    assert products[0] == 2
    assert products[-1] == 1
