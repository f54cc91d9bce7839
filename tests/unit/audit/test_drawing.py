"""The small figures of an inspection."""

import math
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from rankscope.audit.drawing import Share, ceiling, heat_map, line_chart, short_labels


def test_labels_stay_distinct():
    long = [f"{half}.block.layer.SelfAttention.{kind}" for half in "ab" for kind in ("q", "v")]
    assert short_labels([*long, "o_proj"])[0] == "a…SelfAttention.q"
    ambiguous = ["encoder.first.inner.layer.dense", "encoder.second.inner.layer.dense"]
    assert short_labels(ambiguous) == ambiguous


def test_a_map_shows_each_count_and_says_it_in_words():
    drawn = heat_map(
        ["q", "<v>"], [0, None], {("q", 0): Share(3, 4), ("<v>", None): Share(0, 4)}
    )  # fmt: skip
    root = ElementTree.fromstring(drawn)
    titles = [each.text for each in root.iter("title")]
    assert "q, layer 0: 3 of 4" in titles
    assert "<v>, no layer: 0 of 4" in titles
    cells = list(root.iter("rect"))
    assert [each.get("style") for each in cells] == ["--share: 0.75", "--share: 0.00"]
    numbers = [each.text for each in root.iter("text") if each.get("class")]
    assert numbers == ["3"], "no number stands in an empty cell"


def test_a_line_goes_through_its_points():
    """Layer 0 and 2 are the ends of the axis, 0 and the highest value its bottom and top."""
    root = ElementTree.fromstring(line_chart({"a & b": [(2, 10.0), (0, 0.0)]}, 10.0))
    (line,) = root.iter("polyline")
    (x0, y0), (x1, y1) = (map(float, each.split(",")) for each in line.get("points").split())
    dots = [(float(each.get("cx")), float(each.get("cy"))) for each in root.iter("circle")]
    assert dots == [(x0, y0), (x1, y1)]
    assert x0 < x1
    assert y0 > y1
    assert [each.text for each in root.iter("title")] == [
        "a & b, layer 0: 0.00", "a & b, layer 2: 10.00",
    ]  # fmt: skip


def test_nothing_in_layers_is_said():
    assert "outside numbered layers" in line_chart({"a": []}, 1.0)
    assert "<circle" in line_chart({"a": [(3, 0.5)]}, 1.0), "one layer stands in the middle"


@given(st.floats(1e-6, 1e6))
def test_a_ceiling_is_the_next_round_number(value):
    found = ceiling(value)
    assert value * (1 - 1e-9) <= found < 2.01 * value
    digits = found / 10 ** math.floor(math.log10(found) + 1e-9)
    assert min(abs(digits - step) for step in (1, 2, 4, 6, 8, 10)) < 1e-6


def test_a_ceiling_of_nothing_is_one():
    assert ceiling(0) == 1
    assert ceiling(-3) == 1
