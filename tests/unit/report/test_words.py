"""Words that chapters and the page share, on tables of a few rows."""

import polars as pl

from evidence_builder import EvidenceBuilder, learning_and_forgetting, tables_of
from rankscope.report.words import in_order, on_one_set, status_line, with_interval


def test_a_value_without_ends_stands_alone():
    assert with_interval(1.0, None, None) == "1.000"
    assert with_interval(0.45, 0.43, 0.47) == "0.450 [0.430, 0.470]"


def test_methods_stand_in_the_order_asked_for_and_missing_ones_are_left_out():
    assert in_order({"Full": "2", "Base": "1"}, ["Base", "LoRA r=4", "Full"]) == "Base 1 · Full 2"


def test_runs_that_did_not_finish_are_named_with_where():
    rows = [
        ("Full", "Full", 0, "done", None), ("LoRA r=4", "LoRA r=4", 1, "diverged", 90),
        ("LoRA r=8", "LoRA r=8", 0, "out-of-memory", None), ("Base", "Base", None, "done", None),
    ]  # fmt: skip
    names = ["condition", "family", "seed", "status", "diverged_at"]
    assert status_line(pl.DataFrame(rows, schema=names, orient="row")) == (
        "1 of 3 runs finished; LoRA r=4, seed 1: diverged at step 90; LoRA r=8, seed 0:"
        " out of memory"
    )


def test_the_training_set_is_named_only_where_there_are_several():
    traces = {None: ({5: 0.5}, {5: 0.4}), 4: ({5: 0.3}, {5: 0.1})}
    assert on_one_set(tables_of(learning_and_forgetting(traces))) == ""
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0]})
    for trained_on in ("small", "large"):
        builder.scores(builder.run(4, 0, trained_on=trained_on), "code", {5: [1.0]})
    assert on_one_set(tables_of(builder)) == "trained on large: "
