"""Leading vectors of a base plus a low-rank update, with a proof that none is missing.

In the basis of the base's small-side vectors U0, with ΔW = B A (oriented p × n, p ≤ n),

    U0ᵀ W Wᵀ U0 = D² + P Yᵀ + Y Pᵀ + P (A Aᵀ) Pᵀ,    P = U0ᵀ B,    Y = U0ᵀ W0 Aᵀ:

a diagonal plus rank 2r. Its eigenvectors' entries *are* the cosines with all base vectors, on both
sides. Block Davidson finds the leading ones; an inertia count (Haynsworth's formula on a 2r × 2r
matrix) proves that exactly as many eigenvalues lie above a threshold as were found.

Guarantees: where a result is returned, its vectors are the leading ones and each cosine is within
√2 · residual / gap of the true one (Davis and Kahan), rounding included in the residual, that of
projections made in single precision too. Cost O(p² r) once for the projections P and Y, then
O(p r²).
"""

import math
from dataclasses import dataclass

import numpy as np

from rankscope.spectra.engine.comparison import Cosines
from rankscope.spectra.engine.parts.arrays import (
    Array,
    constants_like,
    contiguous,
    identity_like,
    namespace,
)
from rankscope.spectra.engine.parts.certificate import (
    is_separated,
    vector_errors,
    vector_gaps,
    widest_gap,
)
from rankscope.spectra.engine.parts.davidson import RitzPairs, davidson
from rankscope.spectra.engine.parts.decomposition import ROUNDING, BaseSpectrum
from rankscope.spectra.engine.parts.projections import Projections

TOLERANCE = 1e-8  # residual over gap at which a vector counts as converged
_MOST_DIRECTIONS = 16  # of the update, in the start block
EXTRA = 6  # vectors beyond k that are followed, so that the certificate can choose a wide gap


@dataclass(frozen=True)
class BasisLeading:
    """The k leading eigenvectors of the tuned weight, in the basis of the base.

    Attributes:
        values: k singular values, descending.
        coordinates: p × k: entry i of column j is ⟨u_i⁰, u_j⟩.
        errors: k bounds of the sine of the angle to the true vector.
        gaps: k lower bounds of the distance of an eigenvalue to all others.
        rounds: expansions that Davidson needed.
    """

    values: Array
    coordinates: Array
    errors: Array
    gaps: list[float]
    rounds: int


def leading_in_basis(base: BaseSpectrum, update: Projections, k: int) -> BasisLeading | None:
    """Find the k leading vectors of base + update, certified; None where the proof fails."""
    xp = namespace(base.values)
    squares = base.values**2
    noise = operator_noise(base, update)
    if not math.isfinite(noise):
        return None
    # M = D² + P Hᵀ + H Pᵀ with H = Y + P (A Aᵀ) / 2
    rows = contiguous(update.update.T)
    factors = xp.concat([rows, update.mixed.T + (update.gram / 2) @ rows])

    def apply(block: Array) -> Array:
        products = block.T @ factors.T
        exchanged = xp.concat([products[:, update.rank :], products[:, : update.rank]], 1)
        return squares[:, None] * block + (exchanged @ factors).T

    smallest = 1e-6 * squares[0] + noise

    def precondition(residual: Array, shifts: Array) -> Array:
        difference = squares[:, None] - shifts[None, :]
        sign = xp.where(difference < 0, -1.0, 1.0)
        return residual / (sign * xp.clip(abs(difference), smallest, None))

    wanted = min(k + EXTRA, len(squares) - 1)
    start = xp.concat(
        [identity_like(squares, len(squares), wanted + 1), _directions(update, _MOST_DIRECTIONS)], 1
    )
    pairs = davidson(apply, precondition, start, wanted, k, TOLERANCE, noise / 2)
    return _certify(base, update, pairs, k, noise)


def cosines_in_basis(base: BaseSpectrum, update: Projections, leading: BasisLeading) -> Cosines:
    """Return the cosines with all base vectors on the small and on the large side, p × k each.

    On the small side they are the coordinates z; on the large side
    ⟨v_i⁰, v_j⟩ = (D² z + Y Pᵀ z)_i / (σ_i⁰ σ_j). Errors of P and Y change them by
    (‖A‖ ‖δP‖ + ‖δY‖ ‖Pᵀ z‖ / σ_i⁰) / σ_j; for the weakest σ_i⁰, those that vanish among them, the
    row of V0ᵀ Aᵀ itself takes the place of Y / σ_i⁰.
    """
    xp = namespace(base.values)
    z, scaled = leading.coordinates, base.values[:, None] * leading.coordinates
    strong = len(base.values) - update.weak.shape[0]
    divisors = base.values[:strong, None]
    weights = update.update.T @ z
    lengths = xp.linalg.norm(weights, axis=0)[None, :]
    size = float(xp.linalg.norm(update.gram)) ** 0.5  # at least the norm of A
    large = xp.concat(
        [
            scaled[:strong] + (update.mixed[:strong] @ weights) / divisors,
            scaled[strong:] + update.weak @ weights,
        ]
    )
    errors = size * update.update_error + xp.concat(
        [
            update.mixed_error * lengths / divisors,
            0 * scaled[strong:],
        ]
    )
    sigma = leading.values[None, :]
    return Cosines(leading.values, leading.errors, z, large / sigma, "low-rank", errors / sigma)


