"""What moments prove about the largest point mass: is a vector an intruder?

The measure of a unit vector y under W0 W0ᵀ has mass c_i² = ⟨u_i, y⟩² at σ_i². Of all measures with
the same first moments, none has more mass at x than the Christoffel function λ(x) = 1 / Σ p_j(x)²,
p_j the orthonormal polynomials: √max λ is an upper bound of every |c_i|. Where a Ritz value has
converged, its Gauss weight is c_i² itself, with the residual as error bar: a lower bound.

Guarantees: `lower` ≤ max |c_i| ≤ `upper`, as far as no two singular values of the base coincide
within the residual of the Ritz value concerned (then single vectors are not defined either). The
maximum between Ritz values is sought on a fine grid and refined; λ is evaluated through the
eigenvectors of the Jacobi matrix, because the three-term recurrence overflows at converged points.
"""

from dataclasses import dataclass

import numpy as np

from rankscope.spectra.lanczos import Jacobi

_PER_INTERVAL = 20
_REFINEMENTS = 40
# error up to which a Gauss weight is used: a Ritz value may stand for two neighbours before that
_CONVERGED = 1e-5
_VANISHING = 1e-12
_ROUNDING = 1e-6  # of the Christoffel function right beside a Ritz value
_IDENTIFIED = 1e-3  # width of the interval from which the base vector that has the cosine is known


@dataclass(frozen=True)
class LargestCosine:
    """Bounds of the largest absolute cosine of one vector with all base vectors.

    Attributes:
        lower, upper: the proven interval.
        eigenvalue: the Ritz value that has it, σ_i² of the base vector; None where not known.
    """

    lower: float
    upper: float
    eigenvalue: float | None

    @property
    def estimate(self) -> float:
        """The middle of the interval: the cosine itself where its Ritz value has converged."""
        return (self.lower + self.upper) / 2

    @property
    def error(self) -> float:
        """Half the width of the interval."""
        return (self.upper - self.lower) / 2

    def scaled(self, length: float) -> "LargestCosine":
        """Return the bounds for a vector of another length than 1."""
        return LargestCosine(self.lower * length, self.upper * length, self.eigenvalue)


def largest_cosine(jacobi: Jacobi, vector: int, top: float) -> LargestCosine:
    """Bound the largest cosine of one vector; `top` is at least the largest eigenvalue."""
    matrix = jacobi.matrix(vector)
    nodes, states = np.linalg.eigh(matrix[:-1, :-1])
    residuals = jacobi.couplings[vector, -1] * np.abs(states[-1])
    weights = np.abs(states[0])
    gaps = _gaps(nodes)
    errors = np.sqrt(2) * residuals / np.maximum(gaps - residuals, 1e-300)
    converged = errors < _CONVERGED
    # at zero a rank-deficient base has not one vector but a space of them
    single = converged & (nodes > _VANISHING * top)
    lowers = np.where(single, np.maximum(weights - errors, 0), 0)
    best = int(lowers.argmax())
    peak = np.sqrt(_largest_mass(matrix, top))
    certain = np.where(converged, weights + errors, 0).max()
    upper = float(min(1.0, max(peak * (1 + _ROUNDING), certain)))
    lower = float(min(lowers[best], upper))
    known = upper - lower < _IDENTIFIED
    return LargestCosine(lower, upper, float(nodes[best]) if known else None)


def _gaps(nodes: np.ndarray) -> np.ndarray:
    """Return each Ritz value's distance to its nearest neighbour."""
    if len(nodes) == 1:
        return np.array([np.inf])
    steps = np.diff(nodes)
    return np.minimum(np.append(steps, np.inf), np.insert(steps, 0, np.inf))


def _largest_mass(matrix: np.ndarray, top: float) -> float:
    """Return the maximum of the Christoffel function on [0, top]."""
    nodes, states = np.linalg.eigh(matrix)
    inside = nodes[(nodes > 0) & (nodes < top)]
    edges = np.unique(np.concatenate([[0.0], inside, [top]]))
    # Chebyshev points cluster at the Ritz values, where the function is steep
    shares = (1 - np.cos(np.pi * (np.arange(_PER_INTERVAL) + 0.5) / _PER_INTERVAL)) / 2
    grid = (edges[:-1, None] + np.diff(edges)[:, None] * shares).reshape(-1)
    masses = christoffel(nodes, states, grid)
    at_nodes = states[0][(nodes >= 0) & (nodes <= top)] ** 2
    left = np.concatenate([masses[:1], masses[:-1]])
    right = np.concatenate([masses[1:], masses[-1:]])
    peaks = np.flatnonzero((masses >= left) & (masses >= right) & (masses >= 0.7 * masses.max()))
    low = grid[np.maximum(peaks - 1, 0)]
    high = grid[np.minimum(peaks + 1, len(grid) - 1)]
    for _ in range(_REFINEMENTS):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        rising = christoffel(nodes, states, first) < christoffel(nodes, states, second)
        low, high = np.where(rising, first, low), np.where(rising, high, second)
    refined = christoffel(nodes, states, (low + high) / 2)
    return float(max(masses.max(), refined.max(), at_nodes.max(initial=0.0)))


def christoffel(nodes: np.ndarray, states: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Evaluate λ(x) = 1 / Σ_j p_j(x)² at `points`, from the eigenpairs of the Jacobi matrix.

    The vector (p_0(x), …, p_n(x)) is proportional to q = (J − x)⁻¹ e_n, and p_0 = 1, so that
    λ(x) = q_0² / ‖q‖²: the weight at x of the Gauss–Radau rule with the prescribed node x.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        components = states[-1] / (nodes[None, :] - points[:, None])
        masses = (components @ states[0]) ** 2 / (components**2).sum(axis=1)
    # a point on a converged Ritz value: its weight, which the caller takes into account itself
    return np.where(np.isfinite(masses), masses, 0.0)
