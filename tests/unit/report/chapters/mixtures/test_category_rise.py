"""The rank from which a category's exact match rises: the broken line that fits best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_builder import EvidenceBuilder
from mixture_evidence import EXACT, outcomes
from rankscope.report.chapters.mixtures.category_rise import rise, rises_at_high_rank
from rankscope.report.chapters.mixtures.subject import Mixtures

RANKS = 4.0 * 2 ** np.arange(6)  # 4 to 128


def broken(at: int, level: float = 20.0, slope: float = 3.0) -> np.ndarray:
    """Scores that are level up to the rank at a place and rise by `slope` per doubling from it."""
    return level + slope * np.maximum(0, np.arange(len(RANKS)) - at)


@pytest.mark.parametrize("at", range(len(RANKS) - 1))
def test_a_broken_line_rises_from_the_rank_after_its_level_part(at):
    assert rise(RANKS, broken(at)[None]).tolist() == [RANKS[at + 1]]


def test_scores_that_fall_or_stay_rise_from_nowhere():
    assert np.isnan(rise(RANKS, np.stack([broken(0, slope=-1.0), np.full(len(RANKS), 5.0)]))).all()


@given(st.lists(st.floats(0, 100), min_size=6, max_size=6))
def test_the_line_is_the_best_of_all_by_least_squares(scores):
    """Against numpy's least squares, one fit per hinge."""
    row, doublings = np.array(scores), np.arange(6.0)
    errors = {}
    for place in range(5):
        columns = np.stack([np.ones(6), np.maximum(0, doublings - place)], axis=1)
        fit, *_ = np.linalg.lstsq(columns, row, rcond=None)
        if fit[1] > 1e-9:
            errors[RANKS[place + 1]] = ((columns @ fit - row) ** 2).sum()
    (found,) = rise(RANKS, row[None])
    if np.isnan(found):
        assert not errors
    elif errors and found in errors:
        assert errors[found] <= min(errors.values()) + 1e-6


def study(ranks=(4, 8, 16, 32), metrics=("out_of_options", EXACT)) -> Mixtures:
    """Answers of two samplings to four tasks of one category; exact match rises at r = 32."""
    builder = EvidenceBuilder()
    tasks = [f"task {number}" for number in range(4)]
    size = {"trained_on": "T8", "mixture": "T8", "tasks": 8, "examples": 800}
    about = {"test_kind": "inter", "tasks": tasks, "categories": ["logic"] * 4}
    for metric in metrics:
        builder.scores("base", metric, {0: [0.0] * 4}, metric=metric, **about)
    for rank in ranks:
        for seed in range(2):
            run = builder.run(rank, seed, **size)
            for metric in metrics:
                level = 0.75 if rank == 32 and metric == EXACT else 0.25
                builder.scores(run, metric, {5: [level] * 4}, metric=metric, **about)
    (found,) = Mixtures.of(builder.build())
    return found


def test_a_late_rise_is_judged_between_the_halves_of_the_ranks():
    (verdict,) = rises_at_high_rank(study())
    assert (verdict.verdict, verdict.value) == ("confirmed", 32)
    assert verdict.threshold == pytest.approx(np.sqrt(8 * 16))
    assert verdict.scope == "logic · T8"
    assert verdict.note.startswith("r=4, 8, 16, 32: 25.0, 25.0, 25.0, 75.0 points; 4 tasks")


def test_three_ranks_show_no_order_and_two_nothing():
    (few,) = rises_at_high_rank(study(ranks=(8, 16, 32)))
    assert few.verdict == "inconclusive"
    assert "3 ranks are in order by chance" in few.reason
    assert outcomes(rises_at_high_rank(study(ranks=(16, 32)))) == ["not measured"]


def test_without_classification_tasks_there_is_no_category():
    (verdict,) = rises_at_high_rank(study(metrics=(EXACT,)))
    assert (verdict.verdict, verdict.value) == ("not measured", None)
    assert "needs answers to unseen classification tasks" in verdict.reason
