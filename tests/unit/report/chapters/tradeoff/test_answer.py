from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from rankscope.report.chapters.tradeoff.answer import answer
from rankscope.report.chapters.tradeoff.forgetting import AT_MATCHED_LEARNING, FORGETS_LESS
from rankscope.report.chapters.tradeoff.learning import LEARNS_LESS
from rankscope.report.evidence.resampling import DRAWS
from rankscope.report.evidence.tables import SUMMARY
from rankscope.report.numbers import number
from rankscope.report.verdicts.verdict import Sample, judge
from rankscope.report.words import with_interval

HEADLINE = ("code", "english")


def verdict(claim, scope, value, spread=0.01, seeds=2):
    ends = np.repeat([value - spread, value + spread], DRAWS // 2)
    draws = np.concatenate([[value], ends])
    found = judge(claim, scope, draws, Sample(seeds, 100, "documents"))
    method, evaluation = scope.split(" · ")
    return replace(found, method=method, evaluation=evaluation)


@pytest.fixture
def summary():
    rows = [
        {
            "condition": "Full", "family": "Full", "method": "Full", "step": 250,
            "evaluation": name, "unit": "bits per byte",
            "gain": gain, "gain_low": gain - 0.02, "gain_high": gain + 0.02,
        }
        for name, gain in (("code", 0.45), ("english", -0.30))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SUMMARY)


def said(verdicts, summary):
    return answer(verdicts, summary, HEADLINE)


def test_what_is_decided_is_said_with_interval_and_n(summary):
    verdicts = [
        verdict(LEARNS_LESS, "LoRA r=1 · code", 0.2),
        verdict(LEARNS_LESS, "LoRA r=16 · code", 0.1),
        verdict(FORGETS_LESS, "LoRA r=1 · english", 0.2),
        verdict(FORGETS_LESS, "LoRA r=16 · english", 0.1),
        verdict(AT_MATCHED_LEARNING, "LoRA r=16 · english", 0.05),
    ]
    first, second = said(verdicts, summary)
    assert first == (
        "Full fine-tuning gained 0.450 [0.430, 0.470] bits per byte on code: more than LoRA r=1"
        " and r=16 (difference 0.100 [0.090, 0.110] from r=16, the closest; 100 documents × 2"
        " seeds)."
    )
    assert "lost 0.300 [0.280, 0.320] bits per byte on english: more than LoRA r=1" in second
    assert "at equal learning, LoRA r=16 forgot less (difference 0.050 [0.040, 0.060]" in second


def test_what_the_data_do_not_carry_is_not_said(summary):
    verdicts = [
        verdict(LEARNS_LESS, "LoRA r=16 · code", 0.005, spread=0.02),
        verdict(FORGETS_LESS, "LoRA r=16 · english", 0.1, seeds=1),
    ]
    first, second = said(verdicts, summary)
    assert "against LoRA r=16 the data cannot tell" in first
    assert "against LoRA r=16 the data cannot tell" in second
    assert "more than" not in first + second
    assert "less than" not in first + second


def test_a_claim_that_is_denied_turns_the_sentence_round(summary):
    verdicts = [
        verdict(LEARNS_LESS, "LoRA r=16 · code", -0.1),
        verdict(FORGETS_LESS, "LoRA r=16 · english", 0.1),
    ]
    assert "less than LoRA r=16 (difference −0.100 [−0.110, −0.090]" in said(verdicts, summary)[0]


def test_without_both_methods_there_is_no_comparison(summary):
    first, second = said([], summary)
    assert "no pair of full fine-tuning and LoRA to compare" in first
    assert "Its change on english" in second


def test_without_scores_there_is_no_answer():
    first, _ = said([], pl.DataFrame(schema=SUMMARY))
    assert "no answer to give" in first


def test_numbers_are_written_with_a_true_minus_and_no_false_precision():
    assert number(-0.01) == "−0.010"
    assert number(123.456) == "123.5"
    assert with_interval(1.0, None, None) == "1.000"
