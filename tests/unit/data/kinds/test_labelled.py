"""Labelled rows: what is refused, how they are split, what is left out."""

import json
from collections import Counter

import polars as pl
import pytest

from labelled_runs import LABELS, pairs, write_pairs
from rankscope.data.kinds.labelled import content
from rankscope.errors import DataError


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows_of(n=20, **changes):
    return [{"a": f"text {i}", "b": "b", "label": LABELS[i % 2]} | changes for i in range(n)]


def test_rows_become_a_table_of_both_sides(tmp_path) -> None:
    made = content(pairs(write_pairs(tmp_path / "rows.jsonl")))
    rows = made.rows
    assert rows.columns[:6] == ["id", "sha256", "split", "text", "second", "label"]
    assert Counter(rows["split"]) == {"train": 36, "heldout": 12}
    assert rows["id"].is_unique().all()
    assert rows["id"].str.starts_with("rows.jsonl:").all()
    counted = made.results["rows"]
    assert sum(counted["train"].values()) == 36
    assert set(counted["train"]) == set(LABELS)


def test_parquet_and_json_lines_are_the_same(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    rows = rows_of()
    write(tmp_path / "a" / "x.jsonl", rows)
    pl.DataFrame(rows).write_parquet(tmp_path / "b" / "x.parquet")
    one, two = (content(pairs(tmp_path / name)).rows for name in "ab")
    assert one.drop("id", "origin").equals(two.drop("id", "origin"))


def test_a_single_text_has_no_second(tmp_path) -> None:
    made = content(pairs(write(tmp_path / "x.jsonl", rows_of()), text_fields=("a",)))
    assert made.rows["second"].null_count() == 20


def test_whole_numbers_are_the_labels_written_so(tmp_path) -> None:
    path = write(tmp_path / "x.jsonl", [row | {"label": i % 2} for i, row in enumerate(rows_of())])
    assert set(content(pairs(path, labels=("0", "1"))).rows["label"]) == {"0", "1"}


@pytest.mark.parametrize(
    ("rows", "changes", "said"),
    [
        (rows_of(), {"label_field": "gold"}, r"line 1: .*no field 'gold'.*\(set label_field\)"),
        (rows_of(), {"text_fields": ("a", "c")}, r"no field 'c'.*\(set text_fields\)"),
        (rows_of(), {"labels": ("same", "new")}, r"line 2: the label .* 'other'; allowed: same"),
        (rows_of(label=0.5), {}, r"is 0\.5; allowed"),
        (rows_of(label=True), {"labels": ("True", "False")}, "is True; allowed"),
        (rows_of(label="same"), {}, r"none of the 15 rows to train on has the label 'other'"),
        (rows_of(a=" ", b=""), {}, "there is no text in it"),
        (rows_of(1), {}, "cannot be split"),
        (rows_of(a=7), {}, "holds int, not text"),
    ],
)
def test_what_cannot_be_trained_on_is_a_sentence(tmp_path, rows, changes, said) -> None:
    path = tmp_path / "x.jsonl"
    distinct = [row | {"b": f"{row['b']} {i}" if row["b"] else ""} for i, row in enumerate(rows)]
    with pytest.raises(DataError, match=said):
        content(pairs(write(path, distinct), **changes))


def test_a_file_of_its_own_can_be_held_out(tmp_path) -> None:
    training = write(tmp_path / "train.jsonl", rows_of(20))
    heldout = write(tmp_path / "test.jsonl", rows_of(5))
    spec = pairs(training, heldout_fraction=None, heldout_path=str(heldout))
    made = content(spec)
    assert Counter(made.rows["split"]) == {"train": 15, "heldout": 5}
    assert made.results["left_out"] == 5
    assert made.rows["sha256"].is_unique().all()


def test_repeated_texts_are_one_row_and_lie_on_one_side(tmp_path) -> None:
    made = content(pairs(write(tmp_path / "x.jsonl", rows_of() + rows_of())))
    assert made.rows.height == 20
    assert made.results["left_out"] == 20


def test_equal_texts_of_other_labels_are_counted_and_warned_of(tmp_path, caplog) -> None:
    turned = [row | {"label": LABELS[row["label"] == LABELS[0]]} for row in rows_of(3)]
    made = content(pairs(write(tmp_path / "x.jsonl", [*rows_of(), *rows_of(5), *turned])))
    assert made.results["left_out"] == 8
    assert made.results["contradicting"] == 3
    assert "3 of the repeated rows have another label" in caplog.text
    kept = {row["text"]: row["label"] for row in made.rows.to_dicts()}
    assert kept == {row["a"]: row["label"] for row in rows_of()}


def test_a_held_out_file_says_what_the_label_of_a_text_is(tmp_path, caplog) -> None:
    turned = [row | {"label": LABELS[row["label"] == LABELS[0]]} for row in rows_of(3)]
    training = write(tmp_path / "train.jsonl", rows_of(20))
    heldout = write(tmp_path / "test.jsonl", turned)
    made = content(pairs(training, heldout_fraction=None, heldout_path=str(heldout)))
    assert made.results["left_out"] == made.results["contradicting"] == 3
    assert set(made.rows.filter(split="heldout")["text"]) == {"text 0", "text 1", "text 2"}


def test_nobody_is_warned_of_plain_repetition(tmp_path, caplog) -> None:
    made = content(pairs(write(tmp_path / "x.jsonl", rows_of() + rows_of())))
    assert made.results["contradicting"] == 0
    assert "another label" not in caplog.text


def test_more_rows_hold_all_of_fewer(tmp_path) -> None:
    path = write_pairs(tmp_path / "rows.jsonl")
    few, more = (set(content(pairs(path, max_rows=n)).rows["id"]) for n in (12, 24))
    assert len(few) == 12
    assert few < more


def test_two_ways_to_hold_out_contradict_each_other(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"contradicts `heldout_path`"):
        pairs(tmp_path / "x.jsonl", heldout_path="y.jsonl")
