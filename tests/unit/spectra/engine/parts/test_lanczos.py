"""Jacobi matrices of several vectors at once, against a QR of their Krylov spaces."""

import numpy as np
import pytest

from rankscope.spectra.engine.parts.lanczos import Lanczos


def oracle(symmetric, vector, steps):
    """Tridiagonal matrix of the operator in an orthonormal basis of the Krylov space."""
    krylov = np.stack([np.linalg.matrix_power(symmetric, j) @ vector for j in range(steps + 1)], 1)
    basis, triangle = np.linalg.qr(krylov)
    basis = basis * np.sign(np.diag(triangle))
    return basis.T @ symmetric @ basis


@pytest.fixture
def symmetric():
    root = np.random.default_rng(0).standard_normal((9, 9))
    return root + root.T


def test_each_column_has_its_own_jacobi_matrix(symmetric):
    start = np.random.default_rng(1).standard_normal((9, 3))
    lanczos = Lanczos(symmetric.__matmul__, start)
    np.testing.assert_allclose(lanczos.lengths, np.linalg.norm(start, axis=0))
    jacobi = lanczos.advance(4)
    for column in range(3):
        found, expected = jacobi.matrix(column), oracle(symmetric, start[:, column], 4)
        np.testing.assert_allclose(found[:4], expected[:4], atol=1e-7)
        assert found[4, 4] == 0, "what the fifth step would tell is not known"
        np.testing.assert_array_equal(found, found.T)


def test_going_on_is_the_same_as_having_gone_at_once(symmetric):
    start = np.random.default_rng(2).standard_normal((9, 2))
    at_once = Lanczos(symmetric.__matmul__, start).advance(6)
    in_parts = Lanczos(symmetric.__matmul__, start)
    in_parts.advance(2)
    in_parts.keep([1])
    later = in_parts.advance(4)
    np.testing.assert_allclose(later.diagonal, at_once.diagonal[1:])
    np.testing.assert_allclose(later.couplings, at_once.couplings[1:])


def test_the_moments_are_those_of_the_measure(symmetric):
    """(Jʲ)₀₀ = Σ λᵢʲ ⟨uᵢ, y⟩² for every j that the steps determine (Gauss)."""
    vector = np.random.default_rng(3).standard_normal(9)
    vector /= np.linalg.norm(vector)
    values, vectors = np.linalg.eigh(symmetric)
    masses = (vectors.T @ vector) ** 2
    jacobi = Lanczos(symmetric.__matmul__, vector[:, None]).advance(4).matrix(0)[:4, :4]
    for power in range(8):
        moment = np.linalg.matrix_power(jacobi, power)[0, 0]
        assert moment == pytest.approx((masses * values**power).sum(), rel=1e-8)


def test_a_vector_in_an_invariant_space_carries_no_mass_beyond_it():
    operator = np.diag([3.0, 2, 1, 0.5])
    start = np.array([[0.6], [0.8], [0], [0]])
    jacobi = Lanczos(operator.__matmul__, start).advance(3)
    assert abs(jacobi.couplings[0, 1]) < 1e-12
    np.testing.assert_allclose(np.linalg.eigvalsh(jacobi.matrix(0)[:2, :2]), [2, 3])


def test_a_weighted_vector_stands_for_its_image():
    """With G = W Wᵀ as inner product, t stands for Wᵀt, and the measure is that under WᵀW."""
    rng = np.random.default_rng(4)
    weight, t = rng.standard_normal((6, 8)), rng.standard_normal((6, 1))
    gram = weight @ weight.T
    weighted = Lanczos(gram.__matmul__, t, weighted=True)
    plain = Lanczos((weight.T @ weight).__matmul__, weight.T @ t)
    np.testing.assert_allclose(weighted.lengths, np.linalg.norm(weight.T @ t))
    one, other = weighted.advance(4), plain.advance(4)
    np.testing.assert_allclose(one.diagonal, other.diagonal, rtol=1e-8)
    np.testing.assert_allclose(one.couplings, other.couplings, rtol=1e-8)
    assert weighted.growth >= 1
    assert plain.growth == 1
