"""Products of stored weights in float64, against the converted matrix."""

import numpy as np
import pytest

from rankscope.spectra.engine.parts.blockwise import frobenius_norm, times, transposed_times


@pytest.mark.parametrize("shape", [(3, 5), (256, 4), (700, 30), (30, 700)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_equal_to_the_converted_matrix(shape, kind):
    rng = np.random.default_rng(0)
    weight = rng.standard_normal(shape).astype(kind)
    exact = weight.astype(np.float64)
    right, left = rng.standard_normal((shape[1], 2)), rng.standard_normal((shape[0], 2))
    np.testing.assert_allclose(times(weight, right), exact @ right, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(
        transposed_times(weight, left), exact.T @ left, rtol=1e-11, atol=1e-12
    )
    assert frobenius_norm(weight) == pytest.approx(np.linalg.norm(exact), rel=1e-13)
