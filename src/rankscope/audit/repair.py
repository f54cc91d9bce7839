"""Scaling intruder dimensions: the causal intervention of *An Illusion of Equivalence*.

For the top intruder (u, σ, v) of each tuned weight W = W0 + ΔW that has one (or all among the top
k), W becomes W + (λ − 1) · σ · u · vᵀ: λ = 1 changes nothing, 0 removes the direction (arXiv
2410.21228 v3, Sec. 5). The control scales the nearest singular vector that is no intruder instead.

Guarantees: computed in float64 from the adapter's own factors, never from merged weights. Where a
quick decomposition, or one that a cache stores in single precision, leaves ε within an error bound,
the exact and complete ones decide; where even these leave it open, a warning says so. Every
direction carries its error bound. Only the directions are computed here; `repaired_files` writes
them.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rankscope.errors import ModelError
from rankscope.progress import track
from rankscope.spectra import cache
from rankscope.spectra.engine.choice import choose_way
from rankscope.spectra.engine.comparison import SideComparison, compare, cosines_of
from rankscope.spectra.engine.measures import undecided
from rankscope.spectra.engine.parts.arrays import Array, to_device, to_numpy
from rankscope.spectra.engine.parts.decomposition import BaseSpectrum, decompose, orient
from rankscope.spectra.engine.ways.complete import Leading, leading_dense
from rankscope.spectra.engine.ways.dense import leading_certified
from rankscope.weights.matrices import Matrix, Model
from rankscope.weights.updates import Tuned

logger = logging.getLogger(__name__)


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
    """One direction that was scaled: its position j (from 1) and what is known of it.

    The true largest cosine with a base vector lies within `max_cosine` ± `error_bound`.
    """

    matrix: str
    j: int
    sigma: float
    max_cosine: float
    error_bound: float
    scale: float


@dataclass(frozen=True)
class Correction:
    """What is added to one matrix: `left` @ `right`, m × s and s × n, for s scaled directions."""

    matrix: Matrix
    left: np.ndarray
    right: np.ndarray
    directions: tuple[ScaledDirection, ...]


def corrections(model: Model, tuned: Tuned, intervention: Intervention) -> Iterator[Correction]:
    """Yield the correction of every matrix that has an intruder.

    Raises:
        ModelError: a base weight or an update is not finite.
        ArtefactError: the cache lacks a matrix or belongs to another base.
    """
    for matrix in track(tuned.matrices, "repairing", len(tuned.matrices)):
        correction = _correct(model, tuned, matrix, intervention)
        if correction is not None:
            yield correction


def _correct(
    model: Model, tuned: Tuned, matrix: Matrix, intervention: Intervention
) -> Correction | None:
    weight = model.read(matrix).astype(np.float64)
    update = tuned.update(matrix, weight)
    if not update.is_finite:
        raise ModelError(
            f"the update of {matrix.name} holds NaN or infinity: the training diverged"
        )
    leading, cosines = _examine(matrix, weight, update.dense(), intervention)
    chosen = choose_directions(cosines.max_cosine, intervention)
    if not chosen:
        return None
    left, right = _vectors(leading, weight.shape[0] > weight.shape[1])
    sigma = to_numpy(leading.values)
    strength = (intervention.scale - 1) * sigma[chosen]
    return Correction(
        matrix,
        left[:, chosen] * strength,
        right[:, chosen].T,
        tuple(
            ScaledDirection(
                matrix.name,
                j + 1,
                float(sigma[j]),
                float(cosines.max_cosine[j]),
                float(cosines.error_bound[j]),
                intervention.scale,
            )
            for j in chosen
        ),
    )


def _examine(
    matrix: Matrix, weight: np.ndarray, delta: np.ndarray, intervention: Intervention
) -> tuple[Leading, SideComparison]:
    """Return the leading vectors of `weight` + `delta` and the cosines of the left ones."""
    transposed = weight.shape[0] > weight.shape[1]
    oriented, change = (to_device(orient(array), intervention.device) for array in (weight, delta))
    # the control looks beyond the top k where every one of them is an intruder
    k = min(intervention.k * (2 if intervention.control else 1), min(weight.shape))
    base = _base_of(matrix, weight, oriented, intervention)
    for spectrum, leading in _ways(base, oriented, change, k):
        left = compare(spectrum, cosines_of(spectrum, oriented, leading), transposed, 1).left
        is_open = undecided(left.max_cosine, left.error_bound, [intervention.epsilon]).any(axis=1)
        if not is_open.any():
            return leading, left
    logger.warning(
        "%s: ε = %g lies within the error bounds of vectors %s; the computed cosines decide",
        matrix.name, intervention.epsilon, ", ".join(str(j + 1) for j in np.flatnonzero(is_open)),
    )  # fmt: skip
    return leading, left


def _base_of(
    matrix: Matrix, weight: np.ndarray, oriented: Array, intervention: Intervention
) -> BaseSpectrum:
    if intervention.cache is None:
        return decompose(oriented)
    path = cache.cache_file(intervention.cache, matrix.cache_key)
    return cache.load(path, weight, intervention.device)


def _ways(
    base: BaseSpectrum, oriented: Array, change: Array, k: int
) -> Iterator[tuple[BaseSpectrum, Leading]]:
    """Yield the base and the leading vectors, from the quickest way to the most accurate."""
    tuned = oriented + change
    if choose_way(oriented.shape[0], None, k) == "dense-certified":
        certified = leading_certified(base, tuned, change, k)
        if certified is not None:
            yield base, certified
    complete = leading_dense(tuned, k)
    yield base, complete
    if base.storage_error:
        yield decompose(oriented), complete


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
