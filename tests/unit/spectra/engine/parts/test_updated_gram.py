"""A Gram matrix with tall factors is their sum, in products and in proofs."""

import numpy as np
import pytest

from rankscope.spectra.engine.parts.updated_gram import UpdatedGram


@pytest.mark.parametrize("size", [12, 700])
def test_a_gram_matrix_with_tall_factors_is_their_sum(size):
    rng = np.random.default_rng(2)
    factor, left, half = (rng.standard_normal((size, c)) for c in (2 * size, 2, 2))
    base = factor @ factor.T
    formed = base + left @ half.T + half @ left.T
    gram = UpdatedGram(base, left, half).plus(half, left)
    block = rng.standard_normal((size, 3))
    np.testing.assert_allclose(gram.times(block), formed @ block, rtol=1e-10, atol=1e-8)
    assert gram.trace() == pytest.approx(formed.trace())
    values, vectors = np.linalg.eigh(formed)
    rest = gram.without(vectors[:, -2:], values[-2:])
    gap = values[-3] * 1e-3
    assert rest.is_below(values[-3], values[-3] + gap)
    assert not rest.is_below(values[-3] - 2 * gap, values[-3] - gap)
    tiny = values[-3] * 1e-10  # too near for single precision: decided in double
    assert rest.is_below(values[-3], values[-3] + tiny)
