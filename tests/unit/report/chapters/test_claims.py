"""Claims of all chapters: each answers for every study, and says what is out of reach."""

import pytest

from claims_evidence import constant, spectral, subject
from evidence_builder import EvidenceBuilder, learning_and_forgetting
from rankscope.report.chapters.intruders import intruders
from rankscope.report.chapters.tradeoff import forgetting, learning
from rankscope.report.verdicts.subject import Subject
from report_parts import METHOD_CLAIMS, judged

ORDERS_BY_RANK = (learning.order_by_rank, forgetting.grows_with_rank, intruders.falls_with_rank)


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
