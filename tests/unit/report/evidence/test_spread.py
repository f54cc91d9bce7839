"""What few seeds or samplings move a mean by."""

import itertools

import numpy as np
import pytest
from scipy import stats

from rankscope.report.evidence.resampling import DRAWS, interval
from rankscope.report.evidence.spread import (
    Repeated,
    as_counts,
    in_proportion,
    sampling_deviations,
    seed_deviations,
)

TAIL = 0.1  # a quantile of 2,000 draws, relative


def repeated(label: str, *values: float) -> Repeated:
    return Repeated(label, tuple(range(len(values))), np.array(values, dtype=np.float64)[:, None])


def ends(own: Repeated, *pool: Repeated, **more: object) -> tuple[float, float]:
    found = interval(seed_deviations(own, pool, **more)[:, 0])
    return found.low, found.high


def test_the_spread_is_pooled_over_methods_with_all_their_degrees_of_freedom():
    own = repeated("a", 0.9, 1.1)
    others = [repeated(label, 3.0, 3.2) for label in "bcd"]
    # four methods of two seeds, each with a variance of 0.02
    error = stats.t.ppf(0.975, 4) * np.sqrt(0.02 / 2)
    # of its own it counts half as much again, less than which no method can be wider than all
    wider = np.sqrt(1.25)
    assert ends(own, *others) == (
        pytest.approx(-error * wider, rel=TAIL),
        pytest.approx(error * wider, rel=TAIL),
    )


def test_a_method_that_agrees_moves_by_what_the_others_spread():
    own, other = repeated("a", 1.0, 1.0, 1.0), repeated("b", 1.0, 2.0, 3.0)
    error = stats.t.ppf(0.975, 4) * np.sqrt((2.0 / 4) / 3)
    assert ends(own, other)[1] == pytest.approx(error, rel=TAIL)


def test_a_method_that_spreads_more_moves_by_its_own_spread():
    own, others = repeated("a", -3.0, 0.0, 3.0), [repeated(label, 0.0, 0.1, 0.2) for label in "bcd"]
    error = stats.t.ppf(0.975, 8) * np.sqrt(9.0 * (1 + 0.25 / 2) / 3)
    assert ends(own, *others)[1] == pytest.approx(error, rel=TAIL)
    assert ends(others[0], own, *others)[1] < error


def test_a_single_run_moves_by_what_the_others_spread_and_alone_by_nothing():
    single, other = repeated("a", 5.0), repeated("b", 0.0, 2.0)
    assert ends(single) == (0.0, 0.0)
    error = stats.t.ppf(0.975, 1) * np.sqrt(2.0)
    assert ends(single, other)[1] == pytest.approx(error, rel=0.25)


def test_counts_spread_with_their_mean_and_none_not_at_all():
    """A quasi-Poisson model: variance ÷ mean is 2 in both methods that counted something."""
    few, many, none = repeated("few", 1, 5), repeated("many", 90, 110), repeated("none", 0, 0)
    pooled = (8 / 3 + 200 / 100) / 2
    error = stats.t.ppf(0.975, 2) * np.sqrt(pooled * 100 / 2)
    assert ends(many, few, none, unit=as_counts)[1] == pytest.approx(error, rel=0.2)
    assert ends(none, few, many, unit=as_counts) == (0.0, 0.0)
    large, small = repeated("large", 90, 110), repeated("small", 0.9, 1.1)
    assert ends(large, small, unit=in_proportion)[1] == pytest.approx(
        100 * ends(small, large, unit=in_proportion)[1], rel=0.3
    )


def test_what_moves_together_in_the_runs_moves_together_in_the_draws():
    values = np.array([[1.0, -2.0, 0.0], [2.0, -4.0, 0.0]])
    draws = seed_deviations(Repeated("a", (0, 1), values), [])
    assert draws.shape == (DRAWS + 1, 3)
    assert draws[0].tolist() == [0.0, 0.0, 0.0]
    assert draws[:, 1] == pytest.approx(-2 * draws[:, 0])
    assert not draws[:, 2].any()


def test_rounding_is_no_spread():
    assert ends(repeated("a", 0.1 + 0.2, 0.3)) == (0.0, 0.0)


# --- samplings


def moved(values: dict[tuple[str, str], list[float]], *wanted: tuple[str, str]) -> list[np.ndarray]:
    arrays = {cell: np.array(each, dtype=np.float64) for cell, each in values.items()}
    return sampling_deviations(arrays, wanted or list(values))


@pytest.mark.parametrize("samplings", [2, 3, 4])
def test_a_single_method_moves_by_students_t_over_its_samplings(samplings):
    values = np.random.default_rng(1).normal(0, 2, samplings)
    (draws,) = moved({("T", "Full"): list(values)})
    error = stats.sem(values) * stats.t.ppf(0.975, samplings - 1)
    wider = np.sqrt(1 + 0.25 / (samplings - 1))
    assert interval(draws).high == pytest.approx(error * wider, rel=0.15)


def test_methods_are_paired_by_sampling():
    level = np.array([0.1, 0.5, 0.9])
    full, lora = moved({("T", "Full"): list(level), ("T", "LoRA"): list(level - 0.06)})
    assert full == pytest.approx(lora)
    assert np.ptp(full) > 1


def test_a_training_set_moves_its_methods_alike():
    first, second = [0.0, 0.1, 0.2], [0.5, 0.3, 0.1]
    values = {(of, method): each for of, each in (("A", first), ("B", second)) for method in "xyz"}
    ax, ay, bx = moved(values, ("A", "x"), ("A", "y"), ("B", "x"))
    assert ax == pytest.approx(ay)
    assert np.ptp(ax - bx) > 0.1


def test_what_is_left_of_a_method_is_pooled_over_methods_and_training_sets():
    rng = np.random.default_rng(2)
    values = {(of, method): list(rng.normal(0, 1, 3)) for of in "ABCD" for method in "uvwxyz"}
    draws = moved(values)
    ends = [interval(one - other).high for one, other in itertools.pairwise(draws[:6])]
    # 4 sets × 5 methods × 2 samplings of freedom; a difference of two means of three; some spread
    # more than all together do and move more
    error = stats.t.ppf(0.975, 40) * np.sqrt(2 / 3)
    assert 0.8 * error < min(ends)
    assert 0.9 * error < np.mean(ends) < 1.4 * error


def test_one_sampling_does_not_move():
    assert not any(each.any() for each in moved({("T", "a"): [1.0], ("T", "b"): [2.0]}))


def test_noise_that_units_explain_is_not_counted_twice():
    """Nothing but units differs: their draws tell all of the spread, and little is added."""
    rng = np.random.default_rng(6)
    cells = [("A", str(method)) for method in range(40)]
    drawn = {}
    for cell in cells:
        truth = rng.normal(0, 1, 3)
        drawn[cell] = np.vstack([truth, truth + rng.normal(0, 1, (DRAWS, 3))])
    values = {cell: draws[0] for cell, draws in drawn.items()}
    twice = [np.std(each) for each in sampling_deviations(values, cells)]
    once = [np.std(each) for each in sampling_deviations(values, cells, drawn)]
    assert np.median(once) < 0.6 * np.median(twice)
