"""Comparing tuned versions of one weight with its base decomposition, the way `choice` says.

Guarantees: every comparison says the way it was obtained and carries its error bounds; where a
certificate fails, or an asked ε lies within an error bound, the matrix is decomposed completely.
Low-rank updates are projected together; dense float64 arrays are formed only where needed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from rankscope.spectra.engine.choice import choose_way, single_precision_pays
from rankscope.spectra.engine.comparison import (
    Comparison,
    Cosines,
    compare,
    cosines_of,
    large_storage_errors,
)
from rankscope.spectra.engine.measures import undecided
from rankscope.spectra.engine.parts.arrays import Array, constants_like, namespace, to_device
from rankscope.spectra.engine.parts.blockwise import times, transposed_times
from rankscope.spectra.engine.parts.certificate import vector_errors
from rankscope.spectra.engine.parts.decomposition import (
    ROUNDING,
    BaseSpectrum,
    large_cosines,
    orient,
    small_cosines,
)
from rankscope.spectra.engine.parts.projections import (
    Factors,
    Projections,
    SingleProjector,
    project,
)
from rankscope.spectra.engine.ways.complete import leading_dense
from rankscope.spectra.engine.ways.dense import leading_certified
from rankscope.spectra.engine.ways.low_rank import BasisLeading, cosines_in_basis, leading_in_basis
from rankscope.weights.updates import LowRank, Update

Projector = Callable[[Sequence[Factors]], Iterable[Projections]]


class Wanted(Protocol):
    """What is asked of every matrix: the grid of intruder counts and the similarity size."""

    @property
    def ks(self) -> Sequence[int]:
        """Numbers of leading vectors among which intruders count."""

    @property
    def epsilons(self) -> Sequence[float]:
        """Cosines below which a vector is an intruder."""

    @property
    def similarity_size(self) -> int:
        """Leading vectors in the similarity matrix."""


def leading(wanted: Wanted, smaller_side: int) -> int:
    """Number of leading vectors to compute."""
    return min(max(*wanted.ks, wanted.similarity_size), smaller_side)


def is_decided(wanted: Wanted, comparison: Comparison) -> bool:
    """Say whether every ε lies outside the error bound of every cosine that is counted."""
    most = max(wanted.ks)
    return not any(
        undecided(side.max_cosine[:most], side.error_bound[:most], wanted.epsilons).any()
        for side in (comparison.left, comparison.right)
    )


class Comparer:
    """One stored weight (m × n), its base decomposition, and what is asked of every version."""

    def __init__(
        self, weight: np.ndarray, base: BaseSpectrum, wanted: Wanted, device: str = "cpu"
    ) -> None:
        self.weight, self.base, self.wanted, self.device = weight, base, wanted, device
        self.transposed = weight.shape[0] > weight.shape[1]
        self.k = leading(wanted, min(weight.shape))

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

    def compare_all(self, updates: Sequence[Update]) -> list[Comparison]:
        """Compare several versions, those in the low-rank way projected together.

        What single precision does not decide is done again in double.
        """
        found: dict[int, Comparison] = {}
        waiting = {
            position: update
            for position, update in enumerate(updates)
            if isinstance(update, LowRank) and self._way(update.rank) == "low-rank"
        }
        for projector in self._projectors(sum(update.rank for update in waiting.values())):
            if waiting:
                factors = [self._factors(update) for update in waiting.values()]
                projected = zip(list(waiting), projector(factors), strict=True)
                found |= self._decide(projected, waiting)
        return [
            found.get(position) or self._compare_densely(update)
            for position, update in enumerate(updates)
        ]

    def compare(self, update: Update) -> Comparison:
        """Compare one version."""
        return self.compare_all([update])[0]

    def _projectors(self, rank: int) -> Iterator[Projector]:
        """Yield the ways to project updates of this total rank, in the order to try them."""
        weak = self.base.weak_large
        exact = isinstance(self.base.vectors, np.ndarray) and not self.base.storage_error
        decisions = self.k * len(self.wanted.epsilons)
        pays = single_precision_pays(len(self.base.values), rank, decisions)
        if exact and weak is not None and pays:
            yield self._single.project
        yield lambda factors: project(self.base, self._multiply, factors)

    @cached_property
    def _single(self) -> SingleProjector:
        return SingleProjector(self.base, orient(self.weight), self._multiply_transposed)

    def _decide(
        self, projected: Iterable[tuple[int, Projections]], waiting: dict[int, LowRank]
    ) -> dict[int, Comparison]:
        """Return the comparisons that decide every ε; take them off `waiting`."""
        decided = {}
        for position, projections in projected:
            cosines = self._in_basis(waiting[position], projections)
            comparison = None if cosines is None else self._summarise(cosines)
            if comparison is not None and is_decided(self.wanted, comparison):
                decided[position] = comparison
                del waiting[position]
        return decided

    def _in_basis(self, update: LowRank, projections: Projections) -> Cosines | None:
        found = leading_in_basis(self.base, projections, self.k)
        if found is None:
            return None
        if self.base.storage_error:
            return self._polished(update, found)
        return cosines_in_basis(self.base, projections, found)

    def _compare_densely(self, update: Update) -> Comparison:
        """Compare with a dense update, completely where the certified way does not decide."""
        delta = self._dense(update)
        tuned = self.oriented + delta
        rank = update.rank if isinstance(update, LowRank) else None
        if self._way(rank) == "dense-certified":
            certified = leading_certified(self.base, tuned, delta, self.k)
            if certified is not None:
                comparison = self._summarise(cosines_of(self.base, self.oriented, certified))
                if is_decided(self.wanted, comparison):
                    return comparison
        return self._summarise(cosines_of(self.base, self.oriented, leading_dense(tuned, self.k)))

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
            large_storage_errors(self.base, images),
        )

    def _summarise(self, cosines: Cosines) -> Comparison:
        return compare(self.base, cosines, self.transposed, self.wanted.similarity_size)

    def _way(self, rank: int | None) -> str:
        return choose_way(min(self.weight.shape), rank, self.k)

    def _dense(self, update: Update) -> Array:
        return to_device(orient(update.dense()), self.device)

    def _factors(self, update: LowRank) -> tuple[Array, Array]:
        left, right = update.left, update.right
        if self.transposed:
            left, right = right.T, left.T
        return to_device(left, self.device), to_device(right, self.device)
