"""Leading vectors of base plus a low-rank update, against a full SVD; the proof notices a lack."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.spectra.engine.parts.davidson import davidson
from rankscope.spectra.engine.parts.decomposition import decompose
from rankscope.spectra.engine.parts.projections import project
from rankscope.spectra.engine.ways.low_rank import count_above
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
