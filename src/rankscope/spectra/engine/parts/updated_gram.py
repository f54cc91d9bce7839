"""A Gram matrix plus products of tall factors, held apart so that no second large matrix is formed.

Guarantees: S = G + F Kᵀ with F, K p × c, symmetric in exact arithmetic; products and proofs are
those of S in float64. Forming S would cost more than all products with it.
"""

from dataclasses import dataclass

import numpy as np

from rankscope.spectra.engine.parts.arrays import Array, namespace
from rankscope.spectra.engine.parts.completeness import (
    eigenvalues_are_below,
    eigenvalues_are_below_in_single,
)

_ROWS = 512  # formed at a time


def times(symmetric: Array, block: Array) -> Array:
    """Return G @ x in the order that reads a row-major G once for a few columns."""
    return (block.T @ symmetric).T


@dataclass(frozen=True)
class UpdatedGram:
    """S = G + F Kᵀ: `gram` (p × p), `left` and `right` (p × c)."""

    gram: Array
    left: Array
    right: Array

    def times(self, block: Array) -> Array:
        """Return S @ block."""
        return times(self.gram, block) + self.left @ (self.right.T @ block)

    def trace(self) -> float:
        """Return the trace of S."""
        return float(self.gram.trace()) + float((self.left * self.right).sum())

    def plus(self, left: Array, right: Array) -> "UpdatedGram":
        """Return S + left @ right.T."""
        concat = namespace(self.gram).concat
        return UpdatedGram(self.gram, concat([self.left, left], 1), concat([self.right, right], 1))

    def without(self, vectors: Array, values: Array) -> "UpdatedGram":
        """Return S − X Θ Xᵀ."""
        return self.plus(-vectors * values, vectors)

    def is_below(self, low: float, threshold: float) -> bool:
        """Prove that all eigenvalues lie below `threshold`, given that some may be at `low`."""
        if isinstance(self.gram, np.ndarray):
            middle = (low + threshold) / 2
            if eigenvalues_are_below_in_single(self._rounded(), self.times, middle, threshold):
                return True
        formed = self.gram + self.left @ self.right.T
        return eigenvalues_are_below((formed + formed.T) / 2, threshold)

    def _rounded(self) -> np.ndarray:
        rounded = np.empty(self.gram.shape, dtype=np.float32)
        with np.errstate(over="ignore"):
            for first in range(0, len(rounded), _ROWS):
                rows = slice(first, first + _ROWS)
                rounded[rows] = self.gram[rows] + self.left[rows] @ self.right.T
        return rounded
