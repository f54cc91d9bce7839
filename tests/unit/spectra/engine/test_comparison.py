"""Bounds of the largest cosines where the base does not determine its vectors."""

from dataclasses import replace

import numpy as np
import pytest

from counted import Counted
from rankscope.spectra.engine import choice
from rankscope.spectra.engine.comparer import Comparer
from rankscope.spectra.engine.comparison import Cosines, compare, large_storage_errors
from rankscope.spectra.engine.parts.decomposition import decompose
from rankscope.weights.updates import Dense, LowRank
from spectra_oracles import oracle, realistic


@pytest.fixture(autouse=True)
def certified_at_any_size(monkeypatch):
    monkeypatch.setattr(choice, "_SMALL", 0)
    monkeypatch.setattr(choice, "_LEADING_SHARE", 2)
    monkeypatch.setattr(choice, "_LOW_RANK_SHARE", 3)


def test_coinciding_singular_values_bound_the_cosine_from_below_too():
    """Eight vectors are any basis of their span: another library has another one."""
    rng = np.random.default_rng(16)
    q, _ = np.linalg.qr(rng.standard_normal((60, 60)))
    weight = q * np.concatenate([np.full(8, 3.0), np.linspace(2, 1, 52)])
    base = decompose(weight)
    turned, _ = np.linalg.qr(rng.standard_normal((8, 8)))
    others = np.concatenate([base.vectors[:, :8] @ turned, base.vectors[:, 8:]], 1)
    update = LowRank(2 * base.vectors[:, :1], (base.vectors[:, 0] @ weight / 3)[None, :])
    found = Comparer(weight, base, Counted((1,), (0.8,), 1)).compare(update).left
    truth = np.abs(others.T @ np.linalg.svd(weight + update.dense())[0][:, 0]).max()
    assert truth < 0.8 < found.max_cosine[0]
    assert abs(truth - found.max_cosine[0]) <= found.error_bound[0]


@pytest.mark.parametrize("rank", [1, None])
def test_a_single_precision_cache_bounds_the_large_side_of_weak_directions(rank):
    """Storing u is off by 6e-8, v = W0ᵀu/σ by that over the share of σ: it may decide."""
    rng = np.random.default_rng(17)
    u, s, v = np.linalg.svd(realistic(100, 140, rng), full_matrices=False)
    weight = (u * np.append(s[:-1], 1e-5 * s[0])) @ v
    exact = decompose(weight)
    stored = exact.vectors.astype(np.float32).astype(np.float64)
    single = replace(exact, vectors=stored, storage_error=2.0**-24)
    update = LowRank(4 * rng.standard_normal((100, 1)), 0.8 * v[-1:] + 0.6 * v[:1])
    if rank is None:
        update = Dense(update.dense())
    _, right = oracle(weight, update.dense())
    found = Comparer(weight, single, Counted((1,), (0.2,), 10)).compare(update).right
    assert np.all(np.abs(found.max_cosine - right) <= found.error_bound + 1e-12)
    assert found.error_bound.max() < 1e-2


@pytest.mark.parametrize("transposed", [False, True])
def test_sides_maxima_and_maps_are_those_of_the_cosines(transposed):
    """On the identity every cosine is an entry of the tuned vectors themselves."""
    base = decompose(np.diag([4.0, 3.0, 2.0]))
    small = np.abs(base.vectors.T @ np.linalg.qr([[3.0, 1], [4, 2], [0, 5]])[0])
    large = small[::-1]
    cosines = Cosines(np.array([5.0, 1.0]), np.array([1e-9, 1e-8]), small, -large, "gram")
    found = compare(base, cosines, transposed, 2)
    one, other = (found.right, found.left) if transposed else (found.left, found.right)
    np.testing.assert_array_equal(one.max_cosine, small.max(axis=0))
    np.testing.assert_array_equal(other.max_cosine, large.max(axis=0))
    np.testing.assert_array_equal(one.base_index, small.argmax(axis=0) + 1)
    np.testing.assert_array_equal(other.similarity, large[:2, :2])
    assert found.method == "gram"
    assert (one.error_bound >= [1e-9, 1e-8]).all()


def test_a_cosine_above_one_is_rounding():
    base = decompose(np.diag([2.0, 1.0]))
    above = np.array([[1 + 1e-12], [0.0]])
    cosines = Cosines(np.array([2.0]), np.zeros(1), above, above, "gram")
    assert compare(base, cosines, False, 1).left.max_cosine[0] == 1


def test_what_is_stored_in_double_adds_no_error():
    base = decompose(np.diag([2.0, 1.0]))
    assert large_storage_errors(base, np.ones((2, 1))) == 0
    single = replace(base, storage_error=1e-7)
    np.testing.assert_allclose(
        large_storage_errors(single, np.array([[3.0], [4.0]])), [[2.5e-7], [5e-7]]
    )
