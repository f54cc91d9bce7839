"""What LoRA learns against full fine-tuning, on evidence whose verdict follows on paper."""

import numpy as np
import pytest

from claims_evidence import constant, subject
from evidence_builder import EvidenceBuilder, learning_and_forgetting
from rankscope.report.chapters.tradeoff import learning


def test_lora_learns_less_at_its_best_step():
    traces = {None: ({5: 0.5, 10: 0.4}, {5: 0, 10: 0}), 4: ({5: 0.1, 10: 0.3}, {5: 0, 10: 0})}
    (verdict,) = learning.learns_less(subject(learning_and_forgetting(traces)))
    # the best of full is step 5, of LoRA step 10
    assert verdict.value == pytest.approx(0.5 - 0.3)
    assert (verdict.verdict, verdict.scope) == ("confirmed", "LoRA r=4 · code")


def test_lora_that_learns_more_denies_the_claim():
    traces = {None: constant(0.2, 0), 4: constant(0.3, 0)}
    (verdict,) = learning.learns_less(subject(learning_and_forgetting(traces)))
    assert (verdict.verdict, verdict.value) == ("denied", pytest.approx(-0.1))


def test_a_difference_inside_the_noise_is_inconclusive():
    rng = np.random.default_rng(0)
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0] * 40})
    builder.scores("base", "english", {0: [0.0] * 40}, "forgetting")
    for rank, level in ((None, 0.52), (4, 0.5)):
        for seed in range(2):
            run = builder.run(rank, seed)
            builder.scores(run, "code", {10: rng.normal(level, 1.0, 40)})
            builder.scores(run, "english", {10: [0.0] * 40}, "forgetting")
    (verdict,) = learning.learns_less(subject(builder))
    assert verdict.verdict == "inconclusive"
    assert verdict.low < 0 < verdict.high
    assert verdict.reason == "the interval holds the threshold"


def test_order_by_rank_is_kendalls_tau():
    learned = {1: 0.1, 4: 0.3, 16: 0.2}  # one of three pairs is out of order
    traces = {rank: constant(value, 0) for rank, value in learned.items()}
    (verdict,) = learning.order_by_rank(subject(learning_and_forgetting(traces)))
    assert verdict.value == pytest.approx(1 / 3)
    assert "full order at 0 of 2 steps" in verdict.note


def test_two_ranks_have_no_order_to_speak_of():
    traces = {1: constant(0.1, 0), 4: constant(0.2, 0)}
    (verdict,) = learning.order_by_rank(subject(learning_and_forgetting(traces)))
    assert (verdict.verdict, verdict.value) == ("inconclusive", 1.0)
    assert "2 ranks are in order by chance in 1 of 2 cases; needs at least 4" in verdict.reason
