"""Names of artefacts: their readable part, and what decides them."""

from typing import ClassVar

import pytest

from rankscope.records.record import LONGEST_SLUG, Artefact, Spec, readable


class Flour(Artefact):
    stage: ClassVar[str] = "mill"
    slug: ClassVar[str] = "flour"
    grain: str


class Oven(Spec):
    degrees: int


class Bread(Artefact):
    stage: ClassVar[str] = "bakery"
    slug: ClassVar[str] = "bread"
    flours: tuple[Flour, ...]
    oven: Oven


RYE, SPELT = Flour(grain="rye"), Flour(grain="spelt")
BREAD = Bread(flours=(RYE, SPELT), oven=Oven(degrees=220))


def test_an_artefact_is_made_from_the_artefacts_among_its_fields():
    assert BREAD.sources == (RYE, SPELT)
    assert RYE.sources == ()


def test_a_name_covers_values_sources_and_those_of_parts():
    assert BREAD.name == Bread(flours=(RYE, SPELT), oven=Oven(degrees=220)).name
    others = (
        Bread(flours=(SPELT, RYE), oven=Oven(degrees=220)),
        Bread(flours=(RYE,), oven=Oven(degrees=220)),
        Bread(flours=(RYE, SPELT), oven=Oven(degrees=230)),
    )
    assert len({BREAD.name, *(other.name for other in others)}) == 4


@pytest.mark.parametrize(
    ("raised", "renamed"),
    [(Flour, {"rye", "bread"}), (Bread, {"bread"}), (Oven, {"bread"})],
)
def test_a_raised_version_renames_what_the_class_decides(raised, renamed, monkeypatch):
    before = {"rye": RYE.name, "bread": BREAD.name}
    monkeypatch.setattr(raised, "version", 2)
    rye = Flour(grain="rye")
    bread = Bread(flours=(rye, Flour(grain="spelt")), oven=Oven(degrees=220))
    after = {"rye": rye.name, "bread": bread.name}
    assert {each for each in before if before[each] != after[each]} == renamed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("owner/Model-1.5B", "model-1-5b"),
        ("../..", "--"),
        ("a/b/", "b"),
        ("C:\\models\\x", "c--models-x"),
        ("", "unnamed"),
        ("a\0b\n", "a-b-"),
        ("\ud800", "-"),
    ],
)
def test_a_slug_is_part_of_a_file_name(text, expected):
    assert readable(text) == expected


@pytest.mark.parametrize("letter", ["x", "é", "名", "𝒳"])
def test_a_slug_is_short_in_bytes_whatever_its_letters(letter):
    assert 0 < len(readable(letter * 5000).encode()) <= LONGEST_SLUG
