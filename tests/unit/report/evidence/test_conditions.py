"""Conditions and families in their order, and the learning rates that were used."""

import polars as pl

from rankscope.report.evidence.conditions import (
    conditions_of,
    families_of,
    place_of,
    ranks_by_family,
    rates_note,
)

RUNS = pl.DataFrame(
    [
        ("PiSSA", "PiSSA r=8", 8, 1e-3),
        ("LoRA", "LoRA r=16", 16, 1e-3),
        ("Base", "Base", None, None),
        ("LoRA", "LoRA r=4", 4, 3e-3),
        ("LoRA", "LoRA r=4", 4, 3e-3),
        ("Full", "Full", None, 1e-4),
        ("PiSSA", "PiSSA r=2", 2, 1e-3),
    ],
    schema=["family", "method", "rank", "learning_rate"],
    orient="row",
).with_columns(condition="method")


def test_full_comes_first_and_families_as_the_study_has_them():
    assert families_of(RUNS) == ["Full", "PiSSA", "LoRA"]
    assert families_of(RUNS.filter(family="Base")) == []


def test_conditions_are_listed_once_by_family_and_rank_without_the_base():
    assert conditions_of(RUNS)["condition"].to_list() == [
        "Full", "PiSSA r=2", "PiSSA r=8", "LoRA r=4", "LoRA r=16",
    ]  # fmt: skip


def test_ranks_of_each_family_ascend():
    assert ranks_by_family(RUNS) == {"PiSSA": [2, 8], "LoRA": [4, 16]}


def test_rows_are_sorted_by_the_place_of_their_family():
    order = RUNS.select(place_of(["LoRA", "PiSSA"]))["family"].to_list()
    assert order == [1, 0, -1, 0, 0, -1, 1]


def test_rates_that_differ_by_rank_are_listed():
    runs = pl.DataFrame(
        {
            "family": ["Full", "LoRA α=2r", "LoRA α=2r"],
            "method": ["Full", "LoRA r=4", "LoRA r=16"],
            "condition": ["Full", "LoRA r=4", "LoRA r=16"],
            "rank": [None, 4, 16],
            "learning_rate": [1e-3, 3e-3, 1e-3],
            "trained_on": ["T6"] * 3,
            "treatment": ["Full", "LoRA r=4", "LoRA r=16"],
            "series": [""] * 3,
        }
    )
    listed = "Learning rates: Full 0.001, LoRA r=4 0.003, LoRA r=16 0.001; "
    assert rates_note(runs, None, "") == f"{listed}set by the study, not tuned in it."
    assert rates_note(runs, "sweep", "") == f"{listed}tuned in the study sweep."
    swept = runs.with_columns(method=pl.lit("Full"))
    several = "Learning rates: several, or several recipes, per method, each a trace; "
    assert rates_note(swept, None, "each a trace").startswith(several)
    other_set = runs.with_columns(pl.col("learning_rate") * 2, trained_on=pl.lit("T12"))
    assert "Full 0.001 or 0.002" in rates_note(pl.concat([runs, other_set]), None, "")


def test_the_rates_of_each_series_are_told_apart():
    rows = [
        ("", "Full", None, 1e-5), ("paper", "LoRA r=4", 4, 5e-5), ("paper", "LoRA r=8", 8, 5e-5),
        ("tuned", "LoRA r=4", 4, 3e-4), ("tuned", "LoRA r=8", 8, 1e-4),
    ]  # fmt: skip
    names = ["series", "method", "rank", "learning_rate"]
    runs = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        trained_on=pl.lit("T6"),
        family=pl.when(pl.col("rank").is_null()).then(pl.lit("Full")).otherwise(pl.lit("LoRA")),
        treatment=pl.format("{}, lr {}", "method", "learning_rate"),
    )
    assert rates_note(runs, None, "each a trace") == (
        "Learning rates: series paper: Full 1e-05, LoRA 5e-05 at every rank; series tuned:"
        " Full 1e-05, LoRA r=4 0.0003, LoRA r=8 0.0001; set by the study, not tuned in it."
    )
