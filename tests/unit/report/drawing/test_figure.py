"""What figures share: axes that hold what is drawn, names that are never code, titles that fit."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankscope.report.drawing.figure import (
    colour,
    extent,
    fade,
    in_panels,
    only,
    rows_chart,
    ticks_at,
    wrapped,
)


def test_a_title_breaks_into_few_lines_and_loses_its_end_only():
    title = "learned: bits per byte gained on code"
    assert wrapped(title) == title
    first, second = wrapped("a" * 500).splitlines()
    assert len(first) == 44
    assert len(second) <= 44
    assert second.endswith("…")
    assert wrapped(" \n ") == ""


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([0.0, 10.0], [-0.5, 10.5]),
        ([None, 2.0, math.nan, 4.0, math.inf], [1.9, 4.1]),
        ([4.0, 4.0], [2.0, 6.0]),  # all alike: an axis as wide as the value
        ([-4.0], [-6.0, -2.0]),
        ([0.0], [-0.5, 0.5]),
        ([], [-0.5, 0.5]),
    ],
)
def test_an_axis_holds_all_finite_values_with_a_margin(values, ends):
    assert extent(values) == pytest.approx(ends)


def test_an_axis_has_nothing_that_cannot_be_measured():
    assert extent([0.0, 1.0], 0.0, 1.0) == [0.0, 1.0]
    assert extent([0.0, 10.0], margin=0.1) == [-1.0, 11.0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_every_value_lies_on_its_axis(values):
    low, high = extent(values)
    assert low < high
    assert low <= min(values)
    assert high >= max(values)


def test_panels_are_numbered_by_their_names_and_others_have_none():
    rows = in_panels(pl.DataFrame({"of": ["b", "a", "c", None]}), "of", ["a", "b"])
    assert rows["panel"].to_list() == [1, 0, None, None]


def test_rows_are_chosen_by_value_and_never_by_an_expression():
    chart = only(rows_chart().mark_point(), panel=3, metric="' || true || '").to_dict()
    assert [each["filter"] for each in chart["transform"]] == [
        {"field": "panel", "equal": 3}, {"field": "metric", "equal": "' || true || '"},
    ]  # fmt: skip
    assert chart["data"] == {"name": "rows"}


def test_ticks_stand_at_the_values_given():
    axis = ticks_at([1, 4, 16], grid=False).to_dict()
    assert axis["values"] == [1, 4, 16]
    assert axis["tickCount"] > 3, "else Vega thins them out"
    assert axis["grid"] is False


def test_conditions_have_their_colours_in_their_order_and_the_base_comes_first():
    conditions = pl.DataFrame(
        {"condition": ["Full", "LoRA r=4"], "family": ["Full", "LoRA"], "rank": [None, 4]}
    )
    scale = colour(conditions).to_dict()["scale"]
    assert scale["domain"] == ["Base", "Full", "LoRA r=4"]
    assert len(set(scale["range"])) == 3
    assert all(each.startswith("var(--") for each in scale["range"])


def test_what_is_not_in_focus_fades():
    encoding = rows_chart().mark_point().encode(opacity=fade(0.5)).to_dict()["encoding"]["opacity"]
    assert encoding["condition"]["value"] == 0.5
    assert encoding["value"] < 0.1
    assert "datum.condition == focus" in encoding["condition"]["test"]
