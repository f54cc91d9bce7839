"""What the page says of a study of mixtures, on tables small enough to read."""

import copy
from pathlib import Path

import polars as pl
import pytest
import yaml

from instruction_study import STUDY
from rankscope.report.chapters.mixtures.opening import mixture_sentences
from rankscope.report.chapters.mixtures.tables import MIXTURE_SCORES
from rankscope.report.chapters.mixtures.view import (
    Cell,
    compares_with_paper,
    paper_tables,
    score_tables,
)
from rankscope.report.page.described import described
from rankscope.studies.expand import load_study


def score(rank: int | None, over_full: tuple[float, float, float] | None = None, **columns) -> dict:
    """A row of the table of scores: exact match on seen tasks after training on T100."""
    label = "Full" if rank is None else f"LoRA r={rank}"
    over, low, high = over_full or (None, None, None)
    common = 0 if over is None else 3
    return {
        "series": "", "trained_on": "T100", "mixture": "T100", "tasks": 100, "examples": 10_000,
        "collection": "niv2", "shown": True, "of_fixed_total": False,
        "trainable_percent": (rank or 0) / 16,
        "test_kind": "intra", "metric": "exact_match", "condition": f"{label} on T100",
        "label": label, "family": "Full" if rank is None else "LoRA α=2r", "rank": rank,
        "learning_rate": 1e-3, "best": True,
        "seeds": 3, "planned": 3,
        "items": 100, "mean": 50.0, "low": 48.0, "high": 52.0,
        "over_full": over, "over_full_low": low, "over_full_high": high,
        "over_full_seeds": common, "leads": False,
    } | columns  # fmt: skip


def table(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=MIXTURE_SCORES)


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


def cell(rows: pl.DataFrame, label: str) -> Cell:
    (found,) = score_tables(rows)
    ((_, listed),) = found.groups
    return next(row for row in listed if row.label == label).cells[0]


def test_the_papers_number_stands_beside_the_papers_mixture_and_rank_alone():
    rows = table(score(None), score(4), score(5))
    # As printed in Table 1 of the paper: exact match on the intra-task tests after T100
    assert cell(rows, "Full").paper == "51.57"
    assert cell(rows, "LoRA r=4").paper == "29.86"
    assert cell(rows, "LoRA r=5").paper == ""
    assert compares_with_paper(score_tables(rows))
    for ours in (
        {"trained_on": "T12", "mixture": "T12", "tasks": 12, "examples": 1_200},
        {"collection": "made-tasks"},
        {"examples": 1_000},
    ):
        assert not compares_with_paper(score_tables(table(score(None, **ours), score(4, **ours))))


def test_what_did_not_finish_is_named_and_only_a_leader_is_bold():
    rows = table(
        score(None, leads=True),
        score(4, seeds=2),
        score(16, mean=None, low=None, high=None, seeds=0),
    )
    assert cell(rows, "Full").leads
    assert cell(rows, "LoRA r=4").note == "2 of 3 samplings"
    assert not cell(rows, "LoRA r=4").leads
    assert cell(rows, "LoRA r=16").value == "–"
    assert cell(rows, "LoRA r=16").note == "0 of 3 samplings"


def test_the_paper_has_eleven_ranks_and_full_on_four_mixtures():
    for shown in paper_tables():
        assert len(shown.sets) == 4
        ((_, rows),) = shown.groups
        assert len(rows) == 12
        assert all(len(row.cells) == 8 for row in rows)


@pytest.fixture
def study(tmp_path: Path):
    content = copy.deepcopy(STUDY)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content), "utf-8")
    return load_study(tmp_path / "study.yaml")


def test_samplings_of_one_mixture_and_test_set_are_described_once(study):
    lines = described(study)
    assert ("trained on", "T12 (8 examples per task), T6 (8 examples per task)") in lines
    measured = [text for term, text in lines if term == "measures learning"]
    assert len(measured) == 2
    assert "of the smallest mixture of the run's own sampling" in measured[0]
    assert "that no run was trained on" in measured[1]
