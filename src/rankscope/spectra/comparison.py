"""Comparing leading vectors of a tuned weight with all vectors of its base.

Guarantees: for both sides, the largest absolute cosine of every leading vector, the base vector
that has it, and a bound of that cosine's error from every source: the tuned vector, the rounding of
the base vectors, the precision they are stored in. The true maximum lies within the bound.
"""

from dataclasses import dataclass

import numpy as np

from rankscope.spectra.arrays import Array, namespace, to_numpy
from rankscope.spectra.decomposition import (
    BaseSpectrum,
    large_cosines,
    larger_side_errors,
    small_cosines,
)
from rankscope.spectra.tuned import Leading


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
    return Cosines(
        leading.values,
        leading.errors,
        small_cosines(base, leading.small),
        large_cosines(base, oriented @ leading.large, leading.large),
        leading.method,
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
    highest = absolute + cosines.large_errors if is_large else absolute
    rounding = xp.clip(_highest_by_rounding(base, highest, is_large) - maxima, 0.0, 1.0)
    size = min(similarity, absolute.shape[1])
    return SideComparison(
        sigma=to_numpy(cosines.values),
        max_cosine=to_numpy(maxima),
        base_index=to_numpy(xp.argmax(absolute, axis=0)) + 1,
        error_bound=to_numpy(xp.clip(own + rounding + base.storage_error, None, 1.0)),
        similarity=to_numpy(absolute[:size, :size]),
    )


def _highest_by_rounding(base: BaseSpectrum, absolute: Array, is_large: bool) -> Array:
    """Bound where rounding of the base vectors may have moved each column's maximum.

    A vector rotated by δ within the span of its neighbours changes a cosine by at most δ; where
    singular values coincide (δ = 1) the vectors are any basis of their span, and the largest cosine
    with one of them lies between ‖c‖/√size and ‖c‖ of the span.
    """
    xp = namespace(absolute)
    errors = base.errors
    if is_large:
        direct = len(errors) - base.large_tail.shape[1]
        carried = larger_side_errors(base.values[:direct], errors[:direct], float(base.values[0]))
        errors = xp.concat([carried, errors[direct:]])
    determined = (errors < 0.1)[:, None]
    upper = xp.amax(xp.where(determined, absolute + errors[:, None], 0.0), axis=0)
    undetermined = xp.where(determined, 0.0, absolute) ** 2
    if float(xp.amax(errors)) >= 0.1:
        upper = xp.maximum(upper, _span_norms(errors, undetermined))
    return upper


def _span_norms(errors: Array, squares: Array) -> Array:
    """Return the largest norm of the cosines over any run of undetermined neighbours."""
    xp = namespace(squares)
    totals = xp.concat([xp.zeros_like(squares[:1]), xp.cumsum(squares, axis=0)])
    flags = [False, *(float(error) >= 0.1 for error in to_numpy(errors)), False]
    starts = [i for i in range(len(flags) - 1) if flags[i + 1] and not flags[i]]
    stops = [i for i in range(len(flags) - 1) if flags[i] and not flags[i + 1]]
    runs = [totals[stop] - totals[start] for start, stop in zip(starts, stops, strict=True)]
    return xp.sqrt(xp.clip(xp.amax(xp.stack(runs), axis=0), 0.0, None))
