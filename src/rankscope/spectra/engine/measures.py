"""The definitions: intruder dimensions, effective rank, rank for 90 % of the variance.

Guarantees: pure functions of singular values and cosines, as the papers state them; where the
papers leave a choice, the docstring names it. Arrays may be numpy or torch; results are numpy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# what an m × n matrix of independent Gaussian entries needs, over min(m, n), for a square shape
NOISE_RANK90 = 0.51

KNOWN = 1e-3
"""Error up to which a largest cosine is a value; beyond, only the interval that holds it is known:
the middle of it stands for it, and may differ from the value by all of the error."""


def count_intruders(
    max_cosines: np.ndarray, ks: Sequence[int], epsilons: Sequence[float]
) -> np.ndarray:
    """Count intruder dimensions for every k and ε: an integer array, ks × epsilons.

    The j-th singular vector of the tuned weight is an intruder when max_i |⟨u_i⁰, u_j⟩| < ε over
    all min(m, n) base vectors, j ≤ k (arXiv 2410.21228, Algorithm 1; the absolute value is in the
    authors' code). `max_cosines` holds these maxima by descending singular value; where fewer
    than k vectors exist, all are counted.
    """
    below = max_cosines[:, None] < np.asarray(epsilons)[None, :]
    cumulative = np.concatenate([np.zeros((1, len(epsilons)), int), np.cumsum(below, axis=0)])
    return cumulative[np.minimum(np.asarray(ks), len(max_cosines))]


def undecided(max_cosines: np.ndarray, errors: np.ndarray, epsilons: Sequence[float]) -> np.ndarray:
    """Mark the (vector, ε) decisions that the error bound leaves open: vectors × epsilons."""
    distance = np.abs(max_cosines[:, None] - np.asarray(epsilons)[None, :])
    return distance <= errors[:, None]


def effective_rank(singular_values: np.ndarray) -> float:
    """Return exp(−Σ p ln p) with p = σ / Σσ: of singular values, not of their squares.

    From Roy and Vetterli (2007), as in arXiv 2410.21228. 0 for a zero matrix.
    """
    total = singular_values.sum()
    if total == 0:
        return 0.0
    shares = singular_values[singular_values > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))


def rank90(singular_values: np.ndarray) -> int:
    """Return the smallest k with Σ_{i≤k} σ_i² ≥ 0.9 Σ σ_i² (arXiv 2405.09673); 0 for zero."""
    energy = np.cumsum(np.sort(singular_values)[::-1] ** 2)
    if energy.size == 0 or energy[-1] == 0:
        return 0
    # rounding in the running sum must not push an exact 90 % to the next k
    return int(np.searchsorted(energy, 0.9 * energy[-1] * (1 - 1e-14))) + 1


@dataclass(frozen=True)
class UpdateMeasures:
    """What is known of ΔW alone."""

    rank: int | None
    effective_rank: float
    rank90: int
    rank90_of_noise: float
    frobenius_norm: float
    spectral_norm: float


def measure_update(
    singular_values: np.ndarray, shape: tuple[int, int], rank: int | None
) -> UpdateMeasures:
    """Summarise the spectrum of an m × n update.

    `singular_values` must hold all non-zero ones. `rank90_of_noise` is rank90 over 0.51·min(m, n):
    1 means that the update is as spread out as white noise of its shape.
    """
    ordered = np.sort(singular_values)[::-1]
    needed = rank90(ordered)
    return UpdateMeasures(
        rank=rank,
        effective_rank=effective_rank(ordered),
        rank90=needed,
        rank90_of_noise=needed / (NOISE_RANK90 * min(shape)),
        frobenius_norm=float(np.sqrt((ordered**2).sum())),
        spectral_norm=float(ordered[0]) if ordered.size else 0.0,
    )
