"""Lanczos from several starting vectors at once: the moments of their spectral measures.

Guarantees: for each unit vector y, after n steps, the n × n Jacobi matrix of the measure that has
mass ⟨u_i, y⟩² at the eigenvalue λ_i of the operator, orthogonalised fully, so that it is that of
exact arithmetic up to rounding. One product of the operator with all vectors per step.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rankscope.spectra.engine.parts.arrays import Array, namespace, to_numpy


@dataclass(frozen=True)
class Jacobi:
    """Jacobi matrices of c vectors: `diagonal` and `couplings`, c × n each.

    `couplings[:, j]` links step j to the next; the last one links to what is not yet known.
    """

    diagonal: np.ndarray
    couplings: np.ndarray

    def matrix(self, vector: int) -> np.ndarray:
        """Return the (n + 1) × (n + 1) matrix of one vector, its last diagonal entry 0.

        The polynomials up to degree n, and with them every bound, do not depend on that entry.
        """
        diagonal, couplings = self.diagonal[vector], self.couplings[vector]
        size = len(diagonal)
        matrix = np.zeros((size + 1, size + 1))
        matrix[np.arange(size), np.arange(size)] = diagonal
        matrix[np.arange(size), np.arange(1, size + 1)] = couplings
        matrix[np.arange(1, size + 1), np.arange(size)] = couplings
        return matrix


class Lanczos:
    """The recurrences of all columns of `start`, continued on demand.

    With `weighted`, the operator G itself is the inner product: a column t stands for the vector
    y = W0ᵀ t, because ⟨W0ᵀ s, W0ᵀ t⟩ = sᵀ G t with G = W0 W0ᵀ. The measure is then that of y under
    W0ᵀ W0, at one product with the small matrix G per step instead of two with W0.

    Attributes:
        lengths: the norms of the starting vectors (in the inner product).
        growth: the largest Euclidean norm, squared, of a vector t of length 1 in the inner product:
            what rounding of G costs is multiplied by it. 1 where not `weighted`.
    """

    def __init__(
        self, apply: Callable[[Array], Array], start: Array, weighted: bool = False
    ) -> None:
        self._apply, self._weighted = apply, weighted
        self._history: list[tuple[Array, Array]] = []
        self._diagonal: list[np.ndarray] = []
        self._couplings: list[np.ndarray] = []
        self.growth = 1.0
        self._next, self._dual, lengths = self._normalised(start)
        self.lengths = to_numpy(lengths)

    def advance(self, steps: int) -> Jacobi:
        """Do `steps` more steps and return the Jacobi matrices so far."""
        for _ in range(steps):
            self._step()
        return Jacobi(np.stack(self._diagonal, axis=1), np.stack(self._couplings, axis=1))

    def keep(self, columns: list[int]) -> None:
        """Go on with these vectors alone."""
        self._next, self._dual = self._next[:, columns], self._dual[:, columns]
        self._history = [(block[:, columns], dual[:, columns]) for block, dual in self._history]
        self._diagonal = [values[columns] for values in self._diagonal]
        self._couplings = [values[columns] for values in self._couplings]

    def _step(self) -> None:
        current, dual = self._next, self._dual
        self._history.append((current, dual))
        image = dual if self._weighted else self._apply(current)
        self._diagonal.append(to_numpy((dual * image).sum(axis=0)))
        for _ in range(2):
            for earlier, its_dual in self._history:
                image = image - earlier * (its_dual * image).sum(axis=0)
        self._next, self._dual, lengths = self._normalised(image)
        self._couplings.append(to_numpy(lengths))

    def _normalised(self, block: Array) -> tuple[Array, Array, Array]:
        """Return the columns at length 1, what inner products with them need, and their lengths."""
        xp = namespace(block)
        dual = self._apply(block) if self._weighted else block
        lengths = xp.sqrt(xp.clip((block * dual).sum(axis=0), 0, None))
        # an exhausted Krylov space: the measure is known completely, the rest carries no mass
        divisor = xp.clip(lengths, 1e-300, None)
        block = block / divisor
        if not self._weighted:
            return block, block, lengths
        self.growth = max(self.growth, float((block * block).sum(axis=0).max()))
        return block, dual / divisor, lengths
