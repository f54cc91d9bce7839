"""The files of a figure, and its rows as the page reads them."""

from xml.etree import ElementTree

import polars as pl
import pytest

from rankscope.report.drawing.render import (
    columnar,
    write_figure,
)
from report_parts import SENTENCES


@pytest.mark.parametrize("name", SENTENCES)
def test_a_figure_is_drawn_to_four_files(figures, name, tmp_path):
    write_figure(figures[name], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}{end}" for end in (".json", ".csv", ".vl.json", ".svg")
    }
    picture = ElementTree.parse(tmp_path / f"{name}.svg")
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) > 10
    assert "var(" not in (tmp_path / f"{name}.svg").read_text("utf-8")
    assert pl.read_csv(tmp_path / f"{name}.csv").height == figures[name].rows.height


def test_rows_by_column_keep_values_and_missing_ones():
    rows = pl.DataFrame({"a": ["x", None, "x"], "b": [1.0, float("nan"), 0.123456789]})
    assert columnar(rows) == {
        "a": {"levels": ["x", None], "codes": [0, 1, 0]},
        "b": [1.0, None, 0.12346],
    }
