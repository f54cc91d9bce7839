"""The spectral analysis of one matrix of one tuned version, whichever way it is obtained.

Guarantees: the only place where an update, a base decomposition and the settings meet; every result
says the way it was obtained (`method`) and carries its error bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rankscope.spectra import delta
from rankscope.spectra.adapters import LowRank, Update
from rankscope.spectra.arrays import to_device, to_numpy
from rankscope.spectra.comparison import Comparison, compare
from rankscope.spectra.decomposition import BaseSpectrum, orient
from rankscope.spectra.measures import UpdateMeasures, measure_update
from rankscope.spectra.tuned import leading_dense


@dataclass(frozen=True)
class Wanted:
    """What is asked of every matrix: the grid of intruder counts and the similarity size."""

    ks: Sequence[int]
    epsilons: Sequence[float]
    similarity_size: int

    def leading(self, smaller_side: int) -> int:
        """Number of leading vectors to compute."""
        return min(max(*self.ks, self.similarity_size), smaller_side)


@dataclass(frozen=True)
class MatrixAnalysis:
    """Everything measured of one matrix of one version."""

    update: UpdateMeasures
    comparison: Comparison
    base_frobenius_norm: float


def analyse_matrix(
    weight: np.ndarray, base: BaseSpectrum, update: Update, wanted: Wanted, device: str = "cpu"
) -> MatrixAnalysis:
    """Analyse `weight` + `update` (m × n) against the decomposition of `weight`."""
    transposed = weight.shape[0] > weight.shape[1]
    k = wanted.leading(min(weight.shape))
    oriented = to_device(orient(weight), device)
    tuned = oriented + to_device(orient(update.dense()), device)
    comparison = compare(
        base, oriented, leading_dense(tuned, k), transposed, wanted.similarity_size
    )
    return MatrixAnalysis(
        measure_update(
            to_numpy(delta.singular_values(update)),
            weight.shape,
            update.rank if isinstance(update, LowRank) else None,
            wanted.similarity_size,
        ),
        comparison,
        float(np.linalg.norm(to_numpy(base.values))),
    )
