"""From residuals and gaps to error bounds: hand-worked numbers."""

import math

from rankscope.spectra.engine.parts.certificate import (
    is_separated,
    vector_errors,
    vector_gaps,
    widest_gap,
)


def test_bounds_grow_as_gaps_close():
    values = [10.0, 9.0, 8.999, 5.0, 1.0]
    cut = widest_gap(values, 3)
    assert cut == 4
    residuals = [1e-6] * 5
    gaps = vector_gaps(values, residuals, cut, 2.0, 0.0, 3)
    wide, near, closer = vector_errors(residuals, gaps, 0.0)[:3]
    assert wide < 2e-6 < 1e-3 < near
    assert near == closer
    gaps = vector_gaps([2.0, 2.0], [1e-9] * 2, 2, 1.0, 0.0, 1)
    assert vector_errors([1e-9], gaps, 0.0) == [1.0]


def test_separation_is_by_all_residuals_together():
    """Three residuals of 0.1: ‖R‖ ≤ √0.03 ≈ 0.173, so that 5 is proven to stand above 4.82."""
    values, residuals = [7.0, 6.0, 5.0, 1.0], [0.1, 0.1, 0.1, 0.0]
    assert is_separated(values, residuals, 3, 4.82, 0.0)
    assert not is_separated(values, residuals, 3, 4.83, 0.0)
    assert not is_separated(values, residuals, 3, 4.82, 0.01)


def test_errors_are_those_of_davis_and_kahan():
    """A 2 × 2 matrix diag(2, 1) and a vector turned by θ: residual sin θ cos θ, gap about 1."""
    for angle in (1e-6, 1e-3, 0.1):
        residual = math.sin(angle) * math.cos(angle)
        value = 2 * math.cos(angle) ** 2 + math.sin(angle) ** 2
        (gap,) = vector_gaps([value, 1.0], [residual], 1, 1.5, 0.0, 1)
        (error,) = vector_errors([residual], [gap], 0.0)
        assert math.sin(angle) <= error <= 4 * math.sin(angle)


def test_a_gap_that_is_none_says_nothing():
    assert vector_errors([0.1, 0.1], [0.0, -1.0], 0.0) == [1.0, 1.0]
    assert vector_errors([10.0], [1.0], 0.0) == [1.0]


def test_the_widest_gap_is_sought_behind_what_is_asked():
    assert widest_gap([9.0, 1.0, 0.9, 0.5, 0.45], 2) == 3
    assert widest_gap([9.0, 1.0, 0.9, 0.5, 0.45], 1) == 1
