"""Comparing leading vectors of a tuned weight with all vectors of its base.

Guarantees: for both sides, the largest absolute cosine of every leading vector, the base vector
that has it, and a bound of that cosine's error from every source: the tuned vector, the rounding of
the base vectors, the precision they are stored in. The true maximum lies within the bound.
"""

from dataclasses import dataclass

import numpy as np

from rankscope.spectra.engine.parts.arrays import Array, namespace, to_numpy
from rankscope.spectra.engine.parts.decomposition import (
    BaseSpectrum,
    large_cosines,
    larger_side_errors,
    small_cosines,
)
from rankscope.spectra.engine.ways.complete import Leading

_DETERMINED = 0.1  # error of a base vector up to which it counts as one, not as part of a span


@dataclass(frozen=True)
class SideComparison:
    """One side (left or right) of k tuned vectors against all base vectors.

    Attributes:
        sigma, max_cosine, base_index (from 1; 0: not known), error_bound: k values each.
        similarity: s × s absolute cosines, base vectors (rows) × tuned vectors (columns).
    """

    sigma: np.ndarray
    max_cosine: np.ndarray
    base_index: np.ndarray
    error_bound: np.ndarray
    similarity: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """Both sides of one matrix, and how the tuned vectors were obtained."""

    left: SideComparison
    right: SideComparison
    method: str


@dataclass(frozen=True)
class Cosines:
    """Cosines of p base vectors with k leading tuned vectors, for both sides of an oriented weight.

    Attributes:
        values: k singular values of the tuned weight.
        errors: k bounds of the sine of the angle to the true small-side vector.
        small, large: p × k cosines on the two sides.
        method: how the tuned vectors were obtained.
        large_errors: p × k bounds of further errors of `large`, 0 where there are none.
    """

    values: Array
    errors: Array
    small: Array
    large: Array
    method: str
    large_errors: Array | float = 0.0


def cosines_of(base: BaseSpectrum, oriented: Array, leading: Leading) -> Cosines:
    """Multiply `leading` with all vectors of `base`, whose oriented weight is given."""
    images = oriented @ leading.large
    return Cosines(
        leading.values,
        leading.errors,
        small_cosines(base, leading.small),
        large_cosines(base, images, leading.large),
        leading.method,
        large_storage_errors(base, images),
    )


def compare(base: BaseSpectrum, cosines: Cosines, transposed: bool, similarity: int) -> Comparison:
    """Summarise the cosines with all base vectors, their error bounds included.

    `transposed` says that orientation exchanged the sides, so that `small` is right.
    """
    carried = larger_side_errors(cosines.values, cosines.errors, float(cosines.values[0]))
    small = _side(base, cosines, cosines.errors, False, similarity)
    large = _side(base, cosines, carried, True, similarity)
    left, right = (large, small) if transposed else (small, large)
    return Comparison(left, right, cosines.method)


def _side(
    base: BaseSpectrum, cosines: Cosines, own: Array, is_large: bool, similarity: int
) -> SideComparison:
    xp = namespace(own)
    absolute = xp.clip(abs(cosines.large if is_large else cosines.small), None, 1.0)
    maxima = xp.amax(absolute, axis=0)
    further = cosines.large_errors if is_large else base.storage_error
    lowest, highest = _range_by_rounding(base, absolute, further, is_large)
    rounding = xp.clip(xp.maximum(highest - maxima, maxima - lowest), 0.0, 1.0)
    size = min(similarity, absolute.shape[1])
    return SideComparison(
        sigma=to_numpy(cosines.values),
        max_cosine=to_numpy(maxima),
        base_index=to_numpy(xp.argmax(absolute, axis=0)) + 1,
        error_bound=to_numpy(xp.clip(own + rounding, None, 1.0)),
        similarity=to_numpy(absolute[:size, :size]),
    )


def _range_by_rounding(
    base: BaseSpectrum, absolute: Array, further: Array | float, is_large: bool
) -> tuple[Array, Array]:
    """Bound each column's maximum over base vectors that rounding may have rotated.

    A vector rotated by δ within the span of its neighbours changes a cosine by at most δ; where
    singular values coincide (δ = 1) the vectors are any basis of their span, and the largest cosine
    with one of them lies between ‖c‖/√size and ‖c‖ of the span. `further` are errors of `absolute`.
    """
    xp = namespace(absolute)
    errors = base.errors
    if is_large:
        direct = len(errors) - base.large_tail.shape[1]
        carried = larger_side_errors(base.values[:direct], errors[:direct], float(base.values[0]))
        errors = xp.concat([carried, errors[direct:]])
    low, high = xp.clip(absolute - further, 0.0, None), absolute + further
    determined = (errors < _DETERMINED)[:, None]
    lowest = xp.amax(xp.where(determined, low - errors[:, None], 0.0), axis=0)
    highest = xp.amax(xp.where(determined, high + errors[:, None], 0.0), axis=0)
    for start, stop in _undetermined_runs(to_numpy(errors)):
        # the span itself turns by no more than the determined vectors beside it
        beside = xp.concat([errors[max(start - 1, 0) : start], errors[stop : stop + 1]])
        turned = float(beside.max()) if len(beside) else 0.0
        least = xp.linalg.norm(low[start:stop], axis=0) - turned
        lowest = xp.maximum(lowest, least / (stop - start) ** 0.5)
        highest = xp.maximum(highest, xp.linalg.norm(high[start:stop], axis=0) + turned)
    return lowest, highest


def _undetermined_runs(errors: np.ndarray) -> list[tuple[int, int]]:
    """Return the first and one past the last position of each run of undetermined neighbours."""
    flags = np.concatenate([[False], errors >= _DETERMINED, [False]])
    edges = np.flatnonzero(flags[1:] != flags[:-1])
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def large_storage_errors(base: BaseSpectrum, images: Array) -> Array | float:
    """Bound what storing U0 in single precision makes of cosines ⟨v_i, y⟩ = u_iᵀ W0 y / σ_i.

    `images` are the products W0 y with the oriented base weight.
    """
    if not base.storage_error:
        return 0.0
    xp = namespace(images)
    lengths = xp.linalg.norm(images, axis=0)[None, :]
    # the vectors of `large_tail` are stored themselves, in double precision
    stored = xp.ones_like(base.values)
    stored[len(stored) - base.large_tail.shape[1] :] = 0
    divisors = xp.where(stored > 0, base.values, 1.0)
    return base.storage_error * (stored / divisors)[:, None] * lengths
