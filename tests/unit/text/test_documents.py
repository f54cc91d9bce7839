"""Splits, duplicates and caps of documents."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankscope.errors import DataError
from rankscope.text.documents import (
    Document,
    capped,
    document_rows,
    heldout_groups,
    seeded_order,
    totals,
    without_duplicates,
)


def document(name: str, text: str | None = None, group: str | None = None) -> Document:
    return Document(name, text if text is not None else f"text of {name}", name, group or name)


groups = st.sets(st.text(min_size=1, max_size=8), min_size=2, max_size=30)


@given(groups, st.floats(0.01, 0.99), st.integers(0, 5))
def test_a_split_leaves_something_on_both_sides_and_has_the_share_asked_for(names, fraction, seed):
    heldout = heldout_groups(names, fraction, seed)
    assert heldout < names
    assert heldout
    if 1 <= fraction * len(names) <= len(names) - 1:
        assert abs(len(heldout) - fraction * len(names)) <= 0.5


@given(groups, st.integers(0, 5))
def test_a_split_does_not_depend_on_the_order_of_documents(names, seed):
    assert heldout_groups(sorted(names), 0.3, seed) == heldout_groups(
        sorted(names, reverse=True), 0.3, seed
    )


def test_a_larger_share_holds_out_all_that_a_smaller_one_does():
    names = [str(number) for number in range(50)]
    assert heldout_groups(names, 0.1, 0) < heldout_groups(names, 0.5, 0)


def test_the_seed_decides_what_is_held_out():
    names = [str(number) for number in range(50)]
    assert heldout_groups(names, 0.2, 0) != heldout_groups(names, 0.2, 1)


def test_one_document_cannot_be_split():
    with pytest.raises(DataError, match=r"1 distinct document\(s\) cannot be split"):
        heldout_groups(["only"], 0.1, 0)


def test_repeated_and_blank_documents_are_left_out():
    kept = without_duplicates(
        [document("a", "x"), document("b", "x"), document("c", " \n"), document("d", "y")]
    )
    assert [d.id for d in kept] == ["a", "d"]


@given(st.integers(1, 400), st.integers(1, 400))
def test_a_cap_is_kept_and_a_larger_one_keeps_all_that_a_smaller_one_does(one, other):
    documents = [document(str(number), "é" * (number % 7 + 1)) for number in range(30)]
    small, large = sorted((one, other))
    kept = capped(documents, small, seed=3)
    assert sum(len(d.text.encode()) for d in kept) <= small
    assert set(kept) <= set(capped(documents, large, seed=3))
    assert [d.id for d in kept] == [d.id for d in documents if d in kept]


def test_without_a_cap_everything_is_kept():
    documents = [document("a"), document("b")]
    assert capped(documents, None, 0) == documents


def test_rows_carry_id_hash_split_and_size():
    rows = document_rows([document("a", "é"), document("b", "xyz")], frozenset({"b"}))
    assert rows.columns == ["id", "sha256", "split", "text", "origin", "bytes"]
    assert rows["split"].to_list() == ["train", "heldout"]
    assert rows["bytes"].to_list() == [2, 3]
    # printf 'xyz' | sha256sum
    assert rows["sha256"][1].startswith(
        "3608bca1e44ea6c4d268eb6db02260269892c0b42b86bbf1e77a6fa16c3c9282"
    )
    assert totals(rows) == {
        "train": {"documents": 1, "bytes": 2},
        "heldout": {"documents": 1, "bytes": 3},
    }


def test_an_empty_split_is_refused():
    with pytest.raises(DataError, match="none of the 1 documents is left for the heldout split"):
        document_rows([document("a")], frozenset({"b"}))


def test_groups_stay_together():
    documents = [document(f"{g}{n}", group=g) for g in "abcdef" for n in range(3)]
    rows = document_rows(documents, heldout_groups("abcdef", 0.3, 0))
    sides = rows.with_columns(pl.col("id").str.head(1).alias("group"))
    assert (sides.group_by("group").agg(pl.col("split").n_unique())["split"] == 1).all()


@given(st.lists(st.text(max_size=5)), st.integers(0, 3))
def test_a_seeded_order_is_a_permutation(keys, seed):
    assert sorted(seeded_order(keys, seed)) == sorted(set(keys))
