"""Leading vectors of a base plus an update of any rank, with a proof that none is missing.

Block Davidson on W Wᵀ (oriented p × n, p ≤ n), started from the leading vectors of the base and the
strongest directions of the update, and preconditioned by the base's decomposition. A Cholesky
factorisation of τ·1 − (W Wᵀ − X Θ Xᵀ) proves that no eigenvalue above τ is missing among the Ritz
pairs (X, Θ) found.

Guarantees: where a result is returned, its vectors are the leading ones and each is within
√2 · residual / gap of the true one, rounding included. One Gram matrix and one Cholesky
factorisation take the place of two full singular value decompositions: on a CPU both in single
precision, as long as the proof survives its measured rounding. Residuals are those of the weight
in double precision in any case.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rankscope.spectra.engine.parts.arrays import Array, constants_like, namespace
from rankscope.spectra.engine.parts.certificate import (
    is_separated,
    vector_errors,
    vector_gaps,
    widest_gap,
)
from rankscope.spectra.engine.parts.completeness import (
    eigenvalues_are_below,
    eigenvalues_are_below_in_single,
)
from rankscope.spectra.engine.parts.davidson import RitzPairs, davidson
from rankscope.spectra.engine.parts.decomposition import ROUNDING, BaseSpectrum
from rankscope.spectra.engine.ways.complete import Leading
from rankscope.spectra.engine.ways.low_rank import EXTRA, TOLERANCE

_FAR_BELOW = 0.5
_ROWS = 512  # of the Gram matrix at a time, so that no second one is formed
_SPARE = 2  # vectors that single precision follows beyond those wanted of double precision
_SINGLE_TOLERANCE = 1e-4
_SINGLE_ROUNDS = 8
# rounding of a product with the Gram matrix in single precision, relative to its norm
_SINGLE_ROUNDING = 8 * float(np.finfo(np.float32).eps)

Precondition = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class _Search:
    """Ritz pairs of W Wᵀ, and how to prove that they are all of it above a threshold.

    `prove(vectors, values, threshold)` says whether all eigenvalues of W Wᵀ − X Θ Xᵀ lie below
    `threshold`. It can be asked once.
    """

    pairs: RitzPairs
    prove: Callable[[Array, Array, float], bool]


def leading_certified(base: BaseSpectrum, tuned: Array, delta: Array, k: int) -> Leading | None:
    """Return the k leading triplets of the oriented `tuned` = base + `delta`, or None.

    None means that completeness could not be proven: decompose the matrix completely instead.
    """
    xp = namespace(tuned)
    wanted = min(k + EXTRA, len(base.values) - 1)
    precondition = _preconditioner(base, wanted)
    start = xp.concat([base.vectors[:, : wanted + _SPARE + 1], _strongest(delta, wanted)], 1)
    noise = ROUNDING * float(xp.linalg.norm(tuned)) ** 2  # the trace is at least the norm
    if xp is np and wanted + _SPARE < len(base.values):
        found = _search_in_single(tuned, start, precondition, wanted, k, noise)
        leading = None if found is None else _certify(tuned, found, k, noise)
        if leading is not None:
            return leading
    return _certify(tuned, _search(tuned, start, precondition, wanted, k, noise), k, noise)


def _search(
    tuned: Array, start: Array, precondition: Precondition, wanted: int, k: int, noise: float
) -> _Search:
    # the certificate needs the Gram matrix anyway: it also halves the cost of every product
    gram = tuned @ tuned.T
    pairs = davidson(lambda block: gram @ block, precondition, start, wanted, k, TOLERANCE, noise)

    def prove(vectors: Array, values: Array, threshold: float) -> bool:
        nonlocal gram
        gram -= (vectors * values) @ vectors.T
        return eigenvalues_are_below(gram, threshold - noise)

    return _Search(pairs, prove)


def _search_in_single(
    tuned: np.ndarray,
    start: np.ndarray,
    precondition: Precondition,
    wanted: int,
    k: int,
    noise: float,
) -> _Search | None:
    """Search with a Gram matrix in single precision, then with the weight in double precision."""
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = tuned.astype(np.float32)
        gram = rounded @ rounded.T
    top = float(gram.trace())
    if not np.isfinite(top) or float(gram.diagonal().min()) < np.finfo(np.float32).tiny:
        return None

    def apply_rounded(block: np.ndarray) -> np.ndarray:
        return (block.T.astype(np.float32) @ gram).T.astype(np.float64)

    def apply(block: np.ndarray) -> np.ndarray:
        return ((block.T @ tuned) @ tuned.T).T

    largest = float(np.linalg.norm(start[:, :1].T @ tuned)) ** 2
    near = davidson(
        apply_rounded, precondition, start, wanted + _SPARE, k,
        _SINGLE_TOLERANCE, _SINGLE_ROUNDING * largest,
        _SINGLE_ROUNDS,
    )  # fmt: skip
    pairs = davidson(apply, precondition, near.vectors, wanted, k, TOLERANCE, noise)

    def prove(vectors: Array, values: Array, threshold: float) -> bool:
        scaled = (vectors * np.sqrt(values)).astype(np.float32)
        for first in range(0, len(gram), _ROWS):
            rows = slice(first, first + _ROWS)
            gram[rows] -= scaled[rows] @ scaled.T
        next_value = float(pairs.values[vectors.shape[1]])
        return eigenvalues_are_below_in_single(
            gram,
            lambda block: apply(block) - vectors @ (values[:, None] * (vectors.T @ block)),
            (next_value + threshold) / 2,
            threshold - noise,
        )

    return _Search(pairs, prove)


def _preconditioner(base: BaseSpectrum, wanted: int) -> Precondition:
    """Approximate (W0 W0ᵀ − θ)⁻¹ by the leading vectors of the base."""
    xp = namespace(base.values)
    squares = base.values**2
    smallest = 1e-6 * squares[0]
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

    return precondition


def _certify(tuned: Array, search: _Search, k: int, noise: float) -> Leading | None:
    """Prove that the leading Ritz pairs are complete and bound the errors of the first k."""
    xp = namespace(tuned)
    pairs = search.pairs
    values = [float(value) for value in pairs.values[: pairs.vectors.shape[1] + 1]]
    if len(values) <= k:
        return None
    residuals = [float(norm) for norm in pairs.residuals]
    cut = widest_gap(values, k)
    threshold = values[cut] + 0.4 * (values[cut - 1] - values[cut])
    if not is_separated(values, residuals, cut, threshold, noise):
        return None
    if not search.prove(pairs.vectors[:, :cut], pairs.values[:cut], threshold):
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
