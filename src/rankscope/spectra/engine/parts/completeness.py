"""Proving that all eigenvalues of a large symmetric matrix lie below a number.

A Cholesky factorisation τ·1 − S = L Lᵀ shows that nothing of S lies above τ. In double precision
its success is the proof, up to rounding that the caller leaves room for. In single precision, at
half the cost, the factor L proves it together with a bound of ‖τ·1 − S − L Lᵀ‖ in the true S:
L Lᵀ has no negative eigenvalue whatever rounding made of L.

Guarantees: True is a proof; False says nothing.
"""

from collections.abc import Callable

import numpy as np

from rankscope.spectra.engine.parts.arrays import Array, namespace
from rankscope.spectra.engine.parts.probing import norm_bound, probes

_ROWS = 512  # of a single-precision factor that are converted at a time


def eigenvalues_are_below(symmetric: Array, threshold: float) -> bool:
    """Say whether all eigenvalues lie below `threshold`: a Cholesky factorisation succeeds.

    Overwrites `symmetric`.
    """
    xp = namespace(symmetric)
    _subtract_from_multiple(symmetric, threshold)
    if xp is not np:
        return int(xp.linalg.cholesky_ex(symmetric)[1]) == 0
    from scipy.linalg.lapack import dpotrf  # in place, unlike numpy's

    _, failed = dpotrf(symmetric.T, lower=True, clean=False, overwrite_a=True)
    return failed == 0


def eigenvalues_are_below_in_single(
    rounded: np.ndarray,
    product: Callable[[np.ndarray], np.ndarray],
    low: float,
    threshold: float,
) -> bool:
    """Say the same of a matrix S that is `rounded` to float32, given `product` x ↦ S x in float64.

    Factorises at `low` < `threshold`; what lies between the two is room for rounding. Overwrites
    `rounded`.
    """
    from scipy.linalg.lapack import spotrf

    _subtract_from_multiple(rounded, low)
    factor, failed = spotrf(rounded.T, lower=True, clean=True, overwrite_a=True)
    if failed:
        return False
    vectors = probes(len(rounded))
    error = low * vectors - product(vectors) - _squared(factor.T, vectors)
    return norm_bound(error) < threshold - low


def _subtract_from_multiple(symmetric: Array, number: float) -> None:
    """Replace S by number · 1 − S."""
    symmetric *= -1
    diagonal = namespace(symmetric).arange(symmetric.shape[0])
    symmetric[diagonal, diagonal] += number


def _squared(upper: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return Uᵀ U x in float64 for an upper triangle U, converting some rows at a time."""
    result = np.zeros(block.shape)
    for start in range(0, len(upper), _ROWS):
        rows = upper[start : start + _ROWS, start:].astype(np.float64)
        result[start:] += rows.T @ (rows @ block[start:])
    return result