def _directions(update: Projections, most: int) -> Array:
    """Return directions close to those in which the update is largest: at most `most` columns."""
    xp = namespace(update.update)
    if update.rank <= most:
        return update.update
    # a power of P (A Aᵀ) Pᵀ
    draw = np.random.default_rng(0).standard_normal((update.rank, most))
    block = constants_like(update.update, draw)
    block, _ = xp.linalg.qr(update.gram @ block)
    block = update.update.T @ (update.update @ block)
    block, _ = xp.linalg.qr(update.gram @ block)
    return update.update @ block


def operator_noise(base: BaseSpectrum, update: Projections) -> float:
    """Bound the error of the projected operator: rounding, and the precision of cache and P, Y."""
    xp = namespace(base.values)
    top = float(base.values[0]) ** 2
    p, y = (float(xp.linalg.norm(x)) for x in (update.update, update.mixed))
    gram = float(xp.linalg.norm(update.gram))
    size = top + 2 * p * y + p * p * gram
    stored = 2 * base.storage_error * len(base.values) ** 0.5 * size
    rounded = ROUNDING * len(base.values) ** 0.5 * size + stored
    update_error, mixed_error = update.update_error, update.mixed_error
    if update_error == mixed_error == 0 or not math.isfinite(p + y + update_error + mixed_error):
        return rounded + update_error + mixed_error
    p, y = _norm(update.update) + update_error, _norm(update.mixed)
    return rounded + 2 * (p * mixed_error + y * update_error) + 2 * gram * p * update_error


def _norm(tall: Array) -> float:
    """Bound the spectral norm: its square is at most the largest row sum of the Gram matrix."""
    return float(abs(tall.T @ tall).sum(axis=0).max()) ** 0.5


def _certify(
    base: BaseSpectrum, update: Projections, pairs: RitzPairs, k: int, noise: float
) -> BasisLeading | None:
    """Prove completeness at the widest gap behind the k-th value and bound the errors."""
    xp = namespace(base.values)
    squares = base.values**2
    wanted = pairs.vectors.shape[1]
    values = [float(value) for value in pairs.values[: wanted + 1]]
    if len(values) <= k:
        return None
    residuals = [float(norm) for norm in pairs.residuals]
    cut = widest_gap(values, k)
    threshold = _threshold(squares, values[cut], values[cut - 1])
    if not is_separated(values, residuals, cut, threshold, noise):
        return None
    if count_above(squares, update, threshold) != cut:
        return None
    gaps = vector_gaps(values, residuals, cut, threshold, noise, k)
    errors = constants_like(squares, vector_errors(residuals, gaps, noise))
    sigma = xp.sqrt(xp.clip(pairs.values[:k], 0, None))
    return BasisLeading(sigma, pairs.vectors[:, :k], errors, gaps, pairs.rounds)


def _threshold(squares: Array, low: float, high: float) -> float:
    """Choose a point between two eigenvalues, away from the poles of the inertia formula."""
    inner = [low + (high - low) * share for share in (0.25, 0.35, 0.45, 0.5, 0.55, 0.65, 0.75)]
    return max(inner, key=lambda point: float(abs(squares - point).min()))


def count_above(squares: Array, update: Projections, threshold: float) -> int | None:
    """Count the eigenvalues of D² + F C Fᵀ above `threshold`; None where rounding could decide.

    With F = [P Y] and C = [[A Aᵀ, 1], [1, 0]], Haynsworth's inertia additivity gives
    n₊(M − τ) = n₊(D² − τ) + n₊(S) − r,   S = −C⁻¹ − Fᵀ (D² − τ)⁻¹ F,   C⁻¹ = [[0, 1], [1, −A Aᵀ]].
    """
    xp = namespace(squares)
    rank = update.rank
    shifted = squares - threshold
    # row by row, and split by sign: a product with its own transpose costs half of another
    factors = contiguous(xp.concat([update.update.T, update.mixed.T])) / xp.sqrt(abs(shifted))
    above = int((shifted > 0).sum())
    one = identity_like(squares, rank, rank)
    inverse = xp.concat([xp.concat([0 * one, one], 1), xp.concat([one, -update.gram], 1)])
    leading, rest = factors[:, :above], factors[:, above:]
    schur = rest @ rest.T - leading @ leading.T - inverse
    # a congruence with a positive diagonal keeps the inertia and tames the differing scales
    scale = 1 / xp.sqrt(xp.clip(xp.linalg.norm(schur, axis=0), 1e-300, None))
    eigenvalues = xp.linalg.eigvalsh(scale[:, None] * schur * scale[None, :])
    sizes = abs(eigenvalues)
    if float(sizes.min()) <= 1e-11 * float(sizes.max()):
        return None
    return above + int((eigenvalues > 0).sum()) - rank
