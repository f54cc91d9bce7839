"""Maps of cosines between singular vectors, of one matrix and the first seed."""

import polars as pl
import pytest

from rankscope.report.chapters.intruders.similarity import similarity
from rankscope.report.drawing.figure import Figure
from rankscope.report.drawing.render import standalone_specification


@pytest.fixture(scope="module")
def figure(demo_tables) -> Figure:
    return similarity(demo_tables)


def test_figures_of_one_matrix_offer_every_matrix(figure):
    (selector,) = figure.selectors
    assert len(selector.options) == 28
    assert selector.chosen in selector.options
    assert {"name": "matrix", "value": selector.chosen} in standalone_specification(figure)[
        "params"
    ]


def test_every_cell_of_a_map_is_one_pair_of_vectors(figure):
    keys = ["condition", "matrix", "base", "tuned"]
    assert not figure.rows.select(keys).is_duplicated().any()
    of_one = figure.rows.filter(condition="Full", matrix=figure.selectors[0].chosen)
    assert of_one.select("base", "tuned").rows() == [
        (base, tuned) for base in range(1, 11) for tuned in range(1, 11)
    ]
    assert figure.rows["cosine"].is_between(0, 1).all()
    assert figure.panels[0].title == "Full"


def test_a_cross_is_where_no_vector_of_the_base_is_near(figure, demo_tables):
    (_, marks) = figure.panels[0].chart.to_dict()["layer"]
    assert marks["mark"]["text"] == "×"
    assert {"filter": "datum.base == 1 && datum.max_cosine < 0.5"} in marks["transform"]
    ran = demo_tables.runs.filter(condition="LoRA r=1", seed=0)["run"].item()
    vectors = demo_tables.vectors.filter(
        pl.col("run") == ran, pl.col("side") == "left", pl.col("step") == 250, pl.col("j") <= 10
    )
    marked = figure.rows.filter(pl.col("base") == 1, pl.col("max_cosine") < 0.5)
    found = marked.filter(condition="LoRA r=1").select("matrix", "tuned").rows()
    near = vectors.filter(pl.col("max_cosine") < 0.5).select("matrix", "j").rows()
    assert near
    assert set(found) == set(near)
