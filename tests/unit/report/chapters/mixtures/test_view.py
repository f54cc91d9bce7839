"""The tables of scores as the page shows them, the paper's numbers beside ours."""

import polars as pl

from mixture_scores import score, table
from rankscope.report.chapters.mixtures.view import (
    Cell,
    compares_with_paper,
    paper_tables,
    score_tables,
)


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
