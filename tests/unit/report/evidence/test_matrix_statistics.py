"""Statistics over matrices, of methods that changed different ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_builder import EvidenceBuilder
from rankscope.report.evidence.evidence import Condition, Evidence
from rankscope.report.evidence.matrix_statistics import (
    matrices_of,
    matrix_names,
    matrix_values,
    of_each_matrix,
    over_matrices,
    weighted_median,
)


@pytest.fixture
def evidence() -> Evidence:
    """Full changed q and up of two layers, LoRA q alone; both with two seeds."""
    builder = EvidenceBuilder()
    for seed in range(2):
        for rank, kinds in ((None, ("up_proj", "q_proj")), (4, ("q_proj",))):
            run = builder.run(rank, seed)
            for number in (1, 0):
                for kind in kinds:
                    builder.matrix(run, 5, number, kind, effective_rank=float(number + 4 * seed))
    return builder.build()


@pytest.fixture
def full(evidence: Evidence) -> Condition:
    return evidence.conditions[0]


@pytest.fixture
def lora(evidence: Evidence) -> Condition:
    return evidence.conditions[1]


def test_the_matrices_of_a_condition_are_those_it_changed(evidence, full, lora):
    assert matrix_names(evidence, lora, 5) == ["0.q_proj", "1.q_proj"]
    assert matrix_names(evidence, full, 5) == ["0.q_proj", "0.up_proj", "1.q_proj", "1.up_proj"]
    assert matrix_names(evidence, full, 6) == []
    assert set(matrices_of(evidence, lora, 5)["run"]) == set(lora.runs)


def test_values_stand_by_seed_and_by_the_names_of_matrices(evidence, full, lora):
    of_full = matrix_values(evidence, full, "effective_rank", 5)
    assert of_full.tolist() == [[0, 0, 1, 1], [4, 4, 5, 5]]
    assert matrix_values(evidence, lora, "effective_rank", 5).tolist() == [[0, 1], [4, 5]]


def test_the_first_draw_is_the_mean_over_seeds(evidence, full):
    drawn = of_each_matrix(evidence, full, "effective_rank", 5)
    assert drawn[0].tolist() == [2, 2, 3, 3]
    # the seeds differ alike in all matrices, which therefore move together
    assert np.allclose(drawn - drawn[0], (drawn - drawn[0])[:, :1])
    assert np.ptp(drawn[:, 0]) > 0
    values = matrix_values(evidence, full, "effective_rank", 5)
    assert over_matrices(evidence, values, full)[0] == pytest.approx(2.5)
    assert over_matrices(evidence, values, full, weighted_median)[0] == pytest.approx(2.5)


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 4)), min_size=1, max_size=8).filter(
        lambda pairs: sum(count for _, count in pairs)
    )
)
def test_the_weighted_median_is_that_of_repeated_values(pairs):
    values = np.array([value for value, _ in pairs])
    counts = np.array([[count for _, count in pairs]], dtype=np.float64)
    repeated = np.repeat(values, counts[0].astype(int))
    assert weighted_median(values, counts)[0] == pytest.approx(np.median(repeated))
