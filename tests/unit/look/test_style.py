"""The style sheet of all pages: whole, and without anything to fetch."""

import re

from rankscope.look.style import page_style


def test_it_fetches_nothing() -> None:
    style = page_style()
    assert not re.search(r"@import|https?://(?!www\.w3\.org)", style)
    for address in re.findall(r"url\((.*?)\)", style):
        assert address.strip("\"'").startswith("data:")


def test_its_braces_close() -> None:
    bare = re.sub(r"/\*.*?\*/", "", page_style(), flags=re.DOTALL)
    assert bare.count("{") == bare.count("}") > 10
