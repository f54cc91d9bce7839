"""The decomposition of a base weight that every intruder analysis compares with.

Guarantees: all min(m, n) singular values and the singular vectors of the smaller side, in float64,
from the eigendecomposition of the smaller Gram matrix; vectors of the larger side follow from the
weight itself (v = W0ᵀu/σ). The small end, where squaring loses digits, is refined by a direct SVD.
Each vector carries a bound of its rotation by rounding: where singular values coincide, single
vectors are not defined by the matrix, and the bound says so.

Throughout the engine a matrix is held *oriented*: p × n with p ≤ n, transposed where out > in.
`small` means the p-dimensional side of the oriented matrix, `large` the n-dimensional one.
"""

from dataclasses import dataclass

import numpy as np

from rankscope.spectra.engine.parts.arrays import Array, contiguous, namespace

# below this share of the largest singular value, the Gram matrix has lost half of all digits
_REFINED_SHARE = 1e-6
_WEAK_SHARE = 64
_BLOCK = 512  # columns at a time, which bounds the memory of a product with a large matrix
# rounding of an eigendecomposition in float64, relative to the norm, per unit of √p
ROUNDING = 4 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class BaseSpectrum:
    """Singular value decomposition of an oriented weight, p × n with p ≤ n.

    Attributes:
        vectors: p × p, the small-side singular vectors as columns, by descending value.
        values: p singular values, descending.
        errors: p bounds of the angle by which rounding may have rotated a vector.
        large_tail: n × d, the large-side vectors of the d smallest values (usually d = 0), which
            cannot be had from the weight by division.
        storage_error: bound of the error of one entry of `vectors` by its stored precision.
        weak_large: n × t, the large-side vectors of the t smallest values where d = 0 (t = p / 64):
            what single precision cannot tell of them. None in a cache that does not hold them.
    """

    vectors: Array
    values: Array
    errors: Array
    large_tail: Array
    storage_error: float = 0.0
    weak_large: Array | None = None


def orient(weight: Array) -> Array:
    """Return the weight or its transpose, whichever has no more rows than columns."""
    return weight if weight.shape[0] <= weight.shape[1] else weight.T


def decompose(oriented: Array) -> BaseSpectrum:
    """Decompose an oriented p × n weight."""
    xp = namespace(oriented)
    _, vectors = xp.linalg.eigh(oriented @ oriented.T)
    vectors = contiguous(xp.flip(vectors, (1,)))
    values = _lengths(oriented, vectors)
    accurate = int((values > _REFINED_SHARE * values[0]).sum())
    large_tail = oriented.T[:, :0]
    if accurate < len(values):
        vectors, values, large_tail = _refine_tail(oriented, vectors, values, accurate)
    weak_large = None
    if accurate == len(values):
        weak = slice(len(values) - len(values) // _WEAK_SHARE, None)
        weak_large = oriented.T @ vectors[:, weak] / values[weak]
    errors = _rotation_bounds(values, accurate)
    return BaseSpectrum(vectors, values, errors, large_tail, weak_large=weak_large)


def _lengths(oriented: Array, vectors: Array) -> Array:
    """Return ‖Wᵀu‖ for each column: singular values to full accuracy, unlike √λ of the Gram."""
    xp = namespace(vectors)
    blocks = [
        xp.linalg.norm(oriented.T @ vectors[:, start : start + _BLOCK], axis=0)
        for start in range(0, vectors.shape[1], _BLOCK)
    ]
    return xp.concat(blocks)


def _refine_tail(
    oriented: Array, vectors: Array, values: Array, accurate: int
) -> tuple[Array, Array, Array]:
    """Redo the smallest singular triplets by an SVD of the weight restricted to them."""
    xp = namespace(oriented)
    leading, rest = vectors[:, :accurate], vectors[:, accurate:]
    restricted = oriented.T @ rest
    large, tail_values, rotation = xp.linalg.svd(restricted, full_matrices=False)
    # where the restriction is pure rounding, keep it orthogonal to what is well determined
    scaled = oriented.T @ leading / values[:accurate]
    for _ in range(2):
        large = large - scaled @ (scaled.T @ large)
        large, _ = xp.linalg.qr(large)
    return (
        xp.concat([leading, rest @ rotation.T], 1),
        xp.concat([values[:accurate], tail_values]),
        large,
    )


def _rotation_bounds(values: Array, accurate: int) -> Array:
    """Bound each vector's rotation: rounding over the distance to the nearest other eigenvalue."""
    xp = namespace(values)
    noise = ROUNDING * len(values) ** 0.5
    squares = values**2
    leading = _nearest(squares)[:accurate] / max(float(squares[0]), 1e-300)
    tail = _nearest(values)[accurate:] / max(float(values[0]), 1e-300)
    relative_gaps = xp.concat([leading, tail])
    bounds = noise / xp.clip(relative_gaps, noise, None)
    if 0 < accurate < len(values):
        # the tail was refined within a span that the Gram matrix has separated from the rest
        distance = (squares[accurate - 1] - squares[accurate:]) / max(float(squares[0]), 1e-300)
        leak = noise / xp.clip(distance, noise, None)
        bounds = xp.concat([bounds[:accurate], bounds[accurate:] + leak])
    return xp.clip(bounds, None, 1.0)


def _nearest(descending: Array) -> Array:
    """Return each value's distance to its nearest neighbour."""
    xp = namespace(descending)
    if len(descending) == 1:
        return abs(descending)
    steps = abs(descending[:-1] - descending[1:])
    above = xp.concat([steps[:1], steps])
    below = xp.concat([steps, steps[-1:]])
    return xp.minimum(above, below)


def small_cosines(base: BaseSpectrum, vectors: Array) -> Array:
    """Return the cosines of all p base vectors (rows) with p × k small-side vectors (columns)."""
    return (vectors.T @ base.vectors).T


def large_cosines(base: BaseSpectrum, images: Array, vectors: Array) -> Array:
    """Return the cosines of all p base vectors with n × k large-side vectors y.

    ⟨v_i, y⟩ = u_iᵀ W0 y / σ_i; `images` are the products W0 y with the oriented base weight.
    """
    xp = namespace(vectors)
    direct = len(base.values) - base.large_tail.shape[1]
    projected = (images.T @ base.vectors[:, :direct]).T
    return xp.concat([projected / base.values[:direct, None], base.large_tail.T @ vectors])


def larger_side_errors(values: Array, errors: Array, top: float) -> Array:
    """Carry error bounds of small-side vectors u over to the large side, v = Wᵀu/σ.

    An error of u along a neighbour of larger σ is amplified by the ratio of the two; the product
    itself is rounded relative to the largest singular value `top`. Values descend.
    """
    xp = namespace(values)
    floor = xp.clip(values, 1e-150 + 1e-12 * top, None)
    ratio = xp.concat([xp.ones_like(floor[:1]), floor[:-1] / floor[1:]])
    rounding = ROUNDING * len(values) ** 0.5 * top / floor
    return xp.clip(2 * ratio * errors + rounding, None, 1.0)
