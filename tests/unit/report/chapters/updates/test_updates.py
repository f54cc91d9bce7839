"""Claims on the rank of updates, on evidence whose verdict follows on paper."""

import pytest

from claims_evidence import subject
from evidence_builder import EvidenceBuilder
from rankscope.report.chapters.updates import updates


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


def adapted_attention_alone() -> EvidenceBuilder:
    """Full changed attention and MLP matrices, LoRA adapted attention; of two seeds each.

    LoRA changed six small matrices more, which Full left as they were.
    """
    builder = EvidenceBuilder()
    for seed in range(2):
        full, lora = builder.run(None, seed), builder.run(8, seed)
        for step in (1, 2, 3, 4):
            for number in range(4):
                for kind, rank in (("q_proj", 32), ("up_proj", 48)):
                    values = {"rank90": rank + step, "rank90_of_noise": rank / 64}
                    effective = 9.0 if number else 5.0
                    builder.matrix(full, step, number, kind, effective_rank=effective, **values)
            for number in range(10):
                size = 128 if number < 4 else 32
                builder.matrix(lora, step, number, effective_rank=7.0, rows=size, columns=size)
    return builder


def test_effective_ranks_are_compared_on_the_matrices_that_both_changed():
    (verdict,) = updates.effective_rank(subject(adapted_attention_alone()))
    assert verdict.n == "4 matrices × 2 seeds"
    assert verdict.value == pytest.approx(3 / 4)
    assert "medians 9.0 and 7.0" in verdict.note


def test_without_a_matrix_that_both_changed_effective_ranks_are_not_compared():
    builder = EvidenceBuilder()
    for rank, kind in ((None, "up_proj"), (8, "q_proj")):
        builder.matrix(builder.run(rank, 0), 10, 0, kind)
    (verdict,) = updates.effective_rank(subject(builder))
    assert (verdict.verdict, verdict.method) == ("not measured", "LoRA r=8")
    assert verdict.reason == "needs a matrix that both changed"


def test_claims_on_full_updates_are_about_the_matrices_of_these():
    about = subject(adapted_attention_alone())
    (grows,) = updates.rank_grows(about)
    assert grows.n == "8 matrices × 2 seeds"
    (above,) = updates.mlp_above_attention(about)
    assert (above.n, above.value) == ("8 matrices × 2 seeds", pytest.approx(0.25))
    assert above.note == "4 MLP and 4 attention matrices"
    (high,) = updates.high_rank(about)
    assert "rank for 90 % ≤ 116" in high.reason  # of 128; LoRA's smaller ones do not count
