"""An upper bound of the largest cosine from moments: never below it, and tight in the end."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.spectra.engine.parts.christoffel import christoffel, cosine_bound
from rankscope.spectra.engine.parts.lanczos import Lanczos


def moments(eigenvalues, weights, steps):
    """Jacobi matrix of the measure with these masses (squared weights), by the recurrence."""
    start = (weights / np.linalg.norm(weights))[:, None]
    return Lanczos(lambda block: eigenvalues[:, None] * block, start).advance(steps)


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 30), st.integers(1, 12), st.floats(0, 3), st.integers(0, 2**31))
def test_the_bound_is_never_below_the_largest_cosine(size, steps, decay, seed):
    rng = np.random.default_rng(seed)
    eigenvalues = np.sort(rng.uniform(0.01, 1, size))[::-1]
    weights = rng.standard_normal(size) * np.arange(1, size + 1) ** -decay
    weights /= np.linalg.norm(weights)
    jacobi = moments(eigenvalues, weights, min(steps, size - 1))
    bound = cosine_bound(jacobi, 0, float(eigenvalues[0]))
    assert np.abs(weights).max() <= bound + 1e-9
    assert bound <= 1


def test_more_moments_bound_no_worse_and_a_spread_vector_is_seen_to_be_one():
    size = 200
    eigenvalues = np.linspace(1, 0.01, size)
    weights = np.full(size, size**-0.5)
    bounds = [
        cosine_bound(moments(eigenvalues, weights, steps), 0, 1.0) for steps in (2, 5, 10, 20, 40)
    ]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(bounds))
    assert bounds[-1] < 0.4 < bounds[0]


def test_a_vector_of_the_base_is_bounded_by_one_and_no_less():
    eigenvalues = np.linspace(1, 0.1, 30)
    assert cosine_bound(moments(eigenvalues, np.eye(30)[4], 3), 0, 1.0) == pytest.approx(1.0)


def test_the_function_is_that_of_its_definition():
    """λ(x) = 1 / Σ p_j(x)², with the orthonormal polynomials by the three-term recurrence."""
    diagonal, couplings = np.array([0.5, 0.4, 0.7]), np.array([0.3, 0.2])
    matrix = np.diag(diagonal) + np.diag(couplings, 1) + np.diag(couplings, -1)
    points = np.array([0.05, 0.33, 0.61, 0.95])
    p = [np.ones_like(points), (points - diagonal[0]) / couplings[0]]
    p.append(((points - diagonal[1]) * p[1] - couplings[0] * p[0]) / couplings[1])
    expected = 1 / sum(each**2 for each in p)
    nodes, states = np.linalg.eigh(matrix)
    np.testing.assert_allclose(christoffel(nodes, states, points), expected)
