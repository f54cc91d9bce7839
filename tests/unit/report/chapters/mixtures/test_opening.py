"""The sentences that a page on mixtures opens with, on tables small enough to read."""

from mixture_scores import score, table
from rankscope.report.chapters.mixtures.opening import mixture_sentences
from rankscope.report.chapters.mixtures.view import (
    score_tables,
)


def test_the_answer_tells_what_is_less_more_and_open():
    sentences = mixture_sentences(
        table(
            score(None),
            score(4, (-9.0, -11.0, -7.0)),
            score(16, (-3.0, -5.0, -1.0)),
            score(64, (1.0, -1.0, 3.0)),
            score(256, (2.5, 0.5, 4.5)),
        )
    )
    assert sentences == [
        "On seen tasks, trained on T100, full fine-tuning answers 50.0 % exactly as a reference"
        " [48.0, 52.0]; LoRA r=4 and r=16 less (−3.0 [−5.0, −1.0] points at r=16, the closest;"
        " 3 samplings); LoRA r=256 more (+2.5 [0.5, 4.5] points; 3 samplings); for LoRA r=64 the"
        " data cannot tell (+1.0 [−1.0, 3.0] points; 3 samplings)."
    ]


def test_a_single_sampling_decides_nothing_however_far_apart():
    one = {"seeds": 1, "low": None, "high": None}
    lora = score(4, (-30, None, None), over_full_seeds=1, **one)
    (sentence,) = mixture_sentences(table(score(None, **one), lora))
    assert "answers 50.0 % exactly as a reference; for LoRA r=4" in sentence
    unsure = "it cannot be told from fewer than two samplings (−30.0 points; 1 sampling)"
    assert f"for LoRA r=4 {unsure}" in sentence


def test_what_counts_are_the_samplings_that_both_finished():
    """Full finished samplings 0 and 1, LoRA 1 and 2: their difference is that of one."""
    both = {"seeds": 2}
    lora = score(4, (-30, None, None), over_full_seeds=1, **both)
    (sentence,) = mixture_sentences(table(score(None, **both), lora))
    assert "fewer than two samplings (−30.0 points; 1 sampling)" in sentence
    apart = score(4, over_full_seeds=0, **both)
    (sentence,) = mixture_sentences(table(score(None, **both), apart))
    assert "fewer than two samplings (no sampling in common)" in sentence


def test_of_several_recipes_the_answer_is_about_the_best():
    low = {"label": "LoRA r=4, lr 0.001", "best": False}
    high = {"label": "LoRA r=4, lr 0.01", "learning_rate": 1e-2}
    rows = table(score(None), score(4, (-9, -11, -7), **low), score(4, (2, 1, 3), **high))
    (sentence,) = mixture_sentences(rows)
    assert "LoRA r=4, lr 0.01 more (+2.0" in sentence
    assert "less" not in sentence
    (found,) = score_tables(rows)
    ((_, listed),) = found.groups
    assert [row.label for row in listed] == ["Full", "LoRA r=4, lr 0.001", "LoRA r=4, lr 0.01"]


def test_where_nothing_is_scored_on_the_most_tasks_the_answer_is_about_fewer_and_says_so():
    larger = {"trained_on": "T500", "mixture": "T500", "tasks": 500, "mean": None}
    rows = table(score(None), score(4, (-9, -11, -7)), score(None, **larger))
    (sentence,) = mixture_sentences(rows)
    assert sentence.startswith(
        "On seen tasks, trained on T100 (of T500 nothing is scored yet), full fine-tuning answers"
    )


def test_the_answer_is_about_the_most_tasks_and_each_kind_of_tests():
    larger = {"trained_on": "T500", "mixture": "T500", "tasks": 500}
    sentences = mixture_sentences(
        table(
            score(None), score(4, (-9, -11, -7)),
            score(None, **larger), score(4, (5, 3, 7), **larger),
            score(None, test_kind="inter", **larger),
        )
    )  # fmt: skip
    assert sentences[0].startswith("On seen tasks, trained on T500")
    assert "LoRA r=4 more (+5.0" in sentences[0]
    assert sentences[1].startswith("On unseen tasks, trained on T500")
    assert "nothing to compare it with" in sentences[1]


def test_without_scores_of_mixtures_there_is_no_sentence():
    assert mixture_sentences(table()) == []
    (sentence,) = mixture_sentences(table(score(None, mean=None)))
    assert "no answer to give" in sentence
