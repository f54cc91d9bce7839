"""What moments prove about the largest point mass: is a vector an intruder?

The measure of a unit vector y under W0 W0ᵀ has mass c_i² = ⟨u_i, y⟩² at σ_i². Of all measures with
the same first moments, none has more mass at x than the Christoffel function λ(x) = 1 / Σ p_j(x)²,
p_j the orthonormal polynomials: √max λ is an upper bound of every |c_i|, and below ε a proof of
intrusion.

Guarantees: max |c_i| is at most the bound, whatever the singular values of the base. The maximum
is sought on a grid that grows finer towards the Ritz values, and refined; λ is evaluated through
the eigenvectors of the Jacobi matrix, because the three-term recurrence overflows at converged
points. Nothing is said from below: what a converged Ritz value weighs may be that of two neighbours
together.
"""

import numpy as np

from rankscope.spectra.engine.parts.lanczos import Jacobi

_PER_INTERVAL = 20
_BESIDE_A_NODE = 40  # points on each side, at distances that grow by a constant factor
_REFINEMENTS = 24  # thirds: to 6e-5 of a grid cell, and the height of a peak to the square of that
_CONVERGED = 1e-5  # error of a Ritz value's weight, which the grid beside it may miss
_ROUNDING = 1e-6  # of the Christoffel function right beside a Ritz value


def cosine_bound(jacobi: Jacobi, vector: int, top: float) -> float:
    """Bound one vector's largest cosine from above; `top` is at least the largest eigenvalue."""
    matrix = jacobi.matrix(vector)
    nodes, states = np.linalg.eigh(matrix[:-1, :-1])
    residuals = jacobi.couplings[vector, -1] * np.abs(states[-1])
    errors = np.sqrt(2) * residuals / np.maximum(_gaps(nodes) - residuals, 1e-300)
    at_nodes = np.where(errors < _CONVERGED, np.abs(states[0]) + errors, 0).max()
    peak = np.sqrt(_largest_mass(matrix, top))
    return float(min(1.0, max(peak * (1 + _ROUNDING), at_nodes)))


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
    grid = np.unique(
        np.concatenate([grid, _beside(inside, states[0][np.isin(nodes, inside)], top)])
    )
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


def _beside(nodes: np.ndarray, weights: np.ndarray, top: float) -> np.ndarray:
    """Return points close to the Ritz values that may hold the largest mass.

    Beside a Ritz value that has nearly converged the function is a peak as narrow as what it lacks,
    which no even grid would meet: the distances go down to the rounding of the Ritz value.
    """
    heavy = nodes[np.abs(weights) >= 0.8 * np.abs(weights).max(initial=0.0)]
    distances = np.geomspace(np.finfo(float).eps * top, top, _BESIDE_A_NODE)
    points = (heavy[:, None] + np.concatenate([-distances, distances])).reshape(-1)
    return points[(points > 0) & (points < top)]


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
