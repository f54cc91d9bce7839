"""The spectral analysis of one matrix in several versions, with or without a base decomposition.

Guarantees: the only place where updates, bases and settings meet; what is known of ΔW alone comes
from its own factors, whatever way the comparison with the base took.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from rankscope.spectra.engine import delta
from rankscope.spectra.engine.comparer import Comparer, Wanted, is_decided, leading
from rankscope.spectra.engine.comparison import Comparison, SideComparison
from rankscope.spectra.engine.measures import UpdateMeasures, measure_update
from rankscope.spectra.engine.parts.arrays import to_numpy
from rankscope.spectra.engine.parts.blockwise import frobenius_norm
from rankscope.spectra.engine.parts.decomposition import BaseSpectrum, decompose
from rankscope.spectra.engine.ways.without_base import CachelessComparer
from rankscope.weights.updates import LowRank, Update

_TOGETHER = 16  # low-rank updates that share one pass over the base


@dataclass(frozen=True)
class MatrixAnalysis:
    """Everything measured of one matrix of one version."""

    update: UpdateMeasures
    comparison: Comparison
    base_frobenius_norm: float


def analyse_matrix(
    weight: np.ndarray,
    base: BaseSpectrum,
    updates: Iterable[Update],
    wanted: Wanted,
    device: str = "cpu",
) -> Iterator[MatrixAnalysis]:
    """Analyse `weight` + update (m × n) for each update, against the decomposition of `weight`.

    Low-rank updates are taken together, dense ones as they come: one of these in memory at a time.
    """
    comparer = Comparer(weight, base, wanted, device)
    for batch in _batches(updates):
        for update, comparison in zip(batch, comparer.compare_all(batch), strict=True):
            yield _assemble(weight, update, comparison)


def _batches(updates: Iterable[Update]) -> Iterator[list[Update]]:
    waiting: list[Update] = []
    for update in updates:
        if isinstance(update, LowRank) and len(waiting) < _TOGETHER:
            waiting.append(update)
            continue
        if waiting:
            yield waiting
            waiting = []
        if isinstance(update, LowRank):
            waiting.append(update)
        else:
            yield [update]
    if waiting:
        yield waiting


def analyse_without_base(
    weight: np.ndarray, updates: Iterable[Update], wanted: Wanted, device: str = "cpu"
) -> Iterator[MatrixAnalysis]:
    """Analyse as `analyse_matrix` does, without a decomposition of `weight`.

    One ε can be asked for. Where the leading vectors of a version cannot be certified, or ε lies
    within the bounds of a cosine, the base is decomposed after all.
    """
    (epsilon,) = wanted.epsilons
    k = leading(wanted, min(weight.shape))
    comparer = CachelessComparer(weight, k, epsilon, wanted.similarity_size, device)
    with_base: Comparer | None = None
    for update in updates:
        comparison = comparer.compare(update)
        if comparison is None or not is_decided(wanted, comparison):
            if with_base is None:
                with_base = Comparer(weight, decompose(comparer.oriented), wanted, device)
            comparison = with_base.compare(update)
        yield _assemble(weight, update, comparison)


def _assemble(weight: np.ndarray, update: Update, comparison: Comparison) -> MatrixAnalysis:
    measures = measure_update(
        to_numpy(delta.singular_values(update)),
        weight.shape,
        update.rank if isinstance(update, LowRank) else None,
    )
    if measures.frobenius_norm == 0:
        comparison = replace(
            comparison, left=_unchanged(comparison.left), right=_unchanged(comparison.right)
        )
    return MatrixAnalysis(measures, comparison, frobenius_norm(weight))


def _unchanged(side: SideComparison) -> SideComparison:
    """Say that every vector is the base's own, also where the weight does not determine them."""
    return replace(
        side,
        max_cosine=np.ones_like(side.max_cosine),
        error_bound=np.zeros_like(side.error_bound),
        base_index=np.arange(1, len(side.base_index) + 1),
        similarity=np.eye(*side.similarity.shape),
    )
