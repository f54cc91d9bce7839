"""Lanczos from several starting vectors at once: the moments of their spectral measures.

Guarantees: for each unit vector y, after n steps, the n × n Jacobi matrix of the measure that has
mass ⟨u_i, y⟩² at the eigenvalue λ_i of the operator, orthogonalised fully, so that it is that of
exact arithmetic up to rounding. One product of the operator with all vectors per step.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rankscope.spectra.arrays import Array, namespace, to_numpy


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
    """The recurrences of all columns of `start`, continued on demand."""

    def __init__(self, apply: Callable[[Array], Array], start: Array) -> None:
        self._apply = apply
        self._xp = namespace(start)
        self._next = start / self._xp.linalg.norm(start, axis=0)
        self._history: list[Array] = []
        self._diagonal: list[np.ndarray] = []
        self._couplings: list[np.ndarray] = []

    def advance(self, steps: int) -> Jacobi:
        """Do `steps` more steps and return the Jacobi matrices so far."""
        for _ in range(steps):
            self._step()
        return Jacobi(np.stack(self._diagonal, axis=1), np.stack(self._couplings, axis=1))

    def keep(self, columns: list[int]) -> None:
        """Go on with these vectors alone."""
        self._next = self._next[:, columns]
        self._history = [block[:, columns] for block in self._history]
        self._diagonal = [values[columns] for values in self._diagonal]
        self._couplings = [values[columns] for values in self._couplings]

    def _step(self) -> None:
        xp, current = self._xp, self._next
        self._history.append(current)
        image = self._apply(current)
        self._diagonal.append(to_numpy((current * image).sum(axis=0)))
        for _ in range(2):
            for earlier in self._history:
                image = image - earlier * (earlier * image).sum(axis=0)
        lengths = xp.linalg.norm(image, axis=0)
        # an exhausted Krylov space: the measure is known completely, the rest carries no mass
        self._next = image / xp.clip(lengths, 1e-300, None)
        self._couplings.append(to_numpy(lengths))
