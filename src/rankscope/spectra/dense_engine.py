"""Leading vectors of a base plus an update of any rank, with a proof that none is missing.

Block Davidson on W Wᵀ (oriented p × n, p ≤ n), started from the leading vectors of the base and the
strongest directions of the update, and preconditioned by the base's decomposition. A Cholesky
factorisation of τ·1 − (W Wᵀ − X Θ Xᵀ) proves that no eigenvalue above τ is missing among the Ritz
pairs (X, Θ) found.

Guarantees: where a result is returned, its vectors are the leading ones and each is within
√2 · residual / gap of the true one, rounding included. One Gram matrix and one Cholesky
factorisation take the place of two full singular value decompositions.
"""

import numpy as np

from rankscope.spectra.arrays import Array, constants_like, namespace
from rankscope.spectra.certificate import is_separated, vector_errors, widest_gap
from rankscope.spectra.davidson import davidson
from rankscope.spectra.decomposition import ROUNDING, BaseSpectrum
from rankscope.spectra.lowrank_engine import EXTRA, TOLERANCE
from rankscope.spectra.tuned import Leading


def leading_certified(base: BaseSpectrum, tuned: Array, delta: Array, k: int) -> Leading | None:
    """Return the k leading triplets of the oriented `tuned` = base + `delta`, or None.

    None means that completeness could not be proven: decompose the matrix completely instead.
    """
    xp = namespace(tuned)
    squares = base.values**2
    wanted = min(k + EXTRA, len(squares) - 1)
    size = float(xp.linalg.norm(tuned)) ** 2  # Frobenius: at least the largest eigenvalue
    noise = ROUNDING * size
    smallest = 1e-6 * squares[0]

    def apply(block: Array) -> Array:
        return tuned @ (tuned.T @ block)

    def precondition(residual: Array, shifts: Array) -> Array:
        difference = squares[:, None] - shifts[None, :]
        sign = xp.where(difference < 0, -1.0, 1.0)
        bounded = sign * xp.clip(abs(difference), smallest, None)
        return base.vectors @ ((base.vectors.T @ residual) / bounded)

    start = xp.concat([base.vectors[:, :wanted], _strongest(delta, wanted)], 1)
    pairs = davidson(apply, precondition, start, wanted, TOLERANCE, noise)
    values = [float(value) for value in pairs.values[: wanted + 1]]
    if len(values) <= k:
        return None
    residuals = [float(norm) for norm in pairs.residuals]
    cut = widest_gap(values, k)
    threshold = values[cut] + 0.3 * (values[cut - 1] - values[cut])
    found = pairs.vectors[:, :cut]
    deflated = tuned @ tuned.T - (found * pairs.values[:cut]) @ found.T
    if not is_separated(values, residuals, cut, threshold, noise) or not _is_below(
        deflated, threshold - noise
    ):
        return None
    errors = vector_errors(values, residuals, cut, threshold, noise, k)
    small = pairs.vectors[:, :k]
    large = tuned.T @ small
    lengths = xp.linalg.norm(large, axis=0)
    return Leading(
        lengths, small, large / lengths, constants_like(tuned, errors), "dense-certified"
    )


def _strongest(delta: Array, count: int) -> Array:
    """Return directions close to the leading left singular vectors of `delta`, by two powers."""
    xp = namespace(delta)
    count = min(count, delta.shape[0])
    draw = np.random.default_rng(0).standard_normal((delta.shape[1], count))
    block = delta @ constants_like(delta, draw)
    norm = float(xp.linalg.norm(block))
    if norm == 0:
        return block[:, :0]
    block, _ = xp.linalg.qr(block / norm)
    return delta @ (delta.T @ block) / norm


def _is_below(symmetric: Array, threshold: float) -> bool:
    """Say whether all eigenvalues lie below `threshold`: a Cholesky factorisation succeeds."""
    xp = namespace(symmetric)
    shifted = -symmetric
    diagonal = xp.arange(symmetric.shape[0])
    shifted[diagonal, diagonal] += threshold
    try:
        factor = xp.linalg.cholesky(shifted)
    except (np.linalg.LinAlgError, RuntimeError):  # torch's LinAlgError is a RuntimeError
        return False
    return bool(xp.isfinite(factor[-1, -1]))
