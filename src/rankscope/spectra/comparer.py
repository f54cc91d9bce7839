"""Comparing tuned versions of one weight with its base decomposition, the way `choice` says.

Guarantees: every comparison says the way it was obtained and carries its error bounds; where a
certificate fails, or an asked ε lies within an error bound, the matrix is decomposed completely.
Low-rank updates are projected together; dense float64 arrays are formed only where needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rankscope.spectra.adapters import LowRank, Update
from rankscope.spectra.arrays import Array, constants_like, namespace, to_device
from rankscope.spectra.blockwise import times, transposed_times
from rankscope.spectra.certificate import vector_errors
from rankscope.spectra.choice import choose_way
from rankscope.spectra.comparison import Comparison, Cosines, compare, cosines_of
from rankscope.spectra.decomposition import (
    ROUNDING,
    BaseSpectrum,
    large_cosines,
    orient,
    small_cosines,
)
from rankscope.spectra.dense_engine import leading_certified
from rankscope.spectra.lowrank_engine import (
    BasisLeading,
    Projections,
    cosines_in_basis,
    leading_in_basis,
    project,
)
from rankscope.spectra.measures import undecided
from rankscope.spectra.tuned import leading_dense


@dataclass(frozen=True)
class Wanted:
    """What is asked of every matrix: the grid of intruder counts and the similarity size."""

    ks: Sequence[int]
    epsilons: Sequence[float]
    similarity_size: int

    def leading(self, smaller_side: int) -> int:
        """Number of leading vectors to compute."""
        return min(max(*self.ks, self.similarity_size), smaller_side)


class Comparer:
    """One stored weight (m × n), its base decomposition, and what is asked of every version."""

    def __init__(
        self, weight: np.ndarray, base: BaseSpectrum, wanted: Wanted, device: str = "cpu"
    ) -> None:
        self.weight, self.base, self.wanted, self.device = weight, base, wanted, device
        self.transposed = weight.shape[0] > weight.shape[1]
        self.k = wanted.leading(min(weight.shape))

    @cached_property
    def oriented(self) -> Array:
        """The oriented weight in float64, which only the complete and the dense way need."""
        return to_device(orient(self.weight), self.device)

    def _multiply(self, block: Array) -> Array:
        """Return the oriented weight times `block`."""
        if not isinstance(block, np.ndarray):
            return self.oriented @ block
        product = transposed_times if self.transposed else times
        return product(self.weight, block)

    def _multiply_transposed(self, block: Array) -> Array:
        """Return the transpose of the oriented weight times `block`."""
        if not isinstance(block, np.ndarray):
            return self.oriented.T @ block
        product = times if self.transposed else transposed_times
        return product(self.weight, block)

    def project(self, updates: Sequence[Update]) -> dict[int, Projections]:
        """Project all updates that take the low-rank way together, by their positions."""
        chosen = {
            position: self._factors(update)
            for position, update in enumerate(updates)
            if isinstance(update, LowRank) and self._way(update.rank) == "low-rank"
        }
        if not chosen:
            return {}
        projected = project(self.base, self._multiply, list(chosen.values()))
        return dict(zip(chosen, projected, strict=True))

    def compare(self, update: Update, projections: Projections | None = None) -> Comparison:
        """Compare one version, completely where the certified way does not decide every ε."""
        cosines = self._certified(update, projections)
        if cosines is not None:
            comparison = self._summarise(cosines)
            sides = (comparison.left, comparison.right)
            if not any(
                undecided(side.max_cosine, side.error_bound, self.wanted.epsilons).any()
                for side in sides
            ):
                return comparison
        tuned = self.oriented + self._dense(update)
        leading = leading_dense(tuned, self.k)
        return self._summarise(cosines_of(self.base, self.oriented, leading))

    def _certified(self, update: Update, projections: Projections | None) -> Cosines | None:
        if isinstance(update, LowRank) and projections is not None:
            found = leading_in_basis(self.base, projections, self.k)
            if found is None:
                return None
            if self.base.storage_error:
                return self._polished(update, found)
            small, large = cosines_in_basis(self.base, projections, found)
            return Cosines(found.values, found.errors, small, large, "low-rank")
        rank = update.rank if isinstance(update, LowRank) else None
        if self._way(rank) != "dense-certified":
            return None
        delta_weight = self._dense(update)
        leading = leading_certified(self.base, self.oriented + delta_weight, delta_weight, self.k)
        return None if leading is None else cosines_of(self.base, self.oriented, leading)

    def _polished(self, update: LowRank, found: BasisLeading) -> Cosines:
        """Replace the a-priori bounds of a single-precision cache by measured residuals.

        The vectors found in the rounded basis are multiplied with the tuned weight itself: what
        their residuals say holds whatever the basis was.
        """
        xp = namespace(found.coordinates)
        small = self.base.vectors @ found.coordinates
        small = small / xp.linalg.norm(small, axis=0)
        left, right = self._factors(update)
        large = self._multiply_transposed(small) + right.T @ (left.T @ small)
        sigma = xp.linalg.norm(large, axis=0)
        large = large / sigma
        images = self._multiply(large)
        residual = (images + left @ (right @ large)) * sigma - small * sigma**2
        residuals = [float(norm) for norm in xp.linalg.norm(residual, axis=0)]
        noise = ROUNDING * len(self.base.values) ** 0.5 * float(sigma[0]) ** 2
        errors = constants_like(sigma, vector_errors(residuals, found.gaps, noise))
        return Cosines(
            sigma,
            errors,
            small_cosines(self.base, small),
            large_cosines(self.base, images, large),
            "low-rank",
        )

    def _summarise(self, cosines: Cosines) -> Comparison:
        return compare(self.base, cosines, self.transposed, self.wanted.similarity_size)

    def _way(self, rank: int | None) -> str:
        tail = self.base.large_tail.shape[1]
        return choose_way(min(self.weight.shape), rank, self.k, tail)

    def _dense(self, update: Update) -> Array:
        return to_device(orient(update.dense()), self.device)

    def _factors(self, update: LowRank) -> tuple[Array, Array]:
        left, right = update.left, update.right
        if self.transposed:
            left, right = right.T, left.T
        return to_device(left, self.device), to_device(right, self.device)
