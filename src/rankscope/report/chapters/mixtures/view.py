"""Studies of task mixtures as the page shows them: score tables, the paper's beside them, cases.

Guarantees: every number comes from the tables `mixture_scores` and `cases`; a score is marked as
best of its column only where that table says that it leads beyond the noise. The paper's number
stands beside ours only where training set and rank are the paper's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from rankscope.report.chapters.mixtures.paper import is_of_the_paper, printed_scores
from rankscope.report.chapters.mixtures.scaling import MEASURED, TESTS, shown_sets
from rankscope.report.evidence.conditions import families_of, place_of
from rankscope.report.numbers import significant, written

ROMAN = {"intra": "Table 1", "inter": "Table 2"}


@dataclass(frozen=True)
class Cell:
    """A score with its interval; `paper` is the printed number, `note` says what is missing."""

    value: str
    interval: str = ""
    paper: str = ""
    leads: bool = False
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A method, its share of trainable parameters, and one cell per set and metric."""

    label: str
    trainable: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ScoreTable:
    """Rows by series (an empty name where a study has none); columns are sets × metrics."""

    title: str
    sets: tuple[str, ...]
    metrics: tuple[str, ...]
    groups: tuple[tuple[str, tuple[Row, ...]], ...]


@dataclass(frozen=True)
class Case:
    """One item with the answers of several methods: (label, text or None if lost, ROUGE-L)."""

    heading: str
    full_is: str
    definition: str
    text: str
    references: tuple[str, ...]
    answers: tuple[tuple[str, str | None, str], ...]


def score_tables(scores: pl.DataFrame) -> list[ScoreTable]:
    """One table per kind of tests that was measured."""
    sets = shown_sets(scores)
    rows = scores.filter("shown")
    tables = []
    for kind, tested in TESTS.items():
        of_kind = rows.filter(pl.col("test_kind") == kind)
        metrics = [name for name in MEASURED if name in of_kind["metric"].to_list()]
        if of_kind["mean"].is_null().all():
            continue
        groups = tuple(
            (str(series), _rows(of_kind.filter(pl.col("series") == series), sets, metrics, kind))
            for series in of_kind["series"].unique(maintain_order=True)
        )
        shown = tuple(MEASURED[name] for name in metrics)
        tables.append(ScoreTable(f"Scores on {tested}", tuple(sets), shown, groups))
    return tables


def _rows(
    scores: pl.DataFrame, sets: Sequence[str], metrics: Sequence[str], kind: str
) -> tuple[Row, ...]:
    printed = _printed(kind)
    columns = ["label", "family", "rank", "learning_rate"]
    methods = scores.select(columns).unique(subset="label", keep="first", maintain_order=True)
    families = place_of(families_of(methods))
    ordered = methods.sort(families, "rank", "learning_rate", "label")["label"]
    rows = []
    for label in ordered:
        mine = scores.filter(pl.col("label") == label)
        found = {(row["trained_on"], row["metric"]): row for row in mine.iter_rows(named=True)}
        shares = mine["trainable_percent"].drop_nulls()
        cells = tuple(
            _cell(found.get((trained_on, metric)), printed)
            for trained_on in sets
            for metric in metrics
        )
        rows.append(Row(label, significant(shares[0]) if len(shares) else "–", cells))
    return tuple(rows)


def _printed(kind: str) -> dict[tuple[str, int | None, str], float]:
    rows = printed_scores().filter(pl.col("test_kind") == kind)
    return {
        (mixture, rank, metric): percent
        for mixture, rank, metric, percent in rows.select(
            "mixture", "rank", "metric", "percent"
        ).iter_rows()
    }


def _cell(row: dict[str, Any] | None, printed: dict[tuple[str, int | None, str], float]) -> Cell:
    if row is None:
        return Cell("–")
    paper = ""
    if is_of_the_paper(row["mixture"], row["tasks"], row["examples"], row["collection"]):
        number = printed.get((row["mixture"], row["rank"], row["metric"]))
        paper = "" if number is None else f"{number:.2f}"
    finished = f"{row['seeds']} of {row['planned']} samplings"
    note = finished if row["seeds"] < row["planned"] else ""
    if row["mean"] is None:
        return Cell("–", paper=paper, note=note)
    if row["low"] is None:
        return Cell(f"{row['mean']:.1f}", paper=paper, note=note or "1 sampling")
    interval = f"{written(row['low'], 1)} to {written(row['high'], 1)}"
    return Cell(f"{row['mean']:.1f}", interval, paper, bool(row["leads"]), note)


def paper_tables() -> list[ScoreTable]:
    """The paper's Tables 1 and 2, as printed."""
    tables = []
    rows = printed_scores()
    sets = rows["mixture"].unique(maintain_order=True).to_list()
    for kind, tested in TESTS.items():
        printed = _printed(kind)
        ranks = rows["rank"].drop_nulls().unique().sort().to_list()
        found = tuple(
            Row(
                "Full" if rank is None else f"LoRA r={rank}",
                "",
                tuple(Cell(f"{printed[s, rank, metric]:.2f}") for s in sets for metric in MEASURED),
            )
            for rank in (None, *ranks)
        )
        title = f"{ROMAN[kind]} of the paper: {tested}"
        tables.append(ScoreTable(title, tuple(sets), tuple(MEASURED.values()), (("", found),)))
    return tables


def compares_with_paper(tables: Sequence[ScoreTable]) -> bool:
    """Whether any cell has the paper's number beside it."""
    rows = (row for table in tables for _, group in table.groups for row in group)
    return any(cell.paper for row in rows for cell in row.cells)


def case_setting(cases: pl.DataFrame) -> str:
    """What the runs behind the cases were, in words; empty without cases."""
    if cases.is_empty():
        return ""
    runs = cases.unique("condition", maintain_order=True).to_dicts()
    first = runs[0]
    series = f"series {first['series']}, " if first["series"] else ""
    rates = ", ".join(f"{row['condition']} {row['learning_rate']:g}" for row in runs)
    note = f"; {first['note']}" if first["note"] else ""
    return (
        f"trained on {first['trained_on']}, {series}sampling {first['seed']} (learning rates:"
        f" {rates}{note})"
    )


def _said(prediction: str | None) -> str | None:
    return None if prediction is None else prediction.strip()


def shown_cases(cases: pl.DataFrame) -> list[Case]:
    """The cases in their order, answers by rank."""
    found = []
    for part in cases.partition_by("number", maintain_order=True):
        first = part.row(0, named=True)
        answers = tuple(
            (row["condition"], _said(row["prediction"]), f"{row['rouge_l']:.2f}")
            for row in part.iter_rows(named=True)
        )
        found.append(
            Case(
                heading=f"{first['category']} · {first['item']}",
                full_is=first["full_is"],
                definition=first["definition"] or "",
                text=first["text"] or "",
                references=tuple(first["references"] or ()),
                answers=answers,
            )
        )
    return found
