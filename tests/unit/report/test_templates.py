from pathlib import Path

import pytest
from jinja2 import UndefinedError

from rankscope.report.templates import rendered


def test_text_is_escaped_and_filters_are_given(tmp_path: Path):
    template = tmp_path / "part.html.j2"
    template.write_text("<p>{{ name }} {{ 2 | twice }}</p>", "utf-8")
    html = rendered(template, {"name": "<b> & 'it'"}, {"twice": lambda number: 2 * number})
    assert html == "<p>&lt;b&gt; &amp; &#39;it&#39; 4</p>"


def test_a_name_that_is_missing_is_an_error(tmp_path: Path):
    template = tmp_path / "part.html.j2"
    template.write_text("{{ nothing }}", "utf-8")
    with pytest.raises(UndefinedError, match="nothing"):
        rendered(template, {})
