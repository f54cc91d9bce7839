"""Scaling intruder dimensions: the causal intervention of *An Illusion of Equivalence*.

For the top intruder (u, σ, v) of each tuned weight W = W0 + ΔW that has one (or all among the top
k), W becomes W + (λ − 1) · σ · u · vᵀ: λ = 1 changes nothing, 0 removes the direction (arXiv
2410.21228 v3, Sec. 5). The control scales the nearest singular vector that is no intruder instead.

Guarantees: computed in float64 from the adapter's own factors, never from merged weights. Only the
directions are computed here; `repaired_files` writes them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rankscope.progress import track
from rankscope.spectra import cache
from rankscope.spectra.adapters import Tuned
from rankscope.spectra.arrays import to_device, to_numpy
from rankscope.spectra.choice import choose_way
from rankscope.spectra.comparison import compare, cosines_of
from rankscope.spectra.decomposition import decompose, orient
from rankscope.spectra.dense_engine import leading_certified
from rankscope.spectra.matrices import Matrix, Model
from rankscope.spectra.tuned import Leading, leading_dense


@dataclass(frozen=True)
class Intervention:
    """What is scaled: by `scale` (λ), the top intruder or `every` one among the top k.

    With `control`, each intruder's nearest neighbour that is no intruder is scaled in its place.
    """

    scale: float
    k: int = 10
    epsilon: float = 0.5
    every: bool = False
    control: bool = False
    cache: Path | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class ScaledDirection:
    """One direction that was scaled: its position j (from 1) and what is known of it."""

    matrix: str
    j: int
    sigma: float
    max_cosine: float
    scale: float


@dataclass(frozen=True)
class Correction:
    """What is added to one matrix: `left` @ `right`, m × s and s × n, for s scaled directions."""

    matrix: Matrix
    left: np.ndarray
    right: np.ndarray
    directions: tuple[ScaledDirection, ...]


def corrections(model: Model, tuned: Tuned, intervention: Intervention) -> Iterator[Correction]:
    """Yield the correction of every matrix that has an intruder."""
    for matrix in track(tuned.matrices, "repairing", len(tuned.matrices)):
        correction = _correct(model, tuned, matrix, intervention)
        if correction is not None:
            yield correction


def _correct(
    model: Model, tuned: Tuned, matrix: Matrix, intervention: Intervention
) -> Correction | None:
    weight = model.read(matrix).astype(np.float64)
    transposed = weight.shape[0] > weight.shape[1]
    oriented = to_device(orient(weight), intervention.device)
    change = to_device(orient(tuned.update(matrix, weight).dense()), intervention.device)
    # the control looks beyond the top k where every one of them is an intruder
    k = min(intervention.k * (2 if intervention.control else 1), min(weight.shape))
    if intervention.cache is None:
        base = decompose(oriented)
    else:
        path = cache.cache_file(intervention.cache, matrix.name)
        base = cache.load(path, weight, intervention.device)
    leading = None
    if choose_way(min(weight.shape), None, k) == "dense-certified":
        leading = leading_certified(base, oriented + change, change, k)
    leading = leading or leading_dense(oriented + change, k)
    cosines = compare(base, cosines_of(base, oriented, leading), transposed, 1).left.max_cosine
    chosen = choose_directions(cosines, intervention)
    if not chosen:
        return None
    left, right = _vectors(leading, transposed)
    sigma = to_numpy(leading.values)
    strength = (intervention.scale - 1) * sigma[chosen]
    return Correction(
        matrix,
        left[:, chosen] * strength,
        right[:, chosen].T,
        tuple(
            ScaledDirection(
                matrix.name, j + 1, float(sigma[j]), float(cosines[j]), intervention.scale
            )
            for j in chosen
        ),
    )


def _vectors(leading: Leading, transposed: bool) -> tuple[np.ndarray, np.ndarray]:
    small, large = to_numpy(leading.small), to_numpy(leading.large)
    return (large, small) if transposed else (small, large)


def choose_directions(max_cosines: np.ndarray, intervention: Intervention) -> list[int]:
    """Return the positions (from 0) of the directions to scale.

    An intruder is counted among the top k left vectors; its control is the nearest vector that is
    none (of two equally near the weaker one), each used once.
    """
    is_intruder = max_cosines < intervention.epsilon
    intruders = [j for j in range(min(intervention.k, len(is_intruder))) if is_intruder[j]]
    if not intervention.every:
        intruders = intruders[:1]
    if not intervention.control:
        return intruders
    controls: list[int] = []
    for intruder in intruders:
        free = [j for j in range(len(is_intruder)) if not is_intruder[j] and j not in controls]
        if free:
            controls.append(min(free, key=lambda j: (abs(j - intruder), -j)))
    return sorted(controls)
