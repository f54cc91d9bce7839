"""Intruders without a base decomposition: for a few versions of a base that nothing is cached of.

The leading vectors of the tuned weight come from block Krylov iteration on its Gram matrix, their
completeness from one Cholesky factorisation, and so do those of the base. The cosines with these
base vectors bound the largest one from below, and where one exceeds √½ it is the largest; else the
moments of the spectral measure under the base bound the largest one from above (`christoffel`),
with products of the base weight alone.

Guarantees: the largest cosine lies within `max_cosine` ± `error_bound`; decisions are certified
wherever ε lies outside. The base vector that has the largest cosine is known only among the leading
ones (`base_index` 0: unknown). Memory: two and a half p × p matrices beside the weight, no disk.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rankscope.spectra.engine.comparison import Comparison, SideComparison
from rankscope.spectra.engine.parts.arrays import (
    Array,
    constants_like,
    namespace,
    positive_definite_solver,
    to_device,
    to_numpy,
)
from rankscope.spectra.engine.parts.certificate import (
    is_separated,
    vector_errors,
    vector_gaps,
    widest_gap,
)
from rankscope.spectra.engine.parts.christoffel import cosine_bound
from rankscope.spectra.engine.parts.davidson import davidson
from rankscope.spectra.engine.parts.decomposition import ROUNDING, larger_side_errors, orient
from rankscope.spectra.engine.parts.lanczos import Lanczos
from rankscope.spectra.engine.parts.updated_gram import UpdatedGram, times
from rankscope.weights.updates import LowRank, Update

METHOD = "cacheless"
_STEPS, _MOST_STEPS = 10, 120
_TOLERANCE = 1e-7
_ROUNDS = 60
_EXTRA = 6
_KNOWN = 0.1  # error up to which a vector of the base counts as known
_STALLED = 1e-6  # gain of a bound in some steps, at which it has found the mass of one vector
_NARROW = 1e-3  # width of an interval that needs no moments
_GROWN = 1e-9  # rounding of the weighted process, relative, up to which it is used
_PROJECTED = 1e-6  # error of a projection on the row space of the base up to which it is used


@dataclass(frozen=True)
class _Top:
    """Leading eigenpairs of a Gram matrix, proven complete, with error bounds of the vectors."""

    values: Array
    vectors: Array
    errors: np.ndarray

    def first(self, count: int) -> "_Top":
        """Return the first `count` pairs."""
        return _Top(self.values[:count], self.vectors[:, :count], self.errors[:count])


@dataclass(frozen=True)
class _KnownVectors:
    """Some leading vectors of one side of the base: columns, with bounds of their errors."""

    vectors: Array
    errors: np.ndarray


@dataclass(frozen=True)
class _Version:
    """A tuned weight W: W Wᵀ, a block to start from, and the product x ↦ Wᵀ x."""

    gram: UpdatedGram
    start: Array
    transposed_product: Callable[[Array], Array]


# the largest cosines of some vectors (columns) from above, given bounds from below and the errors
_Bound = Callable[[Array, np.ndarray, np.ndarray], np.ndarray | None]


class CachelessComparer:
    """Compares tuned versions of one weight with its base, through products with the weight."""

    def __init__(
        self, weight: np.ndarray, k: int, epsilon: float, similarity: int, device: str = "cpu"
    ) -> None:
        self.transposed = weight.shape[0] > weight.shape[1]
        self.oriented = to_device(orient(weight), device)
        self.device, self.epsilon = device, epsilon
        self.k = min(k, self.oriented.shape[0])
        self.similarity = min(similarity, self.k)
        self.gram = self.oriented @ self.oriented.T
        draw = np.random.default_rng(0).standard_normal((len(self.gram), self.k + 2 * _EXTRA))
        self._random = constants_like(self.gram, draw)
        none = self._random[:, :0]
        self.base = _leading(UpdatedGram(self.gram, none, none), self._random, self.k)
        if self.base is not None:
            self._top = float(self.base.values[0]) * (1 + 1e-6)
            self._rounding = ROUNDING * len(self.gram) ** 0.5 * self._top  # of a product with G
            self._small, self._large = self._known_vectors(self.base)
        self._solve = positive_definite_solver(self.gram)

    def compare(self, update: Update) -> Comparison | None:
        """Compare one version; None where its leading vectors cannot be certified."""
        if self.base is None:
            return None
        tuned = self._version(update, self.base.vectors[:, : self.k])
        top = _leading(tuned.gram, tuned.start, self.k)
        if top is None:
            return None
        top = top.first(self.k)
        small = top.vectors
        large = tuned.transposed_product(small)
        sigma = namespace(large).linalg.norm(large, axis=0)
        large, values = large / sigma, to_numpy(sigma)
        carried = larger_side_errors(values, top.errors, float(values[0]))
        on_small = self._side(values, small, top.errors, self._small, self._small_bounds)
        on_large = self._side(values, large, carried, self._large, self._large_bounds)
        if on_small is None or on_large is None:
            return None
        left, right = (on_large, on_small) if self.transposed else (on_small, on_large)
        return Comparison(left, right, METHOD)

    def _known_vectors(self, base: _Top) -> tuple[_KnownVectors, _KnownVectors]:
        """Return the known base vectors of the small and of the large side."""
        large = self.oriented.T @ base.vectors
        sigma = namespace(large).linalg.norm(large, axis=0)
        values = to_numpy(sigma)
        carried = larger_side_errors(values, base.errors, float(values[0]))
        return _KnownVectors(base.vectors, base.errors), _KnownVectors(large / sigma, carried)

    def _side(
        self,
        sigma: np.ndarray,
        vectors: Array,
        errors: np.ndarray,
        known: _KnownVectors,
        bound: "_Bound",
    ) -> SideComparison | None:
        """Compare one side; None where the moments cannot be had to the accuracy they need."""
        cosines = np.abs(to_numpy(known.vectors.T @ vectors))
        lower, upper = bounds_of_known(cosines, known.errors)
        wide = np.flatnonzero(upper - lower > _NARROW)
        if len(wide):
            found = bound(vectors[:, wide.tolist()], lower[wide], errors[wide])
            if found is None:
                return None
            upper[wide] = np.maximum(np.minimum(upper[wide], found), lower[wide])
        # no other can be as large beside √½, and hardly any within so narrow an interval
        certain = (lower > 0.5**0.5) | (upper - lower < _NARROW)
        return SideComparison(
            sigma=sigma,
            max_cosine=(lower + upper) / 2,
            base_index=np.where(certain, cosines.argmax(axis=0) + 1, 0),
            error_bound=np.minimum((upper - lower) / 2 + errors, 1.0),
            similarity=cosines[: self.similarity, : self.similarity],
        )

    def _version(self, update: Update, base_vectors: Array) -> "_Version":
        """Prepare the products of a tuned version; a low-rank update is not formed."""
        xp, oriented = namespace(self.gram), self.oriented
        start = [base_vectors, self._random[:, : 2 * _EXTRA]]
        if not isinstance(update, LowRank) or 4 * update.rank > self.gram.shape[0]:
            delta = to_device(orient(update.dense()), self.device)
            tuned = oriented + delta
            start.append(delta @ (delta.T @ base_vectors))
            none = base_vectors[:, :0]
            gram = UpdatedGram(tuned @ tuned.T, none, none)
            return _Version(gram, xp.concat(start, 1), lambda x: tuned.T @ x)
        left, right = update.left, update.right
        if self.transposed:
            left, right = right.T, left.T
        left, right = to_device(left, self.device), to_device(right, self.device)
        # with H = W0 Aᵀ + B (A Aᵀ) / 2 the Gram matrix is W0 W0ᵀ + B Hᵀ + H Bᵀ
        half = oriented @ right.T + left @ (right @ right.T) / 2
        start.append(left[:, : 4 * self.k])
        return _Version(
            UpdatedGram(self.gram, left, half).plus(half, left),
            xp.concat(start, 1),
            lambda x: oriented.T @ x + right.T @ (left.T @ x),
        )

    def _times(self, block: Array) -> Array:
        return times(self.gram, block)

    def _small_bounds(
        self, vectors: Array, lower: np.ndarray, errors: np.ndarray
    ) -> np.ndarray | None:
        return self._decided(Lanczos(self._times, vectors), lower, errors)

    def _large_bounds(
        self, vectors: Array, lower: np.ndarray, errors: np.ndarray
    ) -> np.ndarray | None:
        """Bound the largest cosines of large-side vectors under W0ᵀ W0.

        A wide base has only p vectors on its large side: what lies outside their span has no cosine
        with any of them, but would be a point mass at 0 in the spectral measure. So each vector is
        projected on that span, W0ᵀ t with G t = W0 y. The process runs on t with the inner product
        G, at one product with the small matrix a step; where G is too ill-conditioned for that, on
        W0ᵀ t itself.
        """
        if self.oriented.shape[0] == self.oriented.shape[1]:
            return self._decided(Lanczos(self._round_trip, vectors), lower, errors)
        if self._solve is None:
            return None
        coordinates, missed = self._projected(self._solve, vectors)
        if missed.max() > _PROJECTED:
            return None
        errors = errors + missed
        weighted = Lanczos(self._times, coordinates, weighted=True)
        found = self._decided(weighted, lower, errors)
        if found is None:
            plain = Lanczos(self._round_trip, self.oriented.T @ coordinates)
            found = self._decided(plain, lower, errors)
        return None if found is None else found + missed

    def _projected(
        self, solve: Callable[[Array], Array], vectors: Array
    ) -> tuple[Array, np.ndarray]:
        """Return t with G t = W0 y, and how far W0ᵀ t is from the projection of y on the rows."""
        target = self.oriented @ vectors
        coordinates = solve(target)
        coordinates = coordinates + solve(target - self.gram @ coordinates)
        left_over = target - self.gram @ coordinates
        squares = to_numpy((left_over * solve(left_over)).sum(axis=0))
        # what is left over is rounded itself, and the weak directions of G, where t is long, tell
        rounding = self._rounding * to_numpy((coordinates * coordinates).sum(axis=0))
        return coordinates, np.sqrt(np.maximum(squares, 0)) + rounding

    def _round_trip(self, block: Array) -> Array:
        return self.oriented.T @ (self.oriented @ block)

    def _decided(
        self, process: Lanczos, lower: np.ndarray, errors: np.ndarray
    ) -> np.ndarray | None:
        """Run `decide`; None where rounding in the process's inner product is too large."""
        return decide(process, self.epsilon, lower, errors, self._top, _GROWN / self._rounding)


