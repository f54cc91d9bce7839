"""What a source gives before it is written: rows and counts; the rest only where there is some."""

from dataclasses import FrozenInstanceError, replace

import polars as pl
import pytest

from rankscope.data.content import Content, Encoded

ROWS = pl.DataFrame({"id": ["a"]})


def test_most_sources_give_rows_and_counts_alone() -> None:
    made = Content(ROWS, {"rows": 1})
    assert not made.inputs
    assert not made.tables
    assert not made.pages


def test_what_stands_beside_the_rows_of_one_is_not_that_of_another() -> None:
    one, other = Content(ROWS, {}), Content(ROWS, {})
    assert one.inputs is not other.inputs
    assert one.tables is not other.tables
    more = replace(one, tables={"shares": ROWS})
    assert (set(more.tables), set(one.tables)) == ({"shares"}, set())


@pytest.mark.parametrize("made", [Content(ROWS, {}), Encoded(ROWS, {})])
def test_what_was_given_is_not_changed_afterwards(made: Content | Encoded) -> None:
    with pytest.raises(FrozenInstanceError):
        made.results = {"rows": 2}  # type: ignore[misc]
