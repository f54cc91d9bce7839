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
from rankscope.spectra.certificate import is_separated, vector_errors, vector_gaps, widest_gap
from rankscope.spectra.davidson import davidson
from rankscope.spectra.decomposition import ROUNDING, BaseSpectrum
from rankscope.spectra.lowrank_engine import EXTRA, TOLERANCE
from rankscope.spectra.tuned import Leading

_FAR_BELOW = 0.1


def leading_certified(base: BaseSpectrum, tuned: Array, delta: Array, k: int) -> Leading | None:
    """Return the k leading triplets of the oriented `tuned` = base + `delta`, or None.

    None means that completeness could not be proven: decompose the matrix completely instead.
    """
    xp = namespace(tuned)
    squares = base.values**2
    wanted = min(k + EXTRA, len(squares) - 1)
    smallest = 1e-6 * squares[0]

    # the certificate needs the Gram matrix anyway: it also halves the cost of every product
    gram = tuned @ tuned.T
    noise = ROUNDING * float(gram.trace())  # the trace is at least the largest eigenvalue

    def apply(block: Array) -> Array:
        return gram @ block

    # eigenvalues far below the wanted ones differ little: one number stands for all of them
    leading = int((squares > _FAR_BELOW * squares[wanted]).sum())
    vectors, tail = base.vectors[:, :leading], float(squares[leading:].sum())
    tail /= max(1, len(squares) - leading)

    def precondition(residual: Array, shifts: Array) -> Array:
        difference = squares[:leading, None] - shifts[None, :]
        sign = xp.where(difference < 0, -1.0, 1.0)
        bounded = sign * xp.clip(abs(difference), smallest, None)
        far = 1 / (tail - shifts)
        return residual * far + vectors @ ((residual.T @ vectors).T * (1 / bounded - far))

    start = xp.concat([base.vectors[:, : wanted + 1], _strongest(delta, wanted)], 1)
    pairs = davidson(apply, precondition, start, wanted, k, TOLERANCE, noise)
    values = [float(value) for value in pairs.values[: wanted + 1]]
    if len(values) <= k:
        return None
    residuals = [float(norm) for norm in pairs.residuals]
    cut = widest_gap(values, k)
    threshold = values[cut] + 0.3 * (values[cut - 1] - values[cut])
    if not is_separated(values, residuals, cut, threshold, noise):
        return None
    found = pairs.vectors[:, :cut]
    gram -= (found * pairs.values[:cut]) @ found.T
    if not eigenvalues_are_below(gram, threshold - noise):
        return None
    gaps = vector_gaps(values, residuals, cut, threshold, noise, k)
    errors = vector_errors(residuals, gaps, noise)
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


def eigenvalues_are_below(symmetric: Array, threshold: float) -> bool:
    """Say whether all eigenvalues lie below `threshold`: a Cholesky factorisation succeeds.

    Overwrites `symmetric`.
    """
    xp = namespace(symmetric)
    symmetric *= -1
    diagonal = xp.arange(symmetric.shape[0])
    symmetric[diagonal, diagonal] += threshold
    if xp is not np:
        return int(xp.linalg.cholesky_ex(symmetric)[1]) == 0
    from scipy.linalg.lapack import dpotrf  # in place, unlike numpy's

    _, failed = dpotrf(symmetric.T, lower=True, clean=False, overwrite_a=True)
    return failed == 0
