"""Walks over what artefacts are made from."""

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankscope.records.record import Artefact
from rankscope.studies.graph import walk


class Thing(Artefact):
    stage: ClassVar[str] = "workshop"
    verb: ClassVar[str] = "make"
    label: int
    parts: tuple["Thing", ...] = ()

    @property
    def slug(self) -> str:
        return f"thing-{self.label}"


@st.composite
def things(draw: st.DrawFn) -> list[Thing]:
    """Things of which each is made from some of those before it."""
    made: list[Thing] = []
    for label in range(draw(st.integers(1, 12))):
        parts = draw(st.lists(st.sampled_from(made), max_size=4)) if made else []
        made.append(Thing(label=label, parts=tuple(parts)))
    return made


def reachable(record: Artefact) -> set[str]:
    return {record.name}.union(*(reachable(source) for source in record.sources))


@given(things(), st.data())
def test_everything_reachable_comes_once_and_after_its_sources(
    made: list[Thing], data: st.DataObject
) -> None:
    roots = data.draw(st.lists(st.sampled_from(made)))
    names = [record.name for record in walk(*roots)]
    assert len(names) == len(set(names))
    assert set(names) == set().union(*(reachable(root) for root in roots))
    for record in walk(*roots):
        before = names[: names.index(record.name)]
        assert all(source.name in before for source in record.sources)


def test_a_long_chain_is_walked() -> None:
    thing = Thing(label=0)
    for label in range(1, 300):
        thing = Thing(label=label, parts=(thing,))
        _ = thing.name  # as whoever builds a chain knows its links
    assert [record.label for record in walk(thing) if isinstance(record, Thing)] == [*range(300)]
    assert next(walk(), None) is None


@pytest.mark.parametrize("twice", [True, False])
def test_equal_things_are_one(twice: bool) -> None:
    one, other = Thing(label=1), Thing(label=1 if twice else 2)
    assert len(list(walk(one, other))) == 2 - twice
