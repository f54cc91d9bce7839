"""The page of an inspection: self-contained, escaped, and its numbers are those of the tables."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from rankscope.audit.inspection import Settings, inspect_versions, matrix_rows
from rankscope.audit.page import Inspected, write_page
from rankscope.weights.sources import Source

HOSTILE = "<script>alert(1)</script>&\"'"
VOID = {"meta", "link", "img", "br", "rect", "line", "circle", "polyline", "input"}


class Page(HTMLParser):
    """Text by tag, and whether every tag is closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if "script" in self.open else self.text).append(data)


@pytest.fixture
def inspected(write_model, llama, tmp_path):
    rng = np.random.default_rng(1)
    tuned = {
        name: tensor + rng.standard_normal(tensor.shape).astype(np.float32)
        for name, tensor in llama.items()
    }
    base, folder = write_model(llama), write_model(tuned, name="tuned")
    settings = Settings(k=3, epsilon=0.7, similarity_size=4, workers=1)
    tables = inspect_versions(base, [Source(HOSTILE, folder)], settings)
    matrices = matrix_rows(tables, settings)
    path = tmp_path / "index.html"
    write_page(path, Inspected(HOSTILE, {HOSTILE: "owner/name"}, 3, 0.7), tables, matrices)
    return path.read_text("utf-8"), tables, matrices


def test_tags_are_closed_and_names_are_text(inspected):
    page = Page(inspected[0])
    assert page.open == []
    assert len(page.scripts) == 2, "the data of the maps and the page's own script"
    assert any(HOSTILE in text for text in page.text)
    assert "alert(1)</script>" not in inspected[0]


def test_nothing_is_fetched(inspected):
    text = inspected[0].replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in text
    assert "https://" not in text
    assert "src=" not in text


def test_the_answer_adds_up(inspected):
    text, _, matrices = inspected
    said = " ".join("".join(Page(text).text).split())
    left, right = (int(matrices[f"intruders_{side}"].sum()) for side in ("left", "right"))
    assert f"{left} intruder dimension" in said
    assert f"among {3 * 6} leading left singular vectors and {right} among as many" in said


def test_maps_hold_the_rounded_cosines_of_the_tables(inspected):
    text, tables, matrices = inspected
    data = json.loads(text.split('id="similarity-data">')[1].split("</script>")[0])
    assert data["adapters"] == [HOSTILE]
    assert (data["k"], data["epsilon"]) == (3, 0.7)
    assert set(data["matrices"]) == set(matrices["matrix"])
    name = matrices["matrix"][0]
    cells = tables.similarity.filter(matrix=name, side="right").sort("j", "i")
    drawn = data["matrices"][name]["0 right"]
    assert np.array(drawn["columns"]).reshape(-1).tolist() == cells["cosine"].round(2).to_list()
    vectors = tables.vectors.filter(matrix=name, side="right").sort("j")
    assert drawn["largest"] == [round(cosine, 3) for cosine in vectors["max_cosine"]]
