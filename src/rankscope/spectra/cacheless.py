"""Intruders without a base decomposition: for a few versions of a base that nothing is cached of.

The leading vectors of the tuned weight come from block Krylov iteration on its Gram matrix, their
completeness from one Cholesky factorisation; whether each is an intruder is decided by the moments
of its spectral measure under the base (`christoffel`), with products of the base weight alone.

Guarantees: the largest cosine lies within `max_cosine` ± `error_bound`; decisions are certified
wherever ε lies outside. The base vector that has the largest cosine is known only among the leading
ones (`base_index` 0: unknown). Memory: two p × p matrices beside the weight, no disk.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rankscope.spectra.adapters import LowRank, Update
from rankscope.spectra.arrays import Array, constants_like, namespace, to_device, to_numpy
from rankscope.spectra.certificate import is_separated, vector_errors, widest_gap
from rankscope.spectra.christoffel import LargestCosine, largest_cosine
from rankscope.spectra.comparison import Comparison, SideComparison
from rankscope.spectra.davidson import davidson
from rankscope.spectra.decomposition import ROUNDING, orient
from rankscope.spectra.dense_engine import eigenvalues_are_below
from rankscope.spectra.lanczos import Lanczos

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
        self.base = _leading(self.gram, constants_like(self.gram, draw), self.k)
        self.base_values = np.zeros(1) if self.base is None else to_numpy(self.base.values)

    def compare(self, update: Update) -> Comparison | None:
        """Compare one version; None where its leading vectors cannot be certified."""
        if self.base is None:
            return None
        xp = namespace(self.gram)
        delta = to_device(orient(update.dense()), self.device)
        tuned = self.oriented + delta
        start = [self.base.vectors, delta @ (delta.T @ self.base.vectors)]
        if isinstance(update, LowRank):
            start.append(self._factors(update)[0][:, : 4 * self.k])
        nonzero = [block for block in start if float(xp.linalg.norm(block)) > 0]
        top = _leading(self._tuned_gram(update, tuned), xp.concat(nonzero, 1), self.k)
        if top is None:
            return None
        small = top.vectors
        large = tuned.T @ small
        sigma = xp.linalg.norm(large, axis=0)
        large = large / sigma
        inside = self._inside_row_space(large)
        if inside is None:
            return None
        base_small = self.base.vectors[:, : self.similarity]
        base_large = self.oriented.T @ base_small
        base_large = base_large / xp.linalg.norm(base_large, axis=0)
        sides = [
            self._side(
                to_numpy(sigma), small, small, top.errors, lambda x: self.gram @ x, base_small
            ),
            self._side(
                to_numpy(sigma),
                large,
                inside,
                [2 * error for error in top.errors],
                lambda x: self.oriented.T @ (self.oriented @ x),
                base_large,
            ),
        ]
        left, right = reversed(sides) if self.transposed else sides
        return Comparison(left, right, METHOD)

    def _side(
        self,
        sigma: np.ndarray,
        vectors: Array,
        inside: Array,
        errors: Sequence[float],
        apply: Callable[[Array], Array],
        base_vectors: Array,
    ) -> SideComparison:
        top = float(self.base_values[0]) * (1 + 1e-6)
        found = decide(apply, inside, self.epsilon, np.asarray(errors), top)
        similarity = abs(to_numpy(base_vectors.T @ vectors))[:, : self.similarity]
        return SideComparison(
            sigma=sigma,
            max_cosine=np.array([bounds.estimate for bounds in found]),
            base_index=np.array([self._index(bounds) for bounds in found]),
            error_bound=np.array([bounds.error for bounds in found]) + np.asarray(errors),
            similarity=similarity,
        )

    def _factors(self, update: LowRank) -> tuple[Array, Array]:
        left, right = update.left, update.right
        if self.transposed:
            left, right = right.T, left.T
        return to_device(left, self.device), to_device(right, self.device)

    def _tuned_gram(self, update: Update, tuned: Array) -> Array:
        """Return W Wᵀ, for a low rank as a correction of W0 W0ᵀ."""
        if not isinstance(update, LowRank) or 4 * update.rank > self.gram.shape[0]:
            return tuned @ tuned.T
        left, right = self._factors(update)
        # with H = W0 Aᵀ + B (A Aᵀ) / 2 it is W0 W0ᵀ + B Hᵀ + H Bᵀ
        half = left @ (self.oriented @ right.T + left @ (right @ right.T) / 2).T
        gram = self.gram + half
        gram += half.T
        return gram

    def _inside_row_space(self, large: Array) -> Array | None:
        """Project large-side vectors on the span of the base's vectors; None if it is ill-defined.

        A wide base has only p vectors on its large side: what lies outside their span has no cosine
        with any of them, but would be a point mass at 0 in the spectral measure.
        """
        if self.oriented.shape[0] == self.oriented.shape[1]:
            return large
        xp = namespace(large)
        outside = large
        for _ in range(2):  # the second pass removes what the conditioning of the Gram left
            try:
                solved = xp.linalg.solve(self.gram, self.oriented @ outside)
            except (np.linalg.LinAlgError, RuntimeError):
                return None
            outside = outside - self.oriented.T @ solved
        left_over = float(xp.linalg.norm(self.oriented @ outside))
        if not left_over <= 1e-9 * float(self.base_values[0]) ** 0.5:
            return None
        return large - outside

    def _index(self, bounds: LargestCosine) -> int:
        """Return the position of the base vector with the largest cosine; 0 where unknown."""
        if bounds.eigenvalue is None:
            return 0
        values = self.base_values
        nearest = int(np.abs(values - bounds.eigenvalue).argmin())
        return nearest + 1 if abs(values[nearest] / bounds.eigenvalue - 1) < 1e-6 else 0


def decide(
    apply: Callable[[Array], Array],
    vectors: Array,
    epsilon: float,
    errors: np.ndarray,
    top: float,
) -> list[LargestCosine]:
    """Bound each vector's largest cosine until ε is outside its bounds, or the steps run out.

    The vectors may be shorter than 1: cosines scale with their lengths.

    `apply` multiplies with W0 W0ᵀ (or W0ᵀ W0), `top` is at least its largest eigenvalue.
    """
    lengths = to_numpy(namespace(vectors).linalg.norm(vectors, axis=0))
    process = Lanczos(apply, vectors)
    active = list(range(vectors.shape[1]))
    results: dict[int, LargestCosine] = {}
    for steps in range(_STEPS, _MOST_STEPS + 1, _STEPS):
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
        if not open_positions or steps + _STEPS > len(vectors):
            break
        process.keep(open_positions)
        active = [active[position] for position in open_positions]
    return [results[vector] for vector in range(vectors.shape[1])]


def _leading(gram: Array, start: Array, k: int) -> _Top | None:
    """Return the k leading eigenpairs of `gram` with proof that none is missing, or None."""
    wanted = min(k + _EXTRA, gram.shape[0] - 1)
    noise = ROUNDING * float(gram.trace())
    pairs = davidson(
        lambda block: gram @ block, lambda residual, _: residual, start, wanted, k,
        _TOLERANCE, noise,
        _ROUNDS,
    )  # fmt: skip
    values = [float(value) for value in pairs.values[: wanted + 1]]
    residuals = [float(norm) for norm in pairs.residuals]
    if len(values) <= k:
        return None
    cut = widest_gap(values, k)
    threshold = values[cut] + 0.3 * (values[cut - 1] - values[cut])
    found = pairs.vectors[:, :cut]
    if not is_separated(values, residuals, cut, threshold, noise):
        return None
    deflated = gram - (found * pairs.values[:cut]) @ found.T
    if not eigenvalues_are_below(deflated, threshold - noise):
        return None
    errors = vector_errors(values, residuals, cut, threshold, noise, k)
    return _Top(pairs.values[:k], pairs.vectors[:, :k], errors)
