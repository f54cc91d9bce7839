"""Each claim on evidence whose verdict follows on paper."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evidence_builder import EvidenceBuilder, learning_and_forgetting
from rankscope.report.chapters.intruders import associations, intruders
from rankscope.report.chapters.tradeoff import forgetting, learning
from rankscope.report.chapters.updates import updates
from rankscope.report.evidence.resampling import Interval
from rankscope.report.verdicts.subject import Subject
from rankscope.report.verdicts.verdict import Claim, Sample, decide, judge
from report_parts import METHOD_CLAIMS, judged

HEADLINE = ("code", "english")
ORDERS_BY_RANK = (learning.order_by_rank, forgetting.grows_with_rank, intruders.falls_with_rank)


def subject(builder: EvidenceBuilder) -> Subject:
    return Subject.of(builder.build(), HEADLINE)


def constant(learned: float, forgotten: float) -> tuple[dict[int, float], dict[int, float]]:
    """Half of it at step 5, all of it at step 10."""
    return {5: learned / 2, 10: learned}, {5: forgotten / 2, 10: forgotten}


def claim(side: str = "above", threshold: float = 0.0) -> Claim:
    return Claim("H0", "", "", "", "", threshold, side, "")


@pytest.mark.parametrize(
    ("side", "low", "high", "expected"),
    [
        ("above", 0.1, 0.3, "confirmed"),
        ("above", -0.1, 0.3, "inconclusive"),
        ("above", -0.3, -0.1, "denied"),
        ("above", 0.0, 0.3, "inconclusive"),
        ("below", -0.3, -0.1, "confirmed"),
        ("below", 0.1, 0.3, "denied"),
        ("above", float("nan"), float("nan"), "inconclusive"),
    ],
)
def test_a_claim_is_decided_by_where_its_interval_lies(side, low, high, expected):
    assert decide(claim(side), Interval((low + high) / 2, low, high)) == expected


def test_one_seed_is_never_enough():
    draws = np.full(2001, 0.5)
    assert judge(claim(), "", draws, Sample(2, 30, "items")).verdict == "confirmed"
    alone = judge(claim(), "", draws, Sample(1, 30, "items"))
    assert alone.verdict == "inconclusive"
    assert alone.value == 0.5
    assert "1 seed" in alone.reason
    assert alone.n == "30 items × 1 seed"


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


@pytest.mark.parametrize("claim", ORDERS_BY_RANK)
def test_an_order_of_three_ranks_is_out_of_reach(claim):
    traces = {rank: constant(0.1 * rank, 0.1 * rank) for rank in (1, 2, 3)}
    builder = learning_and_forgetting(traces)
    for rank in (1, 2, 3):
        for seed in range(2):
            builder.intruders(f"LoRA r={rank} 0.001 {seed} code", 10, [9 - rank] * 6)
    (verdict,) = claim(subject(builder))
    assert verdict.verdict == "inconclusive"
    assert verdict.reason.startswith("out of reach: 3 ranks are in order by chance in 1 of 6")


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


def test_methods_without_a_common_step_are_not_measured():
    apart = {None: ({5: 0.5}, {5: 0.4}), 4: ({6: 0.3}, {6: 0.1})}
    about = subject(learning_and_forgetting(apart))
    for claim in (learning.learns_less, forgetting.forgets_less):
        (verdict,) = claim(about)
        assert (verdict.verdict, verdict.value) == ("not measured", None)
        assert "both were scored" in verdict.reason


def test_nothing_scores_above_the_highest_that_there_is():
    """The base is at 0: LoRA gained all that there is, Full nearly; Full forgot nothing."""
    perfect = {None: ({5: 0.9}, {5: -1.0}), 4: ({5: 1.0}, {5: -0.9})}
    about = subject(learning_and_forgetting(perfect))
    for claim in (learning.learns_less, forgetting.forgets_less):
        (verdict,) = claim(about)
        assert verdict.value == pytest.approx(-0.1)
        assert verdict.verdict == "inconclusive"
        assert verdict.reason.startswith("out of reach: ")
        assert "needs a harder evaluation" in verdict.reason


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


def spectral(counts: dict[int | None, list[int]], seeds: int = 2) -> EvidenceBuilder:
    """Intruders of each matrix after step 10, by rank."""
    builder = EvidenceBuilder()
    for rank, of_matrices in counts.items():
        for seed in range(seeds):
            builder.intruders(builder.run(rank, seed), 10, of_matrices)
    return builder


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


def test_intruders_that_go_with_forgetting_and_not_with_learning():
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0] * 20})
    builder.scores("base", "english", {0: [0.0] * 20}, "forgetting")
    learned = {1: (0.2, 0.4, 0.3), 4: (0.4, 0.2, 0.3), 16: (0.3, 0.4, 0.2)}
    for rank, gains in learned.items():
        for seed in range(2):
            run = builder.run(rank, seed)
            for step, gain in enumerate(gains, 1):
                builder.intruders(run, step, [step])
                builder.scores(run, "code", {step: [gain] * 20})
                builder.scores(run, "english", {step: [-0.1 * step] * 20}, "forgetting")
    about = subject(builder)
    (with_forgetting,) = associations.go_with_forgetting(about)
    (with_learning,) = associations.not_with_learning(about)
    assert (with_forgetting.value, with_forgetting.verdict) == (pytest.approx(1), "confirmed")
    assert with_learning.value < 0.5
    assert with_forgetting.n == "18 points of 2 seeds"


def few_intruders(changes: list[float]) -> Subject:
    """Sixteen points of eight runs, two of which have an intruder."""
    builder = EvidenceBuilder()
    for name, measures in (("code", "learning"), ("english", "forgetting")):
        builder.scores("base", name, {0: [0.0] * 4}, measures)
    waiting = iter(changes)
    for rank in (1, 4, 16, 64):
        for seed in range(2):
            run = builder.run(rank, seed)
            for step in (1, 2):
                builder.intruders(run, step, [int(rank == 1 and step == 2)] * 2)
                builder.scores(run, "code", {step: [0.0] * 4})
                builder.scores(run, "english", {step: [-next(waiting)] * 4}, "forgetting")
    return subject(builder)


def test_two_intruders_in_sixteen_points_can_show_no_association():
    # the points with intruders are the second and the fourth: they forgot most
    best = [0.0, 15.0, 1.0, 16.0, *range(2, 14)]
    (verdict,) = associations.go_with_forgetting(few_intruders(best))
    assert verdict.value == pytest.approx(0.574, abs=0.001)
    assert verdict.verdict == "inconclusive"
    assert verdict.reason.startswith(
        "out of reach: with intruders at 2 of 16 points even a perfect"
    )
    rng = np.random.default_rng(0)
    for _ in range(3):
        (random,) = associations.go_with_forgetting(
            few_intruders(list(rng.permutation(np.arange(16.0))))
        )
        assert random.verdict == "inconclusive"
        assert "out of reach" in random.reason


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


def matrices(rank90: dict[str, float], steps: tuple[int, ...] = (10,)) -> EvidenceBuilder:
    builder = EvidenceBuilder()
    for seed in range(2):
        run = builder.run(None, seed)
        for position, step in enumerate(steps):
            for number in range(4):
                for kind, value in rank90.items():
                    builder.matrix(
                        run,
                        step,
                        number,
                        kind,
                        rank90=value + 5 * position,
                        rank90_of_noise=value / 64,
                    )
    return builder


def test_a_rank_that_small_matrices_cannot_reach_is_no_denial():
    (verdict,) = updates.high_rank(subject(matrices({"q_proj": 48})))
    assert verdict.value == pytest.approx(3)  # 48 / 16
    assert verdict.verdict == "inconclusive"
    assert "allow at most 7.25; needs a model whose matrices are larger than 178" in verdict.reason
    assert "0.75 of what Gaussian noise" in verdict.note  # 48 / 64


def test_the_rank_of_a_full_update_grows():
    (verdict,) = updates.rank_grows(subject(matrices({"q_proj": 40}, steps=(1, 2, 3, 4))))
    assert (verdict.value, verdict.verdict) == (pytest.approx(1), "confirmed")


def test_mlp_above_attention_is_relative_to_noise():
    about = subject(matrices({"q_proj": 32, "o_proj": 32, "up_proj": 48, "down_proj": 48}))
    (verdict,) = updates.mlp_above_attention(about)
    assert (verdict.value, verdict.verdict) == (pytest.approx(0.25), "confirmed")
    assert "8 MLP and 8 attention matrices" in verdict.note


@pytest.mark.parametrize(
    ("module", "expected"),
    [("q_proj", True), ("o_proj", True), ("c_attn.q", True), ("query", True), ("up_proj", False),
     ("down_proj", False), ("gate_proj", False), ("intermediate.dense", False)],
)  # fmt: skip
def test_attention_is_told_from_mlp_by_module_type(module, expected):
    assert bool(updates.ATTENTION.search(module)) is expected


def test_seeds_of_full_count_in_the_share_of_matrices():
    """One seed of full is above LoRA everywhere, the other below: n says 2 seeds."""
    builder = EvidenceBuilder()
    for seed, value in enumerate((20.0, 2.0)):
        full, lora = builder.run(None, seed), builder.run(8, seed)
        for number in range(8):
            builder.matrix(full, 10, number, effective_rank=value)
            builder.matrix(lora, 10, number, effective_rank=7.0)
    (verdict,) = updates.effective_rank(subject(builder))
    assert verdict.n == "8 matrices × 2 seeds"
    assert (verdict.value, verdict.verdict) == (1.0, "inconclusive")
    assert (verdict.low, verdict.high) == (0.0, 1.0)


def test_effective_rank_compares_matrix_by_matrix():
    builder = EvidenceBuilder()
    for seed in range(2):
        for rank, values in ((None, (50, 50, 50, 5)), (8, (7, 7, 7, 7))):
            run = builder.run(rank, seed)
            for number, value in enumerate(values):
                builder.matrix(run, 10, number, effective_rank=float(value))
    (verdict,) = updates.effective_rank(subject(builder))
    assert verdict.value == pytest.approx(0.75)
    assert "medians 50.0 and 7.0" in verdict.note


def test_of_several_learning_rates_the_one_that_learned_most_stands_for_its_method():
    builder = EvidenceBuilder()
    for evaluation, measures in (("code", "learning"), ("english", "forgetting")):
        builder.scores("base", evaluation, {0: [0.0] * 30}, measures)
    for rate, learned in ((1e-3, 0.2), (3e-3, 0.5)):
        for seed in range(2):
            run = builder.run(4, seed, rate=rate)
            builder.scores(run, "code", {10: [learned] * 30})
            builder.scores(run, "english", {10: [0.0] * 30}, "forgetting")
    about = subject(builder)
    assert [condition.learning_rate for condition in about.conditions] == [3e-3]
    assert "best of 2 tried here" in about.rates(*about.conditions)


def test_every_claim_answers_for_a_study_without_anything():
    verdicts = judged(Subject.of(EvidenceBuilder().build(), None))
    assert len(verdicts) == len(METHOD_CLAIMS)
    assert {verdict.verdict for verdict in verdicts} == {"not measured"}
    assert all(verdict.reason for verdict in verdicts)


def test_every_claim_answers_for_a_study_without_spectra():
    traces = {None: constant(0.5, 0.4), **{rank: constant(0.3, 0.1) for rank in (1, 4, 16, 64)}}
    verdicts = judged(subject(learning_and_forgetting(traces)))
    spectral_claims = [v for v in verdicts if v.claim.startswith("H3") or v.claim == "H2.9"]
    assert {verdict.verdict for verdict in spectral_claims} == {"not measured"}
    assert len({v.claim for v in verdicts if v.verdict == "confirmed"}) >= 3


def test_every_claim_answers_for_a_study_without_scores():
    counts = {None: [0] * 6, 1: [4] * 6, 4: [2] * 6, 16: [1] * 6, 64: [0] * 6}
    verdicts = judged(subject(spectral(counts)))
    assert next(v for v in verdicts if v.claim == "H3.2").verdict == "confirmed"
    assert next(v for v in verdicts if v.claim == "H2.1").value is None


def test_a_run_that_was_trained_but_not_scored_is_left_out():
    builder = learning_and_forgetting({None: constant(0.5, 0.4), 4: constant(0.3, 0.1)})
    builder.run(16, 0)
    builder.run(16, 1)
    verdicts = judged(subject(builder))
    assert [v.scope for v in verdicts if v.claim == "H2.1"] == ["LoRA r=4 · code"]
