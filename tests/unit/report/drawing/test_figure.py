"""What figures share: axes that hold what is drawn, names that are never code, titles that fit."""

from rankscope.report.drawing.figure import wrapped


def test_a_title_breaks_into_few_lines_and_loses_its_end_only():
    title = "learned: bits per byte gained on code"
    assert wrapped(title) == title
    first, second = wrapped("a" * 500).splitlines()
    assert len(first) == 44
    assert len(second) <= 44
    assert second.endswith("…")
    assert wrapped(" \n ") == ""
