"""Bounding the norm of an error that is too large to form, by its products with random vectors.

For a fixed real matrix E and q independent standard Gaussian vectors g,
‖E‖₂ ≤ α √(2/π) · max ‖E g‖ except with probability α^−q (Halko, Martinsson and Tropp,
arXiv 0909.4061, Lemma 4.1). So the products of what single precision has made of a matrix are held
against the same products in double precision, and the rounding is measured, whatever library,
instruction set or order of summation caused it.

Guarantees: with q = 20 and α = √10 a bound fails with probability 10⁻¹⁰; the vectors are drawn
from a fixed seed, so that results repeat. The products with E must be made in float64.
"""

import numpy as np

_PROBES = 20
_FAILURE = 1e-10
_FACTOR = _FAILURE ** (-1 / _PROBES) * (2 / np.pi) ** 0.5


def probes(size: int) -> np.ndarray:
    """Draw the Gaussian vectors for a matrix with `size` columns: size × q."""
    return np.random.default_rng(271828).standard_normal((size, _PROBES))


def norm_bound(images: np.ndarray) -> float:
    """Bound ‖E‖₂, given the products E g with all `probes`. NaN stays NaN."""
    return float(_FACTOR * np.linalg.norm(images, axis=0).max())
