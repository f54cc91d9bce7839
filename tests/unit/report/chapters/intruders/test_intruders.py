"""Claims on intruder dimensions, on evidence whose verdict follows on paper."""

import numpy as np
import pytest
from scipy import stats

from claims_evidence import spectral, subject
from evidence_builder import EvidenceBuilder
from rankscope.report.chapters.intruders import intruders


def test_low_ranks_have_intruders_and_full_has_none():
    about = subject(spectral({None: [0] * 8, 1: [2, 1, 2, 1, 2, 1, 2, 1], 64: [9] * 8}))
    (of_lora,) = intruders.low_rank_has_intruders(about)
    (of_full,) = intruders.full_has_none(about)
    assert of_lora.scope == "LoRA r=1"  # r=64 is no low rank
    assert of_lora.value == pytest.approx(12 / 80)
    assert of_lora.verdict == "confirmed"
    assert (of_full.value, of_full.verdict) == (0.0, "confirmed")


def test_full_with_intruders_denies_the_claim():
    (verdict,) = intruders.full_has_none(subject(spectral({None: [3] * 8})))
    assert (verdict.value, verdict.verdict) == (pytest.approx(0.3), "denied")


def test_the_count_falls_with_rank():
    falling = {1: [5] * 6, 4: [3] * 6, 16: [1] * 6, 64: [0] * 6}
    (verdict,) = intruders.falls_with_rank(subject(spectral(falling)))
    assert (verdict.value, verdict.verdict) == (pytest.approx(-1), "confirmed")
    assert "counts by rank: 30, 18, 6, 0" in verdict.note


def test_two_intruders_in_many_matrices_show_no_order():
    few = {1: [1, 1] + [0] * 26, 4: [0] * 28, 16: [0] * 28, 64: [0] * 28}
    (verdict,) = intruders.falls_with_rank(subject(spectral(few)))
    assert verdict.verdict == "inconclusive"
    assert verdict.reason.startswith("out of reach: in 1")  # (26 / 28)²⁸ = 13 % of draws
    assert "needs intruders in more matrices" in verdict.reason


def test_seeds_move_the_strength_of_intruders():
    """Two seeds that disagree more than the steps differ."""
    builder = EvidenceBuilder()
    for seed, strengths in enumerate(((1, 2, 3, 4), (40, 30, 20, 10))):
        run = builder.run(1, seed)
        for step, sigma in enumerate(strengths, 1):
            builder.intruders(run, step, [1] * 8)
            for matrix in range(8):
                builder.vector(run, step, matrix, sigma, max_cosine=0.2)
    (verdict,) = intruders.grow_over_training(subject(builder))
    assert verdict.verdict == "inconclusive"
    assert verdict.low < 0 < verdict.high


def test_an_order_of_three_steps_is_out_of_reach():
    builder = EvidenceBuilder()
    for seed in range(2):
        run = builder.run(1, seed)
        for step in (1, 2, 3):
            builder.intruders(run, step, [1, 1])
            for matrix in range(2):
                builder.vector(run, step, matrix, float(step), max_cosine=0.2)
    (verdict,) = intruders.grow_over_training(subject(builder))
    assert verdict.reason.startswith("out of reach: 3 steps with intruders in every seed are in")


def test_intruders_grow_when_their_singular_values_do():
    builder = EvidenceBuilder()
    for seed in range(2):
        run = builder.run(1, seed)
        for step, sigma in ((1, 1.0), (2, 1.5), (3, 2.5), (4, 3.0)):
            builder.intruders(run, step, [1, 1])
            for matrix in range(2):
                builder.vector(run, step, matrix, sigma, max_cosine=0.2)
    (verdict,) = intruders.grow_over_training(subject(builder))
    assert (verdict.value, verdict.verdict) == (pytest.approx(1), "confirmed")
    assert "1.00, 1.50, 2.50, 3.00" in verdict.note


def by_seed(*counts: list[int]) -> EvidenceBuilder:
    builder = EvidenceBuilder()
    for seed, of_matrices in enumerate(counts):
        builder.intruders(builder.run(1, seed), 10, of_matrices)
    return builder


def test_seeds_that_agree_confirm_that_they_hardly_matter():
    (verdict,) = intruders.seeds_alike(subject(by_seed([2] * 10, [2] * 10, [2] * 10)))
    assert (verdict.value, verdict.verdict) == (0.0, "confirmed")


def test_seeds_that_differ_deny_it():
    # counts 10, 20, 30: standard deviation 10, mean 20
    (verdict,) = intruders.seeds_alike(subject(by_seed([1] * 10, [2] * 10, [3] * 10)))
    assert (verdict.value, verdict.verdict) == (pytest.approx(0.5), "denied")


def test_a_spread_of_three_seeds_is_known_to_a_factor_of_six():
    # standard deviation 1, mean 20: s √(2 / χ²) reaches to 6.3 s
    (verdict,) = intruders.seeds_alike(subject(by_seed([19], [20], [21])))
    assert verdict.value == pytest.approx(0.05)
    low, high = (0.05 * np.sqrt(2 / stats.chi2.ppf(q, 2)) for q in (0.975, 0.025))
    assert (verdict.low, verdict.high) == (
        pytest.approx(low, rel=0.1),
        pytest.approx(high, rel=0.1),
    )
    assert verdict.verdict == "inconclusive"


def test_one_intruder_by_seed_shows_no_likeness():
    (verdict,) = intruders.seeds_alike(subject(by_seed([1], [1], [1])))
    assert (verdict.value, verdict.verdict) == (0.0, "inconclusive")
    assert "needs more intruders" in verdict.reason


def test_two_seeds_are_no_spread():
    (verdict,) = intruders.seeds_alike(subject(by_seed([2] * 10, [2] * 10)))
    assert verdict.verdict == "inconclusive"
    assert "2 seeds are too few" in verdict.reason


def test_shares_and_sizes_are_of_the_matrices_that_a_method_changed():
    """Full changed 20 matrices, LoRA 8 of them: 16 of 80 vectors intrude, not of 200."""
    about = subject(spectral({None: [0] * 20, 1: [2] * 8}))
    (of_lora,) = intruders.low_rank_has_intruders(about)
    (of_full,) = intruders.full_has_none(about)
    assert (of_lora.value, of_lora.n) == (pytest.approx(0.2), "8 matrices × 2 seeds")
    assert of_lora.note.startswith("16 of 80 vectors")
    assert of_full.n == "20 matrices × 2 seeds"
    assert of_full.note.startswith("0 of 200 vectors")


def test_an_order_of_ranks_is_over_the_matrices_of_the_family():
    falling = {None: [0] * 9, 1: [5] * 6, 4: [3] * 6, 16: [1] * 6, 64: [0] * 6}
    (verdict,) = intruders.falls_with_rank(subject(spectral(falling)))
    assert verdict.n == "6 matrices × 2 seeds"


def test_growth_over_training_is_over_the_matrices_of_the_method():
    builder = spectral({None: [0] * 9})
    for seed in range(2):
        run = builder.run(1, seed)
        for step in (1, 2, 3, 4):
            builder.intruders(run, step, [1, 1, 0])
            for matrix in range(2):
                builder.vector(run, step, matrix, float(step), max_cosine=0.2)
    (verdict,) = intruders.grow_over_training(subject(builder))
    assert (verdict.n, verdict.value) == ("3 matrices × 2 seeds", pytest.approx(1))
