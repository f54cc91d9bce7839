"""From residuals and gaps to error bounds: hand-worked numbers."""

from rankscope.spectra.engine.parts.certificate import vector_errors, vector_gaps, widest_gap


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
