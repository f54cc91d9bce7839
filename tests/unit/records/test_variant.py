"""What a variant says of itself where its record says nothing."""

from typing import get_args

import pytest

from rankscope.records.data import DataSpec, TextFiles
from rankscope.records.instructions import MadeTasks, Mixture
from rankscope.records.variant import Data

PLAIN = Data()
MADE = MadeTasks(source="made-tasks")


def test_one_that_says_nothing_is_not_drawn_not_kept_apart_and_not_trained_on() -> None:
    said = (
        PLAIN.trained_as, PLAIN.tests, PLAIN.kept_apart_within, PLAIN.drawn_with, PLAIN.series,
        PLAIN.tasks_asked, PLAIN.examples_per_task_asked, PLAIN.collection,
    )  # fmt: skip
    assert set(said) == {None}
    flags = (PLAIN.undrawn, PLAIN.has_heldout_rows, PLAIN.shares_passages, PLAIN.is_fetched)
    assert not any(flags)
    assert (PLAIN.file_sets, PLAIN.described, PLAIN.head) == ((), "", None)


@pytest.mark.parametrize("plain", [MADE, TextFiles(source="text", path="a.txt")])
def test_what_is_not_drawn_is_its_own_drawing_whatever_the_sampling(plain: Data) -> None:
    assert not plain.undrawn
    assert plain.drawn(0) is plain.drawn(1) is plain.whatever_sampling is plain.heldout_of is plain


def test_what_is_undrawn_is_drawn_once() -> None:
    undrawn = Mixture(source="mixture", tasks=MADE, size=4)
    assert undrawn.undrawn
    assert not undrawn.drawn(1).undrawn
    assert undrawn.drawn(1).whatever_sampling == undrawn


@pytest.mark.parametrize("record", get_args(get_args(DataSpec)[0]))
def test_every_source_is_a_variant(record: type) -> None:
    assert issubclass(record, Data)
