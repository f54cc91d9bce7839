"""Proofs that nothing lies above a number: never given wrongly, and given where there is room."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.spectra.engine.parts.completeness import (
    eigenvalues_are_below,
    eigenvalues_are_below_in_single,
)


def symmetric(rng, eigenvalues):
    basis, _ = np.linalg.qr(rng.standard_normal((len(eigenvalues), len(eigenvalues))))
    return (basis * eigenvalues) @ basis.T


@settings(max_examples=80, deadline=None)
@given(
    st.integers(2, 60), st.floats(-4, 4), st.floats(-7, -1), st.booleans(), st.integers(0, 2**31)
)
def test_a_proof_is_never_wrong(size, scale, exponent, above, seed):
    """The largest eigenvalue stands at 1 ∓ 10^exponent of the threshold."""
    rng = np.random.default_rng(seed)
    threshold, distance = 10**scale, 10**exponent
    eigenvalues = rng.uniform(-1, 0.85, size) * threshold
    eigenvalues[0] = threshold * (1 + distance if above else 1 - distance)
    matrix = symmetric(rng, eigenvalues)
    low = threshold * (1 - distance / 2)
    proven = eigenvalues_are_below_in_single(
        matrix.astype(np.float32), matrix.__matmul__, low, threshold
    )
    assert not (proven and above)
    if distance > 1e-3:
        assert proven == (not above)
        assert eigenvalues_are_below(matrix.copy(), threshold) == (not above)


@pytest.mark.parametrize("where", ["diagonal", "outside"])
def test_a_matrix_that_is_not_the_rounded_one_proves_nothing(where):
    """The factor is held against the true products, whatever was factorised."""
    rng = np.random.default_rng(0)
    matrix = symmetric(rng, np.linspace(0, 1, 50))
    wrong = matrix.astype(np.float32)
    if where == "diagonal":
        wrong[7, 7] -= 0.5
    else:
        wrong[3, 8] -= 0.2
        wrong[8, 3] -= 0.2
    assert eigenvalues_are_below_in_single(matrix.astype(np.float32), matrix.__matmul__, 1.1, 1.15)
    assert not eigenvalues_are_below_in_single(wrong, matrix.__matmul__, 1.1, 1.15)


def test_what_single_precision_cannot_hold_proves_nothing():
    matrix = np.diag([1e30, 1.0, 2.0])
    assert not eigenvalues_are_below_in_single(
        matrix.astype(np.float32), matrix.__matmul__, 1e30, 1.0000001e30
    )
    infinite = np.full((3, 3), np.inf, dtype=np.float32)
    assert not eigenvalues_are_below_in_single(infinite, matrix.__matmul__, 1.0, 2.0)
