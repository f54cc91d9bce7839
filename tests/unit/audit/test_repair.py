"""Which directions an intervention scales, and what decides where ε is close to a cosine."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from rankscope.audit import repair
from rankscope.audit.repair import Intervention, choose_directions, corrections
from rankscope.errors import ModelError
from rankscope.spectra import cache
from rankscope.spectra.engine.parts.decomposition import decompose, orient
from rankscope.weights.matrices import open_model
from rankscope.weights.updates import Dense

COSINES = np.array([0.9, 0.2, 0.1, 0.8, 0.3, 0.95])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1]),
        ({"every": True}, [1, 2, 4]),
        ({"every": True, "k": 3}, [1, 2]),
        ({"control": True}, [0]),
        ({"control": True, "every": True}, [0, 3, 5]),
        ({"epsilon": 0.05}, []),
        ({"k": 1}, []),
        ({"k": 50, "every": True}, [1, 2, 4]),
    ],
)
def test_choice_of_directions(options, expected):
    assert choose_directions(COSINES, Intervention(0.5, **options)) == expected


def test_no_control_where_every_direction_intrudes():
    assert choose_directions(np.zeros(4), Intervention(0.5, control=True)) == []


class Noise:
    """A version of every matrix of a model, changed by noise of the size of its weights."""

    def __init__(self, model, delta=None):
        self.model, self.delta = model, delta
        self.matrices = model.matrices

    def update(self, matrix, weight):
        noise = np.random.default_rng(7).standard_normal(weight.shape)
        return Dense(noise if self.delta is None else self.delta)


@pytest.fixture
def square(write_model):
    """A model of one square matrix in double precision, of a size that the certified way takes."""
    weight = np.random.default_rng(0).standard_normal((272, 272))
    return open_model(write_model({"model.layers.0.self_attn.q_proj.weight": weight}))


def true_cosines(model):
    (matrix,) = model.matrices
    weight = model.read(matrix)
    u0 = np.linalg.svd(weight)[0]
    u = np.linalg.svd(weight + Noise(model).update(matrix, weight).delta)[0]
    return np.abs(u0.T @ u).max(axis=0)[:10]


def scaled(model, **options):
    found = corrections(model, Noise(model), Intervention(0.5, every=True, **options))
    return {d.j: d for correction in found for d in correction.directions}


@pytest.mark.parametrize("sign", [-1, 1])
def test_single_precision_does_not_decide_what_is_scaled(square, tmp_path, sign):
    """ε next to each cosine, far within what storing the base in single precision costs."""
    (matrix,) = square.matrices
    path = cache.cache_file(tmp_path / "cache", matrix.name)
    weight = square.read(matrix)
    cache.save(path, decompose(orient(weight)), weight, "f32")
    cosines = true_cosines(square)
    for j, cosine in enumerate(cosines, 1):
        epsilon = float(cosine) + sign * 1e-10
        found = scaled(square, epsilon=epsilon, cache=tmp_path / "cache")
        assert (j in found) == (sign > 0)
        assert set(found) == set(np.flatnonzero(cosines < epsilon) + 1)
        assert all(direction.error_bound < 1e-10 for direction in found.values())


def test_the_certified_way_does_not_decide_within_its_error_bound(square, monkeypatch):
    """Vectors that are off, and say so, give way to a complete decomposition."""
    exact = scaled(square)
    quick = repair.leading_certified

    def rough(*arguments):
        leading = quick(*arguments)
        vectors = np.roll(leading.small, 1, axis=1)
        return replace(leading, small=vectors, errors=np.full(10, 0.9))

    monkeypatch.setattr(repair, "leading_certified", rough)
    assert scaled(square) == {
        j: replace(
            direction,
            sigma=pytest.approx(direction.sigma),
            max_cosine=pytest.approx(direction.max_cosine),
            error_bound=pytest.approx(direction.error_bound, abs=1e-6),
        )
        for j, direction in exact.items()
    }


def test_coinciding_singular_values_decide_nothing_in_silence(write_model, caplog):
    base = np.diag(np.arange(16.0, 0, -1))
    tuned = base.copy()
    tuned[:4, :4] = 16 * np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    model = open_model(write_model({"model.layers.0.q_proj.weight": base}))
    with caplog.at_level(logging.WARNING):
        found = list(corrections(model, Noise(model, tuned - base), Intervention(0.5, 4, 0.99)))
    assert "model.layers.0.q_proj: ε = 0.99 lies within the error bounds of vectors" in caplog.text
    assert all(d.error_bound == 1 for correction in found for d in correction.directions)


def test_a_diverged_update_is_refused_by_name(square):
    broken = Noise(square, np.full((272, 272), np.nan))
    with pytest.raises(ModelError, match=r"layers\.0\.self_attn\.q_proj holds NaN"):
        list(corrections(square, broken, Intervention(0.5)))
