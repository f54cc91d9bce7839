"""Intruders without a base decomposition: for a few versions of a base that nothing is cached of.

The leading vectors of the tuned weight come from block Krylov iteration on its Gram matrix, their
completeness from one Cholesky factorisation; whether each is an intruder is decided by the moments
of its spectral measure under the base (`christoffel`), with products of the base weight alone.

Guarantees: the largest cosine lies within `max_cosine` ± `error_bound`; decisions are certified
wherever ε lies outside. The base vector that has the largest cosine is known only among the leading
ones (`base_index` 0: unknown). Memory: two and a half p × p matrices beside the weight, no disk.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rankscope.spectra.adapters import LowRank, Update
from rankscope.spectra.arrays import (
    Array,
    constants_like,
    namespace,
    positive_definite_solver,
    to_device,
    to_numpy,
)
from rankscope.spectra.certificate import is_separated, vector_errors, vector_gaps, widest_gap
from rankscope.spectra.christoffel import LargestCosine, largest_cosine
from rankscope.spectra.comparison import Comparison, SideComparison
from rankscope.spectra.davidson import davidson
from rankscope.spectra.decomposition import ROUNDING, orient
from rankscope.spectra.lanczos import Lanczos
from rankscope.spectra.updated_gram import UpdatedGram, times

METHOD = "cacheless"
_STEPS, _MOST_STEPS = 10, 120
_TOLERANCE = 1e-7
_ROUNDS = 60
_EXTRA = 6


@dataclass(frozen=True)
class _Top:
    """Leading eigenpairs of a Gram matrix, proven complete, with error bounds of the vectors."""

    values: Array
    vectors: Array
    errors: list[float]


@dataclass(frozen=True)
class _Version:
    """A tuned weight W: W Wᵀ, a block to start from, and the product x ↦ Wᵀ x."""

    gram: UpdatedGram
    start: Array
    transposed_product: Callable[[Array], Array]


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
        self.base_values = np.zeros(1) if self.base is None else to_numpy(self.base.values)
        if self.base is not None:
            self.base_small = self.base.vectors[:, : self.similarity]
            large = self.oriented.T @ self.base_small
            self.base_large = large / namespace(large).linalg.norm(large, axis=0)
        self._solve = positive_definite_solver(self.gram)

    def compare(self, update: Update) -> Comparison | None:
        """Compare one version; None where its leading vectors cannot be certified."""
        if self.base is None:
            return None
        tuned = self._version(update, self.base.vectors)
        top = _leading(tuned.gram, tuned.start, self.k)
        if top is None:
            return None
        small = top.vectors
        large = tuned.transposed_product(small)
        sigma = namespace(large).linalg.norm(large, axis=0)
        large = large / sigma
        on_large = self._large_process(large)
        if on_large is None:
            return None
        errors = np.asarray(top.errors)
        on_small = Lanczos(self._times, small)
        small_side = self._side(to_numpy(sigma), on_small, errors, self.base_small.T @ small)
        large_side = self._side(to_numpy(sigma), on_large, 2 * errors, self.base_large.T @ large)
        if self.transposed:
            return Comparison(large_side, small_side, METHOD)
        return Comparison(small_side, large_side, METHOD)

    def _side(
        self, sigma: np.ndarray, process: Lanczos, errors: np.ndarray, similarity: Array
    ) -> SideComparison:
        top = float(self.base_values[0]) * (1 + 1e-6)
        found = decide(process, self.epsilon, errors, top)
        return SideComparison(
            sigma=sigma,
            max_cosine=np.array([bounds.estimate for bounds in found]),
            base_index=np.array([self._index(bounds) for bounds in found]),
            error_bound=np.array([bounds.error for bounds in found]) + errors,
            similarity=abs(to_numpy(similarity))[:, : self.similarity],
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

    def _large_process(self, large: Array) -> Lanczos | None:
        """Start Lanczos for large-side vectors under W0ᵀ W0; None if that is ill-conditioned.

        A wide base has only p vectors on its large side: what lies outside their span has no cosine
        with any of them, but would be a point mass at 0 in the spectral measure. So each vector is
        projected on that span, W0ᵀ t with G t = W0 y, and the process runs on t.
        """
        if self._solve is not None:
            target = self.oriented @ large
            coordinates = self._solve(target)
            coordinates = coordinates + self._solve(target - self.gram @ coordinates)
            left_over = float(namespace(large).linalg.norm(target - self.gram @ coordinates))
            if left_over <= 1e-9 * float(self.base_values[0]) ** 0.5:
                return Lanczos(self._times, coordinates, weighted=True)
        if self.oriented.shape[0] == self.oriented.shape[1]:
            return Lanczos(lambda x: self.oriented.T @ (self.oriented @ x), large)
        return None

    def _index(self, bounds: LargestCosine) -> int:
        """Return the position of the base vector with the largest cosine; 0 where unknown."""
        if bounds.eigenvalue is None:
            return 0
        values = self.base_values
        nearest = int(np.abs(values - bounds.eigenvalue).argmin())
        return nearest + 1 if abs(values[nearest] / bounds.eigenvalue - 1) < 1e-6 else 0


def decide(process: Lanczos, epsilon: float, errors: np.ndarray, top: float) -> list[LargestCosine]:
    """Bound each vector's largest cosine until ε is outside its bounds, or the steps run out.

    The vectors may be shorter than 1: cosines scale with their lengths. `errors` bound how far they
    are from the true ones; `top` is at least the largest eigenvalue of the process's operator.
    """
    lengths, count = process.lengths, len(errors)
    active = list(range(count))
    results: dict[int, LargestCosine] = {}
    for _ in range(_MOST_STEPS // _STEPS):
        jacobi = process.advance(_STEPS)
        open_positions = []
        for position, vector in enumerate(active):
            bounds = largest_cosine(jacobi, position, top).scaled(float(lengths[vector]))
            results[vector] = bounds
            decided = (
                bounds.upper + errors[vector] < epsilon or bounds.lower - errors[vector] > epsilon
            )
            if not decided:
                open_positions.append(position)
        if not open_positions:
            break
        process.keep(open_positions)
        active = [active[position] for position in open_positions]
    return [results[vector] for vector in range(count)]


def _leading(gram: UpdatedGram, start: Array, k: int) -> _Top | None:
    """Return the k leading eigenpairs of `gram` with proof that none is missing, or None."""
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
    gaps = vector_gaps(values, residuals, cut, threshold, noise, k)
    errors = vector_errors(residuals, gaps, noise)
    return _Top(pairs.values[:k], pairs.vectors[:, :k], errors)
