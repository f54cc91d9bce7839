"""The inspection as a table: sums, medians and counts by hand, and words for what is special."""

import polars as pl
import pytest

from rankscope.audit.console import (
    interval_note,
    left_out_lines,
    of_all,
    print_table,
    quantisation_note,
    summarise,
)

COLUMNS = {
    "adapter": "a", "matrix": "m", "module_type": "q", "rank": 4, "intruders_left": 1,
    "intruders_right": 2, "undecided": 0, "intervals": 0, "effective_rank": 2.0, "rank90": 3,
    "frobenius_norm": 1.0, "base_frobenius_norm": 10.0, "precision": "F32",
    "base_precision": "F32",
}  # fmt: skip


def rows(*changes):
    return pl.DataFrame([COLUMNS | {"matrix": f"m{n}"} | each for n, each in enumerate(changes)])


LEFT_OUT = pl.DataFrame(
    {"adapter": ["a[b]", "c"], "tensor": ["t", "u"], "kind": ["norms", "biases"],
     "shape": [[3], [4]], "changed": [True, None], "reason": ["no matrix", "no matrix"]}
)  # fmt: skip


def test_a_type_and_all_types_are_summed_apart():
    summary = summarise(
        rows({}, {"effective_rank": 4.0}, {"module_type": "v", "rank": 8, "effective_rank": 9.0})
    )
    found = summary.select(
        "module_type", "matrices", "rank", "intruders_left", "intruders_right", "effective_rank"
    ).rows()
    assert found == [("q", 2, 4, 2, 4, 3.0), ("v", 1, 8, 1, 2, 9.0), ("all", 3, 8, 3, 6, 4.0)]
    assert summary["change"].to_list() == pytest.approx([0.1, 0.1, 0.1])


def test_what_is_unchanged_is_counted_and_in_no_other_number():
    summary = summarise(
        rows({}, {"frobenius_norm": 0.0, "intruders_left": 9, "effective_rank": 99.0})
    )
    assert summary["matrices"].to_list() == [1, 1]
    assert summary["all_matrices"].to_list() == [2, 2]
    assert summary["intruders_left"].to_list() == [1, 1]
    assert summary["effective_rank"].to_list() == [2.0, 2.0]
    alone = summarise(rows({"frobenius_norm": 0.0}))
    assert alone.select("matrices", "intruders_left", "effective_rank").rows() == [(0, 0, None)] * 2


def test_adapters_keep_their_order():
    summary = summarise(rows({"adapter": "z"}, {"adapter": "a"}))
    assert summary["adapter"].unique(maintain_order=True).to_list() == ["z", "a"]
    assert summary["module_type"].to_list() == ["q", "all"] * 2


def test_what_was_dequantised_is_said_and_a_base_is_counted_once():
    assert quantisation_note(rows({})) is None
    base = {"matrix": "m", "base_precision": "dequantised"}
    found = quantisation_note(rows(base, base | {"adapter": "b", "precision": "dequantised"}))
    assert found == (
        "Stored quantised, compared dequantised: 1 of 1 base matrices, 1 of 2 tuned matrices"
    )


def test_intervals_are_said_with_what_makes_them_values():
    assert interval_note(rows({}, {})) is None
    note = interval_note(rows({"intervals": 2}, {"intervals": 1}))
    assert note is not None
    assert "Of 3 vectors" in note
    assert "--cache" in note


def test_counts_of_all():
    assert of_all(3, 3) == "3"
    assert of_all(0, 3) == "0 of 3"


def test_what_is_left_out_is_told_for_its_adapter():
    assert left_out_lines(LEFT_OUT, "a[b]") == ["1 norms (changed; no matrix): t"]
    assert left_out_lines(LEFT_OUT, "none") == []


def test_names_with_brackets_are_printed_as_they_are(capsys):
    print_table(rows({"adapter": "a[b]", "rank": None}), LEFT_OUT, 10, 0.5)
    said = capsys.readouterr().out
    assert "a[b]" in said
    assert "left out: 1 norms (changed; no matrix): t" in said
    assert "–" in said, "a dense update has no rank"
