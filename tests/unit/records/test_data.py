"""Data variants: what they are made from, and what they say of themselves."""

import pytest

from rankscope.records.data import Continuations, HubDataset, StandardLibrary, TextFiles

CODE = StandardLibrary(source="standard-library", content="code")
ENGLISH = StandardLibrary(source="standard-library", content="english", seed=1)
MINE = TextFiles(source="text", path="texts/Mine.jsonl")
HUB = HubDataset(source="hub", repository="some/Corpus", revision="0" * 40)
ITEMS = Continuations(source="continuations", documents=MINE)


def test_slugs_are_readable():
    slugs = [each.slug for each in (CODE, ENGLISH, MINE, HUB, ITEMS)]
    assert slugs == [
        *("stdlib-code", "stdlib-english", "text-mine-jsonl", "hub-corpus", "continuations"),
    ]


def test_items_are_made_from_documents_and_read_what_these_hold_out():
    assert ITEMS.sources == (MINE,)
    assert ITEMS.heldout_of == MINE
    assert (MINE.sources, MINE.heldout_of) == ((), MINE)


def test_both_contents_of_the_library_are_kept_apart_and_nothing_else_is():
    assert CODE.kept_apart_within == ENGLISH.kept_apart_within is not None
    assert [each.kept_apart_within for each in (MINE, HUB, ITEMS)] == [None] * 3


@pytest.mark.parametrize("spec", [CODE, MINE, HUB, ITEMS], ids=lambda spec: spec.source)
def test_what_is_no_mixture_says_nothing_of_tasks(spec):
    assert spec.whatever_sampling == spec
    said = (
        *(spec.series, spec.tests, spec.drawn_with, spec.collection),
        *(spec.tasks_asked, spec.examples_per_task_asked, spec.described or None),
    )
    assert set(said) == {None}


def test_only_documents_are_split_here():
    assert all(each.has_heldout_rows for each in (CODE, MINE, HUB))
    assert not ITEMS.has_heldout_rows
