"""The base's decomposition against numpy's SVD, its weak end and its bounds included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.spectra.engine.parts.decomposition import (
    decompose,
    large_cosines,
    larger_side_errors,
    orient,
    small_cosines,
)


def with_values(rng, p, n, values):
    left, _ = np.linalg.qr(rng.standard_normal((p, p)))
    right, _ = np.linalg.qr(rng.standard_normal((n, p)))
    return (left * values) @ right.T, left, right


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(0, 30), st.integers(0, 2**31))
def test_values_and_vectors_are_those_of_an_svd(p, wider, seed):
    weight = np.random.default_rng(seed).standard_normal((p, p + wider))
    base = decompose(weight)
    np.testing.assert_allclose(base.values, np.linalg.svd(weight)[1], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(base.vectors.T @ base.vectors, np.eye(p), atol=1e-10)
    np.testing.assert_allclose(
        np.linalg.norm(weight.T @ base.vectors, axis=0), base.values, rtol=1e-8, atol=1e-12
    )


def test_vectors_lie_within_their_bounds():
    rng = np.random.default_rng(0)
    values = np.concatenate([[5, 4, 4 - 1e-7, 3], np.linspace(2, 0.1, 26)])
    weight, left, _ = with_values(rng, 30, 45, values)
    base = decompose(weight)
    signs = np.sign((base.vectors * left).sum(axis=0))
    distances = np.linalg.norm(base.vectors - signs * left, axis=0)
    assert (distances <= 2 * base.errors + 1e-13).all()
    assert base.errors[1] > 100 * base.errors[0], "the close pair is less well determined"


@pytest.mark.parametrize("weak", [1e-8, 1e-12, 0.0])
def test_values_that_squaring_loses_are_found_and_have_large_side_vectors(weak):
    rng = np.random.default_rng(1)
    values = np.concatenate([np.linspace(2, 1, 17), weak * np.array([3.0, 2.0, 1.0])])
    weight, _, right = with_values(rng, 20, 31, values)
    base = decompose(weight)
    np.testing.assert_allclose(base.values, values, atol=2e-15 * 20)
    assert base.large_tail.shape == (31, 3)
    assert base.weak_large is None
    np.testing.assert_allclose(base.large_tail.T @ base.large_tail, np.eye(3), atol=1e-12)
    assert np.abs(base.large_tail.T @ right[:, :17]).max() < 1e-9
    if weak == 1e-8:
        np.testing.assert_allclose(np.abs(base.large_tail.T @ right[:, 17:]), np.eye(3), atol=1e-5)


def test_coinciding_values_are_admitted():
    weight, _, _ = with_values(np.random.default_rng(2), 12, 12, np.full(12, 3.0))
    assert (decompose(weight).errors > 0.1).all()


def test_a_weight_is_oriented_without_being_copied():
    tall = np.zeros((5, 3))
    assert orient(tall).shape == (3, 5)
    assert np.shares_memory(orient(tall), tall)
    assert orient(tall.T) is not None
    assert orient(np.zeros((4, 4))).shape == (4, 4)


@pytest.mark.parametrize("weak", [0.5, 1e-9])
def test_cosines_on_both_sides_are_scalar_products(weak):
    rng = np.random.default_rng(3)
    values = np.append(np.linspace(3, 1, 14), weak)
    weight, _, _ = with_values(rng, 15, 22, values)
    base = decompose(weight)
    left, _, right = np.linalg.svd(weight, full_matrices=False)
    small = np.linalg.qr(rng.standard_normal((15, 4)))[0]
    large = np.linalg.qr(rng.standard_normal((22, 4)))[0]
    np.testing.assert_allclose(
        np.abs(small_cosines(base, small)), np.abs(left.T @ small), atol=1e-9
    )
    found = large_cosines(base, weight @ large, large)
    np.testing.assert_allclose(np.abs(found), np.abs(right @ large), atol=1e-6)


def test_errors_grow_by_the_ratio_of_the_neighbours():
    values, errors = np.array([4.0, 2.0, 0.5]), np.array([1e-6, 1e-6, 1e-6])
    carried = larger_side_errors(values, errors, 4.0)
    np.testing.assert_allclose(carried, [2e-6, 4e-6, 8e-6], rtol=1e-4)
