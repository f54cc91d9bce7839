"""The certified ways give the counts of full float64 SVDs, near thresholds and in odd cases too."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counted import Counted
from rankscope.spectra.engine import choice
from rankscope.spectra.engine.comparer import Comparer
from rankscope.spectra.engine.measures import count_intruders
from rankscope.spectra.engine.parts.arrays import to_device
from rankscope.spectra.engine.parts.decomposition import decompose, orient
from rankscope.spectra.engine.ways.without_base import CachelessComparer
from rankscope.weights.updates import Dense, LowRank
from spectra_oracles import adversarial, oracle, realistic, versions

EPSILONS = tuple(np.linspace(0.02, 0.98, 49).tolist())


def cuda_is_available():
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


WANTED = Counted(ks=(1, 5, 10), epsilons=EPSILONS, similarity_size=10)


@pytest.fixture(autouse=True)
def certified_at_any_size(monkeypatch):
    monkeypatch.setattr(choice, "_SMALL", 0)
    monkeypatch.setattr(choice, "_LEADING_SHARE", 2)
    monkeypatch.setattr(choice, "_LOW_RANK_SHARE", 3)


def check(weight, update, wanted=WANTED, comparer=None, widest=1e-3):
    """Compare counts and cosines with the oracle, bounds with `widest`; return the way taken."""
    comparer = comparer or Comparer(weight, decompose(orient(weight)), wanted)
    found = comparer.compare(update)
    for side, expected in zip(
        (found.left, found.right), oracle(weight, update.dense()), strict=True
    ):
        difference = np.abs(side.max_cosine - expected)
        assert np.all(difference <= side.error_bound + 1e-12)
        assert side.error_bound.max() < widest
        np.testing.assert_array_equal(
            count_intruders(side.max_cosine, wanted.ks, wanted.epsilons),
            count_intruders(expected, wanted.ks, wanted.epsilons),
        )
    return found.method


def test_counts_equal_full_decompositions_in_every_cell():
    """More than 10,000 (version, ε) cells over shapes, ranks, strengths and both sides."""
    ways, cells = [], 0
    for seed, (m, n) in enumerate([(60, 60), (48, 90), (90, 48), (72, 72)]):
        rng = np.random.default_rng(seed)
        weight = realistic(m, n, rng)
        comparer = Comparer(weight, decompose(orient(weight)), WANTED)
        for update in versions(m, n, rng):
            ways.append(check(weight, update, comparer=comparer))
            cells += 2 * len(EPSILONS)
    assert cells >= 10_000
    assert ways.count("gram") < len(ways) / 10
    assert {"low-rank", "dense-certified"} <= set(ways)


@pytest.mark.parametrize("distance", [1e-4, -1e-4, 1e-6, -1e-6, 1e-8, -1e-8])
@pytest.mark.parametrize("rank", [3, None])
def test_thresholds_next_to_a_true_cosine(distance, rank):
    rng = np.random.default_rng(11)
    weight = realistic(64, 80, rng)
    for _ in range(6):
        if rank is None:
            update = Dense(0.3 * rng.standard_normal((64, 80)))
        else:
            update = LowRank(rng.standard_normal((64, rank)), rng.standard_normal((rank, 80)) / 2)
        left, right = oracle(weight, update.dense())
        epsilons = tuple(cosine + distance for cosine in (*left, *right) if cosine < 0.999)
        check(weight, update, Counted((10,), epsilons, 5))


@pytest.mark.parametrize("case", adversarial(np.random.default_rng(0)))
def test_adversarial(case):
    weight, update = adversarial(np.random.default_rng(0))[case]
    # beside a value of 1e7 the others are within rounding of each other, and the bounds say so
    widest = np.inf if case == "huge" else 1e-3
    epsilons = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
    check(weight, update, Counted((1, 10), epsilons, 5), widest=widest)


@pytest.mark.parametrize("rank", [3, None])
@pytest.mark.parametrize("weakest", [1e-9, 1e-14])
def test_a_base_next_to_singular_is_compared_in_the_fast_ways(rank, weakest):
    """One of some square matrices of noise is: its smallest value is of the order of 1/p."""
    rng = np.random.default_rng(5)
    u, s, v = np.linalg.svd(realistic(60, 60, rng))
    for direction in (np.ones(60), u[:, -1], v[-1]):
        weight = (u * np.append(s[:-1], weakest)) @ v
        base = decompose(weight)
        assert base.large_tail.shape == (60, 1)
        if rank is None:
            update = Dense(0.3 * rng.standard_normal((60, 60)) + np.outer(direction, v[-1]))
        else:
            left = np.column_stack([direction, *rng.standard_normal((rank - 1, 60))])
            update = LowRank(left, np.vstack([2 * v[-1], rng.standard_normal((rank - 1, 60)) / 2]))
        way = check(weight, update, Counted((10,), (0.3, 0.5, 0.7), 5))
        assert way == ("dense-certified" if rank is None else "low-rank")


def test_a_rank_deficient_base_keeps_its_bounds():
    rng = np.random.default_rng(1)
    weight = rng.standard_normal((60, 40)) @ rng.standard_normal((40, 60))
    update = LowRank(rng.standard_normal((60, 2)), rng.standard_normal((2, 60)))
    comparer = Comparer(weight, decompose(weight), Counted((10,), (0.5,), 5))
    found = comparer.compare(update)
    left, right = oracle(weight, update.dense())
    assert np.all(np.abs(found.left.max_cosine - left) <= found.left.error_bound + 1e-12)
    assert np.all(np.abs(found.right.max_cosine - right) <= found.right.error_bound + 1e-12)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(20, 50), st.integers(0, 30), st.booleans(), st.integers(1, 8),
    st.floats(-3, 3), st.integers(0, 2**31),
)  # fmt: skip
def test_any_low_rank_update_stays_within_its_bounds(p, wider, tall, rank, exponent, seed):
    rng = np.random.default_rng(seed)
    m, n = (p + wider, p) if tall else (p, p + wider)
    weight = realistic(m, n, rng)
    update = LowRank(10**exponent * rng.standard_normal((m, rank)), rng.standard_normal((rank, n)))
    comparer = Comparer(weight, decompose(orient(weight)), Counted((5,), (0.5,), 5))
    found = comparer.compare(update)
    for side, expected in zip(
        (found.left, found.right), oracle(weight, update.dense()), strict=True
    ):
        k = len(side.max_cosine)
        assert np.all(np.abs(side.max_cosine - expected[:k]) <= side.error_bound + 1e-12)


@pytest.fixture
def on_torch(monkeypatch):
    """Make the engines compute with torch tensors, as they do on a CUDA device."""
    torch = pytest.importorskip("torch")
    from rankscope.spectra.engine import comparer
    from rankscope.spectra.engine.ways import without_base

    def place(array, device):
        return torch.from_numpy(np.ascontiguousarray(array)).double()

    monkeypatch.setattr(comparer, "to_device", place)
    monkeypatch.setattr(without_base, "to_device", place)
    return lambda array: place(array, "cpu")


@pytest.mark.parametrize("rank", [3, None])
def test_torch_gives_what_numpy_gives(on_torch, rank):
    rng = np.random.default_rng(12)
    weight = realistic(70, 90, rng)
    if rank is None:
        update = Dense(0.1 * rng.standard_normal((70, 90)))
    else:
        update = LowRank(rng.standard_normal((70, rank)), rng.standard_normal((rank, 90)))
    comparer = Comparer(weight, decompose(on_torch(weight)), WANTED)
    method = check(weight, update, comparer=comparer)
    assert method == ("dense-certified" if rank is None else "low-rank")
    found = CachelessComparer(weight, 10, 0.5, 5).compare(update)
    for side, expected in zip(
        (found.left, found.right), oracle(weight, update.dense()), strict=True
    ):
        assert np.all(np.abs(side.max_cosine - expected) <= side.error_bound + 1e-9)


@pytest.mark.skipif(not cuda_is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("rank", [3, None])
def test_cuda_stays_within_the_stated_bounds(rank):
    rng = np.random.default_rng(13)
    weight = realistic(300, 400, rng)
    update = LowRank(rng.standard_normal((300, 3)), rng.standard_normal((3, 400)))
    if rank is None:
        update = Dense(0.1 * rng.standard_normal((300, 400)))
    base = decompose(to_device(weight, "cuda"))
    check(weight, update, comparer=Comparer(weight, base, WANTED, "cuda"))


def test_counts_equal_the_reference_where_its_rounding_does_not_decide():
    """The authors' algorithm: two float32 SVDs, absolute cosines of the left vectors, k = 10."""
    for seed, rank in enumerate((1, 4, 8, 16)):
        rng = np.random.default_rng(seed)
        weight = realistic(80, 100, rng).astype(np.float32)
        update = LowRank(rng.standard_normal((80, rank)), rng.standard_normal((rank, 100)) / 2)
        before = np.linalg.svd(weight, full_matrices=False)[0]
        after = np.linalg.svd((weight + update.dense()).astype(np.float32), full_matrices=False)[0]
        reference = np.abs(before.T @ after).max(axis=0)[:10]
        assert reference.dtype == np.float32
        comparer = Comparer(weight, decompose(weight.astype(np.float64)), WANTED)
        found = comparer.compare(update).left.max_cosine
        away = np.abs(reference[:, None] - np.array(EPSILONS)).min(axis=0) > 1e-3
        expected = count_intruders(reference, (10,), EPSILONS)[0]
        assert away.sum() > 20
        np.testing.assert_array_equal(
            count_intruders(found, (10,), EPSILONS)[0][away], expected[away]
        )


def test_a_single_precision_cache_widens_the_bounds_and_gives_way_near_a_threshold():
    rng = np.random.default_rng(14)
    weight = realistic(90, 110, rng)
    update = LowRank(rng.standard_normal((90, 2)), rng.standard_normal((2, 110)) / 2)
    exact = decompose(weight)
    single = replace(
        exact,
        vectors=exact.vectors.astype(np.float32).astype(np.float64),
        storage_error=2.0**-24,
    )
    left, _ = oracle(weight, update.dense())
    for epsilon, method in ((0.2, "low-rank"), (left[0] + 1e-7, "gram")):
        comparer = Comparer(weight, single, Counted((10,), (epsilon,), 5))
        found = comparer.compare(update)
        assert found.method == method
        difference = np.abs(found.left.max_cosine - left)
        assert np.all(difference <= found.left.error_bound + 1e-12)
        assert found.left.error_bound.min() > 5e-8
        assert found.left.error_bound.max() < 1e-4  # measured residuals, not a-priori bounds
