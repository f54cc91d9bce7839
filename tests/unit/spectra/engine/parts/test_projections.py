"""Projections in single precision: within their measured bounds, and never a wrong count."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counted import Counted
from rankscope.spectra.engine import choice, comparer
from rankscope.spectra.engine.comparer import Comparer
from rankscope.spectra.engine.measures import count_intruders
from rankscope.spectra.engine.parts.decomposition import decompose, orient
from rankscope.spectra.engine.parts.projections import SingleProjector, project
from rankscope.spectra.engine.ways.low_rank import leading_in_basis
from rankscope.weights.updates import LowRank
from spectra_oracles import oracle, realistic


@pytest.fixture(autouse=True)
def double_projections(monkeypatch):
    """Project in single precision at any size; count what is projected in double after all."""
    for name in ("_SMALL", "_SINGLE_SIDE", "_SINGLE_RANK"):
        monkeypatch.setattr(choice, name, 0)
    monkeypatch.setattr(choice, "_SINGLE_DECISIONS", 10_000)
    monkeypatch.setattr(choice, "_LEADING_SHARE", 2)
    monkeypatch.setattr(choice, "_LOW_RANK_SHARE", 3)
    again = []

    def counted(base, multiply, factors):
        again.append(len(factors))
        return project(base, multiply, factors)

    monkeypatch.setattr(comparer, "project", counted)
    return again


def assert_true(weight, updates, wanted):
    """Compare bounds and counts of all updates with full decompositions."""
    found = Comparer(weight, decompose(orient(weight)), wanted).compare_all(updates)
    for update, comparison in zip(updates, found, strict=True):
        sides = comparison.left, comparison.right
        for side, expected in zip(sides, oracle(weight, update.dense()), strict=True):
            expected = expected[: len(side.max_cosine)]
            assert np.all(np.abs(side.max_cosine - expected) <= side.error_bound + 1e-12)
            np.testing.assert_array_equal(
                count_intruders(side.max_cosine, wanted.ks, wanted.epsilons),
                count_intruders(expected, wanted.ks, wanted.epsilons),
            )
    return found


def lora(rng, m, n, rank, strength=1.0):
    left = strength * rng.standard_normal((m, rank)) / rank**0.5
    return LowRank(left, rng.standard_normal((rank, n)) / 3)


@pytest.mark.parametrize(("m", "n"), [(60, 60), (48, 90), (90, 48)])
def test_counts_and_bounds(double_projections, m, n):
    rng = np.random.default_rng(m)
    updates = [lora(rng, m, n, rank, s) for rank in (1, 4, 12) for s in (0.01, 0.3, 1, 3, 30)]
    found = assert_true(realistic(m, n, rng), updates, Counted((1, 5, 10), (0.3, 0.5, 0.7), 5))
    assert {comparison.method for comparison in found} == {"low-rank"}
    assert sum(double_projections) <= 5
    bounds = np.concatenate([c.right.error_bound for c in found[:12]])
    assert 1e-8 < np.median(bounds) < 1e-2  # single precision decided, and not just so


@pytest.mark.parametrize("distance", [1e-6, -1e-6, 1e-4, -1e-4])
def test_a_threshold_next_to_a_cosine_is_decided_in_double(double_projections, distance):
    rng = np.random.default_rng(1)
    weight = realistic(64, 80, rng)
    for _ in range(5):
        update = lora(rng, 64, 80, 3)
        cosines = [c for c in np.concatenate(oracle(weight, update.dense())) if c < 0.99]
        assert_true(weight, [update], Counted((10,), tuple(c + distance for c in cosines), 5))
    if abs(distance) < 1e-5:
        assert sum(double_projections) == 5


def odd_cases(rng):
    weight = realistic(60, 70, rng)
    u, s, v = np.linalg.svd(weight, full_matrices=False)
    one = rng.standard_normal((60, 1)), rng.standard_normal((1, 70))
    clustered = (u * np.where(np.arange(60) < 20, 3 + 1e-5 * np.arange(60)[::-1], s / 6)) @ v
    weak = (u * (s * np.where(np.arange(60) < 40, 1, 1e-4))) @ v
    return {
        "zero": (weight, LowRank(0 * one[0], one[1])),
        "huge": (weight, LowRank(1e6 * one[0], one[1])),
        "beyond single": (weight, LowRank(1e30 * one[0], 1e10 * one[1])),
        "below single": (weight, LowRank(1e-30 * one[0], 1e-20 * one[1])),
        "unbalanced": (weight, LowRank(1e-20 * one[0], 1e20 * one[1])),
        "removed top": (weight, LowRank(-s[0] * u[:, :1], v[:1])),
        "clusters": (clustered, LowRank(*one)),
        "weak tail": (weak, LowRank(*one)),
        "rounding alone": (weight.astype(np.float32), LowRank(1e-7 * one[0], one[1])),
    }


@pytest.mark.parametrize("case", odd_cases(np.random.default_rng(0)))
def test_odd_cases(case):
    weight, update = odd_cases(np.random.default_rng(0))[case]
    weight = weight.astype(np.float64)
    found = Comparer(weight, decompose(weight), Counted((5,), (0.5,), 5)).compare(update)
    k = 1 if case == "beyond single" else 5
    for side, expected in zip(
        (found.left, found.right), oracle(weight, update.dense()), strict=True
    ):
        difference = np.abs(side.max_cosine[:k] - expected[:k])
        assert np.all(difference <= side.error_bound[:k] + 1e-12)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.integers(24, 50), st.integers(0, 30), st.booleans(), st.integers(1, 8),
    st.floats(-3, 3), st.floats(0, 6), st.integers(0, 2**31),
)  # fmt: skip
def test_any_update_stays_within_its_bounds(p, wider, tall, rank, exponent, decay, seed):
    rng = np.random.default_rng(seed)
    m, n = (p + wider, p) if tall else (p, p + wider)
    u, s, v = np.linalg.svd(realistic(m, n, rng), full_matrices=False)
    weight = (u * (s * 10 ** -np.linspace(0, decay, p))) @ v
    update = LowRank(10**exponent * rng.standard_normal((m, rank)), rng.standard_normal((rank, n)))
    found = Comparer(weight, decompose(orient(weight)), Counted((5,), (0.5,), 5)).compare(update)
    for side, expected in zip(
        (found.left, found.right), oracle(weight, update.dense()), strict=True
    ):
        assert np.all(np.abs(side.max_cosine - expected[:5]) <= side.error_bound + 1e-9)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_error_of_a_projection_is_bounded_and_not_by_much(scale):
    rng = np.random.default_rng(2)
    weight = realistic(70, 90, rng)
    base = decompose(weight)
    factors = [
        (scale * rng.standard_normal((70, r)), rng.standard_normal((r, 90))) for r in (1, 6, 20)
    ]
    exact = project(base, weight.__matmul__, factors)
    projector = SingleProjector(base, weight, weight.T.__matmul__)
    for single, double in zip(projector.project(factors), exact, strict=True):
        for name in ("update", "mixed"):
            error = np.linalg.norm(getattr(single, name) - getattr(double, name), 2)
            bound = getattr(single, f"{name}_error")
            assert error <= bound <= 100 * error
        np.testing.assert_allclose(
            single.weak * base.values[-len(single.weak) :, None],
            double.mixed[-len(single.weak) :],
            atol=1e-12,
        )


def test_damage_to_what_single_precision_holds_is_noticed():
    """The probes are held against double precision: a wrong copy of U0 shows in the bounds."""
    rng = np.random.default_rng(3)
    weight = realistic(70, 90, rng)
    projector = SingleProjector(decompose(weight), weight, weight.T.__matmul__)
    projector._vectors[5, 7] += 0.5
    (single,) = projector.project([(rng.standard_normal((70, 3)), rng.standard_normal((3, 90)))])
    assert single.update_error > 0.1
    assert single.mixed_error > 0.1


def test_projections_made_together_equal_single_ones():
    rng = np.random.default_rng(3)
    weight = realistic(50, 60, rng)
    base = decompose(weight)
    factors = [
        (rng.standard_normal((50, rank)), rng.standard_normal((rank, 60))) for rank in (1, 4, 2)
    ]
    for together, pair in zip(project(base, weight.__matmul__, factors), factors, strict=True):
        (single,) = project(base, weight.__matmul__, [pair])
        found, expected = (leading_in_basis(base, p, 5) for p in (together, single))
        np.testing.assert_allclose(found.values, expected.values, rtol=1e-10)
