"""One text for numpy and torch: every helper gives the same on both, and of the same kind."""

import numpy as np
import pytest

from rankscope.spectra.engine.parts.arrays import (
    constants_like,
    contiguous,
    identity_like,
    lower_factor,
    namespace,
    positive_definite_solver,
    to_device,
    to_numpy,
    zeros_like,
)

torch = pytest.importorskip("torch")
KINDS = {"numpy": np.asarray, "torch": torch.from_numpy}
both = pytest.mark.parametrize("kind", KINDS)


@both
def test_what_is_made_is_of_the_kind_of_its_model(kind):
    model = KINDS[kind](np.zeros((2, 2)))
    made = {
        "identity": (identity_like(model, 3, 2), np.eye(3, 2)),
        "zeros": (zeros_like(model, 2, 5), np.zeros((2, 5))),
        "constants": (constants_like(model, [[1, 2], [3, 4]]), np.array([[1.0, 2], [3, 4]])),
        "turned": (contiguous(constants_like(model, [[1, 2], [3, 4]]).T), [[1, 3], [2, 4]]),
    }
    for found, expected in made.values():
        assert type(found) is type(model)
        assert found.dtype == model.dtype
        np.testing.assert_array_equal(to_numpy(found), expected)
    assert namespace(model).__name__ == kind


def test_what_enters_the_cpu_is_float64_of_numpy():
    half = np.array([1.5, 2.0], dtype=np.float16)
    placed = to_device(half, "cpu")
    assert isinstance(placed, np.ndarray)
    assert placed.dtype == np.float64
    assert placed.tolist() == [1.5, 2.0]


@both
def test_a_definite_matrix_is_factorised_and_solved_with(kind):
    rng = np.random.default_rng(0)
    root = rng.standard_normal((6, 9))
    gram, block = root @ root.T, rng.standard_normal((6, 3))
    factor = lower_factor(KINDS[kind](gram))
    solve = positive_definite_solver(KINDS[kind](gram))
    assert factor is not None and solve is not None
    np.testing.assert_allclose(np.tril(to_numpy(factor)), to_numpy(factor))
    np.testing.assert_allclose(to_numpy(factor) @ to_numpy(factor).T, gram)
    np.testing.assert_allclose(gram @ to_numpy(solve(KINDS[kind](block))), block)


@both
def test_an_indefinite_matrix_has_no_factor_and_no_solver(kind):
    indefinite = KINDS[kind](np.diag([2.0, -1.0]))
    assert lower_factor(indefinite) is None
    assert positive_definite_solver(indefinite) is None
