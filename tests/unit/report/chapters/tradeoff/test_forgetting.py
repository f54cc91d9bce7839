"""What LoRA forgets against full fine-tuning, on evidence whose verdict follows on paper."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims_evidence import constant, subject
from evidence_builder import learning_and_forgetting
from rankscope.report.chapters.tradeoff import forgetting


def test_lora_forgets_less_at_the_last_common_step():
    traces = {None: constant(0.5, 0.4), 4: constant(0.5, 0.1), 16: constant(0.5, 0.5)}
    first, second = forgetting.forgets_less(subject(learning_and_forgetting(traces)))
    assert (first.value, first.verdict) == (pytest.approx(0.3), "confirmed")
    assert (second.value, second.verdict) == (pytest.approx(-0.1), "denied")


def test_forgetting_grows_with_steps_and_rank():
    forgotten = {None: 0.4, 1: 0.1, 4: 0.2, 16: 0.3, 64: 0.35}
    steps = (1, 2, 3, 4)
    traces = {
        rank: ({s: 0.1 * s for s in steps}, {s: value * s for s in steps})
        for rank, value in forgotten.items()
    }
    about = subject(learning_and_forgetting(traces))
    (by_steps,) = forgetting.grows_with_steps(about)
    (by_rank,) = forgetting.grows_with_rank(about)
    assert (by_steps.value, by_steps.verdict) == (pytest.approx(1), "confirmed")
    assert (by_rank.value, by_rank.verdict) == (pytest.approx(1), "confirmed")


def test_matched_learning_is_the_mean_distance_of_the_traces():
    # full: forgotten = learned; LoRA: forgotten = learned / 2, and reaches less;
    # over the shared stretch [0, 0.4] the mean distance is 0.4 / 4 = 0.1
    traces = {None: constant(0.8, 0.8), 4: constant(0.4, 0.2)}
    (verdict,) = forgetting.matched_learning(subject(learning_and_forgetting(traces)))
    assert verdict.value == pytest.approx(0.1)
    assert verdict.verdict == "confirmed"


def test_matched_learning_is_undefined_where_a_method_learned_nothing():
    traces = {None: constant(0.8, 0.8), 4: constant(-0.1, 0.2)}
    (verdict,) = forgetting.matched_learning(subject(learning_and_forgetting(traces)))
    assert (verdict.value, verdict.verdict) == (None, "inconclusive")


def traces(*points: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """One draw of a trace: learned and forgotten."""
    learned, forgotten = np.array(points).T
    return learned[None], forgotten[None]


@pytest.mark.parametrize(
    ("full", "lora", "expected"),
    [
        # a rise of 1 over the last .25 of 1.25: .125 / 1.25
        ([(0, 0), (1, 0), (1.25, 1)], [(0, 0), (1.25, 0)], 0.1),
        # triangles that cancel: below 1 LoRA forgot more, beyond it less
        ([(0, 0), (2, 2)], [(0, 0), (0.5, 1), (1.5, 1), (2, 2)], 0.0),
        # LoRA reaches to 2 alone; over [0, 1] it forgot half of what full forgot
        ([(0, 0), (1, 1)], [(0, 0), (2, 1)], 0.25),
        # a jump at equal learning, and steps out of order; below zero nothing counts
        ([(0, 0), (1, 1), (1, 3), (2, 3), (-1, 9)], [(0, 0), (2, 0)], (0.5 + 3) / 2),
    ],
)
def test_the_area_between_two_traces_is_exact(full, lora, expected):
    found = forgetting.area_between(traces(*full), traces(*lora))
    assert found == pytest.approx([expected])
    assert forgetting.area_between(traces(*lora), traces(*full)) == pytest.approx([-expected])


# knots at least a fiftieth apart: a grid would miss what is steeper
curve_points = st.lists(
    st.tuples(st.integers(1, 150), st.floats(-2, 2)),
    min_size=1,
    max_size=6,
    unique_by=lambda p: p[0],
)


@given(curve_points, curve_points)
def test_the_area_is_that_of_a_fine_grid(full, lora):
    curves = [[(0.0, 0.0), *((x / 50, y) for x, y in sorted(points))] for points in (full, lora)]
    reach = min(curve[-1][0] for curve in curves)
    grid = np.linspace(0, reach, 20_001)
    of_full, of_lora = (np.interp(grid, *np.array(curve).T) for curve in curves)
    found = forgetting.area_between(*(traces(*curve) for curve in curves))[0]
    assert found == pytest.approx(np.trapezoid(of_full - of_lora, grid) / reach, abs=1e-3)


@pytest.mark.parametrize(
    ("full", "lora", "expected"),
    [
        ([(0, 0), (1, 1)], [(0, 0), (1, 0.5)], (1.0, [])),
        ([(0, 0), (1, 1)], [(0, 0), (1, 1)], (0.0, [])),
        # LoRA's quick start: it is above full's line up to where the two cross
        ([(0, 0), (1, 1)], [(0, 0), (0.25, 0.5), (1, 0.5)], (-1.0, [0.5])),
        ([(0, 0), (2, 2)], [(0, 0), (0.5, 1), (1.5, 1), (2, 3)], (-1.0, [1.0, 5 / 3])),
    ],
)
def test_where_the_difference_changes_its_sign(full, lora, expected):
    sign, changes = forgetting.sign_changes(traces(*full), traces(*lora))
    assert (sign, changes) == (expected[0], pytest.approx(expected[1]))


def test_the_note_says_where_the_sign_changes():
    gained = {None: ({5: 0.5, 10: 1.0}, {5: 0.5, 10: 1.0}), 4: ({1: 0.25, 9: 1}, {1: 0.5, 9: 0.5})}
    (verdict,) = forgetting.matched_learning(subject(learning_and_forgetting(gained)))
    said = "at a learning (accuracy) LoRA forgot more from 0 to 0.5, less beyond"
    assert verdict.note.startswith(f"the sign changes: {said};")


def test_methods_that_forget_nothing_have_no_order_of_steps_and_are_named():
    steps = (1, 2, 3, 4)
    rising = {s: 0.1 * s for s in steps}
    about = subject(
        learning_and_forgetting({None: (rising, rising), 4: (rising, dict.fromkeys(steps, 0.0))})
    )
    (verdict,) = forgetting.grows_with_steps(about)
    assert (verdict.value, verdict.low, verdict.verdict) == (1.0, 1.0, "confirmed")
    assert verdict.scope == "1 methods · english"
    assert "without any change: LoRA r=4" in verdict.note
