"""Leading vectors of base plus a low-rank update, against a full SVD; the proof notices a lack."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.spectra.engine.parts.davidson import davidson
from rankscope.spectra.engine.parts.decomposition import decompose
from rankscope.spectra.engine.parts.projections import project
from rankscope.spectra.engine.ways.low_rank import (
    cosines_in_basis,
    count_above,
    leading_in_basis,
    operator_noise,
)
from spectra_oracles import realistic


@settings(max_examples=60, deadline=None)
@given(st.integers(4, 30), st.integers(1, 6), st.floats(0, 1), st.integers(0, 2**31))
def test_inertia_counts_the_eigenvalues_above_any_threshold(p, rank, share, seed):
    rng = np.random.default_rng(seed)
    weight = realistic(p, p + 3, rng)
    base = decompose(weight)
    left, right = rng.standard_normal((p, rank)), rng.standard_normal((rank, p + 3))
    (update,) = project(base, weight.__matmul__, [(left, right)])
    eigenvalues = np.linalg.svd(weight + left @ right)[1] ** 2
    threshold = share * eigenvalues[0] * 1.1
    counted = count_above(base.values**2, update, threshold)
    if counted is not None and np.abs(eigenvalues - threshold).min() > 1e-9 * eigenvalues[0]:
        assert counted == (eigenvalues > threshold).sum()


def test_a_missed_eigenvalue_is_noticed():
    """Davidson that cannot see a direction must fail its certificate, not report a wrong answer."""
    diagonal = np.array([9.0, 5, 4, 3, 2, 1, 0.5, 0.2])
    blind = np.eye(8)[:, 1:5]  # the leading eigenvector is orthogonal to start and corrections
    pairs = davidson(
        lambda block: diagonal[:, None] * block, lambda r, shifts: r, blind, 2, 2, 1e-8, 1e-12
    )
    np.testing.assert_allclose(pairs.values[:2], [5, 4])
    weight, zero = np.diag(np.sqrt(diagonal)), np.zeros((8, 1))
    (update,) = project(decompose(weight), weight.__matmul__, [(zero, zero.T + 1)])
    assert count_above(diagonal, update, 3.5) == 3


def projected(weight, left, right):
    base = decompose(weight)
    (update,) = project(base, weight.__matmul__, [(left, right)])
    return base, update


@pytest.mark.parametrize("strength", [0.01, 1.0, 30.0])
def test_coordinates_are_the_cosines_with_the_base(strength):
    rng = np.random.default_rng(8)
    weight = realistic(40, 55, rng)
    left, right = strength * rng.standard_normal((40, 3)), rng.standard_normal((3, 55)) / 7
    base, update = projected(weight, left, right)
    found = leading_in_basis(base, update, 4)
    assert found is not None
    u, s, v = np.linalg.svd(weight + left @ right, full_matrices=False)
    u0, _, v0 = np.linalg.svd(weight, full_matrices=False)
    np.testing.assert_allclose(found.values, s[:4], rtol=1e-9)
    np.testing.assert_allclose(np.abs(found.coordinates), np.abs(u0.T @ u[:, :4]), atol=1e-6)
    cosines = cosines_in_basis(base, update, found)
    np.testing.assert_allclose(np.abs(cosines.large), np.abs(v0 @ v[:4].T), atol=1e-6)
    assert cosines.method == "low-rank"


def test_values_that_coincide_are_not_certified():
    weight = np.linalg.qr(np.random.default_rng(9).standard_normal((30, 30)))[0]
    base, update = projected(weight, np.zeros((30, 1)), np.ones((1, 30)))
    assert leading_in_basis(base, update, 3) is None


def test_what_is_not_finite_is_not_certified():
    weight = realistic(20, 20, np.random.default_rng(10))
    base, update = projected(weight, np.full((20, 1), np.inf), np.ones((1, 20)))
    assert leading_in_basis(base, update, 3) is None


def test_noise_counts_the_errors_of_projections():
    weight = realistic(20, 25, np.random.default_rng(11))
    base, update = projected(weight, np.ones((20, 1)), np.ones((1, 25)))
    exact = operator_noise(base, update)
    assert exact < 1e-10 * base.values[0] ** 2
    rounded = operator_noise(base, replace(update, update_error=1e-5, mixed_error=1e-5))
    assert rounded > 1e-5
    assert operator_noise(replace(base, storage_error=2.0**-24), update) > 1e4 * exact
