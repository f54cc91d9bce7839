"""Names of records in file names."""

import pytest

from rankscope.records.record import LONGEST_SLUG, slug


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
    assert slug(text) == expected


@pytest.mark.parametrize("letter", ["x", "é", "名", "𝒳"])
def test_a_slug_is_short_in_bytes_whatever_its_letters(letter):
    assert 0 < len(slug(letter * 5000).encode()) <= LONGEST_SLUG
