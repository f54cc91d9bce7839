"""One matrix in several versions: their order, and what an unchanged weight gives."""

import numpy as np
import pytest

from counted import Counted
from rankscope.spectra.engine import choice
from rankscope.spectra.engine.analysis import analyse_matrix, analyse_without_base
from rankscope.spectra.engine.parts.decomposition import decompose, orient
from rankscope.weights.updates import Dense, LowRank
from spectra_oracles import realistic

ONE = Counted(ks=(5,), epsilons=(0.5,), similarity_size=4)
EPSILONS = tuple(np.linspace(0.02, 0.98, 49).tolist())


WANTED = Counted(ks=(1, 5, 10), epsilons=EPSILONS, similarity_size=10)


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


def test_each_update_is_measured_from_its_own_factors():
    """ΔW of rank 1 beside a weight 1e8 times as large: a merged weight would show noise."""
    rng = np.random.default_rng(20)
    weight = 1e8 * rng.standard_normal((24, 30))
    left, right = rng.standard_normal((24, 1)), rng.standard_normal((1, 30))
    (found,) = analyse_matrix(weight, decompose(weight), [LowRank(left, right)], ONE)
    assert found.update.effective_rank == pytest.approx(1)
    norm = np.linalg.norm(left) * np.linalg.norm(right)
    assert found.update.frobenius_norm == pytest.approx(norm)
    assert found.base_frobenius_norm == pytest.approx(np.linalg.norm(weight))


@pytest.mark.parametrize("shape", [(40, 60), (60, 40)])
def test_without_a_base_the_intruders_are_the_same(shape):
    rng = np.random.default_rng(21)
    weight = realistic(*shape, rng)
    updates = [
        LowRank(s * rng.standard_normal((shape[0], 2)), rng.standard_normal((2, shape[1])))
        for s in (0.01, 0.3, 3.0)
    ]
    base = decompose(weight if shape[0] < shape[1] else weight.T)
    with_base = list(analyse_matrix(weight, base, updates, ONE))
    without = list(analyse_without_base(weight, updates, ONE))
    for one, other in zip(with_base, without, strict=True):
        for side in ("left", "right"):
            a, b = getattr(one.comparison, side), getattr(other.comparison, side)
            np.testing.assert_array_equal(a.max_cosine < 0.5, b.max_cosine < 0.5)
            np.testing.assert_allclose(a.sigma, b.sigma, rtol=1e-8)


def test_without_a_base_one_threshold_can_be_asked_for():
    weight = np.eye(3)
    with pytest.raises(ValueError, match="too many values"):
        list(analyse_without_base(weight, [], Counted((1,), (0.3, 0.5), 1)))
