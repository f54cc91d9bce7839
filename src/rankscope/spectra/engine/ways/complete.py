"""Leading singular triplets of a tuned weight, by dense decomposition: the reference way.

Guarantees: float64 throughout; the error bound of each vector is its residual over its gap
(Davis and Kahan): where two singular values coincide the bound is 1, because the matrix does not
define the vectors. Weights of very low numerical rank take a direct SVD, since the Gram matrix
would lose the vectors of the larger side.
"""

from dataclasses import dataclass

from rankscope.spectra.engine.parts.arrays import Array, namespace
from rankscope.spectra.engine.parts.decomposition import ROUNDING

# below this share of the largest singular value, W'u/σ is no longer accurate
_DIRECT_SHARE = 1e-6


@dataclass(frozen=True)
class Leading:
    """The k leading singular triplets of an oriented p × n weight.

    Attributes:
        values: k singular values, descending.
        small: p × k, large: n × k singular vectors as columns.
        errors: k bounds of the sine of the angle between a small-side vector and the true one.
        method: how they were obtained.
    """

    values: Array
    small: Array
    large: Array
    errors: Array
    method: str


def leading_dense(oriented: Array, k: int) -> Leading:
    """Decompose an oriented p × n weight completely and keep k ≤ p triplets."""
    xp = namespace(oriented)
    eigenvalues, vectors = xp.linalg.eigh(oriented @ oriented.T)
    values = xp.flip(xp.sqrt(xp.clip(eigenvalues, 0, None)), (0,))
    if float(values[k - 1]) <= _DIRECT_SHARE * float(values[0]):
        return _leading_direct(oriented, k)
    small = xp.flip(vectors, (1,))[:, :k]
    # ‖Wᵀu‖ rather than √λ: squaring has cost the smaller singular values half of their digits
    large = oriented.T @ small
    lengths = xp.linalg.norm(large, axis=0)
    return Leading(lengths, small, large / lengths, _gap_bounds(values**2, k), "gram")


def _leading_direct(oriented: Array, k: int) -> Leading:
    xp = namespace(oriented)
    small, values, large = xp.linalg.svd(oriented, full_matrices=False)
    return Leading(values[:k], small[:, :k], large.T[:, :k], _gap_bounds(values, k), "svd")


def _gap_bounds(spectrum: Array, k: int) -> Array:
    """Bound the rotation of the k leading vectors by rounding; `spectrum` is descending."""
    xp = namespace(spectrum)
    noise = 2**0.5 * ROUNDING * len(spectrum) ** 0.5
    top = max(float(spectrum[0]), 1e-300)
    steps = (spectrum[:-1] - spectrum[1:]) / top
    wide = xp.ones_like(spectrum[:1])
    above = xp.concat([wide, steps])[:k]
    below = xp.concat([steps, wide])[:k]
    gaps = xp.minimum(above, below)
    return xp.clip(noise / xp.clip(gaps, noise, None), None, 1.0)
