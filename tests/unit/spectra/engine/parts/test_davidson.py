"""Block Davidson against a full eigendecomposition; what it returns is orthonormal in any case."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.spectra.engine.parts.davidson import davidson, orthonormal, ritz_gaps


def operator(rng, eigenvalues):
    """A nearly diagonal symmetric matrix: what the engine meets in the basis of the base."""
    size = len(eigenvalues)
    noise = 0.05 * rng.standard_normal((size, size))
    return np.diag(eigenvalues) + noise + noise.T


def solve(matrix, wanted, accurate, start=None, **options):
    diagonal = np.diag(matrix)
    applied = []

    def apply(block):
        applied.append(block.shape[1])
        return matrix @ block

    def precondition(residual, shifts):
        difference = diagonal[:, None] - shifts
        return residual / np.where(np.abs(difference) < 1e-3, 1e-3, difference)

    start = np.eye(len(matrix))[:, : wanted + 1] if start is None else start
    pairs = davidson(apply, precondition, start, wanted, accurate, 1e-9, 1e-12, **options)
    return pairs, sum(applied)


@pytest.mark.parametrize("size", [12, 80])
def test_leading_pairs_are_those_of_a_full_decomposition(size):
    matrix = operator(np.random.default_rng(0), 5.0 * np.arange(1, size + 1) ** -0.5)
    pairs, _ = solve(matrix, wanted=5, accurate=3)
    values, vectors = np.linalg.eigh(matrix)
    np.testing.assert_allclose(pairs.values[:3], values[::-1][:3], rtol=1e-12)
    cosines = np.abs((pairs.vectors[:, :3] * vectors[:, ::-1][:, :3]).sum(axis=0))
    np.testing.assert_allclose(cosines, 1, atol=1e-12)
    np.testing.assert_allclose(pairs.vectors.T @ pairs.vectors, np.eye(5), atol=1e-12)


def test_residuals_are_measured_and_not_assumed():
    matrix = operator(np.random.default_rng(1), np.linspace(5, 1, 40))
    for most_rounds in (0, 1, 24):
        pairs, _ = solve(matrix, wanted=4, accurate=2, most_rounds=most_rounds)
        assert pairs.rounds <= most_rounds
        found = matrix @ pairs.vectors - pairs.vectors * pairs.values[:4]
        np.testing.assert_allclose(pairs.residuals, np.linalg.norm(found, axis=0), atol=1e-12)
        np.testing.assert_allclose(pairs.vectors.T @ pairs.vectors, np.eye(4), atol=1e-12)


def test_a_good_start_needs_no_product_but_its_own():
    matrix = operator(np.random.default_rng(2), np.linspace(5, 1, 30))
    start = np.linalg.eigh(matrix)[1][:, ::-1][:, :5]
    pairs, products = solve(matrix, wanted=4, accurate=4, start=start)
    assert pairs.rounds == 0
    assert products == 5


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 30), st.integers(1, 6), st.integers(0, 4), st.integers(0, 2**31))
def test_a_basis_is_orthonormal_and_orthogonal_to_what_is_given(size, columns, given_ones, seed):
    rng = np.random.default_rng(seed)
    given_ones = min(given_ones, size - 1)
    columns = min(columns, size - given_ones)
    against = np.linalg.qr(rng.standard_normal((size, given_ones)))[0] if given_ones else None
    block = rng.standard_normal((size, columns)) * 10.0 ** rng.uniform(-6, 6, columns)
    basis = orthonormal(block, against)
    np.testing.assert_allclose(basis.T @ basis, np.eye(columns), atol=1e-10)
    if against is not None:
        assert np.abs(against.T @ basis).max() < 1e-10
    rest = block - basis @ (basis.T @ block)
    rest -= 0 if against is None else against @ (against.T @ rest)
    assert (np.linalg.norm(rest, axis=0) <= 1e-8 * np.linalg.norm(block, axis=0)).all()


def test_dependent_columns_still_give_a_basis():
    column = np.random.default_rng(3).standard_normal((20, 1))
    basis = orthonormal(np.concatenate([column, column, 2 * column], 1))
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-10)


def test_gaps_are_distances_to_the_nearer_neighbour():
    np.testing.assert_array_equal(ritz_gaps(np.array([9.0, 7, 6, 2]), 3), [2, 1, 1])
