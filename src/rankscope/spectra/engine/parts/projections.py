"""Low-rank updates in the basis of the base: the products that cost more than all the rest.

For ΔW = B A (oriented p × n): P = U0ᵀ B and Y = U0ᵀ W0 Aᵀ, for several versions in one pass.
In double precision, or in single at half the time with bounds of ‖δP‖ and ‖δY‖: these are measured
(`probing`), because E ↦ Eᵀ g needs only U0 g and W0ᵀ U0 g, made once per base in double precision.

Guarantees: errors of double precision are within `ROUNDING`; those of single precision are at most
`update_error` and `mixed_error`, what became of U0 and W0 in single precision included. Overflow
shows as bounds that are not finite.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rankscope.spectra.engine.parts.arrays import Array, namespace
from rankscope.spectra.engine.parts.decomposition import BaseSpectrum
from rankscope.spectra.engine.parts.probing import norm_bound, probes


@dataclass(frozen=True)
class Projections:
    """A low-rank update in the basis of the base: P, Y (p × r) and A Aᵀ (r × r).

    Attributes:
        update_error, mixed_error: bounds of the spectral norms of the errors of P and Y.
        weak: t × r, the last rows of V0ᵀ Aᵀ in double precision, of singular values that Y is not
            exact enough to be divided by: in double precision the vanishing ones, usually t = 0.
    """

    update: Array
    mixed: Array
    gram: Array
    weak: Array
    update_error: float = 0.0
    mixed_error: float = 0.0

    @property
    def rank(self) -> int:
        """Number of columns of P."""
        return int(self.update.shape[1])


Factors = tuple[Array, Array]


def project(
    base: BaseSpectrum, multiply: Callable[[Array], Array], factors: Sequence[Factors]
) -> Iterator[Projections]:
    """Project updates left @ right (p × r, r × n) of several versions, reading U0, W0 once.

    `multiply` is the product x ↦ W0 x with the oriented base weight.
    """
    xp = namespace(base.values)
    mixed = multiply(xp.concat([right.T for _, right in factors], 1))
    # Xᵀ U0 rather than U0ᵀ X: row-major libraries read U0 once, without packing it
    both = xp.concat([*(left for left, _ in factors), mixed], 1).T @ base.vectors
    update, mixed = both[: mixed.shape[1]].T, both[mixed.shape[1] :].T
    for (_, right), columns in zip(factors, _columns(factors), strict=True):
        weak = (right @ base.large_tail).T
        yield Projections(update[:, columns], mixed[:, columns], right @ right.T, weak)


class SingleProjector:
    """Projects updates of one base in single precision, on the CPU."""

    def __init__(
        self,
        base: BaseSpectrum,
        oriented: np.ndarray,
        multiply_transposed: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        """Prepare a base whose oriented weight (as stored) and product x ↦ W0ᵀ x are given."""
        self._weight = oriented.astype(np.float32, copy=False)
        self._vectors = base.vectors.astype(np.float32)
        self._weak_large = base.weak_large
        self._probes = probes(len(base.values))
        self._on_small = base.vectors @ self._probes
        self._on_large = multiply_transposed(self._on_small)

    def project(self, factors: Sequence[Factors]) -> Iterator[Projections]:
        """Project as `project` does."""
        with np.errstate(over="ignore", invalid="ignore"):
            left = np.concatenate([left.T.astype(np.float32) for left, _ in factors])
            right = np.concatenate([right.astype(np.float32) for _, right in factors])
            update = left @ self._vectors
            mixed = (right @ self._weight.T) @ self._vectors
        for pair, rows in zip(factors, _columns(factors), strict=True):
            yield self._measured(*pair, update[rows], mixed[rows])

    def _measured(
        self, left: np.ndarray, right: np.ndarray, update: np.ndarray, mixed: np.ndarray
    ) -> Projections:
        update, mixed = update.astype(np.float64), mixed.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            update_error = norm_bound(update @ self._probes - left.T @ self._on_small)
            mixed_error = norm_bound(mixed @ self._probes - right @ self._on_large)
        weak = (right @ self._weak_large).T
        return Projections(update.T, mixed.T, right @ right.T, weak, update_error, mixed_error)


def _columns(factors: Sequence[Factors]) -> Iterator[slice]:
    start = 0
    for left, _ in factors:
        yield slice(start, start + left.shape[1])
        start += left.shape[1]