def bounds_of_known(cosines: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bound the largest cosine of each column with all vectors of an orthonormal basis.

    `cosines` are those with some vectors of the basis, which are known within `errors`. What a unit
    vector has left beside them bounds its cosine with any other: √(1 − Σ c²).
    """
    known = errors < _KNOWN
    cosines, errors = cosines[known], errors[known, None]
    if not len(cosines):
        return np.zeros(cosines.shape[1]), np.ones(cosines.shape[1])
    least = np.clip(cosines - errors, 0, 1)
    rest = np.sqrt(np.clip(1 - (least**2).sum(axis=0), 0, 1))
    return least.max(axis=0), np.clip(np.maximum((cosines + errors).max(axis=0), rest), 0, 1)


def decide(
    process: Lanczos,
    epsilon: float,
    lower: np.ndarray,
    errors: np.ndarray,
    top: float,
    most_growth: float = np.inf,
) -> np.ndarray | None:
    """Bound each vector's largest cosine from above, until that decides or no longer helps.

    Decided is a vector whose bounds, `lower` known before, leave ε outside. The vectors may be
    shorter than 1: cosines scale with their lengths. `errors` bound how far they are from the true
    ones; `top` is at least the largest eigenvalue of the process's operator. None where the process
    grows beyond `most_growth`.
    """
    lengths = process.lengths
    active = list(range(len(errors)))
    upper = np.ones(len(errors))
    for _ in range(_MOST_STEPS // _STEPS):
        jacobi = process.advance(_STEPS)
        if process.growth > most_growth:
            return None
        before = upper.copy()
        for position, vector in enumerate(active):
            upper[vector] = cosine_bound(jacobi, position, top) * float(lengths[vector])
        decided = (upper + errors < epsilon) | (lower - errors > epsilon)
        stalled = before - upper < _STALLED
        open_positions = [
            at for at, vector in enumerate(active) if not (decided[vector] or stalled[vector])
        ]
        if not open_positions:
            break
        process.keep(open_positions)
        active = [active[position] for position in open_positions]
    return upper


def _leading(gram: UpdatedGram, start: Array, k: int) -> _Top | None:
    """Return the leading eigenpairs of `gram`, at least k, with proof that none is missing.

    The first k are accurate; those beyond, up to the widest gap, less so. None without a proof.
    """
    wanted = min(k + _EXTRA, start.shape[0] - 1)
    noise = ROUNDING * gram.trace()
    pairs = davidson(
        gram.times, lambda residual, _: residual, start, wanted, k,
        _TOLERANCE, noise,
        _ROUNDS,
    )  # fmt: skip
    values = [float(value) for value in pairs.values[: wanted + 1]]
    residuals = [float(norm) for norm in pairs.residuals]
    if len(values) <= k:
        return None
    cut = widest_gap(values, k)
    threshold = values[cut] + 0.4 * (values[cut - 1] - values[cut])
    if not is_separated(values, residuals, cut, threshold, noise):
        return None
    rest = gram.without(pairs.vectors[:, :cut], pairs.values[:cut])
    if not rest.is_below(values[cut], threshold - noise):
        return None
    gaps = vector_gaps(values, residuals, cut, threshold, noise, cut)
    errors = np.asarray(vector_errors(residuals, gaps, noise))
    return _Top(pairs.values[:cut], pairs.vectors[:, :cut], errors)
