"""Leading vectors of a base plus a low-rank update, with a proof that none is missing.

In the basis of the base's small-side vectors U0, with ΔW = B A (oriented p × n, p ≤ n),

    U0ᵀ W Wᵀ U0 = D² + P Yᵀ + Y Pᵀ + P (A Aᵀ) Pᵀ,    P = U0ᵀ B,    Y = U0ᵀ W0 Aᵀ:

a diagonal plus rank 2r. Its eigenvectors' entries *are* the cosines with all base vectors, on both
sides. Block Davidson finds the leading ones; an inertia count (Haynsworth's formula on a 2r × 2r
matrix) proves that exactly as many eigenvalues lie above a threshold as were found.

Guarantees: where a result is returned, its vectors are the leading ones and each cosine is within
√2 · residual / gap of the true one (Davis and Kahan), rounding included in the residual. Cost
O(p² r) once for the projections P and Y, then O(p r²).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rankscope.spectra.arrays import Array, constants_like, identity_like, namespace
from rankscope.spectra.certificate import is_separated, vector_errors, vector_gaps, widest_gap
from rankscope.spectra.davidson import RitzPairs, davidson
from rankscope.spectra.decomposition import ROUNDING, BaseSpectrum

TOLERANCE = 1e-8  # residual over gap at which a vector counts as converged
_MOST_DIRECTIONS = 64  # of the update, in the start block
EXTRA = 6  # vectors beyond k that are followed, so that the certificate can choose a wide gap


@dataclass(frozen=True)
class Projections:
    """A low-rank update in the basis of the base: P, Y (p × r) and A Aᵀ (r × r)."""

    update: Array
    mixed: Array
    gram: Array

    @property
    def rank(self) -> int:
        """Number of columns of P."""
        return int(self.update.shape[1])


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


def project(
    base: BaseSpectrum,
    multiply: Callable[[Array], Array],
    factors: Sequence[tuple[Array, Array]],
) -> list[Projections]:
    """Project updates left @ right (p × r, r × n) of several versions, reading U0, W0 once.

    `multiply` is the product x ↦ W0 x with the oriented base weight.
    """
    xp = namespace(base.values)
    mixed = multiply(xp.concat([right.T for _, right in factors], 1))
    # Xᵀ U0 rather than U0ᵀ X: row-major libraries read U0 once, without packing it
    both = (xp.concat([*(left for left, _ in factors), mixed], 1).T @ base.vectors).T
    total, start, projections = mixed.shape[1], 0, []
    for left, right in factors:
        stop = start + left.shape[1]
        mixed_part = both[:, total + start : total + stop]
        projections.append(Projections(both[:, start:stop], mixed_part, right @ right.T))
        start = stop
    return projections


def leading_in_basis(base: BaseSpectrum, update: Projections, k: int) -> BasisLeading | None:
    """Find the k leading vectors of base + update, certified; None where the proof fails."""
    xp = namespace(base.values)
    squares = base.values**2
    half = update.mixed + update.update @ (update.gram / 2)
    # M = D² + P Hᵀ + H Pᵀ with H = Y + P (A Aᵀ) / 2

    def apply(block: Array) -> Array:
        low_rank = update.update @ (half.T @ block) + half @ (update.update.T @ block)
        return squares[:, None] * block + low_rank

    noise = operator_noise(base, update)
    smallest = 1e-6 * squares[0] + noise

    def precondition(residual: Array, shifts: Array) -> Array:
        difference = squares[:, None] - shifts[None, :]
        sign = xp.where(difference < 0, -1.0, 1.0)
        return residual / (sign * xp.clip(abs(difference), smallest, None))

    wanted = min(k + EXTRA, len(squares) - 1)
    start = xp.concat(
        [identity_like(squares, len(squares), wanted + 1), _directions(update, _MOST_DIRECTIONS)], 1
    )
    pairs = davidson(apply, precondition, start, wanted, k, TOLERANCE, float(noise) / 8)
    return _certify(base, update, pairs, k, float(noise))


def cosines_in_basis(
    base: BaseSpectrum, update: Projections, leading: BasisLeading
) -> tuple[Array, Array]:
    """Return the cosines with all base vectors on the small and on the large side, p × k each.

    On the small side they are the coordinates z; on the large side
    ⟨v_i⁰, v_j⟩ = (D² z + Y Pᵀ z)_i / (σ_i⁰ σ_j). Valid where no σ⁰ vanishes.
    """
    z = leading.coordinates
    squares = base.values**2
    images = squares[:, None] * z + update.mixed @ (update.update.T @ z)
    return z, images / (base.values[:, None] * leading.values[None, :])


def _directions(update: Projections, most: int) -> Array:
    """Return the directions in which the update is largest: at most `most` of P's column span."""
    xp = namespace(update.update)
    if update.rank <= most:
        return update.update
    # left singular directions of P (A Aᵀ)^½, from its r × r Gram matrix
    values, vectors = xp.linalg.eigh(update.gram)
    root = vectors * xp.sqrt(xp.clip(values, 0, None))
    scaled = update.update @ root
    _, rotation = xp.linalg.eigh(scaled.T @ scaled)
    return scaled @ xp.flip(rotation, (1,))[:, :most]


def operator_noise(base: BaseSpectrum, update: Projections) -> float:
    """Bound the error of the projected operator by rounding and by the precision of the cache."""
    xp = namespace(base.values)
    top = float(base.values[0]) ** 2
    p, y = (float(xp.linalg.norm(x)) for x in (update.update, update.mixed))
    size = top + 2 * p * y + p * p * float(xp.linalg.norm(update.gram))
    stored = 2 * base.storage_error * len(base.values) ** 0.5 * size
    return ROUNDING * len(base.values) ** 0.5 * size + stored


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
    factors = xp.concat([update.update, update.mixed], 1)
    one = identity_like(squares, rank, rank)
    inverse = xp.concat([xp.concat([0 * one, one], 1), xp.concat([one, -update.gram], 1)])
    schur = -inverse - factors.T @ (factors / shifted[:, None])
    # a congruence with a positive diagonal keeps the inertia and tames the differing scales
    scale = 1 / xp.sqrt(xp.clip(xp.linalg.norm(schur, axis=0), 1e-300, None))
    eigenvalues = xp.linalg.eigvalsh(scale[:, None] * schur * scale[None, :])
    sizes = abs(eigenvalues)
    if float(sizes.min()) <= 1e-11 * float(sizes.max()):
        return None
    return int((shifted > 0).sum()) + int((eigenvalues > 0).sum()) - rank
