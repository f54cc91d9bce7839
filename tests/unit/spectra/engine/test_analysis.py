"""One matrix in several versions: their order, and what an unchanged weight gives."""

import numpy as np
import pytest

from rankscope.spectra.engine import choice
from rankscope.spectra.engine.analysis import analyse_matrix
from rankscope.spectra.engine.comparer import Wanted
from rankscope.spectra.engine.parts.decomposition import decompose, orient
from rankscope.weights.updates import Dense, LowRank
from spectra_oracles import realistic

EPSILONS = tuple(np.linspace(0.02, 0.98, 49).tolist())


WANTED = Wanted(ks=(1, 5, 10), epsilons=EPSILONS, similarity_size=10)


@pytest.fixture(autouse=True)
def certified_at_any_size(monkeypatch):
    monkeypatch.setattr(choice, "_SMALL", 0)
    monkeypatch.setattr(choice, "_LEADING_SHARE", 2)
    monkeypatch.setattr(choice, "_LOW_RANK_SHARE", 3)


def test_versions_come_in_order_and_dense_ones_one_at_a_time():
    rng = np.random.default_rng(15)
    weight = realistic(40, 50, rng)
    alive = []

    def updates():
        for number in range(40):
            dense = number % 10 == 9
            alive.append("dense" if dense else "low-rank")
            if dense:
                yield Dense(0.01 * number * rng.standard_normal((40, 50)))
            else:
                yield LowRank(number * np.ones((40, 1)), np.ones((1, 50)))

    norms, consumed = [], []
    for analysis in analyse_matrix(weight, decompose(weight), updates(), WANTED):
        norms.append((analysis.update.rank, analysis.update.frobenius_norm))
        consumed.append(alive[len(norms) - 1 :].count("dense"))
    assert len(norms) == 40
    for number, (rank, norm) in enumerate(norms):
        assert rank == (None if number % 10 == 9 else 1)
        if rank:
            assert norm == pytest.approx(number * np.sqrt(2000))
    assert max(consumed) == 1


def one_analysis(weight, update):
    (result,) = analyse_matrix(weight, decompose(orient(weight)), [update], WANTED)
    return result


def test_an_unchanged_weight_has_no_intruders_whatever_its_vectors_are():
    """A block of zeros, such as an inserted identity layer has, determines none of its vectors."""
    for weight in (np.zeros((20, 30)), np.eye(20), np.ones((30, 20))):
        low_rank = LowRank(np.zeros((len(weight), 2)), np.ones((2, weight.shape[1])))
        for update in (Dense(np.zeros(weight.shape)), low_rank):
            result = one_analysis(weight, update)
            for side in (result.comparison.left, result.comparison.right):
                assert (side.max_cosine == 1).all()
                assert (side.error_bound == 0).all()
