"""Singular values of updates, against a full SVD."""

import numpy as np
import pytest

from rankscope.spectra.engine.analysis import analyse_matrix
from rankscope.spectra.engine.comparer import Wanted
from rankscope.spectra.engine.parts.decomposition import decompose, orient
from rankscope.weights.updates import LowRank

WANTED = Wanted(ks=(1, 5, 10), epsilons=(0.1, 0.3, 0.5, 0.7, 0.9), similarity_size=6)


def one_analysis(weight, update):
    (result,) = analyse_matrix(weight, decompose(orient(weight)), [update], WANTED)
    return result


@pytest.mark.parametrize("rank", [1, 5, 12, 20])
def test_effective_rank_of_factors_never_exceeds_their_rank(rank):
    rng = np.random.default_rng(8)
    update = LowRank(rng.standard_normal((20, rank)), rng.standard_normal((rank, 26)))
    weight = rng.standard_normal((20, 26))
    result = one_analysis(weight, update).update
    exact = np.linalg.svd(update.dense())[1]
    shares = exact[exact > 1e-9] / exact.sum()
    assert result.rank == rank
    assert result.effective_rank == pytest.approx(
        np.exp(-(shares * np.log(shares)).sum()), rel=1e-5
    )
    assert result.effective_rank <= rank
